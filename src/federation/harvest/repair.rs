//! What has drifted apart is repaired bucket by bucket: the peer's digest says which of the 256 differ,
//! and each of those lists its records. Everything that is listed is checked against the signed
//! checkpoint before it is believed; only what differs is fetched.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;
use uuid::Uuid;

use super::{
    super::peers::{self, Cursor, Foreign, Held, Peer, Reason},
    End, Harvester, Run, admit, directory,
    event::Items,
    page,
};
use crate::{
    formats::json,
    model::Kind,
    outbound::{Answer, Ask},
    published::own::digest::{self, BUCKETS, Bucket},
};

/// Where more buckets differ than that, walking over everything costs less.
const MOST_BUCKETS: usize = BUCKETS / 4;
/// Records that are read at once.
const ROWS: u64 = 500;
/// The same of what is only counted.
const COUNTED: u64 = 5_000;
/// Of what could not be taken, so much is tried again.
const MOST_TRIED: u64 = 2_000;
/// The version of this program.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A record as a bucket lists it.
struct Listed {
    kind: Kind,
    id: String,
    rev: i64,
    live: bool,
    hash: String,
}

impl Harvester {
    /// Repair what differs from what the peer has, where its checkpoint says `root` of it. How many records
    /// those were, other than what could not be taken; none where it could not be done, and everything has to
    /// be walked.
    pub(super) async fn repair(&self, run: &mut Run, root: &str) -> Result<Option<usize>, End> {
        let said = run.peer.discovered.as_ref().and_then(|said| said.digest.clone());
        let Some(url) = said.filter(|url| url.origin() == run.peer.url.origin()) else { return Ok(None) };
        let Some(theirs) = self.buckets_there(run, &url, root).await? else { return Ok(None) };
        let ours = self.buckets_here(run.peer.id).await?;
        let differ: Vec<u8> = (0..=u8::MAX).filter(|at| ours[usize::from(*at)].value != theirs[usize::from(*at)]).collect();
        if differ.is_empty() || differ.len() > MOST_BUCKETS {
            return Ok(None);
        }
        let mut listed = Vec::new();
        for bucket in &differ {
            match self.bucket_there(run, &url, *bucket, &theirs[usize::from(*bucket)]).await? {
                Some(some) => listed.extend(some),
                None => return Ok(None),
            }
        }
        let (wanted, others) = self.set_apart(run, &differ, listed).await?;
        let many = wanted.len();
        if many > 0 {
            *run.report.left_out.entry("repaired".to_owned()).or_default() += many as u64;
        }
        Ok(self.fetch(run, wanted).await?.then_some(many + others))
    }

    /// What is at an address that is not that of the feed; none where nothing is.
    async fn ask_if_there(&self, run: &mut Run, url: Url) -> Result<Option<Answer>, End> {
        self.mind_the_time(run)?;
        match self.ask(run, Ask::get(url)).await {
            Err(end) if end.is_not_there() => Ok(None),
            other => other.map(Some),
        }
    }

    /// The buckets of the peer, where they belong to the checkpoint and to where we stand.
    async fn buckets_there(&self, run: &mut Run, url: &Url, root: &str) -> Result<Option<Vec<[u8; 32]>>, End> {
        let Some(answer) = self.ask_if_there(run, url.clone()).await? else { return Ok(None) };
        let Ok(said) = json::parse(&answer.body) else { return Ok(None) };
        let here = said.get("seq").and_then(Value::as_i64) == Some(run.peer.cursor.after)
            && said.get("epoch").and_then(Value::as_str) == run.peer.cursor.epoch.as_deref();
        let values = said.get("buckets").and_then(Value::as_array).into_iter().flatten();
        let buckets: Vec<[u8; 32]> = values.filter_map(|value| hex::decode(value.as_str()?).ok()?.try_into().ok()).collect();
        let is_signed = buckets.len() == BUCKETS && hex::encode(Sha256::digest(buckets.concat())) == root;
        Ok((here && is_signed).then_some(buckets))
    }

