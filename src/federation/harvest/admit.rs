//! The way of one record into the directory: every check that it has to pass, and what is made of it.
//! Decides and writes nothing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    super::{
        peers::{Foreign, Peer, PeerKind, Quarantined},
        protocol::{ItemState, Statement},
    },
    event::{Event, Unreadable},
    keys::{self, Beside, Doubt},
};
use crate::{
    clock, ids,
    model::{
        Document, Kind, Visibility,
        apart::{apart, rename},
        personal,
        provenance::{self, Evidence, Provenance},
        shape,
        text::{line, shorten},
        tidy,
    },
    records::{Draft, State},
    signing,
};

/// A record larger than this as canonical JSON is not taken, in bytes.
const LARGEST: usize = 256 << 10;
/// Ids longer than this are not taken, in bytes.
const LONGEST_ID: usize = 200;
/// Larger whole numbers are not the same everywhere, so what has them cannot be hashed.
const LARGEST_WHOLE: u64 = 1 << 53;

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
    /// Its time was over and its source does not have it any more, or nobody wants it here.
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
    fn weigh(&self, event: Event, known: Option<&Foreign>, urgent: bool) -> Verdict {
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
        let canonical = match event.data.as_ref().map(canonical).transpose() {
            Ok(canonical) => canonical,
            Err((code, detail)) => return self.quarantine(kind, &event.id, event.at, code, &detail, event.data.as_ref()),
        };
        let hash = canonical.as_deref().map(signing::hash_of);
        let signed = match self.believe(&event, hash.as_deref()) {
            Ok(signed) => signed,
            Err(doubt @ Doubt::UnknownKey) => return Verdict::Stop(doubt),
            Err(doubt) => {
                let raw = event.statement.as_ref().map(|(raw, _)| raw);
                return self.quarantine(kind, &event.id, event.at, doubt.code(), doubt.said(), raw);
            }
        };
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
        if !self.peer.scope.takes(event.kind) || !self.peer.scope.covers(&self.postcodes(event.kind, &data)) {
            return match known.filter(|known| known.live && !urgent) {
                // It was taken before, and somebody has decided otherwise since, or it has moved away.
                Some(_) => Verdict::Gone(Foreign { live: false, hash: String::new(), ..foreign }, Departure::Over),
                None => Verdict::Ignore("out-of-scope"),
            };
        }
        if let Some(known) = known.filter(|known| known.live && known.own_item) {
            // What comes by another way now says so, and of what is urgent nothing earlier is kept.
            if known.hash == foreign.hash && known.peer == foreign.peer && known.via == foreign.via && !urgent {
                return Verdict::Same(foreign);
            }
            if known.rev == event.rev && event.rev != 0 && !known.hash.is_empty() && known.hash != foreign.hash {
                let detail = "the peer has already sent this version with different content".to_owned();
                return self.quarantine(kind, &event.id, event.at, "equivocation", &detail, Some(&data));
            }
        }
        match self.take(event.kind, &event.id, data, event.alone, signed) {
            Ok((drafts, parts, dropped)) => Verdict::Take { main: foreign, parts, drafts, dropped, urgent },
            Err((code, detail)) => {
                let raw = canonical.and_then(|bytes| String::from_utf8(bytes).ok());
                self.quarantine_text(kind, &event.id, event.at, code, &detail, raw)
            }
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

    /// Postcodes of the places of a record: as it tells them, or as the place itself does where it is only named.
    fn postcodes<'b>(&'b self, kind: Kind, data: &'b Value) -> Vec<&'b str> {
        let mut found: Vec<&str> = places_of(kind, data).flat_map(postcodes).collect();
        for place in places_named(kind, data) {
            let place = local_id(&self.peer.origin, Kind::Location.as_str(), place);
            found.extend(self.places.get(&place).into_iter().flatten().map(String::as_str));
        }
        found
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
        };
        keys::check(raw, statement, &beside, keys, &self.peer.cursor.retired).map(|()| true)
    }

    /// Make drafts of a record: the record itself last.
    #[expect(clippy::type_complexity, reason = "drafts, what is known about the parts, how much was dropped")]
    fn take(
        &self,
        kind: Kind,
        foreign_id: &str,
        mut data: Value,
        alone: bool,
        signed: bool,
    ) -> Result<(Vec<Draft>, Vec<Foreign>, usize), (&'static str, String)> {
        if let Some(members) = data.as_object_mut() {
            members.remove(provenance::MEMBER);
        }
        if self.peer.is_links_only() {
            reduce(kind, &mut data);
        }
        if alone {
            refer(kind, &mut data);
        }
        let tidied = tidy::tidy(kind, data, tidy::Names::Foreign(&self.peer.origin)).map_err(|refused| {
            let place = if refused.path.is_empty() { String::new() } else { format!("{}: ", refused.path) };
            ("invalid", format!("{place}{}", refused.reason))
        })?;
        let sources: HashMap<Uuid, String> = tidied.source_ids.into_iter().collect();
        let document = Document::from_value(kind, tidied.value).map_err(|reason| ("invalid", reason))?;
        let mut documents = apart(document).map_err(|reason| ("invalid", reason))?;
        if alone {
            documents.drain(..documents.len().saturating_sub(1));
        }
        let last = documents.len().saturating_sub(1);
        let mut drafts = Vec::with_capacity(documents.len());
        let mut parts = Vec::new();
        for (at, mut document) in documents.into_iter().enumerate() {
            let source_id = if at == last { Some(foreign_id.to_owned()) } else { sources.get(&document.id()).cloned() };
            self.rename(&mut document);
            if signed {
                // Its origin publishes them, by its own word.
                for contact in document.contact_lists().into_iter().flatten() {
                    contact.visibility.get_or_insert(Visibility::Public);
                }
            } else {
                personal::decide(&mut document);
            }
            self.say_where_from(&mut document, source_id.as_deref(), signed);
            if at != last {
                parts.push(self.part(&document, source_id.clone()));
            }
            drafts.push(Draft { state: State::Published, origin: self.peer.origin.clone(), source_id, ..Draft::new(document) });
        }
        Ok((drafts, parts, tidied.dropped.len()))
    }

    fn rename(&self, document: &mut Document) {
        if let Some(shared) = self.shared.get(&(document.kind(), document.id())) {
            document.set_id(*shared);
        }
        rename(document, self.shared);
    }

    /// Where a record comes from, as everybody sees it.
    fn say_where_from(&self, document: &mut Document, source_id: Option<&str>, signed: bool) {
        let peer = self.peer;
        let collection = match document.kind() {
            Kind::Taxonomy => "taxonomies",
            Kind::TaxonomyTerm => "taxonomy_terms",
            Kind::Organization => "organizations",
            Kind::Location => "locations",
            Kind::Service => "services",
            Kind::Event => "events",
            Kind::ServiceAtLocation => "service_at_locations",
        };
        let base =
            peer.discovered.as_ref().and_then(|said| said.api.oruk_v3.as_ref()).map_or(peer.origin.as_str(), |url| url.as_str());
        let url = match peer.kind {
            // These have no addresses for single records, other than those that stand in them.
            PeerKind::OpenActive => own_page(document),
            PeerKind::Ical => Some(own_page(document).unwrap_or_else(|| peer.url.to_string())),
            _ => source_id.map(|id| format!("{}/{collection}/{id}", base.trim_end_matches('/'))),
        };
        let said = Provenance {
            origin: peer.origin.clone(),
            source: peer.name.clone(),
            url,
            id: source_id.map(str::to_owned),
            licence: peer.licence.clone(),
            attribution: peer.attribution.clone(),
            evidence: if signed { Evidence::Signed } else { Evidence::Attested },
            fetched_at: clock::rfc3339(self.now),
            via: self.through.map(|through| through.relay.to_owned()),
            unconfirmed_since: None,
        };
        document.extra_mut().insert(provenance::MEMBER.to_owned(), json!(said));
    }

    fn part(&self, document: &Document, source_id: Option<String>) -> Foreign {
        Foreign {
            id: document.id(),
            peer: self.peer.id,
            kind: document.kind(),
            foreign_id: source_id.unwrap_or_else(|| document.id().to_string()),
            rev: 0,
            hash: String::new(),
            live: true,
            own_item: false,
            statement: None,
            listed: None,
            crawl: self.crawl,
            missing: 0,
            fetched_at: self.now,
            origin: self.through.map(|_| self.peer.origin.clone()),
            via: self.through.map(|through| through.via.to_owned()),
        }
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

/// Postcodes of a place, as it tells them.
pub(super) fn postcodes(place: &Value) -> impl Iterator<Item = &str> {
    let addresses = ["addresses", "physical_addresses"].into_iter().filter_map(|name| place.get(name)?.as_array()).flatten();
    addresses.filter_map(|address| address.get("postal_code")?.as_str())
}

/// What names the places of a listing. A place itself may be needed by something that is also elsewhere.
fn whereabouts(kind: Kind, data: &Value) -> impl Iterator<Item = &Value> {
    let links = data.get("service_at_locations").filter(|_| kind == Kind::Service).and_then(Value::as_array);
    links.into_iter().flatten().chain((kind == Kind::Event).then_some(data))
}

/// The places that stand in a listing.
fn places_of(kind: Kind, data: &Value) -> impl Iterator<Item = &Value> {
    whereabouts(kind, data).filter_map(|link| link.get("location"))
}

/// The ids at their source of places that a listing only names.
pub(super) fn places_named(kind: Kind, data: &Value) -> impl Iterator<Item = &str> {
    whereabouts(kind, data).filter_map(|link| match link.get("location") {
        Some(place) if postcodes(place).next().is_some() => None,
        Some(place) if place.is_object() => place.get("id")?.as_str(),
        _ => link.get("location_id")?.as_str(),
    })
}

/// The page about a record that it names itself.
fn own_page(document: &Document) -> Option<String> {
    match document {
        Document::Event(event) => event.url.as_ref().map(ToString::to_string),
        Document::Organization(organization) => organization.website.as_ref().map(ToString::to_string),
        Document::Location(place) => place.url.as_ref().map(ToString::to_string),
        _ => None,
    }
}

/// Make references of nested records that have items of their own, so that they are not read for nothing.
fn refer(kind: Kind, data: &mut Value) {
    let Some(members) = data.as_object_mut() else { return };
    let lists: &[(&str, Kind)] = match kind {
        Kind::Service => &[("attributes", Kind::TaxonomyTerm), ("service_at_locations", Kind::Location)],
        Kind::Taxonomy => &[],
        _ => &[("attributes", Kind::TaxonomyTerm)],
    };
    for (list, nested) in lists {
        for one in members.get_mut(*list).and_then(Value::as_array_mut).into_iter().flatten() {
            let Some(link) = one.as_object_mut() else { continue };
            match nested {
                Kind::Location => {
                    point(link, "location", "location_id");
                    for attribute in link.get_mut("attributes").and_then(Value::as_array_mut).into_iter().flatten() {
                        attribute.as_object_mut().into_iter().for_each(|one| point(one, "taxonomy_term", "taxonomy_term_id"));
                    }
                }
                _ => point(link, "taxonomy_term", "taxonomy_term_id"),
            }
        }
    }
    match kind {
        Kind::Service => point(members, "organization", "organization_id"),
        Kind::Event => {
            point(members, "organization", "organization_id");
            point(members, "location", "location_id");
        }
        Kind::TaxonomyTerm => point(members, "taxonomy_detail", "taxonomy_id"),
        _ => {}
    }
}

/// Put the id of what is nested under `nested` under `reference` instead, where it has one.
fn point(members: &mut serde_json::Map<String, Value>, nested: &str, reference: &str) {
    let Some(id) = members.get(nested).and_then(|nested| nested.get("id")).filter(|id| id.is_string()).cloned() else { return };
    members.remove(nested);
    if members.get(reference).is_none_or(Value::is_null) {
        members.insert(reference.to_owned(), id);
    }
}

/// What a record calls itself, where that is not the id that it came under.
fn other_id(data: &Value, id: &str) -> Option<String> {
    let said = match data.get("id")? {
        Value::String(said) => said.clone(),
        other => other.to_string(),
    };
    (!said.trim().eq_ignore_ascii_case(id.trim())).then_some(said)
}

/// A record as it is hashed.
fn canonical(data: &Value) -> Result<Vec<u8>, (&'static str, String)> {
    if has_inexact_number(data) {
        return Err(("inexact-number", "contains a whole number beyond 2^53, which programs read differently".to_owned()));
    }
    let canonical = signing::canonical(data);
    if canonical.len() > LARGEST {
        return Err(("too-large", format!("is {} bytes long; the limit is {LARGEST}", canonical.len())));
    }
    Ok(canonical)
}

/// Whether a record follows a later major version of the standard than we know.
fn is_future(statement: &Statement) -> bool {
    let version = statement.schema.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    statement.v > 1 || major.is_some_and(|major| major > 3)
}

fn has_inexact_number(value: &Value) -> bool {
    match value {
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) => whole > LARGEST_WHOLE,
            (None, Some(whole)) => whole.unsigned_abs() > LARGEST_WHOLE,
            (None, None) => false,
        },
        Value::Array(items) => items.iter().any(has_inexact_number),
        Value::Object(members) => members.values().any(has_inexact_number),
        _ => false,
    }
}

