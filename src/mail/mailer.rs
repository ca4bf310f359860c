//! Sending what is queued: which letters, in which order, through what, and what becomes of them.

use std::{sync::Arc, time::Duration};

use lettre::{
    Message,
    message::{Mailbox, MultiPart},
};
use serde::Serialize;
use uuid::Uuid;

use super::{
    Channel, Notify, Server, State, Status, address,
    letter::one_line,
    letters_to, notify, returned,
    smtp::{self, Conversation, Trouble},
    store::{self, Fate, Waiting},
};
use crate::{
    clock::Clock,
    db::{self, Database},
    ids,
};

/// Letters that one process takes at once: few, so that a sign-in link does not wait behind reminders.
const AT_ONCE: u64 = 20;
/// For how long letters that a process took are left to it. Longer does no harm: it only ever hands
/// over what is still its own.
const CLAIM: chrono::Duration = chrono::Duration::minutes(2);
/// A letter that was being handed over for so long was left by a process that has died.
const HANDING_OVER: chrono::Duration = chrono::Duration::minutes(10);
/// The first wait after an email could not be sent; each further one is twice as long.
const FIRST_WAIT: chrono::Duration = chrono::Duration::minutes(1);
/// The longest reason that is kept, in characters.
const LONGEST_REASON: usize = 500;
/// The longest wait.
const LONGEST_WAIT: chrono::Duration = chrono::Duration::hours(1);

/// How letters leave.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The mail server.
    pub smtp: Option<Server>,
    /// GOV.UK Notify, for what it has a template for. Without it and without a mail server letters are
    /// written to the log.
    pub notify: Option<Notify>,
    /// The email address that emails are sent from.
    pub from: String,
    /// The name beside it.
    pub name: String,
}

