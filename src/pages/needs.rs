//! What people need: families of needs with how much help there is for each, and the help for one.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{Path, State},
    response::Response,
};
use chrono::{DateTime, Utc};
use http::HeaderMap;
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Site, data,
    language::{as_written, say},
    layout,
    layout::{Page, Step},
    listing, paging,
    self_help::PlaceField,
    words::{count, noun},
};
use crate::{
    http::{Parameters, Problem},
    model::{Kind, Taxonomy, TaxonomyTerm, text::fold},
    published::{Position, shelf::Form},
    publishing::{Directory, ask_index},
    search::Wanted,
};

/// Services that the page of a need lists at most.
const MOST_LISTED: usize = 2_000;

/// A need and how many services help with it.
#[derive(Clone, Debug)]
pub(super) struct Need {
    id: Uuid,
    name: String,
    services: usize,
}

/// A wider need with those below it.
#[derive(Clone, Debug)]
pub(super) struct Family {
    head: Need,
    needs: Vec<Need>,
}

/// Everything that there is help for, at one state of the shelf.
#[derive(Clone, Debug, Default)]
pub(super) struct Overview {
    families: Vec<Family>,
    /// The terms of the list of needs, used or not.
    terms: Vec<TaxonomyTerm>,
    /// Services that can be had.
    pub(super) services: usize,
    /// Event series.
    pub(super) events: usize,
    /// When anything last changed.
    pub(super) changed_at: Option<DateTime<Utc>>,
}

/// The latest overview, made anew when the shelf has moved on. While one request makes it, others
/// are given the one before.
#[derive(Debug, Default)]
pub(super) struct Overviews {
    latest: Mutex<Option<(Position, Arc<Overview>)>>,
    making: tokio::sync::Mutex<()>,
}