/// What stands in the place of a record that has to be destroyed: only what it is nothing without.
pub(super) fn hollow(kind: Kind, stored: &str) -> Option<Document> {
    let mut value: Value = serde_json::from_str(stored).ok()?;
    let entity = shape::entity(shape::title(kind))?;
    let members = value.as_object_mut()?;
    members.retain(|name, _| entity.fields.get(name).is_some_and(|field| field.required));
    for name in ["name", "description"] {
        if let Some(text) = members.get_mut(name) {
            *text = "(removed)".into();
        }
    }
    Document::from_value(kind, value).ok()
}

/// Members that lead people to the record at its source.
const LINKS: [&str; 5] = ["name", "url", "website", "organization_id", "organization"];

/// Leave of a record only what leads people to it: its name, its address, who holds it, and what it
/// is nothing without.
fn reduce(kind: Kind, data: &mut Value) {
    let Some(members) = data.as_object_mut() else { return };
    let entity = shape::entity(shape::title(kind));
    let needed = |name: &str| entity.and_then(|entity| entity.fields.get(name)).is_some_and(|field| field.required);
    members.retain(|name, _| name != "description" && (LINKS.contains(&name.as_str()) || needed(name)));
    if let Some(organization) = members.get_mut("organization") {
        reduce(Kind::Organization, organization);
    }
}
