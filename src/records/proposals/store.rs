//! The table `proposal`.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _, Set, sea_query::OnConflict,
};
use uuid::Uuid;

use super::{Decided, Decision, Proposal, messages};
use crate::{
    clock::moment,
    db::{self, Backend, Context as _, Database, Transaction},
    model::{Document, Kind},
    published::redaction::{self, Known, texts_with},
    records::{Stored, store::revisions},
};

/// Proposals that are looked through at once.
const BATCH: u64 = 500;

mod proposal {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "proposal")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) record_id: Uuid,
        pub(super) kind: i16,
        pub(super) origin: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) source_id: Option<String>,
        pub(super) base_revision: i64,
        #[sea_orm(column_type = "Text")]
        pub(super) document: String,
        #[sea_orm(column_type = "Text")]
        pub(super) by_whom: String,
        #[sea_orm(column_type = "Text")]
        pub(super) why: String,
        pub(super) at: i64,
        pub(super) decision: i16,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) decided_by: Option<String>,
        pub(super) decided_at: Option<i64>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) reason: Option<String>,
        pub(super) bundle: Option<Uuid>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) parts: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Write proposals; one that stands under the same id is replaced.
pub(super) async fn put(tx: &Transaction, proposals: &[Proposal]) -> Result<(), db::Error> {
    use proposal::Column as C;
    let replace = OnConflict::column(C::Id)
        .update_columns([
            C::BaseRevision,
            C::Document,
            C::SourceId,
            C::Why,
            C::At,
            C::Decision,
            C::DecidedBy,
            C::DecidedAt,
            C::Reason,
            C::Bundle,
            C::Parts,
        ])
        .to_owned();
    for chunk in db::pieces(proposals) {
        let rows = chunk.iter().map(|one| proposal::ActiveModel {
            id: Set(one.id),
            record_id: Set(one.record_id),
            kind: Set(one.kind.number()),
            origin: Set(one.origin.clone()),
            source_id: Set(one.source_id.clone()),
            base_revision: Set(one.base_revision),
            document: Set(one.document.clone()),
            by_whom: Set(one.by.clone()),
            why: Set(one.why.clone()),
            at: Set(one.at.timestamp_micros()),
            decision: Set(one.decision as i16),
            decided_by: Set(one.decided.as_ref().map(|decided| decided.by.clone())),
            decided_at: Set(one.decided.as_ref().map(|decided| decided.at.timestamp_micros())),
            reason: Set(one.decided.as_ref().map(|decided| decided.reason.clone())),
            bundle: Set(one.bundle),
            parts: Set(parts(one)),
        });
        proposal::Entity::insert_many(rows)
            .on_conflict(replace.clone())
            .exec_without_returning(tx.connection())
            .await
            .context("cannot write proposals")?;
    }
    Ok(())
}

