//! Asking those who keep listings whether they are still right, and taking their answer by a link.

mod store;

use std::collections::HashSet;

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use url::Url;
use uuid::Uuid;

use super::{Error, Item, Outgoing, Owned, Quality, schedule};
use crate::{
    db,
    identity::Secret,
    mail::{self, Kind, Letter, Part},
    records::{How, Limits, day_of},
};

/// How long the link of a letter can be used.
const LINK: Duration = Duration::days(60);
/// What the hash of a link is made for; the same secret would open nothing else.
const PURPOSE: &str = "still correct";

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reminded {
    /// Letters that were queued.
    pub letters: usize,
    /// Listings that they ask about.
    pub listings: usize,
}

/// What the link of a letter asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What history calls whoever got the letter.
    pub known_as: String,
    /// What is asked about, and is still there.
    pub listings: Vec<Asked>,
}

/// A listing that is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The listing.
    pub record: Uuid,
    /// What it is called.
    pub name: String,
    /// When it was last checked.
    pub checked_at: Option<DateTime<Utc>>,
}

/// The reminders that went out, see [`schedule::Ledger`].
pub(super) async fn ledger(db: &db::Database) -> Result<schedule::Ledger, db::Error> {
    store::ledger(db).await
}

impl Quality {
    /// Queue the letters that are due: one for each person, about everything that they keep and are to
    /// be asked about. As often as it runs, and in however many processes, nobody is asked twice.
    /// # Errors
    /// When the database fails.
    pub async fn remind(&self, owned: &[Owned]) -> Result<Reminded, Error> {
        let now = self.clock().now();
        let fresh = self.records.freshness().await?;
        let ledger = store::ledger(self.db()).await?;
        let addresses: HashSet<&str> = owned.iter().flat_map(|one| &one.owners).map(|owner| owner.email.as_str()).collect();
        let addresses: Vec<&str> = addresses.into_iter().collect();
        let bounced = mail::bounced(self.db(), &addresses).await?.into_iter().map(|status| schedule::key(&status.to)).collect();
        let due = schedule::letters(&self.schedule, &fresh, owned, (&ledger, &bounced), now);
        let mut report = Reminded::default();
        for letter in due {
            if self.send(&letter, now).await? {
                report.letters += 1;
                report.listings += letter.items.len();
            }
        }
        Ok(report)
    }

