//! Claims: somebody says that they keep an organisation, and somebody here decides.

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{MemberRole, store};
use crate::{
    db::Transaction,
    identity::{Error, Hashed, Identity, PersonId},
};

/// A code that was sent to the listed contact works for so long, and for so many tries.
const CODE_LIFE: Duration = Duration::days(3);
const CODE_TRIES: i32 = 5;

/// How a claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClaimState {
    /// Somebody has to decide.
    Waiting,
    /// It was granted.
    Accepted,
    /// It was refused.
    Rejected,
    /// Whoever made it took it back.
    Withdrawn,
}

impl ClaimState {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    pub(super) fn from_text(text: &str) -> Self {
        let all = [Self::Waiting, Self::Accepted, Self::Rejected, Self::Withdrawn];
        all.into_iter().find(|state| state.as_str() == text).unwrap_or(Self::Waiting)
    }
}

/// That somebody says they keep an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// Names it.
    pub id: Uuid,
    /// The organisation.
    pub organisation: Uuid,
    /// Who.
    pub person: PersonId,
    /// What they say about themselves, for whoever decides. Never public.
    pub words: String,
    /// What we found that speaks for it, such as that the domain is on the listing.
    pub evidence: String,
    /// When.
    pub at: DateTime<Utc>,
    /// How it stands.
    pub state: ClaimState,
    /// Why it was decided as it was; the person is told.
    pub reason: Option<String>,
    /// By whom.
    pub decided_by: Option<String>,
    /// A code that was sent to the listed contact.
    #[serde(skip)]
    pub(super) code: Option<Code>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) hash: Hashed,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) tries: i32,
}

impl Identity {
    /// Let a claim wait. Somebody's earlier claim of the same organisation is replaced while it waits.
    /// # Errors
    /// When the database fails.
    pub async fn claim(
        &self,
        tx: &Transaction,
        organisation: Uuid,
        person: PersonId,
        words: &str,
        evidence: &str,
    ) -> Result<Claim, Error> {
        let earlier = store::claims(tx.connection(), Some(ClaimState::Waiting), Some(person)).await?;
        let earlier = earlier.into_iter().find(|claim| claim.organisation == organisation);
        let id = earlier.as_ref().map_or_else(crate::ids::fresh, |claim| claim.id);
        let claim = Claim {
            id,
            organisation,
            person,
            words: words.to_owned(),
            evidence: evidence.to_owned(),
            at: self.clock.now(),
            state: ClaimState::Waiting,
            reason: None,
            decided_by: None,
            // Asking again makes no new code and no new tries, until the code is of no use to anybody.
            code: earlier.and_then(|claim| claim.code).filter(|code| code.expires_at > self.clock.now()),
        };
        store::put_claim(tx, &claim).await?;
        Ok(claim)
    }

    /// The claim with this id.
    /// # Errors
    /// When the database fails.
    pub async fn find_claim(&self, id: Uuid) -> Result<Option<Claim>, Error> {
        Ok(store::claim(self.db.reader(), id).await?)
    }

    /// Claims that wait, the oldest first.
    /// # Errors
    /// When the database fails.
    pub async fn waiting_claims(&self) -> Result<Vec<Claim>, Error> {
        Ok(store::claims(self.db.reader(), Some(ClaimState::Waiting), None).await?)
    }

    /// Every claim that is kept, the oldest first.
    /// # Errors
    /// When the database fails.
    pub async fn all_claims(&self) -> Result<Vec<Claim>, Error> {
        Ok(store::claims(self.db.reader(), None, None).await?)
    }

    /// Let a claim say something else: somebody's details were taken out of it. How it stands stays.
    /// # Errors
    /// When the database fails.
    pub async fn reword_claim(&self, tx: &Transaction, claim: &Claim) -> Result<(), Error> {
        Ok(store::put_claim(tx, claim).await?)
    }

    /// Everything that somebody has claimed, the oldest first.
    /// # Errors
    /// When the database fails.
    pub async fn claims_of(&self, person: PersonId) -> Result<Vec<Claim>, Error> {
        Ok(store::claims(self.db.reader(), None, Some(person)).await?)
    }

