//! `fingerpost proposal`: changes that wait for a person.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{WrongCall, exchange::after_changes, say};
use crate::{
    app::App,
    records::{Caller, Entrance, Proposal},
};

/// Proposals that are read or decided at once.
const BATCH: u64 = 200;

#[derive(Debug, Subcommand)]
pub(super) enum Proposals {
    /// List proposals waiting for a decision: which record, from where, since when.
    List {
        /// Only those from this peer: number, name or address.
        #[arg(long)]
        peer: Option<String>,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Show the current version and the proposed one.
    Show {
        /// The proposal's id.
        id: Uuid,
    },
    /// Accept proposals: they are published.
    Accept(Which),
    /// Reject proposals: the current version stays.
    Reject(Which),
}

#[derive(Debug, Args)]
pub(super) struct Which {
    /// The proposals' ids.
    #[arg(required_unless_present = "all_of")]
    ids: Vec<Uuid>,
    /// All pending proposals from this peer: number, name or address.
    #[arg(long, value_name = "PEER", conflicts_with = "ids")]
    all_of: Option<String>,
    /// The reason, recorded in the history and sent to whoever made the proposal.
    #[arg(long, default_value = "reviewed")]
    why: String,
}

impl Proposals {
    pub(super) async fn run(self, app: App) -> anyhow::Result<bool> {
        match self {
            Self::List { peer, json } => list(&app, peer, json).await,
            Self::Show { id } => show(&app, id).await,
            Self::Accept(which) => decide(&app, which, true).await,
            Self::Reject(which) => decide(&app, which, false).await,
        }
    }
}

async fn origin_of(app: &App, peer: Option<String>) -> anyhow::Result<Option<String>> {
    match peer {
        None => Ok(None),
        Some(peer) => Ok(Some(app.harvester().peer(&peer).await?.origin)),
    }
}

async fn list(app: &App, peer: Option<String>, as_json: bool) -> anyhow::Result<bool> {
    let origin = origin_of(app, peer).await?;
    let mut all: Vec<Value> = Vec::new();
    let mut after = None;
    loop {
        let some = app.records.waiting(origin.as_deref(), after, BATCH).await?;
        let Some(last) = some.last() else { break };
        after = Some(last.id);
        for one in &some {
            let name = one.read()?.name().to_owned();
            if as_json {
                all.push(json!({"id": one.id, "record_id": one.record_id, "kind": one.kind, "name": name, "by": one.by, "at": crate::clock::rfc3339(one.at), "new": one.base_revision == 0}));
            } else {
                let what = if one.base_revision == 0 { "new" } else { "changed" };
                say!("{}  {what:<8} {:<13} {name}  ({})", one.id, one.kind.as_str(), one.by)?;
            }
        }
    }
    if as_json {
        say!("{}", Value::Array(all))?;
    } else if after.is_none() {
        say!("nothing is waiting")?;
    }
    Ok(true)
}

async fn show(app: &App, id: Uuid) -> anyhow::Result<bool> {
    let proposal = app.records.proposal(id).await?.ok_or_else(|| WrongCall(format!("proposal {id} does not exist")))?;
    let standing = app.records.find(proposal.record_id).await?;
    let standing: Value = standing.map_or(Ok(Value::Null), |stored| serde_json::from_str(&stored.document))?;
    let proposed: Value = serde_json::from_str(&proposal.document)?;
    say!(
        "{}",
        json!({"proposal": {"id": proposal.id, "by": proposal.by, "why": proposal.why, "decision": proposal.decision, "decided": proposal.decided}, "stands": standing, "proposed": proposed})
    )?;
    Ok(true)
}

async fn decide(app: &App, which: Which, accept: bool) -> anyhow::Result<bool> {
    let caller = Caller { name: "an officer".to_owned(), why: which.why, entrance: Entrance::Person };
    let mut many = 0;
    let origin = origin_of(app, which.all_of).await?;
    let mut ids = which.ids;
    loop {
        if origin.is_some() {
            let some: Vec<Proposal> = app.records.waiting(origin.as_deref(), None, BATCH).await?;
            ids = some.into_iter().map(|one| one.id).collect();
        }
        if ids.is_empty() {
            break;
        }
        if accept {
            app.records.accept(&caller, &ids).await?;
        } else {
            app.records.reject(&caller, &ids).await?;
        }
        many += ids.len();
        ids.clear();
    }
    after_changes(app).await?;
    say!("{many} {}", if accept { "accepted; a running server shows them within a second" } else { "rejected" })?;
    Ok(true)
}
