//! The one place that decides who may do what. What is not allowed here is refused.

use std::net::IpAddr;

use serde::Serialize;
use uuid::Uuid;

use super::{MemberRole, Membership, PersonId, PlatformRole, Scope};

/// Something that somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Read a record with what is not public of it, and its history.
    ReadPrivate,
    /// Change a record; what is risky waits for a moderator.
    Edit,
    /// Change a record so that everything of it stands at once.
    EditAtOnce,
    /// Add a listing; it waits for a moderator.
    AddListing,
    /// Say that one keeps an organisation.
    Claim,
    /// Say, as the group itself, that a listing is still correct.
    Confirm,
    /// Say so for a group that was rung up.
    ConfirmByPhone,
    /// Invite members, change what they are, take them out.
    ManageMembers,
    /// Make and end API tokens of an organisation.
    ManageTokens,
    /// See what waits for a decision.
    SeeQueue,
    /// Accept and reject what waits.
    Decide,
    /// Hide a listing at once, and restore it.
    Hide,
    /// Take out a person's data for good.
    Erase,
    /// Read the audit trail.
    SeeAudit,
    /// Give and take roles for the whole directory.
    ManagePeople,
    /// Write guides, notices, the listing policy and other texts of the directory.
    WriteTexts,
}

impl Action {
    /// What it is, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::ReadPrivate => "read the private parts of a record, and its history",
            Self::Edit => "change a record; risky changes wait for a moderator",
            Self::EditAtOnce => "change a record so that everything takes effect immediately",
            Self::AddListing => "add a listing, which waits for a moderator",
            Self::Claim => "claim an organisation",
            Self::Confirm => "say, as the group itself, that a listing is still correct",
            Self::ConfirmByPhone => "confirm a listing after phoning the group",
            Self::ManageMembers => "invite and remove members",
            Self::ManageTokens => "create and revoke API tokens of an organisation",
            Self::SeeQueue => "see what waits for a decision",
            Self::Decide => "accept and reject what waits",
            Self::Hide => "hide a listing immediately, and restore it",
            Self::Erase => "permanently erase a person's data",
            Self::SeeAudit => "read the audit trail",
            Self::ManagePeople => "give and remove roles",
            Self::WriteTexts => "write the directory's guides, notices and other texts",
        }
    }
}

/// What somebody is towards a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Not signed in.
    Visitor,
    /// Signed in.
    Person,
    /// Keeps all organisations that the subject belongs to.
    Editor,
    /// That, and leads them.
    Lead,
    /// A program that may read for the organisation.
    ReadToken,
    /// A program that may write for the organisation.
    WriteToken,
    /// See [`PlatformRole::Reader`].
    Reader,
    /// See [`PlatformRole::Collector`].
    Collector,
    /// See [`PlatformRole::Moderator`].
    Moderator,
    /// See [`PlatformRole::Administrator`].
    Administrator,
}

/// Every role, as the columns of the table in `docs/guides/people-and-roles.md`.
pub const ROLES: [Role; 10] = [
    Role::Visitor,
    Role::Person,
    Role::Editor,
    Role::Lead,
    Role::ReadToken,
    Role::WriteToken,
    Role::Reader,
    Role::Collector,
    Role::Moderator,
    Role::Administrator,
];

/// Who may do what: the whole of it.
pub const RULES: [(Action, &[Role]); 16] = {
    use Action as A;
    use Role::{Administrator, Collector, Editor, Lead, Moderator, Person, ReadToken, Reader, WriteToken};
    [
        (A::ReadPrivate, &[Editor, Lead, ReadToken, WriteToken, Reader, Collector, Moderator, Administrator]),
        (A::Edit, &[Editor, Lead, WriteToken, Moderator, Administrator]),
        (A::EditAtOnce, &[Moderator, Administrator]),
        (A::AddListing, &[Person, WriteToken]),
        (A::Claim, &[Person]),
        (A::Confirm, &[Editor, Lead, WriteToken]),
        (A::ConfirmByPhone, &[Collector, Moderator, Administrator]),
        (A::ManageMembers, &[Lead, Moderator, Administrator]),
        (A::ManageTokens, &[Lead, Administrator]),
        (A::SeeQueue, &[Reader, Collector, Moderator, Administrator]),
        (A::Decide, &[Moderator, Administrator]),
        (A::Hide, &[Moderator, Administrator]),
        (A::Erase, &[Moderator, Administrator]),
        (A::SeeAudit, &[Reader, Moderator, Administrator]),
        (A::ManagePeople, &[Administrator]),
        (A::WriteTexts, &[Moderator, Administrator]),
    ]
};