    /// Decide a claim that waits. Granted, the person becomes a member: the lead where there is none yet.
    /// # Errors
    /// [`Error::NotFound`] when it does not wait any more; or when the database fails.
    pub async fn decide_claim(
        &self,
        tx: &Transaction,
        id: Uuid,
        state: ClaimState,
        by: &str,
        reason: &str,
    ) -> Result<Claim, Error> {
        let mut claim = self.waiting_claim(tx, id).await?;
        claim.state = state;
        claim.reason = (!reason.is_empty()).then(|| reason.to_owned());
        claim.decided_by = Some(by.to_owned());
        claim.code = None;
        store::put_claim(tx, &claim).await?;
        if state == ClaimState::Accepted {
            let has_lead =
                store::of_organisation_locked(tx, claim.organisation).await?.iter().any(|member| member.role == MemberRole::Lead);
            let role = if has_lead { MemberRole::Editor } else { MemberRole::Lead };
            self.add_member(tx, claim.organisation, claim.person, role).await?;
        }
        Ok(claim)
    }

    /// Whether a code for this claim is under way already.
    pub fn has_code(claim: &Claim) -> bool {
        claim.code.is_some()
    }

    /// Whether the code for this claim, if one was sent, still works.
    pub fn code_works(&self, claim: &Claim) -> Option<bool> {
        claim.code.as_ref().map(|code| code.expires_at > self.clock.now() && code.tries < CODE_TRIES)
    }

    /// Take back a claim that waits.
    /// # Errors
    /// [`Error::NotFound`] when it does not wait any more; or when the database fails.
    pub async fn take_back_claim(&self, tx: &Transaction, id: Uuid) -> Result<(), Error> {
        let claim = self.waiting_claim(tx, id).await?;
        Ok(store::put_claim(tx, &Claim { state: ClaimState::Withdrawn, code: None, ..claim }).await?)
    }

    /// Make a code of eight digits for a claim; it is to be sent to the contact on the listing.
    /// # Errors
    /// [`Error::NotFound`] when the claim does not wait; or when the database fails.
    pub async fn make_code(&self, tx: &Transaction, id: Uuid) -> Result<String, Error> {
        let mut claim = self.waiting_claim(tx, id).await?;
        let code = digits();
        let hash = hash_of(id, &code);
        claim.code = Some(Code { hash, expires_at: self.clock.now() + CODE_LIFE, tries: 0 });
        store::put_claim(tx, &claim).await?;
        Ok(code)
    }

    /// Whether this is the code of the claim. A wrong one counts, so the caller has to commit either way.
    /// # Errors
    /// [`Error::NotFound`] when the claim does not wait; or when the database fails.
    pub async fn try_code(&self, tx: &Transaction, id: Uuid, code: &str) -> Result<bool, Error> {
        let mut claim = self.waiting_claim(tx, id).await?;
        let Some(known) = &mut claim.code else { return Ok(false) };
        known.tries += 1;
        let within = known.tries <= CODE_TRIES && known.expires_at > self.clock.now();
        let code: String = code.chars().filter(char::is_ascii_digit).collect();
        let right = within && known.hash.is(hash_of(id, &code).as_str());
        store::put_claim(tx, &claim).await?;
        Ok(right)
    }

    async fn waiting_claim(&self, tx: &Transaction, id: Uuid) -> Result<Claim, Error> {
        let found = store::claim_locked(tx, id).await?;
        found.filter(|claim| claim.state == ClaimState::Waiting).ok_or(Error::NotFound { what: "claim", id })
    }

    /// Forget claims that were made before this moment and do not wait any more; how many.
    /// # Errors
    /// When the database fails.
    pub async fn tidy_claims(&self, tx: &Transaction, keep: Duration) -> Result<u64, Error> {
        Ok(store::forget_old_claims(tx, self.clock.now() - keep).await?)
    }

    pub(in crate::identity) async fn forget_claims(&self, tx: &Transaction, person: PersonId) -> Result<(), Error> {
        Ok(store::forget_claims(tx, person).await?)
    }
}

fn digits() -> String {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    format!("{:08}", u64::from_le_bytes(bytes) % 100_000_000)
}

/// Bound to its claim. Few digits can be tried out by whoever has the database, which is why a code
/// ends after days and tries.
fn hash_of(claim: Uuid, code: &str) -> Hashed {
    Hashed::of(&format!("{claim}\n{code}"))
}
