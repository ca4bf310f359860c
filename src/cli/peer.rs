//! `fingerpost peer`: neighbouring directories that are followed.

mod followers;
mod said;

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use url::Url;

use super::{WrongCall, chain, progress, say};
use crate::{
    app::App,
    db::Durability,
    federation::{
        harvest::{self, Harvester},
        neighbours::{New, Refused, Wanted},
        peers::{self, Comparison, Outcome, Peer, PeerKind, Report, Trouble, Trust},
    },
    model::Kind,
};
use said::{list, said, show};

/// For so long a pull waits for another one of the same peer, a little longer than that of a process that has died
/// keeps others out.
const PATIENCE: Duration = Duration::from_secs(70);

#[derive(Debug, Args)]
pub(super) struct Peers {
    #[command(subcommand)]
    action: Action,
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
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// List every peer and its state.
    List {
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Show what happened with a peer, why, and what to do next.
    Show {
        /// The peer's number, name or address.
        peer: String,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// List who says that they follow this directory, and who does not have the last takedown. The server writes down
    /// once a minute who has asked.
    Followers {
        /// Ask each at its own address how far it has come, at most 100.
        #[arg(long)]
        check: bool,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Pull from a peer now.
    Pull {
        /// The peer's number, name or address.
        #[arg(required_unless_present = "all")]
        peer: Option<String>,
        /// Pull from every peer that is followed.
        #[arg(long, conflicts_with = "peer")]
        all: bool,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Approve the keys a peer presents now, and follow it.
    Approve {
        /// The peer's number, name or address.
        peer: String,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Stop pulling from a peer until it is released; its records stay.
    #[command(alias = "pause")]
    Hold {
        /// The peer's number, name or address.
        peer: String,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Resume a held peer, and carry out the deletions that were waiting.
    Release {
        /// The peer's number, name or address.
        peer: String,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Pull, and compare what is here with what the peer has. The server does this once a week.
    Compare {
        /// The peer's number, name or address.
        peer: String,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Set which of a peer's records are imported, how many, and under which further licences.
    Scope {
        /// The peer's number, name or address.
        peer: String,
        /// The most records to import.
        #[arg(long)]
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
        /// Whether to import what the peer passes on from other directories; the peer must be an aggregator.
        #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
        relayed: Option<bool>,
        /// Import listings of every kind, wherever they are.
        #[arg(long, conflicts_with_all = ["only", "postcodes"])]
        everything: bool,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Change how much a peer is trusted.
    Trust {
        /// The peer's number, name or address.
        peer: String,
        /// The new level of trust.
        #[arg(value_enum)]
        trust: Trust,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Remove a peer and everything imported from it.
    Remove {
        /// The peer's number, name or address.
        peer: String,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
}

impl Action {
    /// Whether programs read what it prints.
    fn as_json(&self) -> bool {
        match self {
            Self::Add { json, .. }
            | Self::List { json }
            | Self::Show { json, .. }
            | Self::Followers { json, .. }
            | Self::Pull { json, .. }
            | Self::Approve { json, .. }
            | Self::Hold { json, .. }
            | Self::Release { json, .. }
            | Self::Compare { json, .. }
            | Self::Scope { json, .. }
            | Self::Trust { json, .. }
            | Self::Remove { json, .. } => *json,
        }
    }
}

/// Kinds of listings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Listings {
    /// Services.
    Services,
    /// Events and workshops.
    Events,
}

/// A whole web address.
fn address(text: &str) -> Result<Url, String> {
    text.parse().map_err(|error| match error {
        url::ParseError::RelativeUrlWithoutBase => {
            format!("expected a full address starting with https://, such as https://{}/", text.trim_matches('/'))
        }
        other => other.to_string(),
    })
}

/// The beginning of a postcode: letters, then perhaps digits.
fn area(text: &str) -> Result<String, String> {
    let text = text.trim().to_uppercase();
    let digits = text.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let letters = text.len() - digits.len();
    let good = (1..=2).contains(&letters) && digits.len() <= 2 && digits.chars().all(|c| c.is_ascii_alphanumeric());
    if good { Ok(text) } else { Err("expected the first part of a postcode, such as LU or MK45".to_owned()) }
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("expected yes or no".to_owned()),
    }
}

/// A length of time such as `15m`, in seconds.
fn seconds(text: &str) -> Result<i64, String> {
    let expected = "expected a length of time such as 90s, 15m, 6h or 1d, from 10s to 30d";
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(expected.to_owned()),
    };
    let seconds = number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit));
    seconds.filter(|seconds| (10..=30 * 86_400).contains(seconds)).ok_or_else(|| expected.to_owned())
}

impl Peers {
    /// A pull that a power cut takes back goes on from where it was; what an officer decides must stay.
    pub(super) fn durability(&self) -> Durability {
        if matches!(self.action, Action::Pull { .. } | Action::Compare { .. }) { Durability::Sparing } else { Durability::Full }
    }

    pub(super) async fn run(self, app: App) -> anyhow::Result<bool> {
        let as_json = self.action.as_json();
        let done = self.act(app).await;
        if let (true, Err(error)) = (as_json, &done) {
            say!("{}", json!({"error": {"code": code_of(error), "detail": chain(error)}}))?;
        }
        done
    }

    async fn act(self, app: App) -> anyhow::Result<bool> {
        let harvester = app.harvester();
        match self.action {
            Action::Add { url, name, kind, trust, every, licence, json } => {
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
                show(&harvester.describe_peer(&peer).await?, json)
            }
            Action::List { json } => {
                let mut all = Vec::new();
                for peer in peers::all(&app.db).await? {
                    all.push(harvester.describe_peer(&peer).await?);
                }
                list(&all, json)
            }
            Action::Show { peer, json } => {
                let peer = harvester.peer(&peer).await?;
                show(&harvester.describe_peer(&peer).await?, json)
            }
            Action::Followers { check, json } => {
                let asked = if check { harvester.ask_followers().await? } else { harvester.followers().await? };
                followers::followers(&asked, json)
            }
            Action::Pull { peer, all, json } => pull(&app, peer, all, json).await,
            Action::Approve { peer, json } => {
                let peer = harvester.approve_peer(&peer).await.map_err(wrong_call)?;
                show(&harvester.describe_peer(&peer).await?, json)
            }
            Action::Hold { peer, json } => {
                let peer = harvester.hold_peer(&peer).await.map_err(wrong_call)?;
                show(&harvester.describe_peer(&peer).await?, json)
            }
            Action::Release { peer, json } => {
                let (peer, deleted) = harvester.release_peer(&peer).await.map_err(wrong_call)?;
                if !json && deleted > 0 {
                    say!("{deleted} records were deleted")?;
                }
                show(&harvester.describe_peer(&peer).await?, json)
            }
            Action::Compare { peer, json } => {
                let peer = harvester.compare_peer(&peer).await.map_err(wrong_call)?;
                compare(&app, &peer, json).await
            }
            Action::Scope { peer, most, licence, only, postcodes, relayed, everything, json } => {
                let kinds = match only {
                    None => Vec::new(),
                    Some(Listings::Services) => vec![Kind::Service],
                    Some(Listings::Events) => vec![Kind::Event],
                };
                let wanted = Wanted { most, licences: licence, kinds, postcodes, relayed, everything };
                let peer = harvester.scope_peer(&peer, wanted).await.map_err(wrong_call)?;
                show(&harvester.describe_peer(&peer).await?, json)
            }
            Action::Trust { peer, trust, json } => {
                let peer = harvester.trust_peer(&peer, trust).await.map_err(wrong_call)?;
                show(&harvester.describe_peer(&peer).await?, json)
            }
            Action::Remove { peer, json } => {
                let deleted = harvester.remove_peer(&peer).await.map_err(wrong_call)?;
                if json {
                    say!("{}", json!({"removed": peer, "deleted": deleted}))?;
                } else {
                    say!("{peer} is removed; {deleted} records were deleted")?;
                }
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

/// A name for why a command was not carried out, for programs.
fn code_of(error: &anyhow::Error) -> &str {
    let nobody = |error: &harvest::Error| matches!(error, harvest::Error::NoPeer(_));
    match error.downcast_ref::<Refused>() {
        Some(Refused::Peer { trouble, .. } | Refused::NotNow(trouble)) => &trouble.code,
        Some(Refused::Failed(error)) if nobody(error) => "no-peer",
        None if error.downcast_ref::<harvest::Error>().is_some_and(nobody) => "no-peer",
        None if error.downcast_ref::<WrongCall>().is_some() => "wrong-call",
        _ => "our-side",
    }
}

/// Pull, and say what the comparison found; only where there was one, it went well.
async fn compare(app: &App, peer: &peers::Peer, as_json: bool) -> anyhow::Result<bool> {
    let good = pull(app, Some(peer.id.to_string()), false, as_json).await?;
    let found = app.harvester().peer(&peer.id.to_string()).await?.report.and_then(|report| report.compared);
    match found {
        None if peer.kind != PeerKind::OpenDirectory && good => {
            if !as_json {
                say!("  compared: it has no checkpoint; each pull compares everything it lists")?;
            }
            Ok(true)
        }
        None | Some(Comparison::Not { .. }) => Ok(false),
        Some(_) => Ok(good),
    }
}

async fn pull(app: &App, peer: Option<String>, all: bool, as_json: bool) -> anyhow::Result<bool> {
    let harvester = app.harvester();
    let chosen = match peer.filter(|_| !all) {
        Some(peer) => vec![harvester.peer(&peer).await?],
        None => peers::all(&app.db).await?.into_iter().filter(|peer| peer.trust != Trust::Blocked).collect(),
    };
    let mut reports = Vec::new();
    for peer in chosen {
        let bar = progress(None, "records");
        let pulled = pull_in_turn(&harvester, &peer, &bar).await;
        bar.finish_and_clear();
        let report = match pulled {
            // The others are not to blame for it.
            Err(error) if all => {
                let trouble = Trouble { code: "our-side".to_owned(), detail: error.to_string() };
                Report { peer: peer.name, outcome: Outcome::Failed, error: Some(trouble), ..Report::default() }
            }
            pulled => pulled?,
        };
        if !as_json {
            say!("{}", said(&report))?;
        }
        reports.push(report);
    }
    if as_json {
        let document = if all { json!(reports) } else { json!(reports.first()) };
        say!("{document}")?;
    }
    Ok(reports.iter().all(|report| matches!(report.outcome, Outcome::Ok | Outcome::Partial)))
}

/// Pull from a peer; where another process does so, wait for it.
async fn pull_in_turn(harvester: &Harvester, peer: &Peer, bar: &indicatif::ProgressBar) -> Result<Report, harvest::Error> {
    let began = tokio::time::Instant::now();
    loop {
        let seen = |report: &Report| bar.set_position(report.created + report.updated + report.unchanged);
        let report = harvester.pull(peer.id, seen).await?;
        if began.elapsed() >= PATIENCE || report.error.as_ref().is_none_or(|trouble| trouble.code != harvest::BUSY) {
            return Ok(report);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_and_areas_are_written_as_people_write_them() {
        assert_eq!(seconds("15m"), Ok(900));
        assert_eq!(seconds("90"), Ok(90));
        assert_eq!(seconds("1d"), Ok(86_400));
        assert_eq!((area("lu"), area("MK45"), area("EC1A")), (Ok("LU".into()), Ok("MK45".into()), Ok("EC1A".into())));
        assert!(address("oldbury.gov.uk").unwrap_err().ends_with("https://oldbury.gov.uk/"));
        assert!(address("https://oldbury.gov.uk").is_ok());
        for bad in ["", "LU3 9XQ", "12", "LUTON"] {
            assert!(area(bad).is_err(), "{bad}");
        }
        for bad in ["", "m", "5s", "31d", "-5m", "1.5h", "9999999999999999999h"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
