//! What the table `letter` tells of letters: where they stand, never what they say.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::{Status, Tally};
use crate::{
    clock::moment,
    db::{self, Context as _, Database},
    mail::{
        Kind, State,
        store::{
            channel,
            letter::{self, Column as C},
        },
    },
};

/// Letters of which a page tells.
const TOLD: u64 = 100;

fn status(row: &letter::Model) -> Option<Status> {
    Some(Status {
        id: row.id,
        to: row.recipient.clone(),
        kind: Kind::read(&row.kind)?,
        channel: channel(row.channel),
        state: State::from_number(row.state),
        queued_at: moment(row.queued_at),
        settled_at: row.settled_at.map(moment),
        attempts: row.attempts,
        problem: row.problem.clone(),
    })
}

pub(super) async fn find(db: &Database, id: Uuid) -> Result<Option<Status>, db::Error> {
    let row = letter::Entity::find_by_id(id).one(db.reader()).await.context("cannot read an email")?;
    Ok(row.as_ref().and_then(status))
}

pub(super) async fn to(db: &Database, key: &str, number: Option<&str>) -> Result<Vec<Status>, db::Error> {
    let keys: Vec<&str> = std::iter::once(key).chain(number).collect();
    let rows = letter::Entity::find()
        .filter(C::RecipientKey.is_in(keys))
        .order_by_desc(C::QueuedAt)
        .limit(TOLD)
        .all(db.reader())
        .await
        .context("cannot read emails")?;
    Ok(rows.iter().filter_map(status).collect())
}

/// Of the letters to each of `keys` that stand in one of these states, the latest.
pub(super) async fn latest(db: &Database, keys: &[String], states: &[State]) -> Result<Vec<Status>, db::Error> {
    let mut found = Vec::new();
    for keys in db::pieces(keys) {
        let rows = letter::Entity::find()
            .filter(C::RecipientKey.is_in(keys.iter().map(String::as_str)))
            .filter(C::State.is_in(states.iter().map(|state| state.number())))
            .order_by_asc(C::RecipientKey)
            .order_by_desc(C::QueuedAt)
            .order_by_desc(C::SettledAt)
            .all(db.reader())
            .await
            .context("cannot read emails")?;
        let mut last = None;
        for row in rows {
            if last.as_ref() != Some(&row.recipient_key) {
                found.extend(status(&row));
                last = Some(row.recipient_key);
            }
        }
    }
    Ok(found)
}

/// Letters that were settled in this state since a moment. Whoever types a wrong address to sign in asks again, so
/// links for that do not count.
fn settled_since(state: State, since: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(C::State.eq(state.number()))
        .add(C::SettledAt.gte(since.timestamp_micros()))
        .add(C::Kind.ne(Kind::SignIn.as_str()))
}

/// To whom letters were refused or given up since a moment, at most [`TOLD`] of the last ones.
pub(super) async fn failed_since(db: &Database, since: DateTime<Utc>) -> Result<Vec<String>, db::Error> {
    let mut keys: Vec<String> = letter::Entity::find()
        .select_only()
        .column(C::RecipientKey)
        .filter(Condition::any().add(settled_since(State::Bounced, since)).add(settled_since(State::GivenUp, since)))
        .order_by_desc(C::SettledAt)
        .limit(TOLD)
        .into_tuple()
        .all(db.reader())
        .await
        .context("cannot look for emails that did not arrive")?;
    keys.sort_unstable();
    keys.dedup();
    Ok(keys)
}

/// How many letters were refused or given up since a moment, and how many wait that were queued before another.
pub(super) async fn tally(db: &Database, since: DateTime<Utc>, late: DateTime<Utc>) -> Result<Tally, db::Error> {
    let waiting = Condition::all().add(C::State.eq(State::Waiting.number())).add(C::QueuedAt.lt(late.timestamp_micros()));
    Ok(Tally {
        late: count(db, waiting).await?,
        bounced: count(db, settled_since(State::Bounced, since)).await?,
        given_up: count(db, settled_since(State::GivenUp, since)).await?,
    })
}

async fn count(db: &Database, which: Condition) -> Result<u64, db::Error> {
    letter::Entity::find().filter(which).count(db.reader()).await.context("cannot count emails")
}
