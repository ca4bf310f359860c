//! Letters to people: mails, and text messages. A letter is queued in the transaction of its cause,
//! so there is none without it and none is forgotten; [`Mailer::send_due`] sends what is queued.
//!
//! Nobody gets a letter twice. Before its text is handed over, it is noted in the database that this
//! is about to happen, and only one process can note it. When after that no answer comes (the
//! connection breaks, the process dies), nobody knows whether the letter was taken: it is *unclear*
//! and is not sent again, because everybody can ask for another sign-in link and reminders come
//! again, but two letters that differ in their links are what thieves send. Whatever fails before
//! that moment is tried again, more and more seldom, for a day.
//!
//! What a letter says is deleted as soon as it was sent or given up: it may hold a link that signs
//! somebody in. Whom it went to, and whether it got there, is kept for a while ([`KEPT_DAYS`]).
//!
//! Not decided here: who gets a letter, and what stands in it.

mod address;
mod letter;
mod smtp;
mod store;

use std::{fmt, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use lettre::{
    Message,
    message::{Mailbox, MultiPart},
};
use serde::Serialize;
use uuid::Uuid;

pub use self::{
    address::{address, mobile},
    letter::{Letter, Part, Text},
    smtp::Server,
    store::forget,
};
use self::{
    smtp::{Conversation, Trouble},
    store::{Fate, Waiting},
};
use crate::{
    clock::Clock,
    db::{self, Database, Transaction},
    ids,
};

/// Letters that one process takes at once: few, so that a sign-in link does not wait behind reminders.
const AT_ONCE: u64 = 20;
/// For how long letters that a process took are left to it. Longer does no harm: it only ever hands
/// over what is still its own.
const CLAIM: chrono::Duration = chrono::Duration::minutes(2);
/// A letter that was being handed over for so long was left by a process that has died.
const HANDING_OVER: chrono::Duration = chrono::Duration::minutes(10);
/// The first wait after a letter could not be sent; each further one is twice as long.
const FIRST_WAIT: chrono::Duration = chrono::Duration::minutes(1);
/// The longest wait.
const LONGEST_WAIT: chrono::Duration = chrono::Duration::hours(1);
/// For so many days it is kept who got a letter and whether it arrived.
pub const KEPT_DAYS: i64 = 90;
/// The longest text message, in characters: three parts.
const LONGEST_TEXT: usize = 450;

/// What a letter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A link that signs in.
    SignIn,
    /// Somebody signed in.
    SignInNotice,
    /// A code that shows that the reader has this mailbox or telephone.
    Code,
    /// An invitation to edit.
    Invitation,
    /// A claim waits for somebody.
    ClaimMade,
    /// A claim was decided.
    ClaimDecided,
    /// A change was decided.
    ChangeDecided,
    /// A question, or the answer to one.
    Question,
    /// Is it still right?
    Reminder,
    /// Somebody says that a listing is wrong.
    Reported,
    /// What became of a report.
    ReportSettled,
    /// Rights were given or taken away.
    RolesChanged,
}

impl Kind {
    const ALL: [Self; 12] = [
        Self::SignIn,
        Self::SignInNotice,
        Self::Code,
        Self::Invitation,
        Self::ClaimMade,
        Self::ClaimDecided,
        Self::ChangeDecided,
        Self::Question,
        Self::Reminder,
        Self::Reported,
        Self::ReportSettled,
        Self::RolesChanged,
    ];

    /// Its name in the database, in logs and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::SignInNotice => "sign-in-notice",
            Self::Code => "code",
            Self::Invitation => "invitation",
            Self::ClaimMade => "claim-made",
            Self::ClaimDecided => "claim-decided",
            Self::ChangeDecided => "change-decided",
            Self::Question => "question",
            Self::Reminder => "reminder",
            Self::Reported => "reported",
            Self::ReportSettled => "report-settled",
            Self::RolesChanged => "roles-changed",
        }
    }

    fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Somebody sits there and waits for it: it goes before all others.
    fn is_awaited(self) -> bool {
        matches!(self, Self::SignIn | Self::Code)
    }

    /// For how long it is of use, and tried.
    fn lasts(self) -> chrono::Duration {
        if self.is_awaited() { chrono::Duration::minutes(30) } else { chrono::Duration::days(1) }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a letter travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// As a mail.
    Mail,
    /// As a text message.
    Text,
}

