//! "Something wrong?": what anybody says about a listing, without signing in.
//!
//! What somebody writes is read by those who decide and by nobody else: it may hold anything, so it is
//! never published and never sent on by mail, where it would speak with the directory's voice. An
//! address that was left is used once, for the answer, and deleted.

mod store;

use std::{collections::BTreeSet, net::IpAddr};

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{Error, Owner, Quality, keepers_of, moderators};
use crate::{
    db::Transaction,
    identity::{Deed, Email, Identity},
    ids,
    mail::{self, Kind, Letter, Part},
    model::text,
    published::redaction::Known,
};

/// A report should be settled in so long.
pub const CLOCK: Duration = Duration::hours(48);
/// Letters about one listing go out at most this often, however many report it.
const QUIET: Duration = Duration::hours(6);
/// The longest text, in characters.
pub const LONGEST_WORDS: usize = 1_000;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Wrong {
    /// The telephone number.
    Phone,
    /// The address, or the place on the map.
    Address,
    /// The opening times.
    Times,
    /// It is not there any more.
    Closed,
    /// Something else.
    Other,
}

impl Wrong {
    /// Everything that can be ticked, in the order of the form.
    pub const ALL: [Self; 5] = [Self::Phone, Self::Address, Self::Times, Self::Closed, Self::Other];

    /// Its name in forms and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Address => "address",
            Self::Times => "times",
            Self::Closed => "closed",
            Self::Other => "other",
        }
    }

    /// What it says in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Phone => "The phone number is wrong",
            Self::Address => "The address is wrong",
            Self::Times => "The opening times are wrong",
            Self::Closed => "It has closed",
            Self::Other => "Something else is wrong",
        }
    }

    /// How much harm it can do until somebody looks: an address can tell where somebody hides, and what is none of
    /// the others can be anything.
    pub fn harm(self) -> u8 {
        match self {
            Self::Address => 3,
            Self::Phone | Self::Other => 2,
            Self::Times | Self::Closed => 1,
        }
    }

    /// The one with this name.
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

/// A report on its way in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct New {
    /// What it is about.
    pub record: Uuid,
    /// What was ticked.
    pub wrong: Vec<Wrong>,
    /// What was written.
    pub words: String,
    /// Where to answer, where somebody wants an answer.
    pub reply_to: Option<String>,
}

/// Where a report stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Nobody has decided yet.
    Open,
    /// It was right, and the listing is.
    Corrected,
    /// The listing was right, or it could not be found out.
    Unchanged,
}

/// What somebody reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its id.
    pub id: Uuid,
    /// What it is about.
    pub record: Uuid,
    /// What was ticked.
    pub wrong: Vec<Wrong>,
    /// What was written. For those who decide, and nobody else.
    pub words: Option<String>,
    /// Whether somebody waits for an answer.
    pub wants_answer: bool,
    /// When.
    pub at: DateTime<Utc>,
    /// Where it stands.
    pub standing: Standing,
    /// Who settled it.
    pub settled_by: Option<String>,
    /// When it was settled.
    pub settled_at: Option<DateTime<Utc>>,
    /// What was answered.
    pub answer: Option<String>,
}

impl Report {
    /// When it should be settled.
    pub fn due_at(&self) -> DateTime<Utc> {
        self.at + CLOCK
    }

    /// How much harm it can do until somebody looks, as [`Wrong::harm`] says. Words can say anything.
    pub fn harm(&self) -> u8 {
        let words = self.words.as_ref().map(|_| Wrong::Other);
        self.wrong.iter().copied().chain(words).map(Wrong::harm).max().unwrap_or_default()
    }

    /// Whether it was not settled in time.
    pub fn is_late(&self, now: DateTime<Utc>) -> bool {
        self.settled_at.unwrap_or(now) > self.due_at()
    }
}

impl Quality {
    /// Take a report in, and tell those who keep the listing and those who decide: what was ticked, and
    /// where the rest can be read. Where they were told of the listing a short while ago, they hear of it later
    /// ([`Quality::tell_of_reports`]), unless it is worse than what they know.
    /// # Errors
    /// [`Error::NotFound`] when this listing does not exist; or when the database fails.
    pub async fn report(&self, new: &New, keepers: &[Owner], moderators: &[Owner]) -> Result<Uuid, Error> {
        let now = self.clock().now();
        let name = self.name_of(new.record).await?.ok_or(Error::NotFound("listing"))?;
        let words = text::shorten(&text::clean(&new.words), LONGEST_WORDS);
        let mut wrong = new.wrong.clone();
        wrong.sort_unstable();
        wrong.dedup();
        let report = Report {
            id: ids::random(),
            record: new.record,
            wrong,
            words: Some(words).filter(|words| !words.is_empty()),
            wants_answer: new.reply_to.is_some(),
            at: now,
            standing: Standing::Open,
            settled_by: None,
            settled_at: None,
            answer: None,
        };
        let reply_to = new.reply_to.as_deref().and_then(mail::address);
        let tx = self.db().write().await?;
        // Of two that come at once the second finds that everybody was told of the first.
        self.records().hold(&tx, &[new.record]).await?;
        let known = store::told_since(&tx, new.record, now - QUIET).await?;
        store::put(&tx, &report, reply_to).await?;
        if known.iter().all(|known| known.harm() < report.harm()) {
            self.tell(&tx, (new.record, &name), keepers, moderators).await?;
        }
        tx.commit().await?;
        Ok(report.id)
    }

