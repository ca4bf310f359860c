//! What a peer tells again as it was, because it is read anew: it keeps the moment at which it first came like this, so
//! that nothing of it counts as changed and nobody who follows us reads it once more.

use serde_json::Value;
use uuid::Uuid;

use super::{
    End, Harvester,
    apply::{Plan, Planned},
    relays::Known,
};
use crate::model::{
    Document,
    provenance::{FETCHED_AT, MEMBER},
};

impl Harvester {
    /// Leave the moment as it is of whatever else is the same as what stands.
    pub(super) async fn keep_moments(&self, plan: &mut Plan, known: &Known) -> Result<(), End> {
        let is_here = |planned: &Planned| known.get(&planned.id()).is_some_and(|known| known.live);
        if !plan.drafts.iter().any(is_here) {
            return Ok(());
        }
        let ids: Vec<Uuid> = plan.drafts.iter().map(Planned::id).collect();
        let stored = self.records.find_all(&ids).await?;
        for planned in &mut plan.drafts {
            if let Some(stands) = stored.get(&planned.id()) {
                keep_moment(&mut planned.draft.document, &stands.document);
            }
        }
        Ok(())
    }
}

/// The moment of what `stands`, if the document differs in nothing else.
fn keep_moment(document: &mut Document, stands: &str) {
    let before: Value = serde_json::from_str(stands).unwrap_or_default();
    let moment = before[MEMBER][FETCHED_AT].clone();
    let mut same = document.clone();
    let Some(provenance) = same.extra_mut().get_mut(MEMBER).and_then(Value::as_object_mut) else { return };
    provenance.insert(FETCHED_AT.to_owned(), moment);
    if same.to_json() == stands {
        *document = same;
    }
}