/// Queue `letter` in the transaction of its cause; its id. One to something that is no mailbox is
/// noted as bounced at once, so that whoever queues it need not know what a mailbox looks like.
/// # Errors
/// When the database fails.
pub async fn queue(tx: &Transaction, letter: &Letter, now: DateTime<Utc>) -> Result<Uuid, db::Error> {
    let to = address(&letter.to);
    let subject = letter::one_line(&letter.subject, usize::MAX);
    let says = store::Says { subject: Some(subject), text: letter.text.clone(), html: Some(letter.html.clone()) };
    let recipient = store::Recipient { channel: Channel::Mail, key: address::key(&letter.to), good: to.is_some() };
    store::add(tx, (&to.unwrap_or_else(|| letter.to.clone()), &recipient), letter.kind, says, now).await
}

/// Queue a text message in the transaction of its cause; its id. Text messages are only sent where
/// [`Mailer::sends_texts`] says so.
/// # Errors
/// When the database fails.
pub async fn queue_text(tx: &Transaction, text: &Text, now: DateTime<Utc>) -> Result<Uuid, db::Error> {
    let to = mobile(&text.to);
    let says = store::Says { subject: None, text: letter::one_line(&text.text, LONGEST_TEXT), html: None };
    let number = to.clone().unwrap_or_else(|| text.to.clone());
    let recipient = store::Recipient { channel: Channel::Text, key: number.clone(), good: to.is_some() };
    store::add(tx, (&number, &recipient), text.kind, says, now).await
}

/// Where a letter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It will be sent.
    Waiting,
    /// It is being handed over at this moment.
    HandingOver,
    /// The mail server took it.
    Sent,
    /// It was refused for good: this mailbox does not take it.
    Bounced,
    /// It could not be sent for as long as it was of use.
    GivenUp,
    /// Nobody knows whether it was taken; it is not sent again.
    Unclear,
}

/// What is known of a letter. What it says is not told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The letter.
    pub id: Uuid,
    /// Whom it goes to.
    pub to: String,
    /// What it is about.
    pub kind: Kind,
    /// How it travels.
    pub channel: Channel,
    /// Where it stands.
    pub state: State,
    /// When it was queued.
    pub queued_at: DateTime<Utc>,
    /// When it was sent, bounced or given up.
    pub settled_at: Option<DateTime<Utc>>,
    /// How often it was tried.
    pub attempts: i32,
    /// Why it could not be sent, in the mail server's words.
    pub problem: Option<String>,
}

/// What is known of a letter; none where it was never queued or is forgotten.
/// # Errors
/// When the database fails.
pub async fn status(db: &Database, id: Uuid) -> Result<Option<Status>, db::Error> {
    store::find(db, id).await
}

/// What is known of the letters to a mailbox or telephone, the newest first.
/// # Errors
/// When the database fails.
pub async fn letters_to(db: &Database, recipient: &str) -> Result<Vec<Status>, db::Error> {
    store::to(db, &address::key(recipient), &mobile(recipient)).await
}

/// The mailboxes among `addresses` whose latest letter bounced, with the reason: somebody should ask
/// their owners for another address.
/// # Errors
/// When the database fails.
pub async fn bounced(db: &Database, addresses: &[&str]) -> Result<Vec<Status>, db::Error> {
    let keys: Vec<String> = addresses.iter().map(|address| address::key(address)).collect();
    store::bounced(db, &keys).await
}

/// How letters leave.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The mail server; without one letters are written to the log.
    pub smtp: Option<Server>,
    /// The mailbox that letters come from.
    pub from: String,
    /// The name beside it.
    pub name: String,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// Letters that were taken.
    pub sent: u64,
    /// Letters that were refused for good.
    pub bounced: u64,
    /// Letters that are tried again later.
    pub later: u64,
    /// Letters that are no longer tried.
    pub given_up: u64,
    /// Letters of which nobody knows whether they were taken.
    pub unclear: u64,
    /// Why letters had to wait: the mail server cannot be reached, or does not want us.
    pub trouble: Option<String>,
}

impl Sent {
    fn count(&mut self, fate: &Fate) {
        match fate {
            Fate::Sent(_) => self.sent += 1,
            Fate::Bounced(_) => self.bounced += 1,
            Fate::Later(..) => self.later += 1,
            Fate::GivenUp(_) => self.given_up += 1,
            Fate::Unclear(_) => self.unclear += 1,
        }
    }
}

