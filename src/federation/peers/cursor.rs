//! Where we stand in what a peer tells.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::model::Kind;

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
    /// When it was last looked, of a peer without checkpoints, whether its records are as they were written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<DateTime<Utc>>,
    /// What the last comparison with the peer's checkpoint found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<Comparison>,
    /// Whether it could ever be compared.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub comparable: bool,
    /// Whether it has ever shown a checkpoint that an approved key had signed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub proves: bool,
    /// How far its feed goes, by the last signed checkpoint that was compared with: a later one never says less.
    pub promised: i64,
    /// When an officer let a peer go back that signs and has never shown a checkpoint, so that nothing proves that its
    /// older versions are those of the directory itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unproved_at: Option<DateTime<Utc>>,
    /// For a crawl: how it goes.
    pub pages: Option<Crawl>,
    /// Where several feeds are followed: where we stand in each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub feeds: Vec<Feed>,
}

impl Cursor {
    /// Everything from the start, where it is not known any more what the peer has told: only who it has proved to be.
    #[must_use]
    pub fn knowing_nothing(&self) -> Self {
        Self {
            crawl: self.crawl + 1,
            walking: true,
            retired: self.retired.clone(),
            comparable: self.comparable,
            proves: self.proves,
            unproved_at: self.unproved_at,
            ..Self::default()
        }
    }
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

/// Which list of a plain API is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Listing {
    /// Of its services.
    #[default]
    Services,
    /// Of its organizations.
    Organizations,
}

impl Listing {
    /// What its items are.
    pub fn kind(self) -> Kind {
        match self {
            Self::Services => Kind::Service,
            Self::Organizations => Kind::Organization,
        }
    }

    /// Where it is, below the address of the API.
    pub fn path(self) -> &'static str {
        match self {
            Self::Services => "services",
            Self::Organizations => "organizations",
        }
    }
}

/// A crawl under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Crawl {
    /// Which list is read.
    pub of: Listing,
    /// The next page, from 1; some servers count from 0.
    pub page: u64,
    /// Items in all, as the first page said.
    pub total: Option<u64>,
    /// Items in all, as the last page that was read said.
    pub latest: Option<u64>,
    /// Items that were met.
    pub met: u64,
    /// A hash of the ids of the page before, to see when a server gives the same page again.
    pub fingerprint: String,
    /// Whether the page before may have been the last one, so that the next one need not be there.
    pub may_be_over: bool,
    /// Whether page 1 did not say if there is a page before it.
    pub may_begin_at_0: bool,
}
