//! The table `letter`.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
    sea_query::{Expr, ExprTrait as _},
};
use uuid::Uuid;

use super::{Channel, Kind, State};
use crate::{
    clock::moment,
    db::{self, Context as _, Database, Transaction},
    ids,
};

pub(super) mod letter {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "letter")]
    pub(in crate::mail) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(in crate::mail) id: Uuid,
        pub(in crate::mail) channel: i16,
        #[sea_orm(column_type = "Text")]
        pub(in crate::mail) recipient: String,
        pub(in crate::mail) recipient_key: String,
        #[sea_orm(column_type = "Text")]
        pub(in crate::mail) kind: String,
        pub(in crate::mail) urgency: i16,
        #[sea_orm(column_type = "Text", nullable)]
        pub(in crate::mail) subject: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(in crate::mail) text: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(in crate::mail) html: Option<String>,
        pub(in crate::mail) queued_at: i64,
        pub(in crate::mail) due_at: i64,
        pub(in crate::mail) attempts: i32,
        pub(in crate::mail) state: i16,
        pub(in crate::mail) claim: Option<Uuid>,
        pub(in crate::mail) claimed_until: i64,
        #[sea_orm(column_type = "Text", nullable)]
        pub(in crate::mail) reference: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(in crate::mail) problem: Option<String>,
        pub(in crate::mail) settled_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(in crate::mail) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

use letter::Column as C;

impl State {
    pub(super) fn number(self) -> i16 {
        match self {
            Self::Waiting => 0,
            Self::HandingOver => 1,
            Self::Sent => 2,
            Self::Bounced => 3,
            Self::GivenUp => 4,
            Self::Unclear => 5,
        }
    }

    pub(super) fn from_number(number: i16) -> Self {
        match number {
            0 => Self::Waiting,
            1 => Self::HandingOver,
            2 => Self::Sent,
            3 => Self::Bounced,
            4 => Self::GivenUp,
            _ => Self::Unclear,
        }
    }
}

pub(super) fn channel(number: i16) -> Channel {
    if number == 0 { Channel::Mail } else { Channel::Text }
}

/// What a letter says.
#[derive(Debug)]
pub(super) struct Says {
    pub(super) subject: Option<String>,
    pub(super) text: String,
    pub(super) html: Option<String>,
}

/// Whom a letter is for.
#[derive(Debug)]
pub(super) struct Recipient {
    pub(super) channel: Channel,
    /// By which all letters to them are found.
    pub(super) key: String,
    /// Whether anything can be sent there.
    pub(super) good: bool,
}

/// A letter that this process has claimed.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) id: Uuid,
    pub(super) claim: Uuid,
    pub(super) channel: Channel,
    pub(super) to: String,
    pub(super) kind: Kind,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
    pub(super) queued_at: DateTime<Utc>,
    pub(super) attempts: i32,
}

/// What became of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was taken, and is called so by whoever took it.
    Sent(Option<String>),
    /// It was refused for good.
    Bounced(String),
    /// It is tried again at this moment.
    Later(DateTime<Utc>, String),
    /// It is not tried again.
    GivenUp(String),
    /// Nobody knows.
    Unclear(String),
}

pub(super) async fn add(
    tx: &Transaction,
    (to, recipient): (&str, &Recipient),
    kind: Kind,
    says: Says,
    now: DateTime<Utc>,
) -> Result<Uuid, db::Error> {
    let id = ids::random();
    let at = now.timestamp_micros();
    let good = recipient.good;
    let row = letter::ActiveModel {
        id: Set(id),
        channel: Set(i16::from(recipient.channel == Channel::Text)),
        recipient: Set(to.replace('\0', "")),
        recipient_key: Set(recipient.key.replace('\0', "")),
        kind: Set(kind.as_str().to_owned()),
        urgency: Set(i16::from(!kind.is_awaited())),
        subject: Set(says.subject.filter(|_| good)),
        text: Set(Some(says.text.replace('\0', "")).filter(|_| good)),
        html: Set(says.html.map(|html| html.replace('\0', "")).filter(|_| good)),
        queued_at: Set(at),
        due_at: Set(at),
        attempts: Set(0),
        state: Set(if good { State::Waiting } else { State::Bounced }.number()),
        claim: Set(None),
        claimed_until: Set(0),
        reference: Set(None),
        problem: Set((!good).then(|| "emails to this address cannot be delivered".to_owned())),
        settled_at: Set((!good).then_some(at)),
    };
    Box::pin(letter::Entity::insert(row).exec_without_returning(tx.connection())).await.context("cannot queue an email")?;
    Ok(id)
}

