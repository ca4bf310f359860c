//! What becomes of one link, and of one place.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Decided, Link, links};
use crate::{
    model::{Document, LocationPolicy},
    published::redaction::{self, Known},
    records::{Caller, Pending, Remembered, Scrub, read, scrubs::Opened},
};

/// Who decides, when, and what was decided so far.
pub(super) struct Deciding<'a> {
    caller: &'a Caller,
    now: DateTime<Utc>,
    pub(super) decided: Decided,
}

impl<'a> Deciding<'a> {
    pub(super) fn new(caller: &'a Caller, now: DateTime<Utc>) -> Self {
        Self { caller, now, decided: Decided::default() }
    }

    fn remember(&mut self, record_id: Uuid, what: Scrub) {
        let (by_whom, why) = (self.caller.name.clone(), self.caller.why.clone());
        self.decided.scrubs.push(Remembered { record_id, what, at: self.now, by_whom, why, lifted_at: None });
    }

    /// Only people make anything more open.
    fn open(&mut self, record_id: Uuid, link: Option<Uuid>, policy: LocationPolicy) {
        if self.caller.entrance.is_for_people() {
            self.decided.opened.push(Opened { record_id, link, policy });
        }
    }

    /// Remember links of a record that became stricter; note those that a person made more open.
    pub(super) fn compare_links(&mut self, id: Uuid, before: &mut Document, after: &mut Document) {
        let earlier: HashMap<Uuid, LocationPolicy> =
            links(before).into_iter().map(|link| (link.id, link.policy.unwrap_or_default())).collect();
        for Link { id: link, policy, .. } in links(after) {
            let Some(was) = earlier.get(&link).copied() else { continue };
            let is = policy.unwrap_or_default();
            if is > was {
                self.remember(id, Scrub::Link { link, policy: is });
            } else if is < was {
                self.open(id, Some(link), is);
            }
        }
    }

    /// Decide about a place, of which the most open link allowed so much before, and allows so much after.
    pub(super) fn decide_place(
        &mut self,
        one: &mut Pending,
        own_before: Option<LocationPolicy>,
        (links_before, links_after): (Option<LocationPolicy>, Option<LocationPolicy>),
    ) {
        let id = one.id();
        let Document::Location(place) = &mut one.draft.document else { return };
        let own = place.location_policy.unwrap_or_default();
        let told_before = own_before.zip(links_before).map(|(own, links)| own.max(links));
        let told = links_after.map(|links| own.max(links));
        if told_before != told {
            self.decided.touched_places.push(id);
        }
        if own == LocationPolicy::Withheld || links_after == Some(LocationPolicy::Withheld) {
            let mut known = Known::of(place);
            if let Some(Ok(Document::Location(before))) = one.before.as_ref().map(read) {
                known.add(Known::of(&before));
            }
            self.decided.stripped.insert(id, known);
            redaction::strip_place(place);
            if one.before.as_ref().is_some_and(|before| before.document != one.draft.document.to_json()) {
                self.remember(id, Scrub::Place(LocationPolicy::Withheld));
            }
            return;
        }
        match (told_before, told) {
            (Some(was), Some(is)) if is > was => self.remember(id, Scrub::Place(is)),
            (Some(was), Some(is)) if is < was => self.open(id, None, is),
            _ => {}
        }
    }
}
