//! The directories that we follow: who they are, how far they are believed, and how it goes.

mod foreign;
mod origins;
mod parts;
mod store;
mod waiting;

use std::{collections::BTreeMap, fmt, str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use super::protocol::Discovery;
use crate::{model::Kind, signing::Listed};
pub use foreign::{
    Foreign, deleted_since, foreign, forget_foreign, forget_numbers, forget_versions, forget_versions_of, live_count, mark_seen,
    not_seen, of_peer, put_foreign, relayed_by, relayed_origins,
};
pub use origins::{Origin, count_origins, missed_origins, origin, put_origin};
pub use parts::{Part, count_parts, drop_parts, parts, parts_not_walked, parts_of_series, put_parts};
pub use store::{
    DAMAGED, Lease, add, all, by_name, delete, due, due_now, find, hold, is_held, lease, release, save, save_progress,
};
pub use waiting::{
    Held, Quarantined, forget_held, forget_quarantined, forget_quarantined_before, held, put_held, put_quarantined, quarantined,
    quarantined_by_code, quarantined_by_rev,
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
}

impl Default for Scope {
    fn default() -> Self {
        Self { most: 50_000, licences: Vec::new(), kinds: Vec::new(), relayed: false, postcodes: Vec::new() }
    }
}

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
        !self.kinds.is_empty() || !self.postcodes.is_empty()
    }

    /// Whether records of this kind are taken. Holders, places and terms come with what needs them.
    pub fn takes(&self, kind: Kind) -> bool {
        self.kinds.is_empty() || !matches!(kind, Kind::Service | Kind::Event) || self.kinds.contains(&kind)
    }

    /// Whether something at places with these postcodes is taken: at one of them at least. What has no
    /// postcode may be anywhere, and is.
    pub fn covers(&self, postcodes: &[&str]) -> bool {
        let plain = |text: &str| text.to_uppercase().split_whitespace().collect::<String>();
        // L is not LU, and LU1 is not LU10; but EC1 has EC1A in it.
        let begins = |postcode: &str, area: &str| {
            let outward = postcode.get(..postcode.len().checked_sub(3)?)?;
            let rest = outward.strip_prefix(area)?;
            let letters = |text: &str| text.chars().all(|c| c.is_ascii_alphabetic());
            Some(if letters(area) { !rest.starts_with(|c: char| c.is_ascii_alphabetic()) } else { letters(rest) })
        };
        let is_in = |postcode: &&str| self.postcodes.iter().any(|area| begins(&plain(postcode), &plain(area)) == Some(true));
        self.postcodes.is_empty() || postcodes.is_empty() || postcodes.iter().any(is_in)
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

/// Where we stand in what a peer tells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// The address to ask next; none before the first page.
    pub next: Option<Url>,
    /// The epoch that its numbers belong to.
    pub epoch: Option<String>,
    /// The last change number that was applied.
    pub after: i64,
    /// Tag of the last answer at `next`, when it had nothing new.
    pub etag: Option<String>,
    /// When the file that was last read had changed, as its server said.
    pub last_modified: Option<String>,
    /// How far the peer's feed went when it was last asked.
    pub head: i64,
    /// Which walk over everything this is: records that a whole one did not meet are gone.
    pub crawl: i64,
    /// Whether a walk over everything is under way.
    pub walking: bool,
    /// When what is here was last compared with what the peer has.
    pub compared_at: Option<DateTime<Utc>>,
    /// When the peer's discovery document was last read.
    pub discovered_at: Option<DateTime<Utc>>,
    /// The version of this program that last tried what could not be taken.
    pub tried_with: Option<String>,
    /// Whether what its origin has signed was kept all along, to be passed on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
    /// Whether an officer has looked into it that what is read whole had become empty: if it still is at the
    /// next reading, that is true.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub may_be_empty: bool,
    /// Numbers of this epoch are larger than this one: where the feed stood when the epoch began.
    pub floor: i64,
    /// How far the feed went when everything was last begun to be read from its start: what had gone before that needs
    /// no tombstone any more.
    pub whole_from: i64,
    /// For each key that does not sign any more, how far the feed went when that was first known here: a larger
    /// number cannot be its own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub retired: BTreeMap<String, i64>,
    /// When an officer let a peer that had gone back go on. Only a checkpoint that is signed later shows that its
    /// older versions are those of the directory itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub went_back_at: Option<DateTime<Utc>>,
    /// What the last comparison with the peer's checkpoint found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<Comparison>,
    /// Whether it could ever be compared.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub comparable: bool,
    /// For a crawl: how it goes.
    pub pages: Option<Crawl>,
    /// Where several feeds are followed: where we stand in each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub feeds: Vec<Feed>,
}