/// What something is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The directory as a whole.
    Directory,
    /// A record that belongs to these organisations; an organisation belongs to itself. Without any it
    /// belongs to the directory.
    Of(Vec<Uuid>),
}

/// Through which door somebody comes. What they may do does not depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Door {
    /// The pages.
    #[default]
    Page,
    /// The write API.
    Api,
    /// A command on the server.
    Command,
}

/// Somebody who wants something, and all that decides whether they may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    who: Who,
    client: Option<IpAddr>,
    door: Door,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Who {
    Visitor,
    Person { id: PersonId, platform: Option<PlatformRole>, memberships: Vec<Membership>, owes_second_step: bool },
    Program { token: Uuid, organisation: Uuid, scope: Scope },
}

impl Actor {
    fn new(who: Who) -> Self {
        Self { who, client: None, door: Door::Page }
    }

    /// Nobody in particular.
    pub fn visitor() -> Self {
        Self::new(Who::Visitor)
    }

    /// A person.
    pub fn person(id: PersonId, platform: Option<PlatformRole>, memberships: Vec<Membership>) -> Self {
        Self::new(Who::Person { id, platform, memberships, owes_second_step: false })
    }

    /// A program that presents the token `id` of an organisation.
    pub fn token(id: Uuid, organisation: Uuid, scope: Scope) -> Self {
        Self::new(Who::Program { token: id, organisation, scope })
    }

    /// The same person, who has yet to show a passkey: until then they have no role for the directory.
    #[must_use]
    pub fn owing_second_step(mut self) -> Self {
        if let Who::Person { owes_second_step, .. } = &mut self.who {
            *owes_second_step = true;
        }
        self
    }

    /// The same, who asks from this client.
    #[must_use]
    pub fn asking_from(self, client: IpAddr) -> Self {
        Self { client: Some(client), ..self }
    }

    /// The same, who comes through this door.
    #[must_use]
    pub fn through(self, door: Door) -> Self {
        Self { door, ..self }
    }

    /// The door that they come through.
    pub fn door(&self) -> Door {
        self.door
    }

    /// The client that they ask from, where they ask over the network: for the audit trail.
    pub fn client(&self) -> Option<IpAddr> {
        self.client
    }

    /// Whether they have yet to show a passkey.
    pub fn owes_second_step(&self) -> bool {
        matches!(self.who, Who::Person { owes_second_step: true, .. })
    }

    /// What history calls them.
    pub fn known_as(&self) -> String {
        match self.who {
            Who::Visitor => "somebody".to_owned(),
            Who::Person { id, .. } => super::Identity::known_as(id),
            Who::Program { token, .. } => format!("token:{token}"),
        }
    }

    /// Which person it is.
    pub fn person_id(&self) -> Option<PersonId> {
        if let Who::Person { id, .. } = self.who { Some(id) } else { None }
    }

    /// Which token it is.
    pub fn token_id(&self) -> Option<Uuid> {
        if let Who::Program { token, .. } = self.who { Some(token) } else { None }
    }

    /// Their role for the whole directory; none until they have shown the passkey that they owe.
    pub fn platform_role(&self) -> Option<PlatformRole> {
        if let Who::Person { platform, owes_second_step: false, .. } = self.who { platform } else { None }
    }

    /// What they keep.
    pub fn memberships(&self) -> &[Membership] {
        if let Who::Person { memberships, .. } = &self.who { memberships } else { &[] }
    }

    /// The organisations that they keep or act for.
    pub fn organisations(&self) -> Vec<Uuid> {
        match &self.who {
            Who::Visitor => Vec::new(),
            Who::Person { memberships, .. } => memberships.iter().map(|membership| membership.organisation).collect(),
            Who::Program { organisation, .. } => vec![*organisation],
        }
    }

    /// What they are towards a subject.
    fn roles(&self, subject: &Subject) -> Vec<Role> {
        let owners: &[Uuid] = match subject {
            Subject::Directory => &[],
            Subject::Of(owners) => owners,
        };
        // Who keeps one of two owners does not speak for the other.
        let of_all = |kept: &dyn Fn(&Uuid) -> bool| !owners.is_empty() && owners.iter().all(kept);
        let mut roles = Vec::new();
        match &self.who {
            Who::Visitor => roles.push(Role::Visitor),
            Who::Person { memberships, .. } => {
                let keeps = |role| of_all(&|owner| memberships.iter().any(|one| one.organisation == *owner && one.role >= role));
                roles.push(Role::Person);
                roles.extend(self.platform_role().map(Role::from));
                roles.extend(keeps(MemberRole::Editor).then_some(Role::Editor));
                roles.extend(keeps(MemberRole::Lead).then_some(Role::Lead));
            }
            Who::Program { organisation, scope, .. } => {
                roles.push(Role::Visitor);
                if of_all(&|owner| owner == organisation) {
                    roles.push(if *scope == Scope::Write { Role::WriteToken } else { Role::ReadToken });
                }
            }
        }
        roles
    }
}

