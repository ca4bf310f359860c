//! The tables `member`, `invitation` and `claim`.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
    sea_query::OnConflict,
};
use uuid::Uuid;

use super::{
    Invitation, Membership,
    claims::{Claim, ClaimState, Code},
};
use crate::{
    clock::moment,
    db::{self, Backend, Context as _, Transaction},
    identity::{Email, Hashed, PersonId},
};

mod member {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "member")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) person_id: Uuid,
        pub(super) role: String,
        pub(super) since: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod invitation {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "invitation")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) email: String,
        pub(super) id: Uuid,
        pub(super) role: String,
        #[sea_orm(column_type = "Text")]
        pub(super) by_whom: String,
        pub(super) expires_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod claim {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "claim")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) organisation_id: Uuid,
        pub(super) person_id: Uuid,
        #[sea_orm(column_type = "Text")]
        pub(super) words: String,
        #[sea_orm(column_type = "Text")]
        pub(super) evidence: String,
        pub(super) at: i64,
        pub(super) state: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) reason: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) decided_by: Option<String>,
        pub(super) code: Option<String>,
        pub(super) code_expires_at: Option<i64>,
        pub(super) code_tries: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

fn membership(row: &member::Model) -> Option<Membership> {
    Some(Membership {
        organisation: row.organisation_id,
        person: PersonId(row.person_id),
        role: row.role.parse().ok()?,
        since: moment(row.since),
    })
}

fn invited(row: invitation::Model) -> Option<Invitation> {
    Some(Invitation {
        id: row.id,
        organisation: row.organisation_id,
        email: row.email.parse().ok()?,
        role: row.role.parse().ok()?,
        by: row.by_whom,
        expires_at: moment(row.expires_at),
    })
}

fn claimed(row: claim::Model) -> Claim {
    let code = row.code.zip(row.code_expires_at);
    Claim {
        id: row.id,
        organisation: row.organisation_id,
        person: PersonId(row.person_id),
        words: row.words,
        evidence: row.evidence,
        at: moment(row.at),
        state: ClaimState::from_text(&row.state),
        reason: row.reason,
        decided_by: row.decided_by,
        code: code.map(|(hash, expires)| Code { hash: Hashed(hash), expires_at: moment(expires), tries: row.code_tries }),
    }
}

pub(super) async fn of_person(on: &impl ConnectionTrait, person: PersonId) -> Result<Vec<Membership>, db::Error> {
    let query = member::Entity::find()
        .filter(member::Column::PersonId.eq(person.0))
        .order_by_asc(member::Column::Since)
        .order_by_asc(member::Column::OrganisationId);
    Ok(query.all(on).await.context("cannot read members")?.iter().filter_map(membership).collect())
}

pub(super) async fn of_organisation(on: &impl ConnectionTrait, organisation: Uuid) -> Result<Vec<Membership>, db::Error> {
    let query = member::Entity::find().filter(member::Column::OrganisationId.eq(organisation));
    Ok(query.all(on).await.context("cannot read members")?.iter().filter_map(membership).collect())
}

/// Locked, so that two leads cannot leave at once and none is left.
pub(super) async fn of_organisation_locked(tx: &Transaction, organisation: Uuid) -> Result<Vec<Membership>, db::Error> {
    let mut query =
        member::Entity::find().filter(member::Column::OrganisationId.eq(organisation)).order_by_asc(member::Column::PersonId);
    if tx.backend() == Backend::Postgres {
        query = query.lock_exclusive();
    }
    Ok(query.all(tx.connection()).await.context("cannot read members")?.iter().filter_map(membership).collect())
}

pub(super) async fn all(on: &impl ConnectionTrait) -> Result<Vec<Membership>, db::Error> {
    let rows =
        member::Entity::find().order_by_asc(member::Column::OrganisationId).all(on).await.context("cannot read members")?;
    Ok(rows.iter().filter_map(membership).collect())
}

pub(super) async fn put(tx: &Transaction, one: &Membership) -> Result<(), db::Error> {
    let row = member::ActiveModel {
        organisation_id: Set(one.organisation),
        person_id: Set(one.person.0),
        role: Set(one.role.as_str().to_owned()),
        since: Set(one.since.timestamp_micros()),
    };
    let replace = OnConflict::columns([member::Column::OrganisationId, member::Column::PersonId])
        .update_columns([member::Column::Role])
        .to_owned();
    member::Entity::insert(row)
        .on_conflict(replace)
        .exec_without_returning(tx.connection())
        .await
        .context("cannot add a member")?;
    Ok(())
}

pub(super) async fn remove(tx: &Transaction, organisation: Uuid, person: PersonId) -> Result<(), db::Error> {
    member::Entity::delete_by_id((organisation, person.0)).exec(tx.connection()).await.context("cannot remove a member").map(drop)
}

pub(super) async fn put_invitation(tx: &Transaction, one: &Invitation) -> Result<(), db::Error> {
    use invitation::Column as C;
    let row = invitation::ActiveModel {
        organisation_id: Set(one.organisation),
        email: Set(one.email.as_str().to_owned()),
        id: Set(one.id),
        role: Set(one.role.as_str().to_owned()),
        by_whom: Set(one.by.clone()),
        expires_at: Set(one.expires_at.timestamp_micros()),
    };
    let replace =
        OnConflict::columns([C::OrganisationId, C::Email]).update_columns([C::Id, C::Role, C::ByWhom, C::ExpiresAt]).to_owned();
    invitation::Entity::insert(row)
        .on_conflict(replace)
        .exec_without_returning(tx.connection())
        .await
        .context("cannot invite")?;
    Ok(())
}