    /// Tell of the reports that nobody has settled and nobody was told of, because there had just been letters
    /// about the same listing. Gives how many listings that concerned.
    /// # Errors
    /// When the database fails.
    pub async fn tell_of_reports(&self, identity: &Identity) -> Result<usize, Error> {
        let now = self.clock().now();
        let mut told = 0;
        for record in store::untold(self.db()).await? {
            let keepers = keepers_of(self.records(), identity, record).await?;
            let moderators = moderators(identity).await?;
            let name = self.name_of(record).await?.unwrap_or_else(|| "a listing".to_owned());
            let tx = self.db().write().await?;
            self.records().hold(&tx, &[record]).await?;
            let quiet = !store::told_since(&tx, record, now - QUIET).await?.is_empty();
            if !quiet && self.tell(&tx, (record, &name), &keepers, &moderators).await? {
                told += 1;
            }
            tx.commit().await?;
        }
        Ok(told)
    }

    /// Queue the letters about everything that nobody was told of yet; whether there was something.
    async fn tell(
        &self,
        tx: &Transaction,
        (record, name): (Uuid, &str),
        keepers: &[Owner],
        moderators: &[Owner],
    ) -> Result<bool, Error> {
        let now = self.clock().now();
        let reports = store::tell(tx, record, now).await?;
        let Some(first) = reports.first() else { return Ok(false) };
        let (listing, decided) = (format!("account/listings/{record}"), format!("moderation/reports/{}", first.id));
        let keepers = keepers.iter().map(|to| (to, listing.as_str()));
        let mut told: Vec<String> = Vec::new();
        for (to, page) in keepers.chain(moderators.iter().map(|to| (to, decided.as_str()))) {
            let key = to.email.to_lowercase();
            if !told.contains(&key) {
                mail::queue(tx, &self.word_of(to, page, &reports, name), now).await?;
                told.push(key);
            }
        }
        Ok(true)
    }

    fn word_of(&self, to: &Owner, page: &str, reports: &[Report], name: &str) -> Letter {
        let wrong: BTreeSet<Wrong> = reports.iter().flat_map(|report| &report.wrong).copied().collect();
        let mut ticked: Vec<String> = wrong.into_iter().map(|wrong| wrong.words().to_owned()).collect();
        if reports.iter().any(|report| report.words.is_some()) {
            ticked.push("They also wrote a message. Only the council can read it, because it may be about someone; ask the council if this does not tell you enough".to_owned());
        }
        let who = if reports.len() == 1 { "Someone says".to_owned() } else { format!("{} reports say", reports.len()) };
        let due = reports.first().map(|report| london(report.due_at())).unwrap_or_default();
        let body = [
            Part::paragraph(format!("{who} that “{name}” in {} is not right:", self.name)),
            Part::List(ticked),
            Part::link("See the report", self.address(page)),
            Part::paragraph(format!("It should be settled by {due}.")),
        ];
        Letter::new(&to.email, Kind::Reported, format!("Something may be wrong: {name}"), &body)
    }

    /// A report; none where there is no such one, or not any more.
    /// # Errors
    /// When the database fails.
    pub async fn find_report(&self, id: Uuid) -> Result<Option<Report>, Error> {
        Ok(store::find(self.db(), id).await?)
    }

    /// Those that nobody has settled, the oldest first.
    /// # Errors
    /// When the database fails.
    pub async fn open_reports(&self) -> Result<Vec<Report>, Error> {
        Ok(store::open(self.db()).await?)
    }

    /// Those about a listing, the latest first.
    /// # Errors
    /// When the database fails.
    pub async fn reports_about(&self, record: Uuid) -> Result<Vec<Report>, Error> {
        Ok(store::about(self.db(), record).await?)
    }

