//! A directory that has moved: its old address leads to the new one, and there it says, signed with a key
//! that was approved, that it is the same. Its records keep the ids that they have here.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::{
    super::{
        peers::{self, Foreign, Report},
        protocol::{Discovery, WELL_KNOWN},
    },
    End, Harvester, Run, admit,
    discover::said_by,
    keys,
    write::caller,
};
use crate::{formats::json, model::Kind, outbound::Ask, records::State, signing::Moved};

/// What one may meet where a directory is not any more.
const GONE: [&str; 5] = ["redirect", "next-elsewhere", "feed-elsewhere", "other-origin", "not-there"];

/// Records that are looked at at once.
const ROWS: u64 = 500;

/// The id here of what a record has become.
fn successor(row: &Foreign, moved: &Moved, origin: Option<&str>) -> Option<Uuid> {
    let id = moved.ids.get(&row.foreign_id).unwrap_or(&row.foreign_id);
    match origin {
        Some(origin) => Some(admit::local_id(origin, row.kind.as_str(), id)),
        None => id.parse().ok(),
    }
}

/// What is needed by others comes last.
fn order(kind: Kind) -> u8 {
    match kind {
        Kind::Event => 3,
        Kind::Service => 2,
        Kind::Location => 1,
        _ => 0,
    }
}

impl Harvester {
    /// Follow, and where the directory has moved, go on at its new address.
    pub(super) async fn follow_wherever_it_is(
        &self,
        run: &mut Run,
        progress: &mut (impl FnMut(&Report) + Send),
    ) -> Result<(), End> {
        let ended = Box::pin(self.follow(run, progress)).await;
        let Err(End::Held(trouble) | End::Failed(trouble, _)) = &ended else { return ended };
        if run.held_at.is_some() || !GONE.contains(&trouble.code.as_str()) {
            return ended;
        }
        match self.moved(run).await {
            Some((there, moved)) => {
                self.go_there(run, there, &moved).await?;
                Box::pin(self.follow(run, progress)).await
            }
            None => ended,
        }
    }

    /// What the peer says of itself at its new address, where it proves that it is the same.
    async fn moved(&self, run: &mut Run) -> Option<(Discovery, Moved)> {
        let pinned = run.peer.pinned_keys.clone()?;
        let mut root = run.peer.url.clone();
        root.set_path("/");
        root.set_query(None);
        run.report.requests += 1;
        // Whoever answers for the old address only tells where to ask: what counts is said there.
        let ask = Ask { same_origin: false, ..Ask::get(root.join(WELL_KNOWN).ok()?) };
        let answer = self.outbound.fetch(ask).await.ok()?;
        run.report.bytes += answer.wire_bytes;
        let hint = json::parse(&answer.body).ok()?;
        let there = hint.get("origin").and_then(Value::as_str)?.parse().ok()?;
        let said = said_by(&self.ask_who(run, &there).await.ok()?).ok()?;
        let proves = said
            .moved_from
            .iter()
            .find(|moved| moved.from.as_str() == run.peer.identity() && moved.to == said.origin && moved.verifies(&pinned))
            .cloned();
        proves.map(|moved| (said, moved))
    }

    /// Let each record of the peer give way to the one that it has become: one of the directory whose ids
    /// are made with `origin`, or else our own. What has not come from there yet stays, and is looked for
    /// at the next pull.
    async fn merge(&self, run: &mut Run, moved: &Moved, origin: Option<&str>) -> Result<(), End> {
        let mut pairs = Vec::new();
        let mut after = None;
        loop {
            let rows = peers::of_peer(&self.db, run.peer.id, after, ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.place());
            // Terms are shared; they go with the peer, and come again from whoever uses them.
            let is_listed = |row: &Foreign| row.live && !matches!(row.kind, Kind::Taxonomy | Kind::TaxonomyTerm);
            pairs.extend(rows.into_iter().filter(is_listed).filter_map(|row| Some((successor(&row, moved, origin)?, row))));
        }
        // What stands at a place or is held by somebody first, or it would go with them and name the wrong one.
        pairs.sort_unstable_by_key(|(_, row)| std::cmp::Reverse(order(row.kind)));
        let mut missing = 0_u64;
        for (successor, row) in pairs {
            let found = self.records.find_all(&[successor, row.id]).await?;
            let published = |id: Uuid, origin: &str| {
                found.get(&id).is_some_and(|stored| stored.state == State::Published && stored.origin == origin)
            };
            if !published(row.id, &run.peer.origin) {
                continue;
            }
            if !published(successor, origin.unwrap_or_default()) {
                missing += 1;
                continue;
            }
            let id = row.id;
            let tx = self.under_lease(run).await?;
            peers::put_foreign(&tx, &[Foreign { live: false, fetched_at: self.clock.now(), ..row }]).await?;
            Box::pin(self.records.give_way(&tx, &caller(run), id, successor)).await?;
            tx.commit().await?;
            run.report.deleted += 1;
        }
        if missing == 0 {
            return Ok(());
        }
        let detail = format!("it has become part of {}, and {missing} of its records have not arrived from there yet", moved.to);
        Err(End::failed("merging", detail))
    }

    /// Go on at the new address. The numbers there are others; the content is compared.
    async fn go_there(&self, run: &mut Run, said: Discovery, moved: &Moved) -> Result<(), End> {
        let origin = said.origin.to_string();
        if origin == *self.here {
            self.merge(run, moved, None).await?;
            let detail = "it has become part of this directory: remove it, its records are now our own".to_owned();
            return Err(End::held("merged", detail));
        }
        let others = peers::all(&self.db).await?;
        if let Some(other) = others.iter().find(|other| other.id != run.peer.id && other.identity() == origin) {
            self.merge(run, moved, Some(&other.origin)).await?;
            let detail = format!(
                "it has become part of {origin}, which is followed as peer {} ({}): remove this peer, its records now come from there",
                other.id, other.name
            );
            return Err(End::held("merged", detail));
        }
        let pinned = run.peer.pinned_keys.clone().unwrap_or_default();
        let Some(trusted) = keys::trusted(&pinned, &said) else {
            let detail = format!("it has moved to {origin} and signs there with a key that no approved key endorses");
            return Err(End::held("key-changed", detail));
        };
        tracing::info!(peer = run.peer.name, to = origin, "a directory has moved and is now followed at its new address");
        run.peer.url = said.origin.clone();
        run.peer.moved_to = Some(origin);
        run.peer.pinned_keys = Some(trusted);
        run.peer.discovered = Some(said);
        // The numbers there are others.
        let cursor = peers::Cursor { retired: BTreeMap::new(), ..run.peer.cursor.knowing_nothing() };
        let tx = self.under_lease(run).await?;
        peers::forget_numbers(&tx, run.peer.id).await?;
        tx.commit().await?;
        *run.report.left_out.entry("moved".to_owned()).or_default() += 1;
        self.apply(run, Vec::new(), Vec::new(), cursor).await
    }
}
