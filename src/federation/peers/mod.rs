//! The directories that we follow: who they are, how far they are believed, and how it goes.

mod cursor;
mod foreign;
mod origins;
mod parts;
mod report;
mod store;
mod waiting;

use std::{collections::HashMap, fmt, hash::BuildHasher, str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use super::protocol::Discovery;
use crate::{model::Kind, signing::Listed};
pub use cursor::{Comparison, Crawl, Cursor, Feed, Listing};
pub use foreign::{
    Counted, Foreign, Numbers, Place, counted, foreign, forget_foreign, forget_numbers, forget_versions, forget_versions_of,
    has_live, make_parts, mark_seen, not_seen, numbers, of_peer, put_foreign, relayed_by, relayed_origins,
};
pub use origins::{Origin, count_origins, missed_origins, origin, put_origin};
pub use parts::{Part, count_parts, count_parts_not_walked, drop_parts, parts_not_walked, parts_of_series, put_parts, series_of};
pub use report::{Outcome, Report};
pub use store::{
    DAMAGED, Lease, add, all, by_name, delete, due, due_now, end_lease, find, follow, hold, is_held, lease, leased, let_go_on,
    pin, release, save_progress, set_cursor, set_discovered, set_protocol, set_scope, set_trust,
};
pub use waiting::{
    Held, Quarantined, Reason, confirm_held, doubt_held, forget_held, forget_quarantined, forget_quarantined_before, held,
    held_for_people, put_held, put_quarantined, quarantined, quarantined_besides, quarantined_by_code, quarantined_by_rev,
};

/// Number of a peer, as commands name it.
pub type PeerId = i32;

/// A word out of a few, as it stands in the database, in reports and in commands.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$one:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, clap::ValueEnum)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$one])* #[value(name = $word)] #[serde(rename = $word)] $variant),+ }
        impl $name {
            /// The word for it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text { $($word => Ok(Self::$variant),)+ other => Err(format!("{other:?} is not one of: {}", [$($word),+].join(", "))) }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }
    };
}

words! {
    /// What a peer speaks.
    PeerKind {
        /// `open-directory/1`: a feed of changes.
        OpenDirectory = "open-directory",
        /// An Open Referral UK 3 API, crawled page by page.
        Oruk3 = "oruk3",
        /// An Open Referral UK 1 API, the same way.
        Oruk1 = "oruk1",
        /// A calendar.
        Ical = "ical",
        /// OpenActive: feeds of sessions.
        OpenActive = "openactive",
    }
}

words! {
    /// How much a peer is trusted.
    Trust {
        /// Nothing is fetched.
        Blocked = "blocked",
        /// Only names and links to its pages are shown.
        LinkOnly = "link-only",
        /// What it sends waits for a person to decide.
        Review = "review",
        /// What it sends is published.
        Auto = "auto",
    }
}

words! {
    /// The state of a peer.
    PeerState {
        /// Its keys have not been checked yet.
        New = "new",
        /// It is followed.
        Following = "following",
        /// Something is wrong and a person must decide; what came before stays.
        Held = "held",
    }
}

/// What of a peer's records is taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scope {
    /// At most so many records.
    pub most: u64,
    /// Licences under which records may be shown here; under any other, only a link is.
    pub licences: Vec<String>,
    /// Kinds of listings that are taken; all where none is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Kind>,
    /// Whether what the peer passes on of others is taken, too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub relayed: bool,
    /// Beginnings of postcodes of the places that are taken (`LU`, `MK45`); all where none is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub postcodes: Vec<String>,
    /// GSS codes of areas that the places which are taken lie in (`E06000032`); all where neither is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<String>,
}

impl Default for Scope {
    fn default() -> Self {
        Self { most: 50_000, licences: Vec::new(), kinds: Vec::new(), relayed: false, postcodes: Vec::new(), areas: Vec::new() }
    }
}

/// A busy peer is asked as often as this, unless it or an officer says otherwise.
const SOONEST: Duration = Duration::from_mins(5);
/// A peer that asks to be asked less often than this is asked as often as this.
const LONGEST_LEAST: Duration = Duration::from_hours(24);

/// Addresses of licences that let everybody use the records. Compared without scheme, `www.` and the
/// slash at the end.
const OPEN_LICENCES: &[&str] = &[
    "nationalarchives.gov.uk/doc/open-government-licence/version/3",
    "nationalarchives.gov.uk/doc/open-government-licence/version/2",
    "creativecommons.org/licenses/by/4.0",
    "creativecommons.org/publicdomain/zero/1.0",
    "opendatacommons.org/licenses/by/1-0",
];

impl Scope {
    /// Whether some records are left out because of their kind or their place.
    pub fn is_partial(&self) -> bool {
        !self.kinds.is_empty() || self.is_of_an_area()
    }