/// Why letters could not even be looked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// The sender of the settings cannot stand in a letter.
    #[error("{0:?} is no mailbox that letters can come from")]
    From(String),
}

/// Sends what is queued. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Mailer {
    db: Database,
    clock: Clock,
    settings: Arc<Settings>,
}

impl Mailer {
    /// A mailer that sends as the settings say.
    pub fn new(db: Database, clock: Clock, settings: Settings) -> Self {
        Self { db, clock, settings: Arc::new(settings) }
    }

    /// Whether text messages can be sent at all.
    pub fn sends_texts(&self) -> bool {
        false
    }

    /// Send what is due: sign-in links first, then the oldest. Can run in any number of processes at
    /// once; ends when nothing is due any more, or when the mail server is in trouble.
    /// # Errors
    /// When the database fails. What a mail server does stands in the report and beside the letter.
    pub async fn send_due(&self) -> Result<Sent, Error> {
        // A conversation holds a buffer and a TLS session: in one place apart.
        Box::pin(self.send_in_turn()).await
    }

    async fn send_in_turn(&self) -> Result<Sent, Error> {
        let mut report = Sent::default();
        report.unclear += store::give_up_unclear(&self.db, self.clock.now()).await?;
        while report.trouble.is_none() {
            let now = self.clock.now();
            let claim = ids::random();
            let letters = store::claim(&self.db, claim, now, now + CLAIM, AT_ONCE).await?;
            if letters.is_empty() {
                break;
            }
            let (overdue, due): (Vec<_>, Vec<_>) =
                letters.into_iter().partition(|letter| letter.kind.is_awaited() && now - letter.queued_at > letter.kind.lasts());
            for letter in overdue {
                self.settle(&letter, Fate::GivenUp("it was of no use any more".to_owned()), &mut report).await?;
            }
            let Some(server) = &self.settings.smtp else {
                self.write_to_log(&due, &mut report).await?;
                continue;
            };
            let (mails, texts): (Vec<_>, Vec<_>) = due.into_iter().partition(|letter| letter.channel == Channel::Mail);
            self.send_by_smtp(server, &mails, &mut report).await?;
            for letter in texts {
                self.settle(&letter, Fate::GivenUp("nothing is set that sends text messages".to_owned()), &mut report).await?;
            }
        }
        Ok(report)
    }

    /// Without a mail server: who runs this on their own machine finds the sign-in link in the log.
    async fn write_to_log(&self, letters: &[Waiting], report: &mut Sent) -> Result<(), Error> {
        for letter in letters {
            if store::hand_over(&self.db, letter, self.clock.now() + HANDING_OVER).await? {
                // Each line of it is marked, so that a letter cannot look like other lines of the log.
                let text: String = letter.text.lines().map(|line| format!("\n  | {line}")).collect();
                tracing::info!(kind = %letter.kind, to = letter.to, subject = letter.subject, "no mail server is set; the letter says:{text}");
                self.settle(letter, Fate::Sent(None), report).await?;
            }
        }
        Ok(())
    }

    async fn send_by_smtp(&self, server: &Server, letters: &[Waiting], report: &mut Sent) -> Result<(), Error> {
        let from = self.sender()?;
        let mut open = None;
        for letter in letters {
            if let Some(trouble) = &report.trouble {
                // What is wrong with the server is wrong for the rest of them, too.
                let why = trouble.clone();
                self.try_later(letter, why, report).await?;
                continue;
            }
            let conversation = match open.take() {
                Some(conversation) => Ok(conversation),
                None => Conversation::begin(server).await,
            };
            let spoken = match conversation {
                Ok(conversation) => self.send_one(conversation, &from, letter, report).await?,
                Err(trouble) => Err(trouble),
            };
            match spoken {
                Ok(conversation) => open = conversation,
                Err(Trouble(why)) => {
                    self.try_later(letter, why.clone(), report).await?;
                    report.trouble = Some(why);
                }
            }
        }
        if let Some(conversation) = open {
            conversation.end().await;
        }
        Ok(())
    }

