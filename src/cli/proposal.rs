//! `fingerpost proposal`: changes that wait for a person.

use std::collections::HashSet;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, WrongCall, calling::how_to_make_sure, exchange::after_changes, on_record, say};
use crate::{
    app::{App, public_url},
    editing::{Call, Editing, Error, Judgement, KnownNumber, OneChange, Whole},
    identity::{Action, Actor, Deed, Door, Email},
    model::changes::Change,
    records::{Caller, Entrance, Part, Proposal},
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
    },
    /// Show the current version and the proposed one, as JSON.
    Show {
        /// The proposal's id.
        id: Uuid,
    },
    /// Accept proposals: they are published.
    Accept {
        /// Which.
        #[command(flatten)]
        which: Which,
        /// What is said of a call back about a protected listing.
        #[command(flatten)]
        calling: Calling,
    },
    /// Reject proposals: the current version stays.
    Reject(Which),
}

#[derive(Debug, Args)]
pub(super) struct Which {
    /// The proposals' ids.
    #[arg(required_unless_present = "all_of")]
    ids: Vec<Uuid>,
    /// All pending proposals from this peer: number, name or address. Changes of protected listings are not accepted
    /// like this: each needs a call back.
    #[arg(long, value_name = "PEER", conflicts_with = "ids")]
    all_of: Option<String>,
    /// Who decides about what a person proposed, or about a protected listing: the email address of a moderator or
    /// administrator. Their name stands in the history, and the same rules apply as on the pages.
    #[arg(long, value_name = "EMAIL", conflicts_with = "all_of")]
    by: Option<String>,
    /// The reason, recorded in the history and sent to the person who made the proposal. Needed to reject what a
    /// person proposed; "reviewed" for what a peer did.
    #[arg(long)]
    why: Option<String>,
}

/// For proposals about protected listings: how somebody made sure. `fingerpost proposal show` lists the numbers.
#[derive(Debug, Args)]
pub(super) struct Calling {
    /// The number that was phoned: one that was on the listing before.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["otherwise", "all_of"])]
    called: Option<String>,
    /// How else somebody made sure, where none of the known numbers could be reached.
    #[arg(long, value_name = "WORDS", conflicts_with = "all_of")]
    otherwise: Option<String>,
    /// Who answered.
    #[arg(long, value_name = "WORDS", conflicts_with = "all_of")]
    spoke_to: Option<String>,
    /// When; without it, just now. For example 2026-11-22T09:30.
    #[arg(long, value_name = "WHEN", conflicts_with = "all_of")]
    called_at: Option<String>,
}

impl From<Calling> for Call {
    fn from(calling: Calling) -> Self {
        let Calling { called, otherwise, spoke_to, called_at } = calling;
        Self { number: called, otherwise, spoke_to, at: called_at }
    }
}

/// What is decided, and what is said of a call.
enum Deciding {
    Accept(Call),
    Reject,
}

impl Deciding {
    fn accepts(&self) -> bool {
        matches!(self, Self::Accept(_))
    }

    /// What is said of a call, where one is needed.
    fn called_back(&self) -> Option<Call> {
        match self {
            Self::Accept(call) => Some(call.clone()),
            Self::Reject => None,
        }
    }
}

impl Proposals {
    pub(super) async fn run(self, app: App, answer: Answer) -> anyhow::Result<bool> {
        match self {
            Self::List { peer } => list(&app, peer, answer).await,
            Self::Show { id } => show(&app, id).await,
            Self::Accept { which, calling } => decide(&app, which, &Deciding::Accept(calling.into()), answer).await,
            Self::Reject(which) => decide(&app, which, &Deciding::Reject, answer).await,
        }
    }
}

async fn origin_of(app: &App, peer: Option<String>) -> anyhow::Result<Option<String>> {
    match peer {
        None => Ok(None),
        Some(peer) => Ok(Some(app.harvester().peer(&peer).await?.origin)),
    }
}

