//! GOV.UK Notify, which many councils have: it sends mails and text messages by HTTP.
//!
//! A council makes two templates there that hold nothing but `((subject))`, `((message))`; all words
//! are ours. Notify answers a request as a whole, so there is no step before the last one: a request
//! that broke off after it was sent is unclear.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;
use url::Url;
use uuid::Uuid;

use super::{
    Channel,
    letter::{one_line, unfold},
    store::Waiting,
};
use crate::outbound::{Answer, Ask, Error, Outbound};

/// The two ids at the end of a key, each of 36 characters, with a hyphen between them.
const KEY_END: usize = 73;

/// An account there: who we are, and the templates that our words go into.
#[derive(Clone)]
pub struct Notify {
    outbound: Outbound,
    base: Url,
    service: String,
    secret: String,
    mail_template: Option<Uuid>,
    text_template: Option<Uuid>,
}

impl std::fmt::Debug for Notify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} as {}", self.base, self.service)
    }
}

/// What became of a letter that was given to Notify.
#[derive(Debug)]
pub(super) enum Given {
    /// It was taken, and is called so there.
    Taken(String),
    /// It was not taken.
    Refused {
        /// Whether asking again is of no use.
        for_good: bool,
        /// What Notify said.
        why: String,
    },
    /// Notify does not want us, or cannot be reached; the letter was not taken.
    Trouble(String),
    /// There was no answer.
    Unclear(String),
}

impl Notify {
    /// An account by its key (`NAME-SERVICE-SECRET`, the last two UUIDs) and its templates; none where
    /// the key has another form.
    pub fn new(
        outbound: Outbound,
        base: &Url,
        key: &str,
        mail_template: Option<Uuid>,
        text_template: Option<Uuid>,
    ) -> Option<Self> {
        let ids = key.get(key.len().checked_sub(KEY_END)?..)?;
        let (service, secret) = (ids.get(..36)?, ids.get(37..)?);
        let right = [service, secret].iter().all(|id| Uuid::try_parse(id).is_ok()) && ids.as_bytes()[36] == b'-';
        right.then(|| Self {
            outbound,
            base: base.clone(),
            service: service.to_owned(),
            secret: secret.to_owned(),
            mail_template,
            text_template,
        })
    }

    /// The template for this channel; none where Notify is not used for it.
    pub(super) fn template(&self, channel: Channel) -> Option<Uuid> {
        match channel {
            Channel::Mail => self.mail_template,
            Channel::Text => self.text_template,
        }
    }

