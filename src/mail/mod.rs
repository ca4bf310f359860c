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
//! somebody in. Whom it went to, and whether it got there, is kept for a while, which is a setting.
//!
//! Not decided here: who gets a letter, and what stands in it.

mod address;
mod known;
mod letter;
mod mailer;
mod notify;
mod returned;
mod smtp;
mod store;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

pub use self::{
    address::{address, mobile},
    known::{Status, Tally, bounced, letters_to, status, tally, unreached, unreached_since},
    letter::{Letter, Part, Text},
    mailer::{Error, Mailer, Sent, Settings},
    notify::Notify,
    smtp::Server,
    store::{forget, forget_telling},
};
use crate::db::{self, Transaction};

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
    /// An officer has hidden a listing.
    ListingHidden,
    /// A protected listing is marked as closed.
    ListingClosed,
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
    /// A passkey was added or removed.
    PasskeyChanged,
}

impl Kind {
    const ALL: [Self; 15] = [
        Self::SignIn,
        Self::SignInNotice,
        Self::Code,
        Self::Invitation,
        Self::ClaimMade,
        Self::ClaimDecided,
        Self::ChangeDecided,
        Self::ListingHidden,
        Self::ListingClosed,
        Self::Question,
        Self::Reminder,
        Self::Reported,
        Self::ReportSettled,
        Self::RolesChanged,
        Self::PasskeyChanged,
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
            Self::ListingHidden => "listing-hidden",
            Self::ListingClosed => "listing-closed",
            Self::Question => "question",
            Self::Reminder => "reminder",
            Self::Reported => "reported",
            Self::ReportSettled => "report-settled",
            Self::RolesChanged => "roles-changed",
            Self::PasskeyChanged => "passkey-changed",
        }
    }

    /// What it is about, as an officer reads it who sees that it did not arrive.
    pub fn words(self) -> &'static str {
        match self {
            Self::SignIn => "a sign-in link",
            Self::SignInNotice => "a notice of a sign-in",
            Self::Code => "a code for a claim",
            Self::Invitation => "an invitation",
            Self::ClaimMade => "word of a claim",
            Self::ClaimDecided => "the decision on a claim",
            Self::ChangeDecided => "the decision on a change",
            Self::ListingHidden => "word that a listing was hidden or shown again",
            Self::ListingClosed => "word that a listing was marked as closed",
            Self::Question => "a question or an answer",
            Self::Reminder => "a reminder",
            Self::Reported => "word that a listing was reported",
            Self::ReportSettled => "the reply to a report",
            Self::RolesChanged => "word of changed rights",
            Self::PasskeyChanged => "word of a changed passkey",
        }
    }

    fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Somebody sits there and waits for it: it goes before all others.
    fn is_awaited(self) -> bool {
        matches!(self, Self::SignIn | Self::Code)
    }

    /// For how long it is of use, and tried: as long as the link or the code in it works.
    fn lasts(self) -> chrono::Duration {
        match self {
            Self::SignIn => chrono::Duration::minutes(30),
            Self::Code => chrono::Duration::days(3),
            // A mail server that breaks on Friday night is mended on Monday, or on Tuesday after a bank holiday.
            _ => chrono::Duration::days(5),
        }
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
