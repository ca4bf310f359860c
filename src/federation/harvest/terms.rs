//! Terms and taxonomies that are known by their web address: whoever holds the same term holds it under the same id.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{
    End, Error, Harvester, Run, admit,
    apply::Plan,
    event::Items,
    relays::{self, Sources},
};
use crate::{
    ids,
    model::{Document, Kind},
    records::State,
};

impl Harvester {
    /// Terms and taxonomies that have a web address, by it.
    pub(super) async fn vocabulary(&self) -> Result<HashMap<String, Uuid>, Error> {
        let mut found = HashMap::new();
        for kind in [Kind::Taxonomy, Kind::TaxonomyTerm] {
            let mut after = None;
            loop {
                let page = self.records.by_kind(kind, after, 500).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.id);
                for stored in &page {
                    let uri = match stored.read()? {
                        Document::TaxonomyTerm(term) => term.term_uri.map(|uri| uri.to_string()),
                        Document::Taxonomy(taxonomy) => taxonomy.uri.map(|uri| uri.to_string()),
                        _ => None,
                    };
                    // Our own term comes first where several have one address.
                    if let Some(uri) = uri
                        && (stored.origin.is_empty() || !found.contains_key(&uri))
                    {
                        found.insert(uri, stored.id);
                    }
                }
            }
        }
        Ok(found)
    }

    /// Terms and taxonomies of a page that are called otherwise here: who holds the same term holds it
    /// under the same id.
    pub(super) fn shared_terms(run: &Run, items: &Items, sources: &Sources) -> HashMap<(Kind, Uuid), Uuid> {
        let mut shared = run.shared.clone();
        let Some(vocabulary) = &run.vocabulary else { return shared };
        for event in items.iter().flatten() {
            if let Some(data) = &event.data {
                collect_terms(relays::origin_of(run, sources, event), vocabulary, data, event.kind, &mut shared);
            }
        }
        shared
    }

    /// A record that stands here under the same id and is not this peer's stays as it is: terms that
    /// are known by their address are the only ones whose ids are not made of their origin.
    pub(super) async fn leave_out_what_is_ours(&self, plan: &mut Plan) -> Result<(), End> {
        let terms = plan.drafts.iter().filter(|planned| planned.is_term());
        let terms: Vec<(Uuid, &str)> = terms.map(|planned| (planned.id(), planned.draft.origin.as_str())).collect();
        let ids: Vec<Uuid> = terms.iter().map(|(id, _)| *id).collect();
        let stored = self.records.find_all(&ids).await?;
        let is_theirs = |(id, origin): &&(Uuid, &str)| {
            stored.get(id).is_some_and(|stored| stored.origin != *origin && stored.state != State::Gone)
        };
        let theirs: HashSet<Uuid> = terms.iter().filter(is_theirs).map(|(id, _)| *id).collect();
        if theirs.is_empty() {
            return Ok(());
        }
        plan.drafts.retain(|planned| !theirs.contains(&planned.id()));
        plan.foreign.retain(|foreign| foreign.own_item || !theirs.contains(&foreign.id));
        plan.evidence.retain(|one| !theirs.contains(&one.id));
        *plan.ignored.entry("known-term").or_default() += theirs.len() as u64;
        Ok(())
    }
}

fn collect_terms(
    origin: &str,
    vocabulary: &HashMap<String, Uuid>,
    value: &serde_json::Value,
    kind: Kind,
    shared: &mut HashMap<(Kind, Uuid), Uuid>,
) {
    let text = |name: &str| value.get(name).and_then(serde_json::Value::as_str);
    let uri = match kind {
        Kind::TaxonomyTerm => text("term_uri"),
        Kind::Taxonomy => text("uri"),
        _ => None,
    };
    if let (Some(uri), Some(id)) = (uri, text("id")) {
        let here = vocabulary.get(uri).copied().unwrap_or_else(|| ids::from_uri(uri));
        shared.insert((kind, admit::local_id(origin, kind.as_str(), id)), here);
    }
    let Some(members) = value.as_object() else { return };
    for (name, member) in members {
        let kind = match name.as_str() {
            "taxonomy_term" => Kind::TaxonomyTerm,
            "taxonomy_detail" => Kind::Taxonomy,
            "organization" => Kind::Organization,
            "location" => Kind::Location,
            "service" => Kind::Service,
            _ => Kind::ServiceAtLocation,
        };
        match member {
            serde_json::Value::Object(_) => collect_terms(origin, vocabulary, member, kind, shared),
            serde_json::Value::Array(items) => {
                for item in items {
                    collect_terms(origin, vocabulary, item, kind, shared);
                }
            }
            _ => {}
        }
    }
}