async fn list(app: &App, peer: Option<String>, answer: Answer) -> anyhow::Result<bool> {
    let origin = origin_of(app, peer).await?;
    let mut all: Vec<Value> = Vec::new();
    let mut after = None;
    loop {
        let some = app.records.waiting(origin.as_deref(), after, BATCH).await?;
        let Some(last) = some.last() else { break };
        after = Some(last.id);
        for one in &some {
            let name = one.read()?.name().to_owned();
            answer.so_far(|| {
                let what = if one.base_revision == 0 { "new" } else { "changed" };
                say!("{}  {what:<8} {:<13} {name}  ({})", one.id, one.kind.as_str(), one.by)
            })?;
            all.push(json!({
                "id": one.id, "record_id": one.record_id, "kind": one.kind, "name": name, "by": one.by,
                "at": crate::clock::rfc3339(one.at), "new": one.base_revision == 0,
            }));
        }
    }
    answer.give(&all, || if all.is_empty() { say!("nothing is waiting") } else { Ok(()) })?;
    Ok(true)
}

async fn show(app: &App, id: Uuid) -> anyhow::Result<bool> {
    let proposal = app.records.proposal(id).await?.ok_or_else(|| WrongCall(format!("proposal {id} does not exist")))?;
    let standing = app.records.find(proposal.record_id).await?;
    let standing: Value = standing.map_or(Ok(Value::Null), |stored| serde_json::from_str(&stored.document))?;
    let proposed: Value = serde_json::from_str(&proposal.document)?;
    let editing = app.editing(&public_url(&app.config, app.config.listen));
    let known = if editing.protects(proposal.record_id).await? { numbers(&editing, &proposal).await? } else { Vec::new() };
    say!(
        "{}",
        json!({"known_numbers": known, "proposal": {"id": proposal.id, "by": proposal.by, "why": proposal.why, "decision": proposal.decision, "decided": proposal.decided}, "stands": standing, "proposed": proposed})
    )?;
    Ok(true)
}

async fn decide(app: &App, which: Which, deciding: &Deciding, answer: Answer) -> anyhow::Result<bool> {
    let why = which.why.unwrap_or_default();
    let editing = app.editing(&public_url(&app.config, app.config.listen));
    let (mut many, mut left) = (0, 0);
    if let Some(origin) = origin_of(app, which.all_of).await? {
        let mut after = None;
        loop {
            let some: Vec<Proposal> = app.records.waiting(Some(&origin), after, BATCH).await?;
            let Some(last) = some.last() else { break };
            after = Some(last.id);
            let (one_by_one, together) = set_apart(&editing, some, deciding).await?;
            left += one_by_one.len();
            many += decide_for_peers(app, &together, deciding, &why).await?;
        }
    }
    let mut proposals = Vec::new();
    for id in which.ids {
        let found = app.records.proposal(id).await?;
        proposals.push(found.ok_or_else(|| WrongCall(format!("proposal {id} does not exist")))?);
    }
    let (one_by_one, together) = set_apart(&editing, proposals, deciding).await?;
    // Whether somebody may decide is known before anything is decided.
    let officer = if one_by_one.is_empty() { None } else { Some(officer(app, which.by).await?) };
    many += decide_for_peers(app, &together, deciding, &why).await?;
    if let Some(officer) = officer {
        many += decide_for_people(&editing, &officer, &one_by_one, deciding, &why).await?;
    }
    after_changes(app).await?;
    let (accepted, rejected) = if deciding.accepts() { (many, 0) } else { (0, many) };
    answer.give(&json!({"accepted": accepted, "rejected": rejected, "still_waiting": left}), || {
        let became = if deciding.accepts() { "accepted; a running server shows them within a second" } else { "rejected" };
        say!("{many} {became}")?;
        if left > 0 {
            say!(
                "{left} still waiting: they are about protected listings, so accept each by its id, with --by and --called or --otherwise"
            )?;
        }
        Ok(())
    })?;
    Ok(true)
}

/// Those that are decided as their pages would, by somebody whom one can name, and those of peers that need nobody.
async fn set_apart(
    editing: &Editing,
    proposals: Vec<Proposal>,
    deciding: &Deciding,
) -> anyhow::Result<(Vec<Proposal>, Vec<Uuid>)> {
    let (mut one_by_one, mut together) = (Vec::new(), Vec::new());
    for proposal in proposals {
        if proposal.origin.is_empty() || deciding.accepts() && editing.needs_call_back(&proposal).await? {
            one_by_one.push(proposal);
        } else {
            together.push(proposal.id);
        }
    }
    Ok((one_by_one, together))
}

