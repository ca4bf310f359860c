//! The way of one record into the directory: every check that it has to pass, and what is made of it.
//! Decides and writes nothing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{
    super::{
        peers::{Foreign, Peer, Quarantined},
        protocol::{ItemState, Statement},
    },
    content::LARGEST,
    event::{Event, Unreadable},
    keys::{self, Beside, Doubt},
};
use crate::{
    ids,
    model::{
        Kind,
        text::{line, shorten},
    },
    records::Draft,
};

/// Ids longer than this are not taken, in bytes.
const LONGEST_ID: usize = 200;

/// What becomes of an item.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It is stored: the record, and whatever came nested in it.
    Take {
        main: Foreign,
        parts: Vec<Foreign>,
        drafts: Vec<Draft>,
        /// Parts that were left out.
        dropped: usize,
        /// Whether earlier versions have to be destroyed.
        urgent: bool,
    },
    /// It is the same as what is here; only what is known about it changes.
    Same(Foreign),
    /// It is gone.
    Gone(Foreign, Departure),
    /// It cannot be taken; what was here before stays.
    Quarantine(Quarantined),
    /// It is of no concern, for this reason.
    Ignore(&'static str),
    /// No statement of this peer can be believed until somebody has looked.
    Stop(Doubt),
}

/// How a record left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Departure {
    /// Its origin says so, signed.
    Signed,
    /// The same, and whatever was kept of it has to go too.
    Urgent,
    /// The feed says so, unsigned.
    Told,
    /// Its time was over and its source does not have it any more, its owner keeps it private, or nobody wants it here.
    Over,
}

/// What the checks need to know.
#[derive(Clone, Copy)]
pub(super) struct Gate<'a> {
    pub(super) peer: &'a Peer,
    /// Our own origin: what comes back to us is no news.
    pub(super) here: &'a str,
    pub(super) now: DateTime<Utc>,
    pub(super) crawl: i64,
    /// What is known of the records already, by their ids here.
    pub(super) known: &'a HashMap<Uuid, Foreign>,
    /// Terms and taxonomies that are called otherwise here, because they are known by their address.
    pub(super) shared: &'a HashMap<(Kind, Uuid), Uuid>,
    /// Postcodes of places that have items of their own, by their ids here.
    pub(super) places: &'a HashMap<Uuid, Vec<String>>,
    /// GSS codes of the areas that postcodes lie in, as far as somebody wants to know and it is known.
    pub(super) areas: &'a HashMap<String, Vec<String>>,
    /// What the records came through, where the peer stands for their origin.
    pub(super) through: Option<Through<'a>>,
}

/// What records came through that did not come from their origin.
#[derive(Clone, Copy)]
pub(super) struct Through<'a> {
    /// Name of the peer that passes them on.
    pub(super) relay: &'a str,
    /// All directories between, as JSON.
    pub(super) via: &'a str,
}

/// What the peer calls `id` is called this here.
pub(super) fn local_id(origin: &str, kind: &str, id: &str) -> Uuid {
    ids::from_source(origin, kind, id)
}