    /// Whether some records are left out because of their place.
    pub fn is_of_an_area(&self) -> bool {
        !self.postcodes.is_empty() || !self.areas.is_empty()
    }

    /// Whether records of this kind are taken. Holders, places and terms come with what needs them.
    pub fn takes(&self, kind: Kind) -> bool {
        self.kinds.is_empty() || !matches!(kind, Kind::Service | Kind::Event) || self.kinds.contains(&kind)
    }

    /// Whether something at places with these postcodes is taken: at one of them at least. `areas` has the GSS codes of
    /// those that are known. What has no postcode, or none that is known where that has to be, may be anywhere, and is.
    pub fn covers<S: BuildHasher>(&self, postcodes: &[&str], areas: &HashMap<String, Vec<String>, S>) -> bool {
        let plain = |text: &str| text.to_uppercase().split_whitespace().collect::<String>();
        // L is not LU, and LU1 is not LU10; but EC1 has EC1A in it.
        let begins = |postcode: &str, area: &str| {
            let outward = postcode.get(..postcode.len().checked_sub(3)?)?;
            let rest = outward.strip_prefix(area)?;
            let letters = |text: &str| text.chars().all(|c| c.is_ascii_alphabetic());
            Some(if letters(area) { !rest.starts_with(|c: char| c.is_ascii_alphabetic()) } else { letters(rest) })
        };
        let begins_so = |postcode: &str| self.postcodes.iter().any(|area| begins(&plain(postcode), &plain(area)) == Some(true));
        let may_lie_in = |postcode: &str| match areas.get(postcode) {
            Some(known) => known.iter().any(|area| self.areas.contains(area)),
            None => !self.areas.is_empty(),
        };
        let is_in = |postcode: &&str| begins_so(postcode) || may_lie_in(postcode);
        !self.is_of_an_area() || postcodes.is_empty() || postcodes.iter().any(is_in)
    }

    /// Whether records under this licence may be shown here.
    pub fn allows(&self, licence: &str) -> bool {
        let plain = |text: &str| {
            let text = text.trim().to_lowercase();
            let text = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(&text).to_owned();
            text.strip_prefix("www.").unwrap_or(&text).trim_end_matches('/').trim_end_matches("/legalcode").to_owned()
        };
        let licence = plain(licence);
        OPEN_LICENCES.iter().any(|open| licence == *open) || self.licences.iter().any(|more| plain(more) == licence)
    }
}

/// Something that went wrong with a peer, for a person to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// A name for it that does not change.
    pub code: String,
    /// What happened.
    pub detail: String,
}

/// A directory that is followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Peer {
    /// Number.
    pub id: PeerId,
    /// What it is called.
    pub name: String,
    /// Where it was added from.
    pub url: Url,
    /// Its identity when it was added: the ids of its records are made with it, also after it has moved.
    pub origin: String,
    /// Its identity now, where it has moved since.
    pub moved_to: Option<String>,
    /// What it speaks.
    pub kind: PeerKind,
    /// How far it is believed.
    pub trust: Trust,
    /// How it stands.
    pub state: PeerState,
    /// What of it is taken.
    pub scope: Scope,
    /// Licence of its records, by its own word or by an officer's.
    pub licence: Option<String>,
    /// What to say where its records are shown.
    pub attribution: Option<String>,
    /// How often to ask, in seconds.
    pub every_seconds: i64,
    /// What it says of itself.
    pub discovered: Option<Discovery>,
    /// The keys that an officer has approved, and those that they vouched for since.
    pub pinned_keys: Option<Vec<Listed>>,
    /// Where we stand.
    pub cursor: Cursor,
    /// Why it is held.
    pub held: Option<Trouble>,
    /// When to ask next.
    pub next_due_at: DateTime<Utc>,
    /// When it was last asked.
    pub tried_at: Option<DateTime<Utc>>,
    /// When everything was last known to be here.
    pub succeeded_at: Option<DateTime<Utc>>,
    /// How often asking has failed since.
    pub failures: i32,
    /// What went wrong last.
    pub problem: Option<Trouble>,
    /// What the last pull did.
    pub report: Option<Report>,
    /// When it was added.
    pub added_at: DateTime<Utc>,
}

impl Peer {
    /// Its identity now.
    pub fn identity(&self) -> &str {
        self.moved_to.as_deref().unwrap_or(&self.origin)
    }

    /// For how long at least the peer wants to be left alone.
    pub fn least(&self) -> Duration {
        let feeds = self.discovered.as_ref().map(|said| said.feeds.as_slice()).unwrap_or_default();
        let least = feeds.iter().find(|feed| feed.scope == "own").map_or(0, |feed| feed.min_poll_seconds);
        Duration::from_secs(least.into()).min(LONGEST_LEAST)
    }

