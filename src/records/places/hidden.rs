//! What was hidden here stays hidden when its source sends it again: under the same id, under another one, or at
//! another place.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{links, tighten_link};
use crate::{
    db::Transaction,
    model::{Document, LocationPolicy},
    records::{Caller, Error, Pending, Records, Scrub, scrubs},
};

impl Records {
    /// Links that come again under another id, or lead to another place in place of one that was hidden here, as when its
    /// address was corrected at the source, tell no more than was told until now. That is remembered of them, too.
    pub(super) async fn keep_hidden(
        &self,
        tx: &Transaction,
        caller: &Caller,
        pending: &mut [Pending],
        earlier: &mut HashMap<Uuid, Document>,
    ) -> Result<(), Error> {
        let mut left = Vec::new();
        for one in pending.iter_mut() {
            let Some(before) = earlier.get_mut(&one.id()) else { continue };
            let places = links_left(before, &mut one.draft.document);
            if !places.is_empty() {
                left.push(one.id());
                left.extend(places);
            }
        }
        let mut decided: HashMap<Uuid, LocationPolicy> = HashMap::new();
        for scrub in scrubs::of(tx.connection(), &left).await? {
            let (id, policy) = match scrub.what {
                Scrub::Place(policy) => (scrub.record_id, policy),
                Scrub::Link { link, policy } => (link, policy),
                Scrub::Contact(_) | Scrub::Words(_) => continue,
            };
            decided.entry(id).and_modify(|known| *known = (*known).max(policy)).or_insert(policy);
        }
        let mut kept = Vec::new();
        for one in pending.iter_mut() {
            let Some(before) = earlier.get_mut(&one.id()) else { continue };
            let record = one.id();
            let hidden = keep_hidden(before, &mut one.draft.document, &decided);
            kept.extend(hidden.into_iter().map(|(link, policy)| self.scrub(caller, record, Scrub::Link { link, policy })));
        }
        Ok(scrubs::put(tx, &kept).await?)
    }
}

/// What was decided here about a record stays when its source sends it again.
pub(super) fn keep_local_decisions(document: &mut Document, before: &mut Document) {
    let decided: Vec<(Uuid, LocationPolicy)> =
        links(before).into_iter().filter_map(|link| Some((link.id, (*link.policy)?))).collect();
    for (link, policy) in decided {
        tighten_link(document, link, policy);
    }
    if let (Document::Location(now), Document::Location(then)) = (&mut *document, &*before)
        && let Some(policy) = then.location_policy
    {
        now.location_policy = Some(now.location_policy.unwrap_or_default().max(policy));
    }
    scrubs::keep_visibility(document, before);
}

/// The places to which no link leads any more.
fn links_left(before: &mut Document, after: &mut Document) -> Vec<Uuid> {
    let places: HashSet<Uuid> = links(after).into_iter().filter_map(|link| link.place).collect();
    links(before).into_iter().filter_map(|link| link.place).filter(|place| !places.contains(place)).collect()
}

/// Let the links that are new tell no more than those before them: of a place that the document had already, than its
/// links to it; of another one, than was `decided` here, by link or place, of those that it leads to no more. Gives the
/// links of which something stays hidden.
fn keep_hidden(
    before: &mut Document,
    after: &mut Document,
    decided: &HashMap<Uuid, LocationPolicy>,
) -> Vec<(Uuid, LocationPolicy)> {
    let left = links_left(before, after);
    let told: Vec<(Uuid, Uuid, Option<LocationPolicy>)> =
        links(before).into_iter().filter_map(|link| Some((link.id, link.place?, *link.policy))).collect();
    let of_those_left = told
        .iter()
        .filter(|(_, place, _)| left.contains(place))
        .filter_map(|(link, place, _)| decided.get(link).max(decided.get(place)))
        .max()
        .copied();
    let mut kept = Vec::new();
    for link in links(after) {
        let here: Vec<_> = told.iter().filter(|(_, place, _)| link.place == Some(*place)).collect();
        if here.iter().any(|(id, ..)| *id == link.id) {
            continue;
        }
        let most = if here.is_empty() { of_those_left } else { here.iter().filter_map(|(.., said)| *said).max() };
        let Some(most) = most else { continue };
        let policy = link.policy.unwrap_or_default().max(most);
        *link.policy = Some(policy);
        if policy > LocationPolicy::Exact {
            kept.push((link.id, policy));
        }
    }
    kept
}
