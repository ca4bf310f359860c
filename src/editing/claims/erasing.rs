//! Finding somebody in what was said about claims, and taking them out of it.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::{
    db::Transaction,
    editing::{Editing, Error, FoundSaid},
    identity::Claim,
    published::redaction::{Known, REMOVED},
};

impl Editing {
    /// What was said about claims that has these words, be it by those who claim or those who decide.
    /// # Errors
    /// When the database fails, or a record is damaged.
    pub async fn claims_with(&self, words: &str) -> Result<Vec<FoundSaid>, Error> {
        let known = Known::of_person(words);
        let mut found: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
        for claim in self.identity.all_claims().await? {
            let thread = self.records.thread(claim.id).await?.into_iter().map(|message| message.words);
            let own = [Some(&claim.words), claim.reason.as_ref()].into_iter().flatten().cloned();
            let says: Vec<String> = own.chain(thread).filter(|text| known.is_told_in(text)).collect();
            if !says.is_empty() {
                found.entry(claim.organisation).or_default().extend(says);
            }
        }
        self.with_names(found).await
    }

    /// Take out of what was said about claims of an organisation whatever tells of somebody. Gives of how many texts.
    pub(in crate::editing) async fn forget_in_claims(
        &self,
        tx: &Transaction,
        organisation: Uuid,
        known: &Known,
    ) -> Result<u64, Error> {
        let all = self.identity.all_claims().await?;
        let claims: Vec<Claim> = all.into_iter().filter(|claim| claim.organisation == organisation).collect();
        let threads: Vec<Uuid> = claims.iter().map(|claim| claim.id).collect();
        let mut cleaned = self.records.forget_said(tx, &threads, known).await?;
        for mut claim in claims {
            let before = claim.clone();
            for text in [Some(&mut claim.words), claim.reason.as_mut()].into_iter().flatten() {
                if known.is_told_in(text) {
                    REMOVED.clone_into(text);
                }
            }
            if claim != before {
                self.identity.reword_claim(tx, &claim).await?;
                cleaned += 1;
            }
        }
        Ok(cleaned)
    }
}
