//! Pieces that pages of services, organisations, places and events share.

use chrono::{DateTime, NaiveDate, Utc};
use maud::{Markup, Render, html};

use super::{
    Site,
    language::{as_written, rightwards, say, say_with, weave, written_in},
    layout::Step,
    phones, times, words,
};
use crate::model::{
    Attribute, Contact, Location, LocationPolicy, LocationType, Organization, Phone, Schedule,
    annotation::Remark,
    location::Address,
    parts::{Accessibility, Language},
    provenance::{Evidence, Provenance},
    values::{Number, WebAddress},
};

/// A text of several lines as paragraphs.
pub(super) fn paragraphs(text: &str) -> Markup {
    html! { @for paragraph in text.lines().map(str::trim).filter(|line| !line.is_empty()) { p lang=[written_in()] dir=[rightwards()] { (paragraph) } } }
}

/// One row of a summary list; nothing where there is nothing to say.
pub(super) fn row(label: &str, values: &[impl Render]) -> Markup {
    html! {
        @match values {
            [] => {},
            [only] => div { dt { (say(label)) } dd { (only) } },
            some => div { dt { (say(label)) } dd { ul { @for value in some { li { (value) } } } } },
        }
    }
}

/// The same for what somebody wrote.
pub(super) fn row_as_written(label: &str, values: &[String]) -> Markup {
    row(label, &values.iter().map(|value| as_written(value)).collect::<Vec<_>>())
}

/// What something costs.
pub(super) fn costs_row(costs: &[String]) -> Markup {
    row("Cost", &costs.iter().map(|said| words::price(said)).collect::<Vec<_>>())
}

/// The same for a single text that somebody wrote.
pub(super) fn text_row(label: &str, text: Option<&str>) -> Markup {
    row_as_written(label, &text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).into_iter().collect::<Vec<_>>())
}

/// Schedules in words, those that are over left out.
pub(super) fn schedules(schedules: &[Schedule], today: NaiveDate) -> Vec<String> {
    times::in_order(schedules, today)
}

/// Names of languages.
pub(super) fn languages(languages: &[Language]) -> Option<String> {
    let names: Vec<String> = languages
        .iter()
        .filter_map(|language| {
            let name = language.name.as_ref().or(language.code.as_ref())?;
            Some(language.note.as_ref().map_or_else(|| name.clone(), |note| format!("{name} ({note})")))
        })
        .collect();
    (!names.is_empty()).then(|| words::list(&names))
}