/// What a comparison with a peer's checkpoint found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "found", rename_all = "kebab-case")]
pub enum Comparison {
    /// The same as there.
    Same {
        /// So many records.
        records: u64,
    },
    /// The peer had more than it had told; that was fetched.
    Behind,
    /// Some records were different, and were fetched or wait.
    Repaired {
        /// How many.
        records: u64,
    },
    /// Something was different, and everything was walked over.
    Walked,
    /// It could not be compared.
    Not {
        /// Why.
        why: String,
    },
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same { records } => write!(f, "the same as theirs ({records} records)"),
            Self::Behind => f.write_str("it had more records than its feed had sent; they were fetched"),
            Self::Repaired { records } => {
                write!(f, "{records} records differed; they were fetched or are waiting for your decision")
            }
            Self::Walked => f.write_str("something differed, so everything was read again"),
            Self::Not { why } => write!(f, "not possible: {why}"),
        }
    }
}

/// Where we stand in one of several feeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feed {
    /// Its address.
    pub url: Url,
    /// The address to ask next.
    pub next: Url,
    /// Tag of the last answer at `next`, when it had nothing new.
    pub etag: Option<String>,
}

/// A crawl under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Crawl {
    /// The next page, from 1.
    pub page: u64,
    /// Items in all, as the first page said.
    pub total: Option<u64>,
    /// Items that were met.
    pub met: u64,
    /// A hash of the ids of the page before, to see when a server gives the same page again.
    pub fingerprint: String,
}

/// What a pull did. The names are those of `peer pull --json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Name of the peer.
    pub peer: String,
    /// `ok`: there is nothing more at the moment; `partial`: there is, and the next pull goes on;
    /// `held`: a person has to decide; `failed`.
    pub outcome: Outcome,
    /// Pages that were read.
    pub pages: u64,
    /// Records that were not here before.
    pub created: u64,
    /// Records that were different before.
    pub updated: u64,
    /// Records that were the same before.
    pub unchanged: u64,
    /// Records that were taken out.
    pub deleted: u64,
    /// Records that wait for a person, because the peer is under review.
    pub waiting: u64,
    /// Records that could not be taken.
    pub quarantined: u64,
    /// Deletions that wait for a person.
    pub held_deletes: u64,
    /// Whether only links to its records are shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub links_only: bool,
    /// What was left out, and how often: `echo`, `third-party`, `older`, `known-term`, `dropped-part`, `drift`, `private`, `other-kind`,
    /// `no-series`, `no-dates`, `too-many-dates`; `out-of-scope`; of what was passed on: `direct`, `other-route`, `too-far`,
    /// `looped`, `bad-hop`, `unknown-origin`, `unknown-key`, `not-here`; what was `repaired`; whether the `snapshot` was taken over, and whether the directory has `moved`.
    pub left_out: BTreeMap<String, u64>,
    /// Bytes that came over the wire.
    pub bytes: u64,
    /// Requests that were made.
    pub requests: u64,
    /// Answers that said that nothing has changed.
    pub not_modified: u64,
    /// The last change number that was applied.
    pub cursor: i64,
    /// What a comparison with the peer's checkpoint found, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<Comparison>,
    /// What went wrong.
    pub error: Option<Trouble>,
}

/// How a pull ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything is here.
    #[default]
    Ok,
    /// There is more.
    Partial,
    /// A person has to decide.
    Held,
    /// It did not work; what came before stays.
    Failed,
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

    /// How often to ask: as the officer said, and never more often than the peer asks for.
    pub fn every(&self) -> Duration {
        let feeds = self.discovered.as_ref().map(|said| said.feeds.as_slice()).unwrap_or_default();
        let least = feeds.iter().find(|feed| feed.scope == "own").map_or(0, |feed| feed.min_poll_seconds);
        let said = Duration::from_secs(self.every_seconds.unsigned_abs());
        said.max(Duration::from_secs(least.into()).min(LONGEST_LEAST))
    }

    /// Whether only links to its records are shown: by an officer's word, or for want of a licence.
    pub fn is_links_only(&self) -> bool {
        self.trust == Trust::LinkOnly || !self.scope.allows(self.licence.as_deref().unwrap_or_default())
    }

    /// Whether it can show with a signed checkpoint what it has now.
    pub fn can_prove(&self) -> bool {
        self.pinned_keys.is_some() && self.discovered.as_ref().is_some_and(|said| said.checkpoint.is_some())
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
            assert_eq!(scope(areas).covers(postcodes), taken, "{areas:?} {postcodes:?}");
        }
    }
}
