//! What is signed as urgent gets past a hold, a review and the cap, because it takes something back. So nothing else may
//! come in by that word: there, a new version is taken only where it says nothing that does not stand here already.
//! Any other takes out what stands, as if the record had gone, and waits as everything else does.

use std::collections::HashSet;

use serde_json::Value;
use uuid::Uuid;

use super::{super::peers::Foreign, End, Harvester, admit::Departure, apply::Plan};
use crate::{
    model::{Document, provenance},
    records::{State, Stored},
};

/// Members that are no content: where a record comes from, and when it changed.
const NO_CONTENT: [&str; 2] = [provenance::MEMBER, "last_modified"];

impl Harvester {
    /// Of a page that is not applied: what has to be taken out or reduced at once, and nothing else.
    pub(super) async fn keep_only_what_is_urgent(&self, plan: &mut Plan) -> Result<(), End> {
        plan.keep_only_what_is_urgent();
        self.only_take_back(plan, |_| true).await
    }

    /// Of the urgent versions of records that this concerns, take those that say nothing new. The others are not taken,
    /// and what stands of them goes.
    pub(super) async fn only_take_back(&self, plan: &mut Plan, concerns: impl Fn(&Foreign) -> bool + Send) -> Result<(), End> {
        let purged: HashSet<Uuid> = plan.purged.iter().copied().collect();
        let is_told = |one: &&Foreign| one.live && one.own_item && purged.contains(&one.id) && concerns(one);
        let told: HashSet<Uuid> = plan.foreign.iter().filter(is_told).map(|one| one.id).collect();
        if told.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = told.into_iter().collect();
        let stored = self.records.find_all(&ids).await?;
        for id in ids {
            let stands = stored.get(&id);
            let mut drafts = plan.drafts.iter().filter(|planned| planned.id() == id).peekable();
            let is_less = |stands| drafts.peek().is_some() && drafts.all(|one| says_no_more(&one.draft.document, stands));
            if !stands.is_some_and(is_less) {
                plan.take_out(id, stands.map(|stands| stands.state));
            }
        }
        Ok(())
    }
}

impl Plan {
    fn keep_only_what_is_urgent(&mut self) {
        let purged = std::mem::take(&mut self.purged);
        let is_urgent = |id: &Uuid| purged.contains(id);
        let mut kept = std::mem::take(self);
        kept.drafts.retain(|planned| planned.is_main && is_urgent(&planned.id()));
        kept.foreign.retain(|foreign| is_urgent(&foreign.id));
        kept.gone.retain(|(_, departure)| *departure == Departure::Urgent);
        kept.fine.retain(is_urgent);
        kept.evidence.retain(|one| is_urgent(&one.id));
        let Self { drafts, foreign, fine, gone, evidence, .. } = kept;
        *self = Self { drafts, foreign, fine, gone, purged, evidence, ..Self::default() };
    }

    /// Take nothing of what is told of a record, and take it out where it `stands`. Of one that never stood here nothing
    /// is remembered: it comes with everything else.
    fn take_out(&mut self, id: Uuid, stands: Option<State>) {
        self.drafts.retain(|planned| planned.id() != id);
        self.evidence.retain(|one| one.id != id);
        let told = self.foreign.iter().rev().find(|one| one.id == id).cloned();
        self.foreign.retain(|one| one.id != id);
        let Some((told, state)) = told.zip(stands) else { return };
        let emptied = Foreign { live: false, hash: String::new(), ..told };
        if state == State::Gone {
            self.foreign.push(emptied);
        } else {
            self.gone.push((emptied, Departure::Urgent));
        }
    }
}

/// Whether a version says nothing that what `stands` here does not say, member by member.
pub(super) fn says_no_more(told: &Document, stands: &Stored) -> bool {
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    stands.state == State::Published && is_within(&value(&told.to_json()), &value(&stands.document))
}

fn is_within(told: &Value, stands: &Value) -> bool {
    let (mut new, mut old) = (HashSet::new(), HashSet::new());
    collect("", told, &mut new);
    collect("", stands, &mut old);
    new.is_subset(&old)
}

/// Every value, with the members on the way to it.
fn collect(way: &str, value: &Value, into: &mut HashSet<(String, String)>) {
    match value {
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => drop(into.insert((way.to_owned(), value.to_string()))),
        Value::Array(items) => items.iter().for_each(|item| collect(way, item, into)),
        Value::Object(members) => {
            let content = members.iter().filter(|(name, _)| !NO_CONTENT.contains(&name.as_str()));
            content.for_each(|(name, member)| collect(&format!("{way}/{name}"), member, into));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_version_says_no_more_where_each_of_its_members_stands_there_already() {
        let stands = json!({"id": "a", "name": "Pantry", "alert": null, "contacts": [{"id": "b", "name": "Sheila", "phones": [{"number": "01582 1"}]}],
            "organization_id": "c", "provenance": {"fetched_at": "yesterday"}});
        let is = |told: Value| is_within(&told, &stands);
        assert!(is(json!({"id": "a", "name": "Pantry", "organization_id": "c", "provenance": {"fetched_at": "today"}})));
        assert!(is(json!({"id": "a", "name": "Pantry", "contacts": [{"id": "b", "phones": [{"number": "01582 1"}]}]})));
        assert!(!is(json!({"id": "a", "name": "Pantry, moved"})));
        assert!(!is(json!({"id": "a", "name": "Sheila"})), "another member said that");
        assert!(!is(json!({"id": "a", "name": "Pantry", "organization_id": "d"})), "it would lead elsewhere");
        assert!(!is(json!({"id": "a", "name": "Pantry", "is_free": true})));
    }
}