    /// The sums over what is known of a peer's records, as the peer makes them.
    pub(super) async fn buckets_here(&self, peer: peers::PeerId) -> Result<Vec<Bucket>, End> {
        let mut buckets = vec![Bucket::default(); BUCKETS];
        let mut after = None;
        loop {
            let rows = peers::counted(&self.db, peer, after, COUNTED).await?;
            let Some(last) = rows.last() else { return Ok(buckets) };
            after = Some(last.place);
            for row in rows {
                let bucket = &mut buckets[usize::from(bucket_of(row.place.0, &row.foreign_id))];
                *bucket = bucket.plus(&digest::weight(&row.foreign_id, row.live, &row.hash));
            }
        }
    }

    /// What one bucket of the peer lists, where that gives its sum.
    async fn bucket_there(&self, run: &mut Run, base: &Url, which: u8, sum: &[u8; 32]) -> Result<Option<Vec<Listed>>, End> {
        let mut url = base.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().push(&which.to_string());
        }
        let Some(answer) = self.ask_if_there(run, url).await? else { return Ok(None) };
        let Ok(said) = json::parse(&answer.body) else { return Ok(None) };
        let items = said.get("items").and_then(Value::as_array).into_iter().flatten();
        let listed: Option<Vec<Listed>> = items.map(listed).collect();
        let total = |listed: &[Listed]| {
            listed.iter().fold(Bucket::default(), |sum, one| sum.plus(&digest::weight(&one.id, one.live, &one.hash)))
        };
        Ok(listed.filter(|listed| total(listed).value == *sum))
    }

    /// Those that have to be fetched, by their numbers, and how many others differ. What is here and not
    /// there waits for a person; what could not be taken is as it was.
    async fn set_apart(&self, run: &mut Run, differ: &[u8], listed: Vec<Listed>) -> Result<(BTreeMap<i64, Uuid>, usize), End> {
        let local = |one: &Listed| admit::local_id(&run.peer.origin, one.kind.as_str(), &one.id);
        let mut theirs: HashMap<Uuid, Listed> = listed.into_iter().map(|one| (local(&one), one)).collect();
        let (mut held, mut forgotten, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        let now = self.clock.now();
        let mut after = None;
        loop {
            let rows = peers::of_peer(&self.db, run.peer.id, after, ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.place());
            let concerned =
                |row: &Foreign| row.own_item && row.origin.is_none() && differ.contains(&bucket_of(row.kind, &row.foreign_id));
            for row in rows.into_iter().filter(concerned) {
                match theirs.get(&row.id) {
                    Some(there) if there.live == row.live && there.hash == row.hash => drop(theirs.remove(&row.id)),
                    // It was taken out, because it was urgent and could not be taken.
                    Some(there) if there.rev == row.rev && !row.live && row.hash.is_empty() => drop(theirs.remove(&row.id)),
                    Some(_) => {}
                    None if row.live => {
                        held.push(Held::new(&row, Reason::Said("the peer no longer lists it".to_owned()), now, false));
                    }
                    // What was destroyed is remembered here, so that no older version of it comes back. It
                    // counts for no sum.
                    None if row.is_urgent() => kept.push(Foreign { own_item: false, ..row }),
                    // It was gone here, and the peer does not remember it.
                    None => forgotten.push(row.id),
                }
            }
        }
        run.deletions.wait(&held);
        run.report.held_deletes = run.deletions.held();
        let tried = peers::quarantined_by_rev(&self.db, run.peer.id, MOST_TRIED).await?;
        let mut wanted: BTreeMap<i64, Uuid> = theirs.into_iter().map(|(id, one)| (one.rev, id)).collect();
        wanted.retain(|rev, id| !tried.contains(&(*rev, *id)));
        let ids: Vec<Uuid> = wanted.values().copied().collect();
        let tx = self.under_lease(run).await?;
        peers::put_held(&tx, &held).await?;
        peers::put_foreign(&tx, &kept).await?;
        peers::forget_foreign(&tx, &forgotten).await?;
        // Whatever is known of them here is not true, so it must not decide whether they are taken.
        peers::forget_versions_of(&tx, &ids).await?;
        tx.commit().await?;
        Ok((wanted, held.len() + forgotten.len() + kept.len()))
    }

    /// Whether something waits that another version of this program could not take, and this one has not
    /// tried.
    pub(super) async fn is_to_be_tried_again(&self, run: &Run) -> Result<bool, End> {
        let tried = run.peer.cursor.tried_with.as_deref() == Some(VERSION);
        Ok(!tried && !peers::quarantined_by_rev(&self.db, run.peer.id, 1).await?.is_empty())
    }

    /// What could not be taken by an earlier version of this program is tried again by this one: perhaps
    /// it knows what that did not.
    pub(super) async fn try_again(&self, run: &mut Run) -> Result<(), End> {
        if run.peer.cursor.tried_with.as_deref() == Some(VERSION) {
            return Ok(());
        }
        let waiting = peers::quarantined_by_rev(&self.db, run.peer.id, MOST_TRIED).await?;
        let wanted: BTreeMap<i64, Uuid> = waiting.into_iter().filter(|(rev, _)| *rev > 0).collect();
        if !wanted.is_empty() {
            self.fetch(run, wanted).await?;
        }
        let cursor = Cursor { tried_with: Some(VERSION.to_owned()), ..run.peer.cursor.clone() };
        self.apply(run, Items::new(), Vec::new(), cursor).await
    }

    /// Fetch records by their numbers, page by page of the feed.
    async fn fetch(&self, run: &mut Run, mut wanted: BTreeMap<i64, Uuid>) -> Result<bool, End> {
        while let Some(first) = wanted.keys().next().copied() {
            self.mind_the_time(run)?;
            let mut url = directory::feed_of(&run.peer)?;
            let epoch = run.peer.cursor.epoch.clone().unwrap_or_default();
            url.query_pairs_mut().append_pair("afterChangeNumber", &(first - 1).to_string()).append_pair("epoch", &epoch);
            let answer = self.ask(run, Ask::get(url.clone())).await?;
            // Whether tombstones were thrown away before it is no question here.
            let cursor = Cursor { after: first - 1, whole_from: i64::MAX, ..run.peer.cursor.clone() };
            let page = page::read_page(&Peer { cursor, ..run.peer.clone() }, &url, &answer)?;
            run.report.pages += 1;
            if page.anew {
                return Ok(false);
            }
            let rev_of = |item: &Result<_, Box<super::event::Unreadable>>| match item {
                Ok(super::event::Event { at, .. }) => *at,
                Err(bad) => bad.rev,
            };
            let until = page.items.iter().map(rev_of).max().unwrap_or(first).max(first);
            let items: Items = page.items.into_iter().filter(|item| wanted.contains_key(&rev_of(item))).collect();
            // What has a later number by now comes with the feed.
            wanted = wanted.split_off(&(until + 1));
            self.apply_picked(run, items).await?;
        }
        Ok(true)
    }
}

fn bucket_of(kind: Kind, id: &str) -> u8 {
    Sha256::digest(format!("{}\n{id}", kind.as_str()))[0]
}

fn listed(item: &Value) -> Option<Listed> {
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    let kind = Kind::RECORDS.into_iter().find(|kind| Some(kind.as_str()) == text("kind"))?;
    let rev = item.get("rev").and_then(Value::as_i64).filter(|rev| *rev > 0)?;
    let live = match text("state")? {
        "updated" => true,
        "deleted" => false,
        _ => return None,
    };
    Some(Listed { kind, id: text("id")?.to_owned(), rev, live, hash: text("hash").unwrap_or_default().to_owned() })
}