impl Gate<'_> {
    pub(super) fn judge(&self, item: Result<Event, Box<Unreadable>>) -> Verdict {
        match item {
            Ok(event) => self.event(event),
            Err(bad) => self.quarantine(&bad.kind, &bad.id, bad.rev, bad.code, &bad.detail, Some(&bad.raw)),
        }
    }

    fn event(&self, event: Event) -> Verdict {
        let kind = event.kind.as_str();
        if event.id.is_empty() || event.id.len() > LONGEST_ID {
            let detail = format!("the id is {} bytes long; it must be 1 to {LONGEST_ID}", event.id.len());
            return self.quarantine(kind, &event.id, event.at, "bad-id", &detail, None);
        }
        // One of the databases cannot store U+0000 at all.
        if event.id.contains(char::is_control) {
            return self.quarantine(kind, &event.id, event.at, "bad-id", "the id has control characters in it", None);
        }
        let known = self.known.get(&local_id(&self.peer.origin, kind, &event.id));
        if let Some(known) = known.filter(|known| event.rev != 0 && event.rev < known.rev) {
            tracing::debug!(record.id = %known.id, "an older version arrived again");
            return Verdict::Ignore("older");
        }
        // Where this very version was taken, what stood before it has been destroyed.
        let urgent = self.is_urgent(&event) && known.is_none_or(|known| !known.live || known.rev != event.rev);
        let gone = urgent.then(|| Foreign { live: false, ..self.foreign(&event, None, true) });
        match (self.weigh(event, known, urgent), gone) {
            // What must not be told any more goes, also when what is to be told instead is no good.
            (Verdict::Quarantine(_) | Verdict::Ignore(_), Some(gone)) => Verdict::Gone(gone, Departure::Urgent),
            (verdict, _) => verdict,
        }
    }

    /// Whether an approved key has signed that what stood there before has to be destroyed, whatever is
    /// told instead of it.
    fn is_urgent(&self, event: &Event) -> bool {
        let Some((_, statement)) = event.statement.as_ref().filter(|(_, statement)| statement.urgent) else { return false };
        self.believe(event, statement.data_hash.as_deref()).is_ok_and(|signed| signed)
    }

    /// Every check of a version that is not older than what is known.
    fn weigh(&self, mut event: Event, known: Option<&Foreign>, urgent: bool) -> Verdict {
        let kind = event.kind.as_str();
        if let Some((_, statement)) = event.statement.as_ref().filter(|(_, statement)| is_future(statement)) {
            let detail = format!("it follows {}, which this version does not know", statement.schema);
            return self.quarantine(kind, &event.id, event.at, "schema-future", &detail, event.data.as_ref());
        }
        let said = event.data.as_ref().and_then(|data| data.pointer("/provenance/origin")?.as_str());
        if said == Some(self.here) || event.statement.as_ref().is_some_and(|(_, statement)| statement.origin == self.here) {
            return Verdict::Ignore("echo");
        }
        if said.is_some_and(|origin| origin != self.peer.identity()) {
            return Verdict::Ignore("third-party");
        }
        if let Some(other) = event.data.as_ref().and_then(|data| other_id(data, &event.id)) {
            let detail = format!("the document under this id says that its id is {}", shorten(&other, LONGEST_ID));
            return self.quarantine(kind, &event.id, event.at, "bad-item", &detail, event.data.as_ref());
        }
        let content = match event.content() {
            Ok(content) => content,
            Err((code, detail)) => return self.quarantine(kind, &event.id, event.at, code, &detail, event.data.as_ref()),
        };
        let hash = content.as_ref().map(|content| content.hash.clone());
        let signed = match self.believe(&event, hash.as_deref()) {
            Ok(signed) => signed,
            Err(doubt @ Doubt::UnknownKey) => return Verdict::Stop(doubt),
            Err(doubt) => {
                let raw = event.statement.as_ref().map(|(raw, _)| raw);
                return self.quarantine(kind, &event.id, event.at, doubt.code(), doubt.said(), raw);
            }
        };
        if let Some(detail) = known.and_then(|known| denies(known, &event, signed)) {
            let raw = event.statement.as_ref().filter(|_| signed).map(|(raw, _)| raw);
            return self.quarantine(kind, &event.id, event.at, "equivocation", detail, raw);
        }
        let foreign = self.foreign(&event, hash, signed);
        let Some(data) = event.data else {
            let departure = match signed {
                _ if urgent => Departure::Urgent,
                true => Departure::Signed,
                false if event.over => Departure::Over,
                false => Departure::Told,
            };
            return Verdict::Gone(foreign, departure);
        };
        if !self.peer.scope.takes(event.kind) || !self.peer.scope.covers(&self.postcodes(event.kind, &data), self.areas) {
            return match known.filter(|known| known.live && !urgent) {
                // It was taken before, and somebody has decided otherwise since, or it has moved away.
                Some(_) => Verdict::Gone(Foreign { live: false, hash: String::new(), ..foreign }, Departure::Over),
                None => Verdict::Ignore("out-of-scope"),
            };
        }
        if let Some(known) = known.filter(|known| known.live && known.own_item) {
            // What comes by another way now says so, and of what is urgent nothing earlier is kept.
            let same = known.hash == foreign.hash && self.has_the_licence_it_had(known, event.licence.as_deref(), signed);
            if same && known.peer == foreign.peer && known.via == foreign.via && !urgent {
                return Verdict::Same(foreign);
            }
            if known.rev == event.rev && event.rev != 0 && !known.hash.is_empty() && known.hash != foreign.hash {
                let detail = "the peer has already sent this version with different content".to_owned();
                return self.quarantine(kind, &event.id, event.at, "equivocation", &detail, Some(&data));
            }
        }
        match self.take(event.kind, &event.id, data, event.alone, signed, event.licence.as_deref()) {
            Ok((drafts, parts, dropped)) => {
                Verdict::Take { main: foreign, parts, drafts, dropped: dropped + event.rounded, urgent }
            }
            Err((code, detail)) => {
                let raw = content.and_then(|content| String::from_utf8(content.canonical).ok());
                self.quarantine_text(kind, &event.id, event.at, code, &detail, raw)
            }
        }
    }

    /// Whether a record whose content is as it was is under the licence that it was under. Of what nobody has signed
    /// that is not known: under a licence that is not open, it is taken once more.
    fn has_the_licence_it_had(&self, known: &Foreign, licence: Option<&str>, signed: bool) -> bool {
        let before = known.statement.as_deref().and_then(|statement| serde_json::from_str::<Value>(statement).ok());
        match before.filter(|_| signed) {
            Some(before) => before.get("license").and_then(Value::as_str) == licence,
            None => licence.is_none_or(|licence| self.peer.scope.allows(licence)),
        }
    }

    /// What is known of a record from now on, where its version is taken.
    fn foreign(&self, event: &Event, hash: Option<String>, signed: bool) -> Foreign {
        Foreign {
            id: local_id(&self.peer.origin, event.kind.as_str(), &event.id),
            peer: self.peer.id,
            kind: event.kind,
            foreign_id: event.id.clone(),
            rev: event.rev,
            hash: hash.unwrap_or_default(),
            live: event.data.is_some(),
            own_item: true,
            statement: event.statement.as_ref().filter(|_| signed).map(|(raw, _)| raw.to_string()),
            listed: event.listed.clone(),
            crawl: self.crawl,
            missing: 0,
            fetched_at: self.now,
            origin: self.through.map(|_| self.peer.origin.clone()),
            via: self.through.map(|through| through.via.to_owned()),
        }
    }

    /// Whether the statement is believed. Without approved keys nothing is signed, and everything is
    /// the peer's word.
    fn believe(&self, event: &Event, hash: Option<&str>) -> Result<bool, Doubt> {
        let Some(keys) = self.peer.pinned_keys.as_deref().filter(|keys| !keys.is_empty()) else {
            let foreign = event.statement.as_ref().is_some_and(|(_, statement)| statement.origin != self.peer.identity());
            return if foreign { Err(Doubt::OtherOrigin) } else { Ok(false) };
        };
        let (raw, statement) = event.statement.as_ref().ok_or(Doubt::Unsigned)?;
        let state = if event.data.is_some() { ItemState::Updated } else { ItemState::Deleted };
        let beside = Beside {
            origin: self.peer.identity(),
            kind: event.kind.as_str(),
            id: &event.id,
            epoch: &event.epoch,
            rev: event.rev,
            state,
            hash,
            carried: event.prepared.carried.as_ref(),
        };
        keys::check(raw, statement, &beside, keys, &self.peer.cursor.retired).map(|()| true)
    }

    fn quarantine(&self, kind: &str, id: &str, rev: i64, code: &str, detail: &str, raw: Option<&Value>) -> Verdict {
        self.quarantine_text(kind, id, rev, code, detail, raw.map(Value::to_string))
    }

    fn quarantine_text(&self, kind: &str, id: &str, rev: i64, code: &str, detail: &str, raw: Option<String>) -> Verdict {
        let raw = raw.filter(|raw| raw.len() <= LARGEST);
        Verdict::Quarantine(Quarantined {
            id: local_id(&self.peer.origin, kind, id),
            peer: self.peer.id,
            kind: line(kind, 40),
            foreign_id: line(id, LONGEST_ID),
            rev,
            code: code.to_owned(),
            detail: line(detail, 500),
            // U+0000 stands as an escape in JSON text, and nothing else that a database refuses can.
            raw,
            at: self.now,
        })
    }
}

