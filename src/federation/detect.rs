//! What a directory speaks, found out by asking: its discovery document first, then the list of an
//! Open Referral UK API, then what stands at the address itself: a calendar, or feeds of sessions. Whoever gives the
//! address of a file means that file, also where its host is a directory.

use chrono::{DateTime, Utc};
use url::Url;

use super::{
    harvest::{Harvester, calendar, cost_of_a_page, discover, sessions},
    peers::{PeerKind, Trouble},
    protocol::Discovery,
};
use crate::{
    formats::{ical, json, page::listed},
    model::text::{clean, shorten},
    outbound::{Answer, Ask},
};

/// A name that somebody gives themselves has at most so many characters.
const LONGEST_NAME: usize = 200;
/// A record of a list is looked at only where it is no larger, in bytes.
const LARGEST: usize = 1 << 20;

/// What was found at an address.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// What it speaks.
    pub(super) kind: PeerKind,
    /// What it calls itself.
    pub(super) name: Option<String>,
    /// Under which licence it says that its records are.
    pub(super) licence: Option<String>,
    /// Its discovery document.
    pub(super) discovered: Option<Discovery>,
}

impl Found {
    fn plain(kind: PeerKind) -> Self {
        Self { kind, name: None, licence: None, discovered: None }
    }
}

fn trouble(code: &str, detail: String) -> Trouble {
    Trouble { code: code.to_owned(), detail }
}

/// Who asks us to wait may be anything.
fn if_it_answers(answer: &Answer, now: DateTime<Utc>) -> Result<(), Trouble> {
    if !matches!(answer.status, 429 | 503) {
        return Ok(());
    }
    let until = answer.retry_after(now).map_or_else(|| "later".to_owned(), |wait| format!("in {} seconds", wait.as_secs()));
    Err(trouble("too-many-requests", format!("{} answers {} and asks us to wait; try again {until}", answer.url, answer.status)))
}

impl Harvester {
    /// What stands at `url`, which should be `kind` where that is given.
    pub(super) async fn find_out(&self, url: &Url, kind: Option<PeerKind>) -> Result<Found, Trouble> {
        match kind {
            None => self.find_out_anything(url).await,
            Some(PeerKind::OpenDirectory) => Ok(told(discover(self.outbound(), url).await?)),
            Some(kind @ (PeerKind::Oruk3 | PeerKind::Oruk1)) => {
                let found = self.plain_api(url).await?;
                let other = || trouble("other-kind", format!("it uses {}, not {kind}", found.kind));
                if found.kind == kind { Ok(found) } else { Err(other()) }
            }
            Some(PeerKind::OpenActive) => sessions_of(&sessions::ask_for(self.outbound(), url).await?),
            Some(kind @ PeerKind::Ical) => {
                let answer = sessions::ask_for(self.outbound(), url).await?;
                calendar_of(&answer)
                    .ok_or_else(|| trouble("other-kind", format!("{} answers {} without {kind}", answer.url, answer.status)))
            }
        }
    }

    async fn find_out_anything(&self, url: &Url) -> Result<Found, Trouble> {
        let is_file = names_a_file(url);
        if is_file || url.query().is_some() {
            let answer = sessions::ask_for(self.outbound(), url).await?;
            if_it_answers(&answer, self.now())?;
            if let Some(found) = calendar_of(&answer) {
                return Ok(found);
            }
            if let Some(found) = sessions_of(&answer).ok().filter(|_| is_file) {
                return Ok(found);
            }
        }
        match discover(self.outbound(), url).await {
            Ok(said) if is_file => {
                let detail = format!(
                    "it is neither a calendar nor a feed of sessions, but {0} is a directory: to follow all of that, add {0}",
                    said.origin
                );
                return Err(trouble("not-a-feed", detail));
            }
            Ok(said) => return Ok(told(said)),
            Err(trouble) if trouble.code == "no-discovery" => {}
            // It may be a directory all the same. A host that asks everybody to wait says for how long.
            Err(trouble) if matches!(trouble.code.as_str(), "bad-status" | "too-many-requests") => {
                let asks_to_wait = self.plain_api(url).await.err().filter(|said| said.code == "too-many-requests");
                return Err(asks_to_wait.unwrap_or(trouble));
            }
            Err(trouble) => return Err(trouble),
        }
        let no_api = match self.plain_api(url).await {
            Ok(found) => return Ok(found),
            Err(trouble) if trouble.code == "too-many-requests" => return Err(trouble),
            Err(trouble) => trouble,
        };
        let answer = sessions::ask_for(self.outbound(), url).await?;
        if_it_answers(&answer, self.now())?;
        if let Some(found) = calendar_of(&answer) {
            return Ok(found);
        }
        sessions_of(&answer).map_err(|none| {
            if none.code == "catalogue" {
                return none;
            }
            let detail = format!(
                "it has no discovery document and is not an Open Referral UK API ({}); the address itself is not a calendar and has no OpenActive feeds ({})",
                no_api.detail, none.detail
            );
            trouble(&no_api.code, detail)
        })
    }