    /// A token that says who we are, for the next half minute.
    fn token(&self, now: DateTime<Utc>) -> String {
        let says = format!(r#"{{"iss":"{}","iat":{}}}"#, self.service, now.timestamp());
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"HS256"}"#), URL_SAFE_NO_PAD.encode(says));
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("HMAC takes keys of every length");
        mac.update(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    fn ask(&self, path: &str, now: DateTime<Utc>) -> Result<Ask, Error> {
        let url = self.base.join(path).map_err(|_| Error::BadUrl { url: path.to_owned(), why: "it is not a path" })?;
        let headers = vec![("authorization", format!("Bearer {}", self.token(now)))];
        Ok(Ask { headers, ..Ask::get(url) })
    }

    /// Give a letter to Notify.
    pub(super) async fn give(&self, letter: &Waiting, now: DateTime<Utc>) -> Given {
        let (path, mut body) = match letter.channel {
            Channel::Mail => {
                let words = json!({"subject": letter.subject, "message": unfold(&letter.text)});
                ("v2/notifications/email", json!({"email_address": letter.to, "personalisation": words}))
            }
            Channel::Text => {
                let words = json!({"message": letter.text});
                ("v2/notifications/sms", json!({"phone_number": letter.to, "personalisation": words}))
            }
        };
        body["template_id"] = json!(self.template(letter.channel));
        // By which a bounce is found again, and a letter that was given twice would be seen.
        body["reference"] = json!(letter.id);
        let asked = match self.ask(path, now) {
            Ok(ask) => self.outbound.fetch(Ask { body: Some(body.to_string().into_bytes()), ..ask }).await,
            Err(error) => Err(error),
        };
        match asked {
            Ok(answer) => judge(&answer),
            Err(error) if was_never_sent(&error) => Given::Trouble(format!("GOV.UK Notify cannot be used: {error}")),
            Err(error) => Given::Unclear(error.to_string()),
        }
    }

    /// Letters that Notify could not deliver, by our ids. It knows those of the last seven days.
    pub(super) async fn undelivered(&self, now: DateTime<Utc>) -> Result<Vec<Uuid>, String> {
        #[derive(Deserialize)]
        struct Page {
            notifications: Vec<One>,
        }
        #[derive(Deserialize)]
        struct One {
            reference: Option<String>,
        }
        let ask = self.ask("v2/notifications?status=permanent-failure", now).map_err(|error| error.to_string())?;
        let answer = self.outbound.fetch(ask).await.map_err(|error| error.to_string())?;
        if answer.status != 200 {
            return Err(said(&answer));
        }
        let page: Page = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
        Ok(page.notifications.iter().filter_map(|one| one.reference.as_ref()?.parse().ok()).collect())
    }
}

/// Whether a request failed before its first byte was sent.
fn was_never_sent(error: &Error) -> bool {
    match error {
        Error::Timeout { what, .. } => matches!(*what, "name" | "connection"),
        Error::Dns { .. } | Error::Connect { .. } | Error::Tls { .. } => true,
        error => error.is_blocked(),
    }
}

fn judge(answer: &Answer) -> Given {
    let why = said(answer);
    // Which of our words are wrong is told only in prose. Source: the error tables of Notify's
    // documentation for `POST /v2/notifications/email` and `…/sms`.
    let about_recipient = ["email_address", "phone_number"].iter().any(|field| why.contains(field));
    match answer.status {
        201 => {
            let id = serde_json::from_slice::<Value>(&answer.body).ok().and_then(|body| Some(body["id"].as_str()?.to_owned()));
            Given::Taken(id.unwrap_or_default())
        }
        400 if about_recipient => Given::Refused { for_good: true, why },
        // A gateway that gave up waiting does not know what the service behind it has done.
        502 | 504 => Given::Unclear(why),
        500 | 503 => Given::Refused { for_good: false, why },
        _ => Given::Trouble(format!("GOV.UK Notify refuses our emails: {why}")),
    }
}

/// What an answer says, in its own words.
fn said(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let errors = body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let words: Vec<&str> = errors.iter().filter_map(|error| error["message"].as_str()).collect();
    one_line(&format!("{} {}", answer.status, words.join("; ")), 300)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::Settings;

    /// The example of Notify's own documentation.
    const KEY: &str = "my_test_key-26785a09-ab16-4eb0-8407-a37497a57506-3d844edf-8d35-48ac-975b-e847b4f122b0";

    fn account(key: &str) -> Option<Notify> {
        let outbound = Outbound::new(Settings { allow_private: Vec::new(), user_agent: "a test".to_owned() });
        Notify::new(outbound, &"https://notify.example.org/".parse().unwrap(), key, None, None)
    }

    #[test]
    fn a_key_is_a_name_and_two_ids() {
        let notify = account(KEY).unwrap();
        assert_eq!(notify.service, "26785a09-ab16-4eb0-8407-a37497a57506");
        assert!(!format!("{notify:?}").contains("3d844edf"), "the secret is not told");
        for wrong in ["", "key", &KEY[1..].replace('-', "_"), &KEY[20..], &format!("{KEY}0"), &"é".repeat(60)] {
            assert!(account(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_the_one_that_other_implementations_make() {
        let now = DateTime::from_timestamp(1_568_818_578, 0).unwrap();
        // Made with the hmac module of Python from the same key.
        insta::assert_snapshot!(account(KEY).unwrap().token(now), @"eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiIyNjc4NWEwOS1hYjE2LTRlYjAtODQwNy1hMzc0OTdhNTc1MDYiLCJpYXQiOjE1Njg4MTg1Nzh9.YT_aQYNif0l3HaPwy62Cj9g0qsYzjnj1K5pLwkELiFw");
    }
}
