//! A page that tells of a record twice, be it that it has gone: the later version is judged by what the earlier one has
//! left here, and the last one counts.

use std::collections::HashSet;

use super::{super::peers::Cursor, End, Harvester, Run, event::Items};

/// In so many parts a page is applied at most: each is a transaction, and no honest page needs more than a few. What is
/// left then is applied together.
const MOST_PARTS: usize = 32;

impl Harvester {
    /// Apply a page of numbered items, and move on to `cursor`. What stands before something that is told again is applied
    /// first. How many of them are bad is a question of the whole page: the first part may have but a few.
    pub(super) async fn apply_in_turn(&self, run: &mut Run, mut items: Items, cursor: Cursor) -> Result<(), End> {
        let (count, more_follows) = (items.len(), run.deletions.more_follows);
        for _ in 1..MOST_PARTS {
            let Some(at) = told_again(&items) else { break };
            let rest = items.split_off(at);
            let here = run.peer.cursor.clone();
            run.deletions.more_follows = true;
            self.apply_some(run, items, here, count).await?;
            run.deletions.more_follows = more_follows;
            items = rest;
        }
        self.apply_some(run, items, cursor, count).await
    }
}

/// Where the first item stands that tells of a record of which one before it tells.
fn told_again(items: &Items) -> Option<usize> {
    let mut told = HashSet::with_capacity(items.len());
    items.iter().position(|item| {
        let record = match item {
            Ok(event) => (event.kind.as_str(), event.id.as_str()),
            Err(bad) => (bad.kind.as_str(), bad.id.as_str()),
        };
        !told.insert(record)
    })
}