/// The proposals with these ids.
pub(super) async fn by_ids(on: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Proposal>, db::Error> {
    let mut found = Vec::new();
    for chunk in db::pieces(ids) {
        let rows = proposal::Entity::find()
            .filter(proposal::Column::Id.is_in(chunk.iter().copied()))
            .all(on)
            .await
            .context("cannot read proposals")?;
        for row in rows {
            found.push(from_proposal(row)?);
        }
    }
    Ok(found)
}

/// Proposals that wait, of one origin or of all, after the given id, in order of ids.
pub(super) async fn waiting(
    db: &Database,
    origin: Option<&str>,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Proposal>, db::Error> {
    use proposal::Column as C;
    let mut query = proposal::Entity::find().filter(C::Decision.eq(Decision::Waiting as i16));
    if let Some(origin) = origin {
        query = query.filter(C::Origin.eq(origin));
    }
    if let Some(after) = after {
        query = query.filter(C::Id.gt(after));
    }
    let rows = query.order_by_asc(C::Id).limit(limit).all(db.reader()).await.context("cannot read proposals")?;
    rows.into_iter().map(from_proposal).collect()
}

/// Forget every proposal about these records.
pub(in crate::records) async fn forget(tx: &Transaction, records: &[Uuid]) -> Result<(), db::Error> {
    for chunk in db::pieces(records) {
        let theirs = proposal::Entity::find()
            .select_only()
            .column(proposal::Column::Id)
            .filter(proposal::Column::RecordId.is_in(chunk.iter().copied()))
            .into_query();
        messages::forget_of(tx, theirs).await?;
        proposal::Entity::delete_many()
            .filter(proposal::Column::RecordId.is_in(chunk.iter().copied()))
            .exec(tx.connection())
            .await
            .context("cannot delete proposals")?;
    }
    Ok(())
}

async fn forget_where(tx: &Transaction, which: Condition) -> Result<u64, db::Error> {
    let theirs = proposal::Entity::find().select_only().column(proposal::Column::Id).filter(which.clone()).into_query();
    messages::forget_of(tx, theirs).await?;
    let gone = proposal::Entity::delete_many().filter(which).exec(tx.connection()).await.context("cannot delete proposals")?;
    Ok(gone.rows_affected)
}

/// Forget the proposals of `who` that wait, and everything that they said about others; how many of each.
pub(in crate::records) async fn forget_by(tx: &Transaction, who: &str) -> Result<(u64, u64), db::Error> {
    use proposal::Column as C;
    let waiting = Condition::all().add(C::ByWhom.eq(who)).add(C::Decision.eq(Decision::Waiting as i16));
    let proposals = forget_where(tx, waiting).await?;
    Ok((proposals, messages::forget_by(tx, who).await?))
}

/// Forget proposals that were decided before this moment; how many.
pub(in crate::records) async fn forget_decided(tx: &Transaction, before: DateTime<Utc>) -> Result<u64, db::Error> {
    use proposal::Column as C;
    let old = Condition::all().add(C::Decision.ne(Decision::Waiting as i16)).add(C::DecidedAt.lt(before.timestamp_micros()));
    forget_where(tx, old).await
}

fn with_contact(record: Uuid, contact: Uuid) -> Condition {
    use proposal::Column as C;
    Condition::all().add(C::RecordId.eq(record)).add(C::Document.contains(contact.to_string()))
}

/// Whether a proposal about this record has this contact.
pub(in crate::records) async fn holds_contact(tx: &Transaction, record: Uuid, contact: Uuid) -> Result<bool, db::Error> {
    let found = proposal::Entity::find().filter(with_contact(record, contact)).one(tx.connection()).await;
    Ok(found.context("cannot read proposals")?.is_some())
}

/// Forget proposals about this record that have this contact.
pub(in crate::records) async fn forget_contact(tx: &Transaction, record: Uuid, contact: Uuid) -> Result<u64, db::Error> {
    forget_where(tx, with_contact(record, contact)).await
}

/// Forget proposals about this record that tell of somebody, and what was said about others that does; how many.
pub(in crate::records) async fn forget_words(tx: &Transaction, record: Uuid, known: &Known) -> Result<u64, db::Error> {
    let (mut telling, mut others) = (Vec::new(), Vec::new());
    for one in about(tx.connection(), &[record]).await? {
        let reason = one.decided.as_ref().map(|decided| decided.reason.as_str());
        if tells_of(&one, known) || [Some(one.why.as_str()), reason].into_iter().flatten().any(|text| known.is_told_in(text)) {
            telling.push(one.id);
            continue;
        }
        others.push(one.id);
    }
    let mut gone = messages::forget_said(tx, &others, known).await?;
    for chunk in db::pieces(&telling) {
        gone += forget_where(tx, Condition::all().add(proposal::Column::Id.is_in(chunk.iter().copied()))).await?;
    }
    Ok(gone)
}

/// The records about which proposals tell of somebody, be it in what was said about them, and what these say.
pub(in crate::records) async fn with_words(
    on: &impl ConnectionTrait,
    known: &Known,
) -> Result<Vec<(Uuid, Vec<String>)>, db::Error> {
    let mut found = Vec::new();
    let mut after = Uuid::nil();
    loop {
        let query = proposal::Entity::find().filter(proposal::Column::Id.gt(after)).order_by_asc(proposal::Column::Id);
        let rows = query.limit(BATCH).all(on).await.context("cannot read proposals")?;
        let Some(last) = rows.last() else { return Ok(found) };
        after = last.id;
        for row in rows {
            let one = from_proposal(row)?;
            let mut says =
                Document::from_json(one.kind, &one.document).map_or_else(|_| Vec::new(), |read| texts_with(&read, known));
            let thread = messages::thread(on, one.id).await?.into_iter().map(|message| message.words);
            let reason = one.decided.map(|decided| decided.reason);
            says.extend(thread.chain([one.why]).chain(reason).filter(|text| known.is_told_in(text)));
            if !says.is_empty() {
                found.push((one.record_id, says));
            }
        }
    }
}

/// Whether the document that is proposed tells of somebody.
pub(super) fn tells_of(one: &Proposal, known: &Known) -> bool {
    Document::from_json(one.kind, &one.document).is_ok_and(|mut document| redaction::forget_person(&mut document, known))
}

fn from_proposal(row: proposal::Model) -> Result<Proposal, db::Error> {
    let of = || format!("proposal {}", row.id);
    let kind = Kind::from_number(row.kind).ok_or_else(|| db::damaged(of(), format!("there is no kind {}", row.kind)))?;
    let parts = row.parts.as_deref().map_or(Ok(Vec::new()), |parts| db::decode(parts, of))?;
    let decided = row.decided_by.zip(row.decided_at);
    Ok(Proposal {
        id: row.id,
        record_id: row.record_id,
        kind,
        origin: row.origin,
        source_id: row.source_id,
        base_revision: row.base_revision,
        document: row.document,
        by: row.by_whom,
        why: row.why,
        at: moment(row.at),
        decision: Decision::from_number(row.decision),
        decided: decided.map(|(by, at)| Decided { by, at: moment(at), reason: row.reason.unwrap_or_default() }),
        bundle: row.bundle,
        parts,
    })
}

fn parts(one: &Proposal) -> Option<String> {
    (!one.parts.is_empty()).then(|| serde_json::to_string(&one.parts).expect("these have string keys only"))
}

/// The proposals with these ids, locked until the transaction ends, so that of two who decide only one
/// finds them waiting. In order of ids, so that two never wait for each other.
pub(super) async fn locked(tx: &Transaction, ids: &[Uuid]) -> Result<Vec<Proposal>, db::Error> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    let mut found = Vec::new();
    for chunk in db::pieces(&ids) {
        let mut query =
            proposal::Entity::find().filter(proposal::Column::Id.is_in(chunk.iter().copied())).order_by_asc(proposal::Column::Id);
        if tx.backend() == Backend::Postgres {
            query = query.lock_exclusive();
        }
        let rows = query.all(tx.connection()).await.context("cannot read proposals")?;
        for row in rows {
            found.push(from_proposal(row)?);
        }
    }
    Ok(found)
}

/// Everything that was ever proposed by somebody, the newest first.
pub(super) async fn by_whom(on: &impl ConnectionTrait, who: &str, limit: u64) -> Result<Vec<Proposal>, db::Error> {
    let query =
        proposal::Entity::find().filter(proposal::Column::ByWhom.eq(who)).order_by_desc(proposal::Column::At).limit(limit);
    query.all(on).await.context("cannot read proposals")?.into_iter().map(from_proposal).collect()
}

/// Everything that was ever proposed about these records, the newest first.
pub(super) async fn about(on: &impl ConnectionTrait, records: &[Uuid]) -> Result<Vec<Proposal>, db::Error> {
    those_about(on, records, Condition::all()).await
}

/// What somebody proposed about these records and waits, the newest first.
pub(super) async fn waiting_by(on: &impl ConnectionTrait, who: &str, records: &[Uuid]) -> Result<Vec<Proposal>, db::Error> {
    use proposal::Column as C;
    let theirs = Condition::all().add(C::ByWhom.eq(who)).add(C::Decision.eq(Decision::Waiting as i16));
    those_about(on, records, theirs).await
}

async fn those_about(on: &impl ConnectionTrait, records: &[Uuid], which: Condition) -> Result<Vec<Proposal>, db::Error> {
    let mut found = Vec::new();
    for chunk in db::pieces(records) {
        let query =
            proposal::Entity::find().filter(proposal::Column::RecordId.is_in(chunk.iter().copied())).filter(which.clone());
        for row in query.all(on).await.context("cannot read proposals")? {
            found.push(from_proposal(row)?);
        }
    }
    found.sort_by_key(|one| std::cmp::Reverse(one.at));
    Ok(found)
}

/// The versions before the one that stands, among which is the one that a proposal was made against. Nearly always that
/// one still stands, and none is read.
pub(super) async fn made_against(
    on: &impl ConnectionTrait,
    proposal: &Proposal,
    standing: Option<&Stored>,
) -> Result<Vec<Stored>, db::Error> {
    match standing.filter(|standing| standing.kept.revision != proposal.base_revision) {
        Some(standing) => revisions(on, standing).await,
        None => Ok(Vec::new()),
    }
}

/// What belongs to one bundle.
pub(super) async fn of_bundle(on: &impl ConnectionTrait, bundle: Uuid) -> Result<Vec<Proposal>, db::Error> {
    let query = proposal::Entity::find().filter(proposal::Column::Bundle.eq(bundle)).order_by_asc(proposal::Column::Kind);
    query.all(on).await.context("cannot read proposals")?.into_iter().map(from_proposal).collect()
}

/// Forget everything, for a restore.
pub(in crate::records) async fn clear(tx: &Transaction) -> Result<(), db::Error> {
    messages::clear(tx).await?;
    proposal::Entity::delete_many().exec(tx.connection()).await.context("cannot clear proposals").map(drop)
}
