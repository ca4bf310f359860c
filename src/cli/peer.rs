//! `fingerpost peer`: neighbouring directories that are followed.

mod followers;
mod pulling;
mod said;
mod words;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use url::Url;

use super::{Answer, WrongCall, say};
use crate::{
    app::App,
    db::Durability,
    federation::{
        harvest,
        neighbours::{New, Refused, Wanted},
        peers::{self, PeerKind, Trust},
    },
    model::Kind,
};
use pulling::{compare, pull};
use said::{list, show};
use words::{address, area, gss, seconds, yes_or_no};

#[derive(Debug, Args)]
pub(super) struct Peers {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    answer: Answer,
}

/// What a peer speaks, or that it is to be found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Speaks {
    /// Detect it by asking the address.
    Auto,
    /// A feed of changes, such as Fingerpost publishes.
    OpenDirectory,
    /// An Open Referral UK 3 API.
    Oruk3,
    /// An Open Referral UK 1 API.
    Oruk1,
    /// OpenActive: feeds of sessions, or the page that names them.
    Openactive,
    /// A calendar (iCalendar).
    Ical,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Follow another directory.
    Add {
        /// The web address of the directory.
        #[arg(value_parser = address)]
        url: Url,
        /// A name of your choice (default: its own name).
        #[arg(long)]
        name: Option<String>,
        /// The protocol it uses.
        #[arg(long, value_enum, default_value = "auto")]
        kind: Speaks,
        /// How much it is trusted. auto also approves the keys it presents now.
        #[arg(long, value_enum, default_value = "review")]
        trust: Trust,
        /// How often to ask it at least: 90s, 15m, 6h, 1d. A change feed is asked more often while it has news.
        #[arg(long, default_value = "15m", value_parser = seconds)]
        every: i64,
        /// Web address of the licence of its records, if it does not state one itself.
        #[arg(long, value_name = "URL")]
        licence: Option<Url>,
    },
    /// List every peer and its state.
    List,
    /// Show what happened with a peer, why, and what to do next.
    Show {
        /// The peer's number, name or address.
        peer: String,
    },
    /// List who says that they follow this directory, and who does not have the last takedown. The server writes down
    /// once a minute who has asked.
    Followers {
        /// Ask each at its own address how far it has come, at most 100.
        #[arg(long)]
        check: bool,
    },
    /// Pull from a peer now.
    Pull {
        /// The peer's number, name or address.
        #[arg(required_unless_present = "all")]
        peer: Option<String>,
        /// Pull from every peer that is followed.
        #[arg(long, conflicts_with = "peer")]
        all: bool,
    },
    /// Approve the keys a peer presents now, and follow it.
    Approve {
        /// The peer's number, name or address.
        peer: String,
    },
    /// Stop pulling from a peer until it is released; its records stay.
    #[command(alias = "pause")]
    Hold {
        /// The peer's number, name or address.
        peer: String,
    },
    /// Resume a held peer, and carry out the deletions that were waiting.
    Release {
        /// The peer's number, name or address.
        peer: String,
    },
    /// Pull, and compare what is here with what the peer has. The server does this once a week.
    Compare {
        /// The peer's number, name or address.
        peer: String,
    },
    /// Set which of a peer's records are imported, how many, and under which further licences.
    Scope {
        /// The peer's number, name or address.
        peer: String,
        /// The most records to import, at least 1.
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        most: Option<u64>,
        /// Web address of a further licence under which records may be shown here.
        #[arg(long, value_name = "URL")]
        licence: Vec<String>,
        /// Import only listings of this kind.
        #[arg(long, value_enum, value_name = "KIND")]
        only: Option<Listings>,
        /// Import only listings whose postcode begins like this: LU,MK45. Listings without a postcode are imported
        /// too.
        #[arg(long, value_delimiter = ',', value_parser = area)]
        postcodes: Vec<String>,
        /// Import only listings in areas with these GSS codes: E06000032,E06000056. Needs an imported postcode directory;
        /// listings without a postcode that it knows are imported too.
        #[arg(long, value_delimiter = ',', value_name = "GSS", value_parser = gss)]
        areas: Vec<String>,
        /// Whether to import what the peer passes on from other directories; the peer must be an aggregator.
        #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
        relayed: Option<bool>,
        /// Import listings of every kind, wherever they are.
        #[arg(long, conflicts_with_all = ["only", "postcodes", "areas"])]
        everything: bool,
    },
    /// Change how much a peer is trusted.
    Trust {
        /// The peer's number, name or address.
        peer: String,
        /// The new level of trust.
        #[arg(value_enum)]
        trust: Trust,
    },
    /// Remove a peer and everything imported from it.
    Remove {
        /// The peer's number, name or address.
        peer: String,
    },
}