    /// Those whose words tell of somebody, the latest first.
    /// # Errors
    /// When the database fails.
    pub async fn reports_with(&self, known: &Known) -> Result<Vec<Report>, Error> {
        let mut all = store::with_words(self.db()).await?;
        all.retain(|report| [&report.words, &report.answer].into_iter().flatten().any(|text| known.is_told_in(text)));
        Ok(all)
    }

    /// Delete what was written in a report, and in answer to it: it tells of somebody. Which listing was reported,
    /// and for what, stays. Who may, and the commit, are the caller's.
    /// # Errors
    /// When the database fails.
    pub async fn forget_words(&self, tx: &Transaction, report: Uuid) -> Result<(), Error> {
        store::forget_words(tx, report).await?;
        Ok(tx.sweep_later().await?)
    }

    /// Settle the reports that somebody looked at, answer where an answer was asked for, and delete the
    /// addresses. What was settled meanwhile is left alone. It is put on record `by` whom, and from where. Who
    /// may is for the caller to decide.
    /// # Errors
    /// [`Error::NotFound`], [`Error::Settled`] when somebody was quicker with all of them; or when the
    /// database fails.
    pub async fn settle(
        &self,
        identity: &Identity,
        which: &[Uuid],
        (by, from): (&str, Option<IpAddr>),
        (standing, answer): (Standing, &str),
    ) -> Result<Vec<Report>, Error> {
        let now = self.clock().now();
        let answer = Some(text::clean(answer)).filter(|answer| !answer.is_empty());
        let mut named = Vec::new();
        for id in which {
            let report = self.find_report(*id).await?.ok_or(Error::NotFound("report"))?;
            let name = self.name_of(report.record).await?.unwrap_or_else(|| "a listing".to_owned());
            named.push((report, name));
        }
        let first = named.first().ok_or(Error::NotFound("report"))?.0.id;
        let tx = self.db().write().await?;
        let mut all = Vec::new();
        for (report, name) in named {
            let reply_to = store::reply_to(&tx, report.id).await?;
            let (settled_by, settled_at) = (Some(by.to_owned()), Some(now));
            let settled = Report { standing, settled_by, settled_at, answer: answer.clone(), wants_answer: false, ..report };
            if !store::settle(&tx, &settled).await? {
                continue;
            }
            let became = if standing == Standing::Corrected { "corrected" } else { "unchanged" };
            identity.note(&tx, by, Deed::SettleReport, &settled.record.to_string(), became, from).await?;
            if let Some(to) = reply_to {
                mail::queue(&tx, &self.thanks(&to, &settled, &name), now).await?;
            }
            all.push(settled);
        }
        if all.is_empty() {
            tx.roll_back().await?;
            return Err(Error::Settled(first));
        }
        tx.commit().await?;
        Ok(all)
    }

    /// Those about a listing that nobody has settled, the oldest first.
    /// # Errors
    /// When the database fails.
    pub async fn open_about(&self, record: Uuid) -> Result<Vec<Report>, Error> {
        let mut open = self.reports_about(record).await?;
        open.retain(|report| report.standing == Standing::Open);
        open.reverse();
        Ok(open)
    }

    fn thanks(&self, to: &str, report: &Report, name: &str) -> Letter {
        let said = match report.standing {
            Standing::Corrected => "We have corrected it.",
            Standing::Unchanged | Standing::Open => "We have looked into it and have not changed the listing.",
        };
        let mut body = vec![Part::paragraph(format!("Thank you for telling us about “{name}” in {}. {said}", self.name))];
        body.extend(report.answer.clone().map(Part::Quotation));
        body.push(Part::paragraph("We have now deleted your email address."));
        Letter::new(to, Kind::ReportSettled, format!("About {name}"), &body)
    }

    /// Forget reports that were settled longer ago than this; how many.
    /// # Errors
    /// When the database fails.
    pub async fn tidy_reports(&self, keep: Duration) -> Result<u64, Error> {
        Ok(store::forget_old(self.db(), self.clock().now() - keep).await?)
    }

    /// Forget where to answer the reports of somebody whose account is deleted; how many there were. The reports
    /// stay, as reports of nobody. The commit is the caller's.
    /// # Errors
    /// When the database fails.
    pub async fn forget_reporter(&self, tx: &Transaction, email: &Email) -> Result<u64, Error> {
        Ok(store::forget_reporter(tx, email).await?)
    }

    /// Forget where to answer reports that are older than this and that nobody has settled; how many.
    /// # Errors
    /// When the database fails.
    pub async fn forget_reporters(&self, keep: Duration) -> Result<u64, Error> {
        Ok(store::forget_reporters(self.db(), self.clock().now() - keep).await?)
    }
}

fn london(at: DateTime<Utc>) -> String {
    at.with_timezone(&chrono_tz::Europe::London).format("%A %-d %B, %H:%M").to_string()
}