    /// How often to ask: as the officer said, and never more often than the peer asks for.
    pub fn every(&self) -> Duration {
        Duration::from_secs(self.every_seconds.unsigned_abs()).max(self.least())
    }

    /// How often to ask while it keeps having news. To read a whole list more often would cost its server too much.
    pub fn soonest(&self) -> Duration {
        match self.kind {
            PeerKind::OpenDirectory => self.least().max(SOONEST).min(self.every()),
            _ => self.every(),
        }
    }

    /// Whether only links to its records are shown: by an officer's word, or for want of a licence.
    pub fn is_links_only(&self) -> bool {
        self.trust == Trust::LinkOnly || !self.scope.allows(self.licence.as_deref().unwrap_or_default())
    }

    /// Whether only a link to a record under this licence of its own is shown. A record under an open licence is
    /// shown as its directory is: what a directory signed once, it may have closed since.
    pub fn is_link_only_under(&self, licence: Option<&str>) -> bool {
        self.is_links_only() || licence.is_some_and(|licence| !self.scope.allows(licence))
    }

    /// Whether it names a checkpoint at the moment.
    pub fn names_checkpoint(&self) -> bool {
        self.discovered.as_ref().is_some_and(|said| said.checkpoint.is_some())
    }

    /// Whether it has to show with a signed checkpoint what it has now, because it can, or once could. Nobody signs
    /// which checkpoint a directory names: whoever has its host and not its keys can name none.
    pub fn has_to_prove(&self) -> bool {
        self.pinned_keys.is_some() && (self.names_checkpoint() || self.cursor.proves || self.cursor.comparable)
    }

    /// A peer at `url` of which nothing is known yet, and whose word is taken.
    pub fn unknown(url: &Url) -> Self {
        let never = DateTime::UNIX_EPOCH;
        Self {
            id: 0,
            name: url.host_str().unwrap_or("peer").to_owned(),
            url: url.clone(),
            origin: url.as_str().trim_end_matches('/').to_owned(),
            moved_to: None,
            kind: PeerKind::OpenDirectory,
            trust: Trust::Auto,
            state: PeerState::Following,
            scope: Scope::default(),
            licence: None,
            attribution: None,
            every_seconds: 900,
            discovered: None,
            pinned_keys: None,
            cursor: Cursor::default(),
            held: None,
            next_due_at: never,
            tried_at: None,
            succeeded_at: None,
            failures: 0,
            problem: None,
            report: None,
            added_at: never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_where_postcodes_begin_and_not_where_they_only_look_alike() {
        let scope =
            |areas: &[&str]| Scope { postcodes: areas.iter().map(|area| (*area).to_owned()).collect(), ..Scope::default() };
        for (areas, postcodes, taken) in [
            (&["LU"][..], &["LU3 9XQ"][..], true),
            (&["lu 3"], &["LU39XQ"], true),
            (&["L"], &["LU3 9XQ"], false),
            (&["LU1"], &["LU10 9XQ"], false),
            (&["LU10"], &["LU1 0XQ"], false),
            (&["LU1"], &["LU1 0XQ"], true),
            (&["EC1"], &["EC1A 1BB"], true),
            (&["LU"], &["nonsense"], false),
            (&["LU", "MK45"], &["SG1 1AA", "MK45 2AB"], true),
            (&["LU"], &["MK45 2AB"], false),
            (&["LU"], &[], true),
            (&[], &["SG1 1AA"], true),
        ] {
            assert_eq!(scope(areas).covers(postcodes, &HashMap::new()), taken, "{areas:?} {postcodes:?}");
        }
    }

    #[test]
    fn an_area_may_be_named_by_its_code_where_it_is_known_which_postcodes_lie_in_it() {
        let known = HashMap::from([
            ("LU3 9XQ".to_owned(), vec!["E06000032".to_owned(), "E05002190".to_owned()]),
            ("MK45 2AB".to_owned(), vec!["E06000056".to_owned()]),
        ]);
        let luton = Scope { areas: vec!["E06000032".to_owned()], ..Scope::default() };
        for (postcodes, taken) in [
            (&["LU3 9XQ"][..], true),
            (&["MK45 2AB"], false),
            (&["MK45 2AB", "LU3 9XQ"], true),
            (&["SG1 1AA"], true),
            (&[], true),
        ] {
            assert_eq!(luton.covers(postcodes, &known), taken, "{postcodes:?}");
        }
        let both = Scope { postcodes: vec!["MK45".to_owned()], ..luton };
        assert!(both.covers(&["MK45 2AB"], &known) && both.covers(&["LU3 9XQ"], &known) && both.is_partial());
    }
}