/// Who decides, as the pages would know them.
async fn officer(app: &App, email: Option<String>) -> anyhow::Result<Actor> {
    let wrong = |problem: &str| WrongCall(problem.to_owned());
    let email: Email = email
        .ok_or_else(|| wrong("a person made this proposal, or it is about a protected listing: say who decides, with --by and an officer's email address"))?
        .parse()
        .map_err(|_| wrong("--by expects an email address"))?;
    let person = app.identity().person_at(&email).await?;
    let person = person.filter(|person| person.may(Action::Decide));
    let person = person.ok_or_else(|| WrongCall(format!("{email} is no moderator or administrator here")))?;
    Ok(Actor::person(person.id, person.role, Vec::new()).through(Door::Command))
}

/// Decide what peers proposed, all at once.
async fn decide_for_peers(app: &App, ids: &[Uuid], deciding: &Deciding, why: &str) -> anyhow::Result<usize> {
    if ids.is_empty() {
        return Ok(0);
    }
    let why = if why.trim().is_empty() { "reviewed" } else { why };
    let caller = Caller { name: "command line".to_owned(), why: why.to_owned(), entrance: Entrance::Person };
    let tx = app.db.write().await?;
    if deciding.accepts() {
        app.records.accept_in(&tx, &caller, ids).await?;
    } else {
        app.records.reject_in(&tx, &caller, ids).await?;
    }
    let became = if deciding.accepts() { "accepted" } else { "refused" };
    let (to, detail) = match ids {
        [one] => (one.to_string(), format!("{became}: {why}")),
        some => (String::new(), format!("{} changes {became}: {why}", some.len())),
    };
    on_record(app, &tx, Deed::DecideChange, &to, &detail).await?;
    tx.commit().await?;
    Ok(ids.len())
}

/// Decide what people proposed, or what concerns a protected listing, each as its page would: a new listing as a whole,
/// with a letter to its author.
async fn decide_for_people(
    editing: &Editing,
    officer: &Actor,
    proposals: &[Proposal],
    deciding: &Deciding,
    why: &str,
) -> anyhow::Result<usize> {
    let mut bundles: HashSet<Uuid> = HashSet::new();
    for proposal in proposals {
        let done = match proposal.bundle {
            Some(bundle) if !bundles.insert(bundle) => continue,
            Some(bundle) => decide_listing(editing, officer, bundle, deciding, why).await,
            None => decide_change(editing, officer, proposal, deciding, why).await,
        };
        match done {
            Ok(()) => {}
            Err(Error::NeedsCallBack(fault)) => {
                let how = how_to_make_sure(&numbers(editing, proposal).await?);
                let problem = format!("proposal {} is about a protected listing: {}. {how}", proposal.id, fault.problem);
                return Err(WrongCall(problem).into());
            }
            Err(Error::NeedsReason { .. }) => {
                return Err(WrongCall("say with --why why it is rejected: the author will see the reason".to_owned()).into());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(proposals.len())
}

/// The numbers that were known before this proposal, and what was proposed together with it.
async fn numbers(editing: &Editing, proposal: &Proposal) -> anyhow::Result<Vec<KnownNumber>> {
    let about = match proposal.bundle {
        Some(bundle) => editing.records().bundle(bundle).await?.iter().map(|one| one.record_id).collect(),
        None => vec![proposal.record_id],
    };
    Ok(editing.known_numbers(&about).await?)
}

async fn decide_listing(editing: &Editing, officer: &Actor, bundle: Uuid, deciding: &Deciding, why: &str) -> Result<(), Error> {
    let (_, version) = editing.listing(officer, bundle).await?;
    let whole = Whole {
        accept: deciding.accepts(),
        seen: version,
        reason: why.to_owned(),
        called_back: deciding.called_back(),
        left_out: Vec::new(),
    };
    editing.decide_listing(officer, bundle, whole).await
}

async fn decide_change(
    editing: &Editing,
    officer: &Actor,
    proposal: &Proposal,
    deciding: &Deciding,
    why: &str,
) -> Result<(), Error> {
    let OneChange { proposal, changes, revision, .. } = editing.change(officer, proposal.id).await?;
    let refuse = |change: &Change| Part::refused(&change.field, why.trim());
    let accepts = deciding.accepts();
    let judgement = Judgement {
        revision,
        version: proposal.version(),
        rejected: if accepts { Vec::new() } else { changes.iter().map(refuse).collect() },
        words: if accepts { why.trim().to_owned() } else { String::new() },
        called_back: deciding.called_back(),
        ..Judgement::default()
    };
    editing.decide(officer, proposal.id, judgement).await.map(drop)
}