/// What a number is called, where it is one to ring.
fn label(phone: &Phone, to_ring: &'static str) -> &'static str {
    if phone.is_fax() { say("Fax") } else { to_ring }
}

/// A phone number to tap; a fax is none.
fn phone(phone: &Phone) -> Markup {
    html! {
        @if phone.is_fax() { (as_written(&phone.number)) } @else { (phones::to_ring(&phone.number, None)) }
        @if let Some(Number(extension)) = phone.extension { ", " (say("extension")) " " (extension) }
        @if phone.phone_type.as_deref().is_some_and(|kind| kind == "text" || kind == "sms") { " (" (say("text messages")) ")" }
        @if let Some(more) = &phone.description { " – " (as_written(more)) }
    }
}

fn email(address: &str) -> Markup {
    html! { a href=(format!("mailto:{address}")) dir=[rightwards()] { (address) } }
}

/// A link to somebody else's page, named by its host.
pub(super) fn web(address: &WebAddress, label: Option<&str>) -> Markup {
    let host = url::Url::parse(address.as_str())
        .ok()
        .and_then(|url| url.host_str().map(|host| host.trim_start_matches("www.").to_owned()));
    html! { a href=(address.as_str()) rel="noreferrer" dir=[label.is_none().then(rightwards).flatten()] { (label.or(host.as_deref()).unwrap_or(address.as_str())) } }
}

/// Ways to reach somebody: a summary list, or nothing.
pub(super) fn contact(
    phones: &[Phone],
    address: Option<&str>,
    site: Option<&WebAddress>,
    more: &[(Option<String>, WebAddress)],
    contacts: &[Contact],
) -> Markup {
    let none = phones.is_empty() && address.is_none() && site.is_none() && more.is_empty() && contacts.is_empty();
    html! {
        @if !none {
            h2 { (say("Contact")) }
            dl class="summary" {
                @for number in phones { div { dt { (label(number, say("Phone"))) } dd { (phone(number)) } } }
                @if let Some(address) = address { div { dt { (say("Email")) } dd { (email(address)) } } }
                @if let Some(site) = site { div { dt { (say("Website")) } dd { (web(site, None)) } } }
                @for (label, address) in more { div { dt { (label.as_deref().map_or_else(|| html! { (say("Also")) }, as_written)) } dd { (web(address, None)) } } }
                @for contact in contacts { (person(contact)) }
            }
        }
    }
}

/// Ways to reach somebody at one place, as a short list.
pub(super) fn contact_here(phones: &[Phone], contacts: &[Contact]) -> Markup {
    html! {
        dl class="facts" {
            @for number in phones { div { dt { (label(number, say("Phone here"))) } dd { (phone(number)) } } }
            @for contact in contacts { (person(contact)) }
        }
    }
}

fn person(contact: &Contact) -> Markup {
    let who: Vec<&str> =
        [contact.name.as_deref(), contact.title.as_deref(), contact.department.as_deref()].into_iter().flatten().collect();
    html! {
        div {
            dt { @if who.is_empty() { (say("Contact")) } @else { (as_written(&who.join(", "))) } }
            dd {
                @for number in &contact.phones { p { @if number.is_fax() { (say("Fax")) " " } (phone(number)) } }
                @if let Some(address) = &contact.email { p { (email(address.as_str())) } }
                @if contact.phones.is_empty() && contact.email.is_none() { (say("Ask for them by name.")) }
            }
        }
    }
}

/// A postal address on several lines.
pub(super) fn address(address: &Address) -> Markup {
    let lines = [
        address.attention.as_deref(),
        Some(address.address_1.as_str()),
        address.address_2.as_deref(),
        Some(address.city.as_str()),
        Some(address.postal_code.as_str()),
    ];
    html! { p class="address" lang=[written_in()] dir=[rightwards()] { @for line in lines.into_iter().flatten().map(str::trim).filter(|line| !line.is_empty()) { (line) br; } } }
}

/// What makes a place easier or harder to use.
pub(super) fn access(items: &[Accessibility]) -> Vec<String> {
    items
        .iter()
        .filter_map(|item| {
            let what = item.description.as_ref().or(item.accessibility.as_ref())?;
            Some(item.details.as_ref().map_or_else(|| what.clone(), |details| format!("{what}: {details}")))
        })
        .collect()
}

/// A place inside the page of something else, as far as it may be told.
pub(super) fn place(place: &Location) -> Markup {
    let name = place.name.as_deref().unwrap_or_else(|| say("A place"));
    html! {
        @match place.location_policy {
            Some(LocationPolicy::Area) => {
                h3 { (place.name.as_deref().map_or_else(|| say("Nearby").to_owned(), |town| say_with("In {town}", &[("town", town)]))) }
                p {
                    @if let Some(town) = &place.name { (say_with("In {town}", &[("town", town)])) ". " }
                    (say("The exact address is not published."))
                }
            },
            Some(_) => { h3 { (say("Address given when you book")) } p { (say("Get in touch first. They will tell you where to go.")) } },
            None if place.location_type == LocationType::Virtual => {
                h3 { (say("Online")) }
                @if let Some(url) = &place.url { p { (web(url, None)) } }
                @if let Some(text) = &place.description { (paragraphs(text)) }
            },
            None => {
                h3 { a href=(format!("/directory/places/{}", place.id)) { (as_written(name)) } }
                @for line in &place.addresses { (address(line)) }
                @if let Some(text) = &place.transportation { p { (as_written(text)) } }
                dl class="facts" { (row_as_written("Access", &access(&place.accessibility))) }
            },
        }
    }
}

/// Terms with links to more of the same, one row for each list of terms.
pub(super) fn terms(attributes: &[Attribute]) -> Markup {
    let mut lists: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for term in attributes.iter().filter_map(|attribute| attribute.taxonomy_term.as_deref()) {
        let detail = term.taxonomy_detail.as_ref();
        let is_needs = detail
            .and_then(|taxonomy| taxonomy.uri.as_ref())
            .is_some_and(|uri| uri.as_str().trim_end_matches('/').ends_with("/needs"));
        let list = if is_needs {
            say("Helps with").to_owned()
        } else {
            detail.map_or_else(|| say("Kind").to_owned(), |taxonomy| taxonomy.name.clone())
        };
        let link = (format!("/directory/needs/{}", term.id), term.name.clone());
        match lists.iter_mut().find(|(name, _)| *name == list) {
            Some((_, links)) if links.contains(&link) => {}
            Some((_, links)) => links.push(link),
            None => lists.push((list, vec![link])),
        }
    }
    html! {
        @for (list, links) in &lists {
            div { dt { (list) } dd { ul { @for (href, name) in links { li { a href=(href) { (as_written(name)) } } } } } }
        }
    }
}

/// Where a listing comes from, when it last changed, and how to read it as data.
pub(super) fn origin(
    site: &Site,
    changed_at: DateTime<Utc>,
    api: &str,
    extra: &serde_json::Map<String, serde_json::Value>,
) -> Markup {
    let from = Provenance::of(extra);
    let licence = from.as_ref().map_or(Some(site.brand.licence.as_str()), |from| from.licence.as_deref());
    html! {
        div { dt { (say("Last changed")) } dd { (words::date(words::london_day(changed_at))) } }
        div { dt { (say("Source")) } dd { @match &from { None => (as_written(&site.directory.name)), Some(from) => (source(from)) } } }
        @if let Some(remark) = Remark::of(extra) { div { dt { (weave("Note from {name}", &[("name", as_written(&site.directory.name))])) } dd { (as_written(&remark.note)) } } }
        @if let Some(licence) = licence.filter(|licence| is_web_address(licence)) {
            div { dt { (say("Licence")) } dd { a href=(licence) rel="license noreferrer" { (licence_name(licence)) } } }
        }
        div { dt { (say("As data")) } dd { a href=(api) { "JSON" } } }
    }
}

/// The directory that a listing comes from, with the way to it.
fn source(from: &Provenance) -> Markup {
    let day = day_of(&from.fetched_at);
    html! {
        @match from.url.as_deref().filter(|url| is_web_address(url)) {
            Some(url) => a href=(url) rel="noreferrer" { (as_written(&from.source)) },
            None => (as_written(&from.source)),
        }
        @if let Some(via) = &from.via { (say(", ")) (say_with("through {name}", &[("name", via)])) }
        @if let Some(day) = day { (say(", ")) (say_with("as published there on {date}", &[("date", &day)])) }
        @if let Some(id) = &from.id { (say(", ")) (say_with("where its id is {id}", &[("id", id)])) }
        ". "
        @match from.evidence { Evidence::Signed => (say("Signed by its source")), Evidence::Attested => (say("Read at its source, which did not sign it")) }
        ". " a href="/directory/sources" { (say("When it was last checked")) }
        @if let Some(day) = from.unconfirmed_since.as_deref().and_then(day_of) { ". " (say_with("Not confirmed since {date}", &[("date", &day)])) }
        @if let Some(words) = &from.attribution { ". " (as_written(words)) }
    }
}

/// The day of a moment, in words.
pub(super) fn day_of(moment: &str) -> Option<String> {
    moment.get(..10).and_then(|day| day.parse().ok()).map(words::date)
}

fn is_web_address(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// What a licence is called, where we know it.
pub(super) fn licence_name(address: &str) -> &str {
    if address.contains("open-government-licence/version/3") { "Open Government Licence v3.0" } else { address }
}

/// Whose it is.
pub(super) fn by(organisation: &Organization) -> Markup {
    let link = html! { a href=(format!("/directory/organisations/{}", organisation.id)) { (as_written(&organisation.name)) } };
    html! { p class="by" { (weave("By {organisation}", &[("organisation", link)])) } }
}

/// What an organisation declares, and what the directory has seen of it, each with its day.
pub(super) fn declarations(site: &Site, organisation: &Organization) -> Markup {
    let said: Vec<String> = organisation
        .declarations
        .iter()
        .filter_map(|one| {
            let declared = one.declared_on.map(|day| say_with("declared from {day}", &[("day", &words::date(day))]));
            let seen = one
                .seen_on
                .map(|day| say_with("seen by {name} on {day}", &[("name", &site.directory.name), ("day", &words::date(day))]));
            let days: Vec<String> = declared.into_iter().chain(seen).collect();
            (!days.is_empty()).then(|| format!("{}: {}", one.name, days.join("; ")))
        })
        .collect();
    row(say("Declarations"), &said)
}

/// Where to say that something is wrong.
pub(super) fn wrong(id: impl std::fmt::Display) -> Markup {
    html! {
        p { a href=(format!("/directory/report/{id}")) rel="nofollow" { (say("Something wrong?")) } }
        p class="small" { a href=(format!("/moderation/records/{id}")) rel="nofollow" { (say("For officers: edit or hide this listing")) } }
        p class="small" { (say("A listing is not an endorsement.")) " " a href="/directory/listing-policy" { (say("What is listed here")) } }
    }
}

/// The step to an organisation's page.
pub(super) fn organisation_step(organisation: Option<&Organization>) -> Vec<Step> {
    organisation
        .map(|organisation| Step::to(format!("/directory/organisations/{}", organisation.id), organisation.name.clone()))
        .into_iter()
        .collect()
}
