//! For people of which areas a service is, and whether a council gives it.

use maud::{Markup, html};

use super::{
    Site,
    language::{as_written, rightwards, say, say_with, weave},
    words,
};
use crate::{
    model::{Organization, Service, parts::ServiceArea, text::fold},
    places::coverage::is_national,
    self_help::contacts::Council,
};

/// Areas that a list names at most.
const NAMED: usize = 3;
/// Longest name of an area in a list, in characters.
const LONGEST_NAME: usize = 80;
/// Registers of councils (org-id.guide): who has a number of one is a council.
const REGISTERS: [&str; 4] = ["GB-LAE", "GB-LAS", "GB-LAN", "GB-PLA"];

/// Where everybody finds their own council.
const FIND_COUNCIL: &str = "https://www.gov.uk/find-local-council";

/// Needs that help is given with wherever somebody comes from.
const FROM_ANYWHERE: [&str; 5] =
    ["refuge", "safety-domestic-abuse", "safety-forced-marriage", "safety-exploitation", "safety-sexual-violence"];

fn areas(service: &Service) -> impl Iterator<Item = &ServiceArea> {
    service.service_areas.iter().chain(service.service_at_locations.iter().flat_map(|link| &link.service_areas))
}

/// What its areas are called, as its own page says it.
pub(super) fn names(service: &Service) -> Vec<String> {
    let called = |area: &ServiceArea| area.name.as_ref().or(area.service_area.as_ref()).or(area.description.as_ref()).cloned();
    let mut names: Vec<String> = areas(service).filter_map(called).collect();
    names.dedup();
    names
}

/// The same in a line for a list; none where it is for everybody in one of the nations, or does not say.
pub(super) fn limit(service: &Service) -> Option<String> {
    if areas(service).any(is_national) {
        return None;
    }
    let mut names: Vec<String> = names(service).iter().map(|name| words::summary(name, LONGEST_NAME)).collect();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    if more > 0 {
        names.push(words::count(more, "more area", "more areas"));
    }
    Some(names.join(", ")).filter(|said| !said.is_empty())
}

/// That a service is for people who are elsewhere.
pub(super) fn for_elsewhere(limit: Option<&str>) -> String {
    match limit {
        Some(area) => say_with("For people who live in {area}", &[("area", area)]),
        None => say("For people who live elsewhere").to_owned(),
    }
}

/// What the directory covers, as its council is called; none where the settings or the contacts do not say.
pub(super) async fn covered(site: &Site) -> Option<String> {
    site.self_help.council_called(site.brand.gss.as_deref()?).await
}

/// The way to everybody's own council.
pub(super) fn find_council() -> Markup {
    html! { a href=(FIND_COUNCIL) dir=[rightwards()] rel="noreferrer" { "gov.uk/find-local-council" } }
}

/// For somebody whose place nobody here knows: that it may lie elsewhere, and what to do then.
pub(super) async fn perhaps_outside(site: &Site) -> Markup {
    let covered = covered(site).await;
    html! {
        p {
            @match &covered {
                Some(area) => { (weave("This directory covers {area}. If you are elsewhere, it may not list what is near you.", &[("area", as_written(area))])) },
                None => (say("The place may be outside what this directory covers.")),
            }
            " " (weave("Find your own council: {link}.", &[("link", find_council())]))
        }
    }
}

/// The same for somebody who is surely elsewhere: where these codes of areas are known, and none is the directory's.
pub(super) async fn outside(site: &Site, codes: &[String]) -> Option<Markup> {
    let own = site.brand.gss.as_ref()?;
    if codes.is_empty() || codes.contains(own) {
        return None;
    }
    let area = covered(site).await?;
    Some(html! {
        p class="small" {
            (weave("This directory covers {area}. Your own council may list more: {link}.", &[("area", as_written(&area)), ("link", find_council())]))
        }
    })
}

/// The councils that the contacts know; none where nobody has reviewed these.
pub(super) async fn councils(site: &Site) -> Vec<Council> {
    site.self_help.in_force().await.map(|edition| edition.contacts.councils.clone()).unwrap_or_default()
}

/// Whether a service is for people from anywhere by its nature, whatever its areas say: nobody who is not safe at home
/// is sent back to look for a refuge there.
pub(super) fn takes_from_anywhere(service: &Service) -> bool {
    let terms = || service.classified().filter_map(|attribute| attribute.taxonomy_term.as_ref());
    let is_refuge = |name: &str| fold(name).split(' ').any(|word| word == "refuge" || word == "refuges");
    terms().filter_map(|term| term.code.as_deref()).any(|code| FROM_ANYWHERE.contains(&code))
        || terms().map(|term| term.name.as_str()).chain([service.name.as_str()]).any(is_refuge)
}

/// Whether a council gives the service: what it decides and pays is for those who live in its area.
pub(super) fn is_of_a_council(service: &Service, councils: &[Council]) -> bool {
    service.organization.as_deref().is_some_and(|organisation| is_council(organisation, councils))
}

fn is_council(organisation: &Organization, councils: &[Council]) -> bool {
    let is_in_a_register = organisation
        .organization_identifiers
        .iter()
        .filter_map(|number| number.identifier_scheme.as_deref())
        .any(|scheme| REGISTERS.iter().any(|register| scheme.eq_ignore_ascii_case(register)));
    let says_so = || {
        let status = organisation.legal_status.as_deref().map(fold).unwrap_or_default();
        status.contains("local authority") && fold(&organisation.name).split(' ').any(|word| word == "council")
    };
    is_in_a_register || says_so() || councils.iter().any(|council| council.is_called(&organisation.name))
}

/// Whether a council gives the service that answers for one of these areas, by GSS code.
pub(super) fn is_of_their_council(service: &Service, councils: &[Council], codes: &[String]) -> bool {
    let Some(organisation) = service.organization.as_deref() else { return false };
    councils.iter().any(|council| codes.contains(&council.code) && council.is_called(&organisation.name))
}