impl From<PlatformRole> for Role {
    fn from(role: PlatformRole) -> Self {
        match role {
            PlatformRole::Reader => Self::Reader,
            PlatformRole::Collector => Self::Collector,
            PlatformRole::Moderator => Self::Moderator,
            PlatformRole::Administrator => Self::Administrator,
        }
    }
}

/// Whether somebody may do something to a subject.
pub fn can(actor: &Actor, action: Action, subject: &Subject) -> bool {
    let roles = actor.roles(subject);
    RULES.iter().any(|(rule, allowed)| *rule == action && roles.iter().any(|role| allowed.contains(role)))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn member(organisation: Uuid, role: MemberRole) -> Actor {
        let person = PersonId(Uuid::from_u128(1));
        Actor::person(person, None, vec![Membership { organisation, person, role, since: DateTime::UNIX_EPOCH }])
    }

    #[test]
    fn every_action_has_one_rule_and_a_visitor_may_do_nothing() {
        for (action, _) in RULES {
            assert_eq!(RULES.iter().filter(|(other, _)| *other == action).count(), 1, "{action:?}");
            for subject in [Subject::Directory, Subject::Of(vec![]), Subject::Of(vec![Uuid::nil()])] {
                assert!(!can(&Actor::visitor(), action, &subject), "{action:?}");
            }
        }
    }

    #[test]
    fn whoever_finds_listings_by_what_is_private_in_them_may_read_it() {
        let who = |wanted: Action| RULES.iter().filter(move |(action, _)| *action == wanted).flat_map(|(_, roles)| roles.iter());
        assert!(who(Action::SeeQueue).all(|role| who(Action::ReadPrivate).any(|other| other == role)));
    }

    #[test]
    fn an_editor_keeps_only_what_belongs_to_their_organisations_alone() {
        let (ours, theirs) = (Uuid::from_u128(10), Uuid::from_u128(20));
        let editor = member(ours, MemberRole::Editor);
        assert!(can(&editor, Action::Edit, &Subject::Of(vec![ours])));
        for subject in [Subject::Of(vec![theirs]), Subject::Of(vec![ours, theirs]), Subject::Of(vec![]), Subject::Directory] {
            assert!(!can(&editor, Action::Edit, &subject), "{subject:?}");
        }
        assert!(!can(&editor, Action::ManageMembers, &Subject::Of(vec![ours])));
        assert!(can(&member(ours, MemberRole::Lead), Action::ManageMembers, &Subject::Of(vec![ours])));
        assert!(!can(&member(ours, MemberRole::Lead), Action::EditAtOnce, &Subject::Of(vec![ours])));
    }

    #[test]
    fn who_owes_a_second_step_is_no_officer_until_it_is_done() {
        let person = PersonId(Uuid::from_u128(1));
        for role in PlatformRole::ALL {
            let officer = Actor::person(person, Some(role), vec![]);
            let owing = officer.clone().owing_second_step();
            let nobody = Actor::person(person, None, vec![]);
            for (action, _) in RULES {
                for subject in [Subject::Directory, Subject::Of(vec![Uuid::nil()])] {
                    assert_eq!(can(&owing, action, &subject), can(&nobody, action, &subject), "{role:?} {action:?}");
                }
            }
            assert!(can(&officer, Action::SeeQueue, &Subject::Directory));
        }
    }

    #[test]
    fn a_token_acts_for_its_organisation_within_its_scope() {
        let (ours, theirs) = (Uuid::from_u128(10), Uuid::from_u128(20));
        let (read, write) = (Actor::token(Uuid::nil(), ours, Scope::Read), Actor::token(Uuid::nil(), ours, Scope::Write));
        assert!(can(&read, Action::ReadPrivate, &Subject::Of(vec![ours])));
        assert!(!can(&read, Action::Edit, &Subject::Of(vec![ours])));
        assert!(can(&write, Action::Edit, &Subject::Of(vec![ours])));
        assert!(!can(&write, Action::Edit, &Subject::Of(vec![theirs])));
        assert!(!can(&write, Action::Decide, &Subject::Directory));
    }
}
