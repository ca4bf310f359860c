//! Who keeps an organisation's listings: leads and editors, invitations, claims.

mod claims;
mod store;

use std::str::FromStr;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Email, Error, Identity, Person, PersonId};
use crate::db::{self, Transaction};

pub use claims::{Claim, ClaimState};

/// An invitation stands for so long.
const INVITATION_LIFE: Duration = Duration::days(14);
/// The same invitation, or the same claim, within so long is a form that was sent twice.
pub const SENT_TWICE: Duration = Duration::minutes(10);

/// What somebody is to an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum MemberRole {
    /// Keeps its listings.
    Editor,
    /// That, and who else does.
    Lead,
}

impl MemberRole {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Editor => "editor",
            Self::Lead => "lead",
        }
    }
}

impl FromStr for MemberRole {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Editor, Self::Lead].into_iter().find(|role| role.as_str() == text).ok_or_else(|| format!("{text:?} is not a role"))
    }
}

/// That somebody keeps an organisation's listings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The organisation.
    pub organisation: Uuid,
    /// Who.
    pub person: PersonId,
    /// As what.
    pub role: MemberRole,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// A member as colleagues see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Who.
    pub person: Person,
    /// As what, and since when.
    pub membership: Membership,
}

/// That somebody with this address may become a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invitation {
    /// Names it.
    pub id: Uuid,
    /// The organisation.
    pub organisation: Uuid,
    /// Whom.
    pub email: Email,
    /// As what.
    pub role: MemberRole,
    /// Who invites, as history names them.
    pub by: String,
    /// Until when it stands.
    pub expires_at: DateTime<Utc>,
}

/// Who keeps what, for a backup.
/// # Errors
/// When the database fails.
pub(super) async fn everything_kept(snapshot: &Transaction) -> Result<Vec<Membership>, db::Error> {
    store::all(snapshot.connection()).await
}

/// Put a membership back from a backup.
/// # Errors
/// When the database fails.
pub(super) async fn put_back(tx: &Transaction, membership: &Membership) -> Result<(), db::Error> {
    store::put(tx, membership).await
}

impl Identity {
    /// What somebody keeps.
    /// # Errors
    /// When the database fails.
    pub async fn memberships(&self, person: PersonId) -> Result<Vec<Membership>, Error> {
        Ok(store::of_person(self.db.reader(), person).await?)
    }

    pub(super) async fn memberships_in(&self, tx: &Transaction, person: PersonId) -> Result<Vec<Membership>, Error> {
        Ok(store::of_person(tx.connection(), person).await?)
    }

    /// Who keeps an organisation, leads first.
    /// # Errors
    /// When the database fails.
    pub async fn members(&self, organisation: Uuid) -> Result<Vec<Member>, Error> {
        let mut members = Vec::new();
        for membership in store::of_organisation(self.db.reader(), organisation).await? {
            if let Some(person) = self.person(membership.person).await? {
                members.push(Member { person, membership });
            }
        }
        members.sort_by(|a, b| b.membership.role.cmp(&a.membership.role).then_with(|| a.person.email.cmp(&b.person.email)));
        Ok(members)
    }

    /// Whether somebody keeps an organisation, as a transaction sees it.
    /// # Errors
    /// When the database fails.
    pub async fn is_kept(&self, tx: &Transaction, organisation: Uuid) -> Result<bool, Error> {
        Ok(!store::of_organisation_locked(tx, organisation).await?.is_empty())
    }

    /// Everybody who keeps something, by organisation.
    /// # Errors
    /// When the database fails.
    pub async fn all_memberships(&self) -> Result<Vec<Membership>, Error> {
        Ok(store::all(self.db.reader()).await?)
    }

    /// Make somebody a member, or change what they are.
    /// # Errors
    /// [`Error::LastLead`] when the last lead would become an editor; or when the database fails.
    pub async fn add_member(
        &self,
        tx: &Transaction,
        organisation: Uuid,
        person: PersonId,
        role: MemberRole,
    ) -> Result<(), Error> {
        let members = store::of_organisation_locked(tx, organisation).await?;
        let known = members.iter().find(|member| member.person == person);
        if role == MemberRole::Editor && known.is_some_and(|member| member.role == MemberRole::Lead) {
            another_leads(&members, person)?;
        }
        let since = known.map_or_else(|| self.clock.now(), |member| member.since);
        Ok(store::put(tx, &Membership { organisation, person, role, since }).await?)
    }

    /// Change what a member is: the hand-over to somebody who is still there.
    /// # Errors
    /// [`Error::NotFound`] when they are no member any more; otherwise as [`Identity::add_member`].
    pub async fn change_role(
        &self,
        tx: &Transaction,
        organisation: Uuid,
        person: PersonId,
        role: MemberRole,
    ) -> Result<(), Error> {
        let members = store::of_organisation_locked(tx, organisation).await?;
        if !members.iter().any(|member| member.person == person) {
            return Err(Error::NotFound { what: "member", id: person.0 });
        }
        self.add_member(tx, organisation, person, role).await
    }

    /// Take a member out: the grant and the tokens made for it go together. Their invitations stay good: whom
    /// they invited may be who takes over.
    /// # Errors
    /// [`Error::LastLead`] while there are other members; or when the database fails.
    pub async fn leave(&self, tx: &Transaction, organisation: Uuid, person: PersonId) -> Result<(), Error> {
        let members = store::of_organisation_locked(tx, organisation).await?;
        if members.iter().any(|member| member.person == person && member.role == MemberRole::Lead) {
            lead_remains(&members, person)?;
        }
        store::remove(tx, organisation, person).await?;
        self.end_tokens_for(tx, person, organisation).await
    }

