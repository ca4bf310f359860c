//! What a council asks organisations to declare, such as insurance: what they declare, and what an officer
//! has seen of it. It stands in the record of the organisation, so everybody reads when, and history who.

mod store;

use chrono::NaiveDate;
use serde_json::json;
use uuid::Uuid;

use super::{Became, Call, Editing, Error, Sight, Submission, Write};
use crate::{
    http::Fault,
    identity::{Action, Actor, Deed, Subject},
    model::{Document, changes::Change, organization::Declaration, with_only},
};

/// Things that a council asks for at most, and the longest name of one.
const MOST: usize = 12;
const LONGEST: usize = 100;
/// The member of an organisation that they stand in.
pub(super) const MEMBER: &str = "declarations";

/// What is said about one thing that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// What.
    pub name: String,
    /// From when the organisation says that it has it.
    pub declared_on: Option<NaiveDate>,
    /// When an officer has seen it. Only officers say so.
    pub seen_on: Option<NaiveDate>,
}

impl Editing {
    /// What organisations are asked to declare.
    /// # Errors
    /// When the database fails.
    pub async fn asked_for(&self) -> Result<Vec<String>, Error> {
        Ok(store::all(self.records.database().reader()).await?)
    }

    /// Say what organisations are asked to declare. What was declared before stays in their records.
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Unfit`], or when the database fails.
    pub async fn ask_for(&self, actor: &Actor, names: &[String]) -> Result<(), Error> {
        Self::require(actor, Action::WriteTexts, &Subject::Directory, "only people who write the listing policy can do this")?;
        let mut wanted: Vec<String> = Vec::new();
        for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
            if !wanted.iter().any(|known| known == name) {
                wanted.push(name.to_owned());
            }
        }
        let too_long = wanted.iter().any(|name| name.chars().count() > LONGEST);
        if wanted.len() > MOST || too_long {
            let problem = format!("enter at most {MOST} lines of at most {LONGEST} characters");
            return Err(Error::Unfit(vec![Fault { field: "names".to_owned(), problem }]));
        }
        let tx = self.records.database().write().await?;
        store::put(&tx, &wanted).await?;
        let said = wanted.join("; ");
        self.identity.note(&tx, &actor.known_as(), Deed::AskForDeclarations, "", &said, actor.client()).await?;
        Ok(tx.commit().await?)
    }

    /// Say what an organisation declares. What becomes of it is decided as for every change; what an officer
    /// has seen is taken from officers only.
    /// # Errors
    /// As [`Editing::submit`].
    pub async fn declare(&self, actor: &Actor, sight: &Sight, said: &[Said], called_back: Option<Call>) -> Result<Became, Error> {
        let id = sight.stored.id;
        let Document::Organization(organisation) = &sight.document else { return Err(Error::NotFound(id)) };
        let mut organisation = (**organisation).clone();
        let officer = sight.lets(actor, Action::EditAtOnce);
        for one in said {
            let known = organisation.declarations.iter_mut().find(|known| known.name == one.name);
            if let Some(known) = known {
                known.declared_on = one.declared_on;
                if officer {
                    known.seen_on = one.seen_on;
                }
                continue;
            }
            let seen_on = one.seen_on.filter(|_| officer);
            if one.declared_on.is_some() || seen_on.is_some() {
                let mut new: Declaration = with_only(json!({"id": declaration_id(id, &one.name), "name": one.name}));
                (new.declared_on, new.seen_on) = (one.declared_on, seen_on);
                organisation.declarations.push(new);
            }
        }
        organisation.declarations.retain(|one| one.declared_on.is_some() || one.seen_on.is_some());
        let document = Document::Organization(Box::new(organisation));
        let write = Write { document, expected_revision: Some(sight.stored.kept.revision) };
        let why = "declarations changed".to_owned();
        self.submit(actor, Submission { writes: vec![write], why, called_back, ..Submission::default() }).await
    }
}

fn declaration_id(organisation: Uuid, name: &str) -> Uuid {
    crate::ids::derived(organisation, &format!("declaration\n{name}"))
}

/// Whether a change says of something that an officer has seen it, or takes that back.
pub(super) fn says_seen(change: &Change) -> bool {
    let seen = |value: &serde_json::Value| -> Vec<(String, String)> {
        let all = value.as_array().into_iter().flatten();
        let mut seen: Vec<(String, String)> =
            all.filter_map(|one| Some((one["name"].as_str()?.to_owned(), one["seen_on"].as_str()?.to_owned()))).collect();
        seen.sort();
        seen
    };
    change.field == MEMBER && seen(&change.before) != seen(&change.after)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_was_seen_is_for_officers() {
        let change = |before, after| Change { field: MEMBER.to_owned(), before, after };
        let one = |seen: Option<&str>| json!([{"name": "Insurance", "declared_on": "2026-01-01", "seen_on": seen}]);
        assert!(!says_seen(&change(json!(null), one(None))));
        assert!(says_seen(&change(json!(null), one(Some("2026-01-02")))));
        assert!(says_seen(&change(one(Some("2026-01-02")), json!([]))), "nor may it be taken away");
        assert!(!says_seen(&change(one(Some("2026-01-02")), one(Some("2026-01-02")))));
    }
}