/// How a letter leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Smtp,
    Notify,
    /// It is written to the log.
    Log,
    /// It does not.
    None,
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
    #[error("{0:?} is not a valid sender; set FINGERPOST_MAIL_FROM to one address such as directory@example.org")]
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
        self.way(Channel::Text) != Way::None
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
                self.settle(&letter, Fate::GivenUp("it was no longer needed".to_owned()), &mut report).await?;
            }
            let mut by_smtp = Vec::new();
            let mut by_notify = Vec::new();
            for letter in due {
                match self.way(letter.channel) {
                    Way::Smtp => by_smtp.push(letter),
                    Way::Notify => by_notify.push(letter),
                    Way::Log => self.write_to_log(&letter, &mut report).await?,
                    Way::None => {
                        let why = "no service is set up to send text messages".to_owned();
                        self.settle(&letter, Fate::GivenUp(why), &mut report).await?;
                    }
                }
            }
            if let Some(server) = &self.settings.smtp {
                self.send_by_smtp(server, &by_smtp, &mut report).await?;
            }
            if let Some(notify) = &self.settings.notify {
                self.send_by_notify(notify, &by_notify, &mut report).await?;
            }
        }
        Ok(report)
    }

    /// How letters on this channel leave.
    fn way(&self, channel: Channel) -> Way {
        let Settings { smtp, notify, .. } = &*self.settings;
        if notify.as_ref().is_some_and(|notify| notify.template(channel).is_some()) {
            return Way::Notify;
        }
        match (smtp, notify) {
            (None, None) => Way::Log,
            (Some(_), _) if channel == Channel::Mail => Way::Smtp,
            _ => Way::None,
        }
    }

    /// Without a mail server: who runs this on their own machine finds the sign-in link in the log.
    async fn write_to_log(&self, letter: &Waiting, report: &mut Sent) -> Result<(), Error> {
        if store::hand_over(&self.db, letter, self.clock.now() + HANDING_OVER).await? {
            // Each line of it is marked, so that a letter cannot look like other lines of the log.
            let text = letter.text.lines().fold(String::new(), |text, line| text + "\n  | " + line);
            tracing::info!(kind = %letter.kind, to = letter.to, subject = letter.subject, "no mail server is set; the email says:{text}");
            self.settle(letter, Fate::Sent(None), report).await?;
        }
        Ok(())
    }

    async fn send_by_notify(&self, notify: &Notify, letters: &[Waiting], report: &mut Sent) -> Result<(), Error> {
        let mut trouble = None;
        for letter in letters {
            if let Some(trouble) = &trouble {
                self.try_later(letter, String::clone(trouble), report).await?;
                continue;
            }
            if !store::hand_over(&self.db, letter, self.clock.now() + HANDING_OVER).await? {
                continue;
            }
            match notify.give(letter, self.clock.now()).await {
                notify::Given::Taken(id) => self.settle(letter, Fate::Sent(Some(id)), report).await?,
                notify::Given::Refused { for_good: true, why } => self.settle(letter, Fate::Bounced(why), report).await?,
                notify::Given::Refused { for_good: false, why } => self.try_later(letter, why, report).await?,
                notify::Given::Unclear(why) => self.settle(letter, Fate::Unclear(why), report).await?,
                notify::Given::Trouble(why) => {
                    self.try_later(letter, why.clone(), report).await?;
                    trouble = Some(why);
                }
            }
        }
        report.trouble = report.trouble.take().or(trouble);
        Ok(())
    }

    /// Ask GOV.UK Notify which letters it could not deliver, and note them as bounced; how many. A mail
    /// server tells that to the mailbox that letters come from.
    /// # Errors
    /// When the database fails. Where Notify does not answer, it is asked again the next time.
    pub async fn look_for_bounces(&self) -> Result<u64, Error> {
        let Some(notify) = &self.settings.notify else { return Ok(0) };
        match notify.undelivered(self.clock.now()).await {
            Ok(letters) => self.came_back(&letters, "GOV.UK Notify could not deliver it").await,
            Err(why) => {
                tracing::warn!(why, "cannot ask GOV.UK Notify which emails could not be delivered");
                Ok(0)
            }
        }
    }

    /// Note letters that came back after they were taken, and why; how many are news.
    /// # Errors
    /// When the database fails.
    pub async fn came_back(&self, letters: &[Uuid], why: &str) -> Result<u64, Error> {
        let why = one_line(&why.replace('\0', ""), LONGEST_REASON);
        Ok(store::bounce(&self.db, letters, &why, self.clock.now()).await?)
    }

    /// Note what a message from a mail server says of a letter that it took and could not deliver; how many are news.
    /// None where it says nothing of that kind.
    /// # Errors
    /// When the database fails.
    pub async fn read_return(&self, message: &str) -> Result<Option<u64>, Error> {
        let Some(returned) = returned::read(message) else { return Ok(None) };
        self.came_back(&returned.letters, returned.why.as_deref().unwrap_or("the mail server returned it")).await.map(Some)
    }

    /// Note that the last letter to a mailbox came back; how many are news. None where none is known that was taken.
    /// # Errors
    /// When the database fails.
    pub async fn last_came_back(&self, address: &str, why: &str) -> Result<Option<u64>, Error> {
        let taken = |letter: &Status| matches!(letter.state, State::Sent | State::Unclear | State::Bounced);
        let Some(last) = letters_to(&self.db, address).await?.into_iter().find(taken) else { return Ok(None) };
        self.came_back(&[last.id], why).await.map(Some)
    }

    async fn send_by_smtp(&self, server: &Server, letters: &[Waiting], report: &mut Sent) -> Result<(), Error> {
        let from = self.sender()?;
        let mut open = None;
        let mut trouble: Option<String> = None;
        for letter in letters {
            if let Some(trouble) = &trouble {
                // What is wrong with the server is wrong for the rest of them, too.
                self.try_later(letter, trouble.clone(), report).await?;
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
                    trouble = Some(why);
                }
            }
        }
        report.trouble = report.trouble.take().or(trouble);
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
                tracing::warn!(letter.id = %letter.id, kind = %letter.kind, why, "it is not known whether the email was accepted, so it is not sent again");
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
                tracing::warn!(letter.id = %letter.id, kind = %letter.kind, why, "an email could not be sent");
            }
        }
        Ok(())
    }

    fn sender(&self) -> Result<Mailbox, Error> {
        let from = &self.settings.from;
        let mailbox = address::mailbox(from).ok_or_else(|| Error::From(from.clone()))?;
        Ok(Mailbox::new(Some(one_line(&self.settings.name, 100)), mailbox))
    }

    /// Forget letters that were settled longer ago than this; how many.
    /// # Errors
    /// When the database fails.
    pub async fn tidy(&self, keep: chrono::Duration) -> Result<u64, Error> {
        Ok(store::forget_old(&self.db, self.clock.now() - keep).await?)
    }
}

/// How long to wait after so many attempts.
fn wait(attempts: i32) -> chrono::Duration {
    let doubled = attempts.clamp(0, 6).unsigned_abs();
    (FIRST_WAIT * 2_i32.pow(doubled)).min(LONGEST_WAIT)
}

/// The letter as it travels, or why it cannot.
fn compose(from: &Mailbox, letter: &Waiting) -> Result<Message, String> {
    let to = address::mailbox(&letter.to).ok_or("it is not an email address")?;
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