    /// Which version of the Open Referral UK API answers, by the envelope of its lists.
    async fn plain_api(&self, base: &Url) -> Result<Found, Trouble> {
        let mut url = base.clone();
        url.set_path(&format!("{}/services", base.path().trim_end_matches('/')));
        url.set_query(Some("page=1&per_page=1"));
        // It may give more than the one record that is asked for.
        let ask = Ask { limits: cost_of_a_page(), ..Ask::get(url) };
        let answer = self.outbound().fetch(ask).await.map_err(|error| trouble(error.code(), error.to_string()))?;
        if_it_answers(&answer, self.now())?;
        let kind = (answer.status == 200 && answer.is_json()).then(|| kind_of_list(&answer.body)).flatten();
        let none = || trouble("no-list", format!("{} answers {} without a page of services", answer.url, answer.status));
        kind.map(Found::plain).ok_or_else(none)
    }
}

/// Which standard a page of services is of; none where it is no such page.
fn kind_of_list(page: &[u8]) -> Option<PeerKind> {
    // Some have no envelope around their lists.
    if let Some(bare) = listed(page, &[], 1).ok()? {
        let first = page.get(bare.documents.first()?.clone()).filter(|first| first.len() <= LARGEST)?;
        let first = json::parse(first).ok()?;
        return ["id", "name", "status"].iter().all(|name| first.get(*name).is_some()).then_some(PeerKind::Oruk3);
    }
    let holds = |name: &str| matches!(listed(page, &[name], 0), Ok(Some(_)));
    [("contents", PeerKind::Oruk3), ("content", PeerKind::Oruk1)].into_iter().find(|(name, _)| holds(name)).map(|(_, kind)| kind)
}

fn told(said: Discovery) -> Found {
    let licence = Some(said.license.url.clone());
    Found { kind: PeerKind::OpenDirectory, name: Some(said.publisher.name.clone()), licence, discovered: Some(said) }
}

fn sessions_of(answer: &Answer) -> Result<Found, Trouble> {
    if answer.status != 200 {
        return Err(trouble("no-feed", format!("{} answers {}", answer.url, answer.status)));
    }
    let said = sessions::said_by(answer)?;
    let name = said.name.map(|name| shorten(&clean(&name), LONGEST_NAME)).filter(|name| !name.is_empty());
    let licence = said.licence.and_then(|licence| Url::parse(&licence).ok()).map(String::from);
    Ok(Found { name, licence, ..Found::plain(PeerKind::OpenActive) })
}

fn calendar_of(answer: &Answer) -> Option<Found> {
    let is_one = answer.status == 200 && ical::read::is_calendar(&answer.body);
    is_one.then(|| Found { name: calendar::name_of(&answer.body), ..Found::plain(PeerKind::Ical) })
}

/// The address that is asked for what people give as one: calendars are often given as `webcal:`.
pub(super) fn plain_address(url: &Url) -> Url {
    let rest = url.as_str().strip_prefix("webcal://").or_else(|| url.as_str().strip_prefix("webcals://"));
    rest.and_then(|rest| Url::parse(&format!("https://{rest}")).ok()).unwrap_or_else(|| url.clone())
}