pub(super) async fn invitations(
    on: &impl ConnectionTrait,
    email: Option<&Email>,
    organisation: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Vec<Invitation>, db::Error> {
    let mut query = invitation::Entity::find()
        .filter(invitation::Column::ExpiresAt.gt(now.timestamp_micros()))
        .order_by_asc(invitation::Column::Email);
    if let Some(email) = email {
        query = query.filter(invitation::Column::Email.eq(email.as_str()));
    }
    if let Some(organisation) = organisation {
        query = query.filter(invitation::Column::OrganisationId.eq(organisation));
    }
    Ok(query.all(on).await.context("cannot read invitations")?.into_iter().filter_map(invited).collect())
}

/// Take an invitation out; whether it was there.
pub(super) async fn remove_invitation(tx: &Transaction, organisation: Uuid, id: Uuid) -> Result<bool, db::Error> {
    let query = invitation::Entity::delete_many()
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(invitation::Column::Id.eq(id));
    Ok(query.exec(tx.connection()).await.context("cannot remove an invitation")?.rows_affected > 0)
}

/// Take back what somebody has invited to: their word counts for nothing any more.
pub(super) async fn remove_invitations_by(tx: &Transaction, organisation: Uuid, by: &str) -> Result<(), db::Error> {
    let query = invitation::Entity::delete_many()
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(invitation::Column::ByWhom.eq(by));
    query.exec(tx.connection()).await.context("cannot remove invitations").map(drop)
}

/// Forget who keeps these organisations, and who was invited to.
pub(super) async fn forget_organisations(tx: &Transaction, organisations: &[Uuid]) -> Result<(), db::Error> {
    for some in db::pieces(organisations) {
        let query = member::Entity::delete_many().filter(member::Column::OrganisationId.is_in(some.iter().copied()));
        query.exec(tx.connection()).await.context("cannot delete members")?;
        let query = invitation::Entity::delete_many().filter(invitation::Column::OrganisationId.is_in(some.iter().copied()));
        query.exec(tx.connection()).await.context("cannot delete invitations")?;
    }
    Ok(())
}

pub(super) async fn forget_invitations(tx: &Transaction, email: &Email) -> Result<(), db::Error> {
    let query = invitation::Entity::delete_many().filter(invitation::Column::Email.eq(email.as_str()));
    query.exec(tx.connection()).await.context("cannot delete invitations").map(drop)
}

pub(super) async fn put_claim(tx: &Transaction, one: &Claim) -> Result<(), db::Error> {
    use claim::Column as C;
    let row = claim::ActiveModel {
        id: Set(one.id),
        organisation_id: Set(one.organisation),
        person_id: Set(one.person.0),
        words: Set(one.words.clone()),
        evidence: Set(one.evidence.clone()),
        at: Set(one.at.timestamp_micros()),
        state: Set(one.state.as_str().to_owned()),
        reason: Set(one.reason.clone()),
        decided_by: Set(one.decided_by.clone()),
        code: Set(one.code.as_ref().map(|code| code.hash.as_str().to_owned())),
        code_expires_at: Set(one.code.as_ref().map(|code| code.expires_at.timestamp_micros())),
        code_tries: Set(one.code.as_ref().map_or(0, |code| code.tries)),
    };
    let replace = OnConflict::column(C::Id)
        .update_columns([
            C::Words,
            C::Evidence,
            C::At,
            C::State,
            C::Reason,
            C::DecidedBy,
            C::Code,
            C::CodeExpiresAt,
            C::CodeTries,
        ])
        .to_owned();
    claim::Entity::insert(row)
        .on_conflict(replace)
        .exec_without_returning(tx.connection())
        .await
        .context("cannot store a claim")?;
    Ok(())
}

pub(super) async fn claim(on: &impl ConnectionTrait, id: Uuid) -> Result<Option<Claim>, db::Error> {
    Ok(claim::Entity::find_by_id(id).one(on).await.context("cannot read claims")?.map(claimed))
}

/// Locked, so that two who decide cannot both win.
pub(super) async fn claim_locked(tx: &Transaction, id: Uuid) -> Result<Option<Claim>, db::Error> {
    let mut query = claim::Entity::find_by_id(id);
    if tx.backend() == Backend::Postgres {
        query = query.lock_exclusive();
    }
    Ok(query.one(tx.connection()).await.context("cannot read claims")?.map(claimed))
}

pub(super) async fn claims(
    on: &impl ConnectionTrait,
    state: Option<ClaimState>,
    person: Option<PersonId>,
) -> Result<Vec<Claim>, db::Error> {
    let mut query = claim::Entity::find().order_by_asc(claim::Column::At).order_by_asc(claim::Column::Id);
    if let Some(state) = state {
        query = query.filter(claim::Column::State.eq(state.as_str()));
    }
    if let Some(person) = person {
        query = query.filter(claim::Column::PersonId.eq(person.0));
    }
    Ok(query.all(on).await.context("cannot read claims")?.into_iter().map(claimed).collect())
}

pub(super) async fn forget_old_claims(tx: &Transaction, before: DateTime<Utc>) -> Result<u64, db::Error> {
    let query = claim::Entity::delete_many()
        .filter(claim::Column::At.lt(before.timestamp_micros()))
        .filter(claim::Column::State.ne(ClaimState::Waiting.as_str()));
    Ok(query.exec(tx.connection()).await.context("cannot delete claims")?.rows_affected)
}

pub(super) async fn forget_claims(tx: &Transaction, person: PersonId) -> Result<(), db::Error> {
    let query = claim::Entity::delete_many().filter(claim::Column::PersonId.eq(person.0));
    query.exec(tx.connection()).await.context("cannot delete claims").map(drop)
}
