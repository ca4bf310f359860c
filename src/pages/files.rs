//! Files beside the pages: the style sheet, the icon, and what robots and finders of security holes read.

use std::sync::LazyLock;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use chrono::Days;
use http::{HeaderMap, HeaderValue, header};
use maud::{PreEscaped, html};
use uuid::Uuid;

use super::{
    Site,
    language::{self, Language},
};
use crate::{
    clock::rfc3339,
    http::{Parameters, Problem, caching},
    model::Kind,
    published::{render::projected_service_id, shelf::Entry},
};

const STYLE: &str = include_str!("style.css");
const SHORTLIST: &str = include_str!("shortlist.js");
const BACK: &str = include_str!("back.js");
const RESULTS: &str = include_str!("results.js");
const EXIT: &str = include_str!("exit.js");
const PASSKEY: &str = include_str!("passkey.js");
const POSTER_STYLE: &str = include_str!("poster.css");
/// The address of the style sheet of sheets to print.
pub(super) const POSTER: &str = "/assets/poster.css";
const ICON: &str = include_str!("icon.svg");
/// Pages in one part of the site map.
const PART: usize = 10_000;
/// What the site map lists, with the folder of its pages.
const LISTED: [(Kind, &str); 4] =
    [(Kind::Service, "services"), (Kind::Organization, "organisations"), (Kind::Location, "places"), (Kind::Event, "events")];

/// The address of a file of ours: another one whenever the file changes.
pub(super) fn address(path: &str, body: &str) -> String {
    format!("{path}?v={}", caching::etag_of_bytes(body.as_bytes()).trim_matches('"'))
}

/// The address of the style sheet: another one whenever it changes.
pub(super) fn style_address() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| address("/assets/style.css", STYLE));
    &ADDRESS
}

/// The address of the script that asks for passkeys: another one whenever it changes.
pub(super) fn passkey_address() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| address("/assets/passkey.js", PASSKEY));
    &ADDRESS
}

/// The script that asks for passkeys.
pub(super) async fn passkey(headers: HeaderMap) -> Response {
    file(&headers, "text/javascript; charset=utf-8", PASSKEY.to_owned())
}

/// The style sheet.
pub(super) async fn style(parameters: Parameters, headers: HeaderMap) -> Response {
    let mut response = file(&headers, "text/css; charset=utf-8", STYLE.to_owned());
    let is_this_one = parameters.text("v").ok().flatten().is_some_and(|version| style_address().ends_with(version));
    if is_this_one {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    }
    response
}

/// The style sheet of sheets to print.
pub(super) async fn poster(headers: HeaderMap) -> Response {
    file(&headers, "text/css; charset=utf-8", POSTER_STYLE.to_owned())
}

/// The icon: a fingerpost.
pub(super) async fn icon(headers: HeaderMap) -> Response {
    let mut response = file(&headers, "image/svg+xml", ICON.to_owned());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    response
}

/// The answer where the file does not exist.
pub(super) fn nothing() -> Problem {
    Problem::not_found("the file does not exist".to_owned())
}

/// The address of the script of lists: another one whenever it changes.
pub(super) fn shortlist_address() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| address("/assets/shortlist.js", SHORTLIST));
    &ADDRESS
}

/// The script of lists.
pub(super) async fn shortlist(headers: HeaderMap) -> Response {
    file(&headers, "text/javascript; charset=utf-8", SHORTLIST.to_owned())
}

/// The address of the script of results: another one whenever it changes.
pub(super) fn results_address() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| address("/assets/results.js", RESULTS));
    &ADDRESS
}

/// The script of results.
pub(super) async fn results(headers: HeaderMap) -> Response {
    file(&headers, "text/javascript; charset=utf-8", RESULTS.to_owned())
}

/// The address of the script of pages that results lead to, or that lead to results: another one whenever it changes.
pub(super) fn back_address() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| address("/assets/back.js", BACK));
    &ADDRESS
}

/// The script of pages that results lead to, or that lead to results.
pub(super) async fn back(headers: HeaderMap) -> Response {
    file(&headers, "text/javascript; charset=utf-8", BACK.to_owned())
}

/// The address of the script that leaves at once: another one whenever it changes.
pub(super) fn exit_address() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| address("/assets/exit.js", EXIT));
    &ADDRESS
}

/// The script that leaves at once.
pub(super) async fn exit(headers: HeaderMap) -> Response {
    file(&headers, "text/javascript; charset=utf-8", EXIT.to_owned())
}