/// Why a version does not fit what is known, where both have one number and one of them says that the record is gone and
/// the other that it is not. What was emptied here, because it is not wanted, was urgent or damaged, is not that: so where
/// nothing is signed, only what takes out a record that stands is known to be.
fn denies(known: &Foreign, event: &Event, signed: bool) -> Option<&'static str> {
    if !known.own_item || event.rev == 0 || known.rev != event.rev {
        return None;
    }
    if !signed {
        return (known.live && event.data.is_none())
            .then_some("its source has sent both a record and its deletion with this number");
    }
    let before = known.statement.as_deref().and_then(|statement| serde_json::from_str::<Statement>(statement).ok());
    let (before, (_, now)) = before.zip(event.statement.as_ref())?;
    let is_other = (before.rev, &before.epoch) == (now.rev, &now.epoch) && before.state != now.state;
    is_other.then_some("its origin has signed both a record and its deletion with this number")
}

/// What a record calls itself, where that is not the id that it came under.
fn other_id(data: &Value, id: &str) -> Option<String> {
    let said = match data.get("id")? {
        Value::String(said) => said.clone(),
        other => other.to_string(),
    };
    (!said.trim().eq_ignore_ascii_case(id.trim())).then_some(said)
}

/// Whether a record follows a later major version of the standard than we know.
fn is_future(statement: &Statement) -> bool {
    let version = statement.schema.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    statement.v > 1 || major.is_some_and(|major| major > 3)
}