/// Take up to `most` letters that are due, until `until`: awaited ones first, then the oldest.
pub(super) async fn claim(
    db: &Database,
    claim: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    most: u64,
) -> Result<Vec<Waiting>, db::Error> {
    let free = |now: i64| {
        Condition::all().add(C::State.eq(State::Waiting.number())).add(C::DueAt.lte(now)).add(C::ClaimedUntil.lte(now))
    };
    let now = now.timestamp_micros();
    let due: Vec<Uuid> = letter::Entity::find()
        .select_only()
        .column(C::Id)
        .filter(free(now))
        .order_by_asc(C::Urgency)
        .order_by_asc(C::DueAt)
        .order_by_asc(C::Id)
        .limit(most)
        .into_tuple()
        .all(db.reader())
        .await
        .context("cannot look for emails to send")?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let tx = db.write().await?;
    // Asked once more: another process may have taken some since.
    letter::Entity::update_many()
        .col_expr(C::Claim, Expr::value(claim))
        .col_expr(C::ClaimedUntil, Expr::value(until.timestamp_micros()))
        .filter(C::Id.is_in(due))
        .filter(free(now))
        .exec(tx.connection())
        .await
        .context("cannot claim emails to send")?;
    let rows = letter::Entity::find()
        .filter(C::Claim.eq(claim))
        .order_by_asc(C::Urgency)
        .order_by_asc(C::DueAt)
        .order_by_asc(C::Id)
        .all(tx.connection())
        .await
        .context("cannot claim emails to send")?;
    tx.commit().await?;
    Ok(rows.into_iter().filter_map(|row| waiting(row, claim)).collect())
}

fn waiting(row: letter::Model, claim: Uuid) -> Option<Waiting> {
    Some(Waiting {
        id: row.id,
        claim,
        channel: channel(row.channel),
        to: row.recipient,
        kind: Kind::read(&row.kind)?,
        subject: row.subject.unwrap_or_default(),
        text: row.text?,
        html: row.html.unwrap_or_default(),
        queued_at: moment(row.queued_at),
        attempts: row.attempts,
    })
}

/// Note that the text is about to be handed over. False where the letter is not ours any more: then
/// it must not be.
pub(super) async fn hand_over(db: &Database, letter: &Waiting, until: DateTime<Utc>) -> Result<bool, db::Error> {
    let tx = db.write().await?;
    // UPDATE letter SET state = handing over WHERE id = ? AND claim = ? AND state = waiting
    let noted = letter::Entity::update_many()
        .col_expr(C::State, Expr::value(State::HandingOver.number()))
        .col_expr(C::ClaimedUntil, Expr::value(until.timestamp_micros()))
        .filter(C::Id.eq(letter.id))
        .filter(C::Claim.eq(letter.claim))
        .filter(C::State.eq(State::Waiting.number()))
        .exec(tx.connection())
        .await
        .context("cannot record that an email is being sent")?;
    tx.commit().await?;
    Ok(noted.rows_affected == 1)
}

/// Note what became of a letter. False where it is not ours any more.
pub(super) async fn settle(db: &Database, letter: &Waiting, fate: &Fate, now: DateTime<Utc>) -> Result<bool, db::Error> {
    let (state, problem, reference) = match fate {
        Fate::Sent(reference) => (State::Sent, None, reference.clone()),
        Fate::Bounced(why) => (State::Bounced, Some(why), None),
        Fate::Later(_, why) => (State::Waiting, Some(why), None),
        Fate::GivenUp(why) => (State::GivenUp, Some(why), None),
        Fate::Unclear(why) => (State::Unclear, Some(why), None),
    };
    let problem = problem.map(|why| super::letter::one_line(&why.replace('\0', ""), 500));
    let mut update = letter::Entity::update_many()
        .col_expr(C::State, Expr::value(state.number()))
        .col_expr(C::Problem, Expr::value(problem))
        .col_expr(C::Reference, Expr::value(reference))
        .col_expr(C::Attempts, Expr::col(C::Attempts).add(1))
        .col_expr(C::ClaimedUntil, Expr::value(0_i64))
        .filter(C::Id.eq(letter.id))
        .filter(C::Claim.eq(letter.claim));
    update = match fate {
        Fate::Later(next, _) => update.col_expr(C::DueAt, Expr::value(next.timestamp_micros())),
        _ => without_words(update).col_expr(C::SettledAt, Expr::value(Some(now.timestamp_micros()))),
    };
    let tx = db.write().await?;
    let settled = update.exec(tx.connection()).await.context("cannot record what became of an email")?;
    tx.commit().await?;
    Ok(settled.rows_affected == 1)
}