    /// Send one letter; the conversation, where it can go on. Trouble means that the letter waits.
    async fn send_one(
        &self,
        mut conversation: Conversation,
        from: &Mailbox,
        letter: &Waiting,
        report: &mut Sent,
    ) -> Result<Result<Option<Conversation>, Trouble>, Error> {
        let message = match compose(from, letter) {
            Ok(message) => message,
            Err(why) => {
                self.settle(letter, Fate::Bounced(why), report).await?;
                return Ok(Ok(Some(conversation)));
            }
        };
        match conversation.offer(message.envelope()).await {
            Ok(smtp::Offered::Wanted) => {}
            Ok(smtp::Offered::Refused { for_good, why }) => {
                if for_good {
                    self.settle(letter, Fate::Bounced(why), report).await?;
                } else {
                    self.try_later(letter, why, report).await?;
                }
                return Ok(Ok(conversation.start_over().await));
            }
            Err(trouble) => return Ok(Err(trouble)),
        }
        if !store::hand_over(&self.db, letter, self.clock.now() + HANDING_OVER).await? {
            // Another process has it. The server waits for a text now: only hanging up ends that.
            return Ok(Ok(None));
        }
        match conversation.hand_over(&message.formatted()).await {
            smtp::Handed::Taken => {
                self.settle(letter, Fate::Sent(None), report).await?;
                Ok(Ok(Some(conversation)))
            }
            smtp::Handed::Refused { for_good, why } => {
                if for_good {
                    self.settle(letter, Fate::Bounced(why), report).await?;
                } else {
                    self.try_later(letter, why, report).await?;
                }
                Ok(Ok(conversation.start_over().await))
            }
            smtp::Handed::Unclear(why) => {
                tracing::warn!(letter.id = %letter.id, kind = %letter.kind, why, "nobody knows whether the letter was taken; it is not sent again");
                self.settle(letter, Fate::Unclear(why), report).await?;
                Ok(Ok(None))
            }
        }
    }

    async fn try_later(&self, letter: &Waiting, why: String, report: &mut Sent) -> Result<(), Error> {
        let next = self.clock.now() + wait(letter.attempts);
        let fate = if next > letter.queued_at + letter.kind.lasts() { Fate::GivenUp(why) } else { Fate::Later(next, why) };
        self.settle(letter, fate, report).await
    }

    async fn settle(&self, letter: &Waiting, fate: Fate, report: &mut Sent) -> Result<(), Error> {
        if store::settle(&self.db, letter, &fate, self.clock.now()).await? {
            report.count(&fate);
            if let Fate::Bounced(why) | Fate::GivenUp(why) = &fate {
                tracing::warn!(letter.id = %letter.id, kind = %letter.kind, why, "a letter could not be sent");
            }
        }
        Ok(())
    }

    fn sender(&self) -> Result<Mailbox, Error> {
        let from = &self.settings.from;
        let mailbox = address::mailbox(from).ok_or_else(|| Error::From(from.clone()))?;
        Ok(Mailbox::new(Some(letter::one_line(&self.settings.name, 100)), mailbox))
    }

    /// Forget letters that were settled long ago; how many.
    /// # Errors
    /// When the database fails.
    pub async fn tidy(&self) -> Result<u64, Error> {
        Ok(store::forget_old(&self.db, self.clock.now() - chrono::Duration::days(KEPT_DAYS)).await?)
    }
}

/// How long to wait after so many attempts.
fn wait(attempts: i32) -> chrono::Duration {
    let doubled = attempts.clamp(0, 6).unsigned_abs();
    (FIRST_WAIT * 2_i32.pow(doubled)).min(LONGEST_WAIT)
}

/// The letter as it travels, or why it cannot.
fn compose(from: &Mailbox, letter: &Waiting) -> Result<Message, String> {
    let to = address::mailbox(&letter.to).ok_or("it is no mailbox")?;
    let queued = std::time::UNIX_EPOCH + Duration::from_micros(letter.queued_at.timestamp_micros().max(0).unsigned_abs());
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(letter.subject.clone())
        .date(queued)
        // The same whenever it is tried: a mail server that knows it already can tell.
        .message_id(Some(format!("<{}@{}>", letter.id, from.email.domain())))
        // Who is away need not tell us. Source: RFC 3834.
        .raw_header(lettre::message::header::HeaderValue::new(
            lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
        .map_err(|error| error.to_string())
}