/// Kinds of listings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Listings {
    /// Services.
    Services,
    /// Events and workshops.
    Events,
}

impl Peers {
    /// A pull that a power cut takes back goes on from where it was; what an officer decides must stay.
    pub(super) fn durability(&self) -> Durability {
        if matches!(self.action, Action::Pull { .. } | Action::Compare { .. }) { Durability::Sparing } else { Durability::Full }
    }

    pub(super) async fn run(self, app: App) -> anyhow::Result<bool> {
        let harvester = app.harvester();
        let Self { action, answer } = self;
        match action {
            Action::Add { url, name, kind, trust, every, licence } => {
                let kind = match kind {
                    Speaks::Auto => None,
                    Speaks::OpenDirectory => Some(PeerKind::OpenDirectory),
                    Speaks::Oruk3 => Some(PeerKind::Oruk3),
                    Speaks::Oruk1 => Some(PeerKind::Oruk1),
                    Speaks::Openactive => Some(PeerKind::OpenActive),
                    Speaks::Ical => Some(PeerKind::Ical),
                };
                let new = New { url, name, kind, trust, every_seconds: every, licence: licence.map(Into::into) };
                let peer = harvester.add_peer(new).await.map_err(wrong_call)?;
                show(&harvester.describe_peer(&peer).await?, answer)
            }
            Action::List => {
                let mut all = Vec::new();
                for peer in peers::all(&app.db).await? {
                    all.push(harvester.describe_peer(&peer).await?);
                }
                list(&all, answer)
            }
            Action::Show { peer } => {
                let peer = harvester.peer(&peer).await?;
                show(&harvester.describe_peer(&peer).await?, answer)
            }
            Action::Followers { check } => {
                let asked = if check { harvester.ask_followers().await? } else { harvester.followers().await? };
                followers::followers(&asked, answer)
            }
            Action::Pull { peer, all } => pull(&app, peer, all, answer).await,
            Action::Approve { peer } => {
                let peer = harvester.approve_peer(&peer).await.map_err(wrong_call)?;
                show(&harvester.describe_peer(&peer).await?, answer)
            }
            Action::Hold { peer } => {
                let peer = harvester.hold_peer(&peer).await.map_err(wrong_call)?;
                show(&harvester.describe_peer(&peer).await?, answer)
            }
            Action::Release { peer } => {
                let (peer, deleted) = harvester.release_peer(&peer).await.map_err(wrong_call)?;
                if deleted > 0 {
                    answer.so_far(|| say!("{deleted} records were deleted"))?;
                }
                show(&harvester.describe_peer(&peer).await?, answer)
            }
            Action::Compare { peer } => {
                let peer = harvester.compare_peer(&peer).await.map_err(wrong_call)?;
                compare(&app, &peer, answer).await
            }
            Action::Scope { peer, most, licence, only, postcodes, areas, relayed, everything } => {
                let kinds = match only {
                    None => Vec::new(),
                    Some(Listings::Services) => vec![Kind::Service],
                    Some(Listings::Events) => vec![Kind::Event],
                };
                let wanted = Wanted { most, licences: licence, kinds, postcodes, areas, relayed, everything };
                let peer = harvester.scope_peer(&peer, wanted).await.map_err(wrong_call)?;
                show(&harvester.describe_peer(&peer).await?, answer)
            }
            Action::Trust { peer, trust } => {
                let peer = harvester.trust_peer(&peer, trust).await.map_err(wrong_call)?;
                show(&harvester.describe_peer(&peer).await?, answer)
            }
            Action::Remove { peer } => {
                let deleted = harvester.remove_peer(&peer).await.map_err(wrong_call)?;
                answer.give(&json!({"removed": peer, "deleted": deleted}), || {
                    say!("{peer} is removed; {deleted} records were deleted")
                })?;
                Ok(true)
            }
        }
    }
}

fn wrong_call(error: Refused) -> anyhow::Error {
    match error {
        Refused::Senseless(why) => WrongCall(why).into(),
        other => other.into(),
    }
}

/// A name for why a command about a peer was not carried out, for programs.
pub(super) fn code_of(error: &anyhow::Error) -> Option<&str> {
    let nobody = |error: &harvest::Error| matches!(error, harvest::Error::NoPeer(_));
    match error.downcast_ref::<Refused>() {
        Some(Refused::Peer { trouble, .. } | Refused::NotNow(trouble)) => Some(&trouble.code),
        Some(Refused::Failed(error)) if nobody(error) => Some("no-peer"),
        None if error.downcast_ref::<harvest::Error>().is_some_and(nobody) => Some("no-peer"),
        _ => None,
    }
}
