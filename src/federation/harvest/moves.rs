//! A directory that has moved: its old address leads to the new one, and there it says, signed with a key
//! that was approved, that it is the same. Its records keep the ids that they have here.

use serde_json::Value;

use super::{
    super::{
        peers::{self, Report},
        protocol::{Discovery, WELL_KNOWN},
    },
    End, Harvester, Run,
    directory::{discover, walk_anew},
    keys,
};
use crate::{formats::json, outbound::Ask};

/// What one may meet where a directory is not any more.
const GONE: [&str; 5] = ["redirect", "next-elsewhere", "feed-elsewhere", "other-origin", "not-there"];

impl Harvester {
    /// Follow, and where the directory has moved, go on at its new address.
    pub(super) async fn follow_wherever_it_is(
        &self,
        run: &mut Run,
        progress: &mut (impl FnMut(&Report) + Send),
    ) -> Result<(), End> {
        let ended = self.follow(run, progress).await;
        let Err(End::Held(trouble) | End::Failed(trouble, _)) = &ended else { return ended };
        if run.held_at.is_some() || !GONE.contains(&trouble.code.as_str()) {
            return ended;
        }
        match self.moved(run).await {
            Some(there) => {
                self.go_there(run, there).await?;
                self.follow(run, progress).await
            }
            None => ended,
        }
    }

    /// What the peer says of itself at its new address, where it proves that it is the same.
    async fn moved(&self, run: &mut Run) -> Option<Discovery> {
        let pinned = run.peer.pinned_keys.clone()?;
        let mut root = run.peer.url.clone();
        root.set_path("/");
        root.set_query(None);
        run.report.requests += 2;
        // Whoever answers for the old address only tells where to ask: what counts is said there.
        let ask = Ask { same_origin: false, ..Ask::get(root.join(WELL_KNOWN).ok()?) };
        let answer = self.outbound.fetch(ask).await.ok()?;
        let hint = json::parse(&answer.body).ok()?;
        let there = hint.get("origin").and_then(Value::as_str)?.parse().ok()?;
        let said = discover(&self.outbound, &there).await.ok()?;
        let proves = said
            .moved_from
            .iter()
            .any(|moved| moved.from.as_str() == run.peer.identity() && moved.to == said.origin && moved.verifies(&pinned));
        proves.then_some(said)
    }

    /// Go on at the new address. The numbers there are others; the content is compared.
    async fn go_there(&self, run: &mut Run, said: Discovery) -> Result<(), End> {
        let origin = said.origin.to_string();
        if origin == *self.here {
            let detail = "it has become this directory: remove it, its records are our own now".to_owned();
            return Err(End::held("merged", detail));
        }
        let others = peers::all(&self.db).await?;
        if let Some(other) = others.iter().find(|other| other.id != run.peer.id && other.identity() == origin) {
            let detail = format!(
                "it has become part of {origin}, which is followed as peer {} ({}): remove this one, its records come from there",
                other.id, other.name
            );
            return Err(End::held("merged", detail));
        }
        let pinned = run.peer.pinned_keys.clone().unwrap_or_default();
        let Some(trusted) = keys::trusted(&pinned, &said) else {
            let detail =
                format!("it has moved to {origin} and signs there with a key that none of the approved ones vouches for");
            return Err(End::held("key-changed", detail));
        };
        tracing::info!(peer = run.peer.name, to = origin, "a directory has moved, and is followed there");
        run.peer.url = said.origin.clone();
        run.peer.moved_to = Some(origin);
        run.peer.pinned_keys = Some(trusted);
        run.peer.discovered = Some(said);
        let cursor = walk_anew(&peers::Cursor { crawl: run.peer.cursor.crawl, ..peers::Cursor::default() });
        let tx = self.under_lease(run).await?;
        peers::forget_numbers(&tx, run.peer.id).await?;
        tx.commit().await?;
        *run.report.left_out.entry("moved".to_owned()).or_default() += 1;
        self.apply(run, Vec::new(), Vec::new(), cursor).await
    }
}