impl Overviews {
    fn latest(&self) -> Option<(Position, Arc<Overview>)> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The overview as things are now.
pub(super) async fn overview(site: &Site) -> Result<Arc<Overview>, Problem> {
    let held = match (site.overview.latest(), site.overview.making.try_lock()) {
        (Some((position, overview)), _) if position == site.directory.shelf.position() => return Ok(overview),
        (_, Ok(held)) => held,
        (Some((_, before)), Err(_)) => return Ok(before),
        (None, Err(_)) => site.overview.making.lock().await,
    };
    let position = site.directory.shelf.position();
    if let Some((_, overview)) = site.overview.latest().filter(|(known, _)| *known == position) {
        return Ok(overview);
    }
    let made = Arc::new(site.aside(count_needs).await?);
    *site.overview.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some((position, made.clone()));
    drop(held);
    Ok(made)
}

/// What counting looks at in a service.
#[derive(Deserialize)]
struct Helps {
    #[serde(default)]
    attributes: Vec<Carries>,
    #[serde(default)]
    service_at_locations: Vec<HelpsHere>,
    event_id: Option<Uuid>,
}

/// The same of one of its places: it is found by what that carries, too.
#[derive(Deserialize)]
struct HelpsHere {
    #[serde(default)]
    attributes: Vec<Carries>,
}

#[derive(Deserialize)]
struct Carries {
    taxonomy_term_id: Option<Uuid>,
}

fn count_needs(directory: &Directory) -> Result<Overview, Problem> {
    let mut counts: HashMap<Uuid, usize> = HashMap::new();
    let mut overview = Overview { events: directory.shelf.count(Kind::Event), ..Overview::default() };
    data::each(directory, Kind::Service, Form::Full, |entry, line| {
        overview.changed_at = overview.changed_at.max(Some(entry.changed_at()));
        let Some(helps) = serde_json::from_slice::<Helps>(line).ok().filter(|_| !entry.inactive) else { return };
        overview.services += usize::from(helps.event_id.is_none());
        let carried = helps.attributes.iter().chain(helps.service_at_locations.iter().flat_map(|here| &here.attributes));
        let mut terms: Vec<Uuid> = carried.filter_map(|attribute| attribute.taxonomy_term_id).collect();
        terms.sort_unstable();
        terms.dedup();
        for term in terms {
            *counts.entry(term).or_default() += 1;
        }
    })?;
    let mut taxonomies: Vec<(Taxonomy, Vec<TaxonomyTerm>)> = Vec::new();
    data::each(directory, Kind::Taxonomy, Form::Full, |_, line| {
        taxonomies.extend(serde_json::from_slice(line).ok().map(|taxonomy| (taxonomy, Vec::new())));
    })?;
    data::each(directory, Kind::TaxonomyTerm, Form::Brief, |_, line| {
        let Ok(term) = serde_json::from_slice::<TaxonomyTerm>(line) else { return };
        let home = taxonomies.iter_mut().find(|(taxonomy, _)| term.taxonomy_id == Some(taxonomy.id));
        if let Some((_, terms)) = home {
            terms.push(term);
        }
    })?;
    // The list of needs by its address; without one, the list that most services use.
    let used = |terms: &[TaxonomyTerm]| terms.iter().filter_map(|term| counts.get(&term.id.into())).sum::<usize>();
    let by_address = taxonomies
        .iter()
        .find(|(taxonomy, _)| taxonomy.uri.as_ref().is_some_and(|uri| uri.as_str().trim_end_matches('/').ends_with("/needs")));
    let chosen = by_address.or_else(|| taxonomies.iter().max_by_key(|(_, terms)| used(terms)));
    overview.families = chosen.map(|(_, terms)| families_of(terms, &counts)).unwrap_or_default();
    overview.terms = chosen.map(|(_, terms)| terms.clone()).unwrap_or_default();
    Ok(overview)
}

impl Overview {
    /// The terms of the list of needs, used or not.
    pub(super) fn terms(&self) -> &[TaxonomyTerm] {
        &self.terms
    }
}

/// The widest term above each, however many stand between: each is passed once. Of terms that are below each other in a
/// circle it is one of them.
fn heads_of(terms: &[TaxonomyTerm]) -> HashMap<Uuid, Uuid> {
    let ids: HashSet<Uuid> = terms.iter().map(|term| term.id.into()).collect();
    let wider = |term: &TaxonomyTerm| term.parent_id.map(Uuid::from).filter(|wider| ids.contains(wider));
    let parents: HashMap<Uuid, Uuid> = terms.iter().filter_map(|term| Some((term.id.into(), wider(term)?))).collect();
    let mut heads: HashMap<Uuid, Uuid> = HashMap::new();
    for term in terms {
        let (mut at, mut way) = (Uuid::from(term.id), HashSet::new());
        let head = loop {
            if let Some(head) = heads.get(&at) {
                break *head;
            }
            if !way.insert(at) {
                break at;
            }
            match parents.get(&at) {
                Some(wider) => at = *wider,
                None => break at,
            }
        };
        heads.extend(way.into_iter().map(|id| (id, head)));
    }
    heads
}

/// Terms in families, by name; what no service helps with is left out.
fn families_of(terms: &[TaxonomyTerm], counts: &HashMap<Uuid, usize>) -> Vec<Family> {
    let heads = heads_of(terms);
    let is_head = |term: &TaxonomyTerm| {
        let id = Uuid::from(term.id);
        heads.get(&id) == Some(&id)
    };
    let need = |term: &TaxonomyTerm| Need {
        id: term.id.into(),
        name: term.name.clone(),
        services: counts.get(&term.id.into()).copied().unwrap_or(0),
    };
    let by_name = |a: &Need, b: &Need| fold(&a.name).cmp(&fold(&b.name));
    let (tops, below): (Vec<&TaxonomyTerm>, Vec<&TaxonomyTerm>) = terms.iter().partition(|term| is_head(term));
    let mut needs: HashMap<Uuid, Vec<Need>> = HashMap::new();
    for need in below.into_iter().map(need).filter(|need| need.services > 0) {
        if let Some(head) = heads.get(&need.id) {
            needs.entry(*head).or_default().push(need);
        }
    }
    let family = |head: Need| Family { needs: needs.remove(&head.id).unwrap_or_default(), head };
    let mut families: Vec<Family> = tops.into_iter().map(need).map(family).collect();
    families.retain(|family| family.head.services > 0 || !family.needs.is_empty());
    for family in &mut families {
        family.needs.sort_by(by_name);
    }
    families.sort_by(|a, b| by_name(&a.head, &b.head));
    families
}

/// The families with links to their needs.
pub(super) fn families(overview: &Overview) -> Markup {
    let link = |need: &Need| {
        html! {
            li { a href=(format!("/directory/needs/{}", need.id)) { (as_written(&need.name)) } " " span class="count" { (need.services) span class="unseen" { " " (noun(need.services, "service", "services")) } } }
        }
    };
    html! {
        @if overview.families.is_empty() { p { (say("Nothing is sorted by need yet. Search in the box above.")) } }
        div class="families" {
            @for family in &overview.families {
                section aria-labelledby=(format!("n-{}", family.head.id)) {
                    h3 id=(format!("n-{}", family.head.id)) { (as_written(&family.head.name)) }
                    ul {
                        @for need in &family.needs { (link(need)) }
                        @if family.head.services > 0 { (link(&family.head)) }
                    }
                }
            }
        }
    }
}

/// All needs.
pub(super) async fn all(State(site): State<Site>, headers: HeaderMap) -> Response {
    let page = overview(&site).await.map(|overview| {
        let body = html! {
            h1 { (say("Browse by need")) }
            p class="lead" { (say("Choose what you need help with. The number shows how many services there are.")) }
            h2 class="unseen" { (say("Needs")) }
            (families(&overview))
        };
        let preview = say("Everything you can find help with here.");
        Page {
            preview: Some(preview.to_owned()),
            path: Some("/directory/needs".to_owned()),
            ..Page::new(say("Browse by need"), body)
        }
    });
    layout::answer(&site, &headers, page)
}

/// The help for one need.
pub(super) async fn one(
    State(site): State<Site>,
    Path(id): Path<String>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Response {
    layout::answer(&site, &headers, need(&site, &id, &parameters).await)
}

async fn need(site: &Site, id: &str, parameters: &Parameters) -> Result<Page, Problem> {
    let term: TaxonomyTerm = data::one(&site.directory, Kind::TaxonomyTerm, id)?.document;
    let wanted = match &term.code {
        Some(code) => Wanted { needs: vec![code.clone()], only_current: true, ..Wanted::default() },
        None => Wanted { term: Some(term.id.into()), only_current: true, ..Wanted::default() },
    };
    let found = all_ids(site, Kind::Service, wanted).await?;
    let below = all_ids(site, Kind::TaxonomyTerm, Wanted { parent: Some(term.id.into()), ..Wanted::default() }).await?;
    let below: Vec<TaxonomyTerm> =
        data::these(&site.directory, &below, Form::Brief)?.into_iter().map(|found| found.document).collect();
    let at = paging::read(parameters, found.len())?;
    let listings = listing::of_services(site, at.slice(&found), None)?;
    let quiet = term.code.as_deref().is_some_and(listing::is_sensitive_code) || listings.iter().any(|listing| listing.sensitive);
    let code = term.code.as_deref();
    let is_pressing = code.is_some_and(|code| site.directory.search.words().is_pressing(code));
    let numbers = site.self_help.numbers_for(code.filter(|_| quiet || is_pressing), None).await;
    let path = format!("/directory/needs/{}", term.id);
    let body = html! {
        @if quiet || is_pressing { (super::home::now(&numbers, site.self_help.now(), PlaceField::OnTheFirstPage)) }
        h1 { (as_written(&term.name)) }
        p class="lead" { (as_written(&term.description)) }
        @if !below.is_empty() {
            h2 { (say("Choose one")) }
            ul { @for term in &below { li { a href=(format!("/directory/needs/{}", term.id)) { (as_written(&term.name)) } } } }
        }
        @if found.is_empty() && below.is_empty() {
            p { (say("Nothing is listed for this at the moment.")) }
            (super::errors::ways_on())
        }
        @if !found.is_empty() {
            h2 { (count(found.len(), "service", "services")) }
            (listing::list(&listings, "h3"))
            (paging::links(&path, at))
        }
    };
    let title = if quiet { say("Services").to_owned() } else { format!("{}{}", term.name, at.in_title()) };
    let preview = (!quiet).then(|| term.description.clone());
    Ok(Page {
        preview,
        path: Some(path),
        quiet,
        trail: vec![Step::to("/directory/needs", say("Browse by need"))],
        ..Page::new(title, body)
    })
}

/// Everything that is wanted, in order.
async fn all_ids(site: &Site, kind: Kind, wanted: Wanted) -> Result<Vec<Uuid>, Problem> {
    let found =
        ask_index(&site.directory, wanted, move |search, wanted, now| search.find(kind, wanted, now, 0..MOST_LISTED)).await?;
    Ok(found.hits.into_iter().map(|hit| hit.id).collect())
}
