//! The table `reference`.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
    Set,
};
use uuid::Uuid;

use super::Link;
use crate::{
    clock::moment,
    db::{self, Context as _, Transaction},
    model::{LocationPolicy, Reference},
    records::{
        State, Version,
        store::{kind_of, record},
    },
};

mod reference {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "reference")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) from_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) to_id: Uuid,
        pub(super) policy: Option<i16>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

fn policy_number(policy: Option<LocationPolicy>) -> Option<i16> {
    policy.map(|policy| policy as i16)
}

fn policy_of(number: Option<i16>) -> Option<LocationPolicy> {
    use LocationPolicy as P;
    number.and_then(|n| [P::Exact, P::Area, P::OnRequest, P::Withheld].into_iter().find(|policy| *policy as i16 == n))
}

/// Replace what these records refer to. Most edits change no reference, and those are not written again: each
/// stands in three trees of the database. What some `referred` to until now is known already.
pub(in crate::records) async fn put(
    tx: &Transaction,
    of: &[(Uuid, Vec<Reference>)],
    referred: &HashMap<Uuid, Vec<Reference>>,
) -> Result<(), db::Error> {
    let from: Vec<Uuid> = of.iter().map(|(from, _)| *from).filter(|from| !referred.contains_key(from)).collect();
    let mut standing: HashMap<Uuid, Vec<Reference>> = HashMap::new();
    for link in links_from(tx.connection(), &from).await? {
        standing.entry(link.from).or_default().push(Reference { to: link.to, policy: link.policy });
    }
    let is_new = |(from, wanted): &&(Uuid, Vec<Reference>)| {
        let mut known = referred.get(from).or_else(|| standing.get(from)).cloned().unwrap_or_default();
        known.sort_unstable_by_key(|one| one.to);
        let mut wanted = wanted.clone();
        wanted.sort_unstable_by_key(|one| one.to);
        known != wanted
    };
    let different: Vec<(Uuid, Vec<Reference>)> = of.iter().filter(is_new).cloned().collect();
    let from: Vec<Uuid> = different.iter().map(|(from, _)| *from).collect();
    forget(tx, &from).await?;
    add(tx, &different).await
}

/// Write what these records refer to, which referred to nothing before.
pub(in crate::records) async fn add(tx: &Transaction, of: &[(Uuid, Vec<Reference>)]) -> Result<(), db::Error> {
    let rows: Vec<_> = of
        .iter()
        .flat_map(|(from, references)| references.iter().map(|reference| (*from, *reference)))
        .map(|(from, reference)| reference::ActiveModel {
            from_id: Set(from),
            to_id: Set(reference.to),
            policy: Set(policy_number(reference.policy)),
        })
        .collect();
    for chunk in db::pieces(&rows) {
        reference::Entity::insert_many(chunk.to_vec())
            .exec_without_returning(tx.connection())
            .await
            .context("cannot write references")?;
    }
    Ok(())
}

/// Forget what these records refer to.
pub(in crate::records) async fn forget(tx: &Transaction, from: &[Uuid]) -> Result<(), db::Error> {
    for chunk in db::pieces(from) {
        reference::Entity::delete_many()
            .filter(reference::Column::FromId.is_in(chunk.iter().copied()))
            .exec(tx.connection())
            .await
            .context("cannot delete references")?;
    }
    Ok(())
}

/// Take everything out, for a restore that puts it back.
pub(in crate::records) async fn clear(tx: &Transaction) -> Result<(), db::Error> {
    reference::Entity::delete_many().exec(tx.connection()).await.context("cannot clear references").map(drop)
}

/// Every link to one of these records.
pub(in crate::records) async fn links_to(on: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Link>, db::Error> {
    links(on, reference::Column::ToId, ids).await
}

/// Every link from one of these records.
pub(in crate::records) async fn links_from(on: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Link>, db::Error> {
    links(on, reference::Column::FromId, ids).await
}

async fn links(on: &impl ConnectionTrait, by: reference::Column, ids: &[Uuid]) -> Result<Vec<Link>, db::Error> {
    let mut found = Vec::new();
    for chunk in db::pieces(&db::in_order(ids)) {
        let rows =
            reference::Entity::find().filter(by.is_in(chunk.iter().copied())).all(on).await.context("cannot read references")?;
        found.extend(rows.into_iter().map(|row| Link { from: row.from_id, to: row.to_id, policy: policy_of(row.policy) }));
    }
    Ok(found)
}

/// `SELECT id, kind, state, revision, changed_at FROM record
///  WHERE id IN (SELECT from_id FROM reference WHERE to_id = ?)`
pub(in crate::records) async fn versions_linking_to(on: &impl ConnectionTrait, id: Uuid) -> Result<Vec<Version>, db::Error> {
    use record::Column as C;
    let linking = reference::Entity::find()
        .select_only()
        .column(reference::Column::FromId)
        .filter(reference::Column::ToId.eq(id))
        .into_query();
    let rows: Vec<(Uuid, i16, i16, i64, i64)> = record::Entity::find()
        .select_only()
        .columns([C::Id, C::Kind, C::State, C::Revision, C::ChangedAt])
        .filter(C::Id.in_subquery(linking))
        .order_by_asc(C::Id)
        .into_tuple()
        .all(on)
        .await
        .context("cannot read records")?;
    let version = |(id, kind, state, revision, changed_at)| {
        Ok(Version { id, kind: kind_of(id, kind)?, state: State::from_number(state), revision, changed_at: moment(changed_at) })
    };
    rows.into_iter().map(version).collect()
}