    /// Queue one letter, with its link and the note that it was sent. False where another process was
    /// quicker.
    async fn send(&self, outgoing: &Outgoing, now: DateTime<Utc>) -> Result<bool, Error> {
        let mut names = Vec::new();
        for item in &outgoing.items {
            if let Some(name) = self.name_of(item.record).await? {
                names.push((item, name));
            }
        }
        if names.is_empty() {
            return Ok(false);
        }
        let secret = Secret::new();
        let letter = self.letter(outgoing, &names, &secret);
        let tx = self.db().write().await?;
        let mut news = false;
        for item in &outgoing.items {
            news |= store::remember(&tx, item, &outgoing.to.email, now).await?;
        }
        if !news {
            tx.roll_back().await?;
            return Ok(false);
        }
        let records: Vec<Uuid> = outgoing.items.iter().map(|item| item.record).collect();
        self.keep_link(&tx, &secret, &outgoing.to.known_as, &records).await?;
        mail::queue(&tx, &letter, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    fn letter(&self, outgoing: &Outgoing, names: &[(&Item, String)], secret: &Secret) -> Letter {
        let Quality { name: directory, .. } = self;
        let mut body = Vec::new();
        if !outgoing.to.name.trim().is_empty() {
            body.push(Part::paragraph(format!("Hello {},", outgoing.to.name.trim())));
        }
        let subject = match names {
            [(_, only)] => {
                body.push(Part::paragraph(format!(
                    "{directory} shows your listing “{only}” to people who need help. Is everything in it still correct?"
                )));
                format!("Is “{only}” still correct?")
            }
            several => {
                let count = several.len();
                body.push(Part::paragraph(format!(
                    "{directory} shows {count} of your listings to people who need help. Is everything in them still correct?"
                )));
                body.push(Part::List(several.iter().map(|(item, name)| format!("{name} ({})", since(item))).collect()));
                format!("Are your {count} listings still correct?")
            }
        };
        body.push(Part::link("Confirm that it is correct, or change it", self.link(secret)));
        body.push(Part::paragraph("It takes a minute, and you do not need to sign in to say that nothing has changed."));
        if let Some(limits) = self.records.limits()
            && let Some((first, _)) = names.iter().min_by_key(|(item, _)| item.base)
        {
            body.push(Part::paragraph(what_comes(first, limits)));
        }
        Letter::new(&outgoing.to.email, Kind::Reminder, subject, &body)
    }

    async fn keep_link(&self, tx: &db::Transaction, secret: &Secret, known_as: &str, records: &[Uuid]) -> Result<(), Error> {
        let until = self.clock().now() + LINK;
        Ok(store::put_link(tx, secret.hashed_for(PURPOSE).as_str(), known_as, records, until).await?)
    }

    fn link(&self, secret: &Secret) -> Url {
        self.address(&format!("still-correct/{}", secret.as_str()))
    }

    /// The link of a letter that asks somebody about these listings, without the letter.
    /// # Errors
    /// When the database fails.
    pub async fn link_for(&self, known_as: &str, records: &[Uuid]) -> Result<Url, Error> {
        let secret = Secret::new();
        let tx = self.db().write().await?;
        self.keep_link(&tx, &secret, known_as, records).await?;
        tx.commit().await?;
        Ok(self.link(&secret))
    }

    /// What the link of a letter asks; none where there is no such link, or it is too old. Changes nothing.
    /// # Errors
    /// When the database fails.
    pub async fn question(&self, secret: &Secret) -> Result<Option<Question>, Error> {
        let hash = secret.hashed_for(PURPOSE);
        let Some(link) = store::link(self.db(), hash.as_str(), self.clock().now()).await? else { return Ok(None) };
        let fresh = self.records.freshness().await?;
        let mut listings = Vec::new();
        for record in link.records {
            // What is not published any more is not asked about any more.
            let Some(fresh) = fresh.iter().find(|fresh| fresh.record == record) else { continue };
            if let Some(name) = self.name_of(record).await? {
                listings.push(Asked { record, name, checked_at: fresh.checked_at });
            }
        }
        Ok(Some(Question { known_as: link.known_as, listings }))
    }

    /// Note that whoever has the link finds these listings right; those of them that it asks about and
    /// that are there. The same answer again does no harm.
    /// # Errors
    /// [`Error::NotFound`] when there is no such link; or when the database fails.
    pub async fn answer(&self, secret: &Secret, right: &[Uuid]) -> Result<Vec<Uuid>, Error> {
        let question = self.question(secret).await?.ok_or(Error::NotFound("link"))?;
        let ids: Vec<Uuid> = question.listings.iter().map(|asked| asked.record).filter(|id| right.contains(id)).collect();
        self.confirm(&ids, &question.known_as, How::Owner).await
    }

    /// Note that somebody finds these listings right. Who may say so is for the caller to decide. Others
    /// than our own published services are left alone; those that were noted are given.
    /// # Errors
    /// When the database fails.
    pub async fn confirm(&self, listings: &[Uuid], known_as: &str, how: How) -> Result<Vec<Uuid>, Error> {
        if listings.is_empty() {
            return Ok(Vec::new());
        }
        let tx = self.db().write().await?;
        let confirmed = self.records.check(&tx, listings, known_as, how).await?;
        tx.commit().await?;
        Ok(confirmed)
    }

    /// Forget links that are too old, and reminders of long ago.
    /// # Errors
    /// When the database fails.
    pub async fn tidy(&self) -> Result<(), Error> {
        Ok(store::tidy(self.db(), self.clock().now()).await?)
    }
}

/// "last checked 75 days ago".
fn since(item: &Item) -> String {
    let days = item.days;
    if item.was_checked { format!("last checked {days} days ago") } else { format!("not checked for {days} days") }
}

/// What happens when nobody answers.
fn what_comes(item: &Item, limits: Limits) -> String {
    let on = |days: i64| day_of(item.base, days.unsigned_abs()).format("%-d %B %Y");
    let label = if limits.label_days <= item.days {
        "It is already marked as needing to be checked.".to_owned()
    } else {
        format!("If nobody replies, it will be marked as needing to be checked from {}.", on(limits.label_days))
    };
    match limits.hide_days {
        None => label,
        Some(days) if days <= item.days => format!("{label} It is left out of searches until someone replies."),
        Some(days) => format!("{label} From {} it will be left out of searches.", on(days)),
    }
}