/// What a letter said is of no use any more, and may hold a secret.
fn without_words(update: sea_orm::UpdateMany<letter::Entity>) -> sea_orm::UpdateMany<letter::Entity> {
    [C::Subject, C::Text, C::Html].into_iter().fold(update, |update, column| update.col_expr(column, Expr::value(None::<String>)))
}

/// Note letters that came back later than they were taken; how many are news.
pub(super) async fn bounce(db: &Database, letters: &[Uuid], why: &str, now: DateTime<Utc>) -> Result<u64, db::Error> {
    let mut news = 0;
    for some in db::pieces(letters) {
        let tx = db.write().await?;
        let noted = letter::Entity::update_many()
            .col_expr(C::State, Expr::value(State::Bounced.number()))
            .col_expr(C::Problem, Expr::value(Some(why)))
            .col_expr(C::SettledAt, Expr::value(Some(now.timestamp_micros())))
            .filter(C::Id.is_in(some.iter().copied()))
            .filter(C::State.is_in([State::Sent.number(), State::Unclear.number()]))
            .exec(tx.connection())
            .await
            .context("cannot record that emails could not be delivered")?;
        tx.commit().await?;
        news += noted.rows_affected;
    }
    Ok(news)
}

/// Letters that were being handed over when their process died: nobody knows what became of them.
pub(super) async fn give_up_unclear(db: &Database, now: DateTime<Utc>) -> Result<u64, db::Error> {
    let lost = Condition::all().add(C::State.eq(State::HandingOver.number())).add(C::ClaimedUntil.lte(now.timestamp_micros()));
    let some = letter::Entity::find().filter(lost.clone()).one(db.reader()).await.context("cannot look for emails to send")?;
    if some.is_none() {
        return Ok(0);
    }
    let update = letter::Entity::update_many()
        .col_expr(C::State, Expr::value(State::Unclear.number()))
        .col_expr(C::Problem, Expr::value(Some("the process ended while the email was being sent")))
        .col_expr(C::SettledAt, Expr::value(Some(now.timestamp_micros())))
        .filter(lost);
    let tx = db.write().await?;
    let lost = without_words(update).exec(tx.connection()).await.context("cannot give up emails")?;
    tx.commit().await?;
    Ok(lost.rows_affected)
}

pub(super) async fn forget_old(db: &Database, before: DateTime<Utc>) -> Result<u64, db::Error> {
    let tx = db.write().await?;
    let gone = letter::Entity::delete_many()
        .filter(C::SettledAt.lt(before.timestamp_micros()))
        .exec(tx.connection())
        .await
        .context("cannot delete emails")?;
    tx.commit().await?;
    Ok(gone.rows_affected)
}

/// Forget letters that wait and tell of somebody who is to be forgotten, whoever they are for; how many there were.
/// # Errors
/// When the database fails.
pub async fn forget_telling(tx: &Transaction, tells: impl Fn(&str) -> bool) -> Result<u64, db::Error> {
    let rows = letter::Entity::find()
        .filter(C::State.eq(State::Waiting.number()))
        .filter(C::Text.is_not_null())
        .all(tx.connection())
        .await
        .context("cannot look through emails")?;
    let says = |row: &letter::Model| row.subject.iter().chain(&row.text).any(|words| tells(words));
    let telling: Vec<Uuid> = rows.iter().filter(|row| says(row)).map(|row| row.id).collect();
    let mut gone = 0;
    for some in db::pieces(&telling) {
        let query = letter::Entity::delete_many().filter(C::Id.is_in(some.iter().copied()));
        gone += query.exec(tx.connection()).await.context("cannot delete emails")?.rows_affected;
    }
    Ok(gone)
}

/// Forget every letter to a mailbox or telephone, also those that wait: for whoever asks to be
/// forgotten. How many there were.
/// # Errors
/// When the database fails.
pub async fn forget(tx: &Transaction, recipient: &str) -> Result<u64, db::Error> {
    let keys = std::iter::once(super::address::key(recipient)).chain(super::mobile(recipient));
    let gone = letter::Entity::delete_many()
        .filter(C::RecipientKey.is_in(keys))
        .exec(tx.connection())
        .await
        .context("cannot delete emails")?;
    Ok(gone.rows_affected)
}