pub(super) fn file(headers: &HeaderMap, kind: &'static str, body: String) -> Response {
    let version = caching::Version { etag: caching::etag_of_bytes(body.as_bytes()), changed_at: None };
    caching::respond::<Problem>(headers, &version, kind, || Ok(body.into()))
}

/// What robots may read: everything but searches.
pub(super) async fn robots(State(site): State<Site>, headers: HeaderMap) -> Response {
    let searches = Language::ALL.map(|language| {
        let [search, help] = ["/directory/search", "/help/"].map(|path| language::elsewhere(language, path));
        format!("Disallow: {search}\nDisallow: {help}\n")
    });
    let body = format!("User-agent: *\n{}Sitemap: {}\n", searches.concat(), site.address("/sitemap.xml"));
    file(&headers, "text/plain; charset=utf-8", body)
}

/// Where to report a security hole (RFC 9116).
pub(super) async fn security(State(site): State<Site>, headers: HeaderMap) -> Response {
    // Whole days, so that the answer stays the same for a day.
    let until = (site.today() + Days::new(180)).and_hms_opt(0, 0, 0).unwrap_or_default().and_utc();
    let body = format!(
        "Contact: {}\nExpires: {}\nPreferred-Languages: en\nCanonical: {}\n",
        site.address("/directory/about#wrong"),
        rfc3339(until),
        site.address("/.well-known/security.txt")
    );
    file(&headers, "text/plain; charset=utf-8", body)
}

/// The site map: one list of pages, or a list of parts where there are many.
pub(super) async fn sitemap(State(site): State<Site>, parameters: Parameters, headers: HeaderMap) -> Response {
    let total: usize = LISTED.iter().map(|(kind, _)| site.directory.shelf.count(*kind)).sum();
    let body = match parameters.parsed::<usize>("part", "a whole number from 1") {
        Err(problem) => return problem.into_response(),
        Ok(None) if total > PART => parts(&site, total.div_ceil(PART)),
        Ok(None) => part(&site, 0),
        Ok(Some(number)) if (1..=total.div_ceil(PART).max(1)).contains(&number) => part(&site, number - 1),
        Ok(Some(number)) => return Problem::not_found(format!("the site map has no part {number}")).into_response(),
    };
    file(&headers, "application/xml; charset=utf-8", body)
}

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const SCHEMA: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";

fn parts(site: &Site, parts: usize) -> String {
    let address = |number: usize| site.address(&format!("/sitemap.xml?part={number}"));
    html! {
        (PreEscaped(DECLARATION))
        sitemapindex xmlns=(SCHEMA) { @for number in 1..=parts { sitemap { loc { (address(number)) } } } }
    }
    .into_string()
}

/// Part `number`, from 0, of everything listed in order of kinds and ids.
fn part(site: &Site, number: usize) -> String {
    let shelf = &site.directory.shelf;
    let mut skip = number * PART;
    let mut chosen: Vec<(&str, Entry)> = Vec::new();
    for (kind, folder) in LISTED {
        let mut after = None;
        while chosen.len() < PART {
            let entries = shelf.entries_after(kind, after, PART);
            let Some(last) = entries.last() else { break };
            after = Some(last.id);
            let skipped = skip.min(entries.len());
            skip -= skipped;
            let room = PART - chosen.len();
            chosen.extend(entries[skipped..].iter().take(room).map(|entry| (folder, *entry)));
        }
    }
    let projected = projections(site);
    html! {
        (PreEscaped(DECLARATION))
        urlset xmlns=(SCHEMA) {
            @if number == 0 { url { loc { (site.address("/")) } } url { loc { (site.address("/directory/needs")) } } }
            @for (folder, entry) in chosen.iter().filter(|(_, entry)| !entry.inactive && projected.binary_search(&entry.id).is_err()) {
                url {
                    loc { (site.address(&format!("/directory/{folder}/{}", entry.id))) }
                    lastmod { (rfc3339(entry.changed_at())) }
                }
            }
        }
    }
    .into_string()
}

/// The ids of services that stand for events, in order: events have pages of their own.
fn projections(site: &Site) -> Vec<Uuid> {
    let mut ids = Vec::new();
    let mut after = None;
    loop {
        let entries = site.directory.shelf.entries_after(Kind::Event, after, PART);
        let Some(last) = entries.last() else { break };
        after = Some(last.id);
        ids.extend(entries.iter().map(|entry| projected_service_id(entry.id)));
    }
    ids.sort_unstable();
    ids
}