/// Whether an address names a file: `events.ics`, and no folder or list.
fn names_a_file(url: &Url) -> bool {
    let last = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
    last.rsplit_once('.').is_some_and(|(name, kind)| {
        let is_ending = (2..=5).contains(&kind.len()) && kind.chars().all(|c| c.is_ascii_alphanumeric());
        !name.is_empty() && is_ending && kind.contains(|c: char| c.is_ascii_alphabetic())
    })
}

/// The address of an API of which this is the list of services.
pub(super) fn above_the_list(url: &Url) -> Option<Url> {
    let path = url.path().trim_end_matches('/').strip_suffix("/services")?;
    let mut above = url.clone();
    above.set_path(path);
    above.set_query(None);
    Some(above)
}

/// Whether an address is one that only its owner should know. Everybody is told where records come
/// from, so nobody may be followed there.
pub(super) fn is_secret_address(url: &Url) -> bool {
    // Google calls the address of a calendar that is not public `…/private-0123456789abcdef/basic.ics`.
    url.path_segments().is_some_and(|mut parts| parts.any(|part| part.starts_with("private-")))
        || !url.username().is_empty()
        || url.password().is_some()
}

/// The identity of a source that says nothing of itself: its address, lower-case host, no slash at
/// the end. A file is told from others by its query as well.
pub(super) fn plain_origin(kind: PeerKind, url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    if !matches!(kind, PeerKind::Ical | PeerKind::OpenActive) {
        url.set_query(None);
    }
    url.as_str().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn calendars_are_asked_over_https_and_told_apart_by_their_queries() {
        let address = plain_address(&url("webcal://hall.example.org/events?id=7#top"));
        assert_eq!(address.as_str(), "https://hall.example.org/events?id=7#top");
        assert_eq!(plain_origin(PeerKind::Ical, &address), "https://hall.example.org/events?id=7");
        assert_eq!(plain_origin(PeerKind::Oruk3, &url("https://Feed.example.org/oruk/?x=1")), "https://feed.example.org/oruk");
    }

    #[test]
    fn the_standard_of_a_list_is_known_by_its_envelope_however_long_it_is() {
        for (page, kind) in [
            (r#"{"contents": [], "content": []}"#, Some(PeerKind::Oruk3)),
            (r#"{"totalElements": 1, "content": [{"id": "\ud800"}]}"#, Some(PeerKind::Oruk1)),
            (r#"[{"id": "1", "name": "Pantry", "status": "active"}, 7]"#, Some(PeerKind::Oruk3)),
            (r#"[{"id": "1", "name": "Pantry"}]"#, None),
            ("[]", None),
            (r#"{"items": []}"#, None),
            (r#"{"contents": ["#, None),
        ] {
            assert_eq!(kind_of_list(page.as_bytes()), kind, "{page}");
        }
    }

    #[test]
    fn files_are_told_from_folders() {
        for (address, is_file) in [
            ("https://hall.example.org/events.ics", true),
            ("https://hall.example.org/feeds/sessions.json?x=1", true),
            ("https://hall.example.org/", false),
            ("https://hall.example.org", false),
            ("https://hall.example.org/api/v1.0/", false),
            ("https://hall.example.org/api/v1.10", false),
            ("https://hall.example.org/services", false),
            ("https://hall.example.org/.well-known", false),
        ] {
            assert_eq!(names_a_file(&url(address)), is_file, "{address}");
        }
    }

    #[test]
    fn addresses_that_only_their_owners_know_are_found_out() {
        for (address, secret) in [
            ("https://calendar.google.com/calendar/ical/hall%40example.org/private-0123456789abcdef/basic.ics", true),
            ("https://somebody:word@hall.example.org/events.ics", true),
            ("https://calendar.google.com/calendar/ical/hall%40example.org/public/basic.ics", false),
        ] {
            assert_eq!(is_secret_address(&url(address)), secret, "{address}");
        }
    }
}