    /// Take somebody else's membership away: what [`Identity::leave`] does, and their invitations and sessions
    /// end with it.
    /// # Errors
    /// When the database fails.
    pub async fn revoke(&self, tx: &Transaction, organisation: Uuid, person: PersonId) -> Result<(), Error> {
        store::remove(tx, organisation, person).await?;
        store::remove_invitations_by(tx, organisation, &Self::known_as(person)).await?;
        self.end_tokens_for(tx, person, organisation).await?;
        self.end_sessions(tx, person).await
    }

    /// Invite somebody. An earlier invitation of the same address is replaced.
    /// # Errors
    /// When the database fails.
    pub async fn invite(
        &self,
        tx: &Transaction,
        organisation: Uuid,
        email: &Email,
        role: MemberRole,
        by: &str,
    ) -> Result<Invitation, Error> {
        let invitation = Invitation {
            id: crate::ids::fresh(),
            organisation,
            email: email.clone(),
            role,
            by: by.to_owned(),
            expires_at: self.clock.now() + INVITATION_LIFE,
        };
        store::put_invitation(tx, &invitation).await?;
        Ok(invitation)
    }

    /// Whether somebody has sent the same invitation a moment ago, as by two taps.
    /// # Errors
    /// When the database fails.
    pub async fn has_just_invited(
        &self,
        tx: &Transaction,
        organisation: Uuid,
        email: &Email,
        role: MemberRole,
        by: &str,
    ) -> Result<bool, Error> {
        // Held, so that the second of two at once sees the first.
        store::of_organisation_locked(tx, organisation).await?;
        let now = self.clock.now();
        let standing = store::invitations(tx.connection(), Some(email), Some(organisation), now).await?;
        let same = |one: &Invitation| one.role == role && one.by == by && one.expires_at > now + INVITATION_LIFE - SENT_TWICE;
        Ok(standing.iter().any(same))
    }

    /// Take back the invitations that somebody sent.
    pub(super) async fn withdraw_invitations_by(
        &self,
        tx: &Transaction,
        organisation: Uuid,
        person: PersonId,
    ) -> Result<(), Error> {
        Ok(store::remove_invitations_by(tx, organisation, &Self::known_as(person)).await?)
    }

    /// Forget who keeps organisations that are not there any more: members, invitations and tokens.
    /// # Errors
    /// When the database fails.
    pub async fn forget_organisations(&self, tx: &Transaction, organisations: &[Uuid]) -> Result<(), Error> {
        store::forget_organisations(tx, organisations).await?;
        self.end_tokens_of_organisations(tx, organisations).await
    }

    /// Forget invitations of an address, and links that were sent to it.
    pub(super) async fn forget_invitations(&self, tx: &Transaction, email: &Email) -> Result<(), Error> {
        Ok(store::forget_invitations(tx, email).await?)
    }

    /// Invitations that stand: of an address.
    /// # Errors
    /// When the database fails.
    pub async fn invitations_for(&self, email: &Email) -> Result<Vec<Invitation>, Error> {
        Ok(store::invitations(self.db.reader(), Some(email), None, self.clock.now()).await?)
    }

    /// Invitations that stand: of an organisation.
    /// # Errors
    /// When the database fails.
    pub async fn invitations_of(&self, organisation: Uuid) -> Result<Vec<Invitation>, Error> {
        Ok(store::invitations(self.db.reader(), None, Some(organisation), self.clock.now()).await?)
    }

    /// Take an invitation: only whoever has its address can. Where nobody leads any more, whoever takes one leads
    /// from then on, as long as leads `may_follow` by themselves.
    /// # Errors
    /// [`Error::NotFound`] when it does not stand or is for somebody else; or when the database fails.
    pub async fn accept_invitation(
        &self,
        tx: &Transaction,
        person: &Person,
        id: Uuid,
        may_follow: bool,
    ) -> Result<Membership, Error> {
        let standing = store::invitations(tx.connection(), Some(&person.email), None, self.clock.now()).await?;
        let not_found = || Error::NotFound { what: "invitation", id };
        let invitation = standing.into_iter().find(|invitation| invitation.id == id).ok_or_else(not_found)?;
        // Whoever takes it out has it: it may be withdrawn at this moment.
        if !store::remove_invitation(tx, invitation.organisation, id).await? {
            return Err(not_found());
        }
        let members = store::of_organisation_locked(tx, invitation.organisation).await?;
        let is_led = members.iter().any(|member| member.role == MemberRole::Lead);
        let invited = if is_led || !may_follow { invitation.role } else { MemberRole::Lead };
        // Whoever is a member already loses nothing by it.
        let own = members.iter().find(|member| member.person == person.id).map(|member| member.role);
        let role = own.map_or(invited, |own| own.max(invited));
        self.add_member(tx, invitation.organisation, person.id, role).await?;
        Ok(Membership { organisation: invitation.organisation, person: person.id, role, since: self.clock.now() })
    }

    /// Take an invitation back.
    /// # Errors
    /// When the database fails.
    pub async fn withdraw_invitation(&self, tx: &Transaction, organisation: Uuid, id: Uuid) -> Result<(), Error> {
        store::remove_invitation(tx, organisation, id).await?;
        Ok(())
    }
}

/// That there is a lead besides `person`.
fn another_leads(members: &[Membership], person: PersonId) -> Result<(), Error> {
    let leads = members.iter().any(|member| member.person != person && member.role == MemberRole::Lead);
    if leads { Ok(()) } else { Err(Error::LastLead) }
}

/// That there is a lead besides `person`, or nobody else at all.
fn lead_remains(members: &[Membership], person: PersonId) -> Result<(), Error> {
    if members.iter().all(|member| member.person == person) { Ok(()) } else { another_leads(members, person) }
}
