//! The frame that every page stands in, and the answer that carries it.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::{
    Site, errors, files, language,
    language::{Language, as_written, rightwards, say, spoken, written_in},
    notices, statements,
};
use crate::{
    formats::jsonld,
    http::{Problem, caching, visitor::FORM_TOKEN},
    texts::Kind,
};

/// What a browser may do with a page: show it, load our style sheet, send our forms. Nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The same for a page with a script of ours.
const POLICY_WITH_SCRIPTS: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The same for one whose script sends the page's own form.
const POLICY_WITH_SENDING: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// What a page may show pictures from.
const PICTURES: &str = "img-src 'self'";
/// Where "Exit this page" leads: somewhere ordinary.
const ELSEWHERE: &str = "https://www.bbc.co.uk/weather";

/// A step on the way from the first page to this one.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Where it leads.
    pub(super) href: String,
    /// What it is called.
    pub(super) name: String,
}

impl Step {
    /// A step.
    pub(super) fn to(href: impl Into<String>, name: impl Into<String>) -> Self {
        Self { href: href.into(), name: name.into() }
    }
}

/// Whom a page is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum For {
    /// Anybody.
    #[default]
    Everybody,
    /// Somebody who is about to sign in.
    Arriving,
    /// Somebody who is signed in.
    Signed {
        /// What proves that a form of this page is ours.
        form: String,
        /// Whether they see what waits for a decision.
        officer: bool,
        /// Whether they would, had they shown a passkey.
        owing: bool,
    },
}

/// A page before it is put into its frame.
#[derive(Clone, Debug)]
pub(super) struct Page {
    /// Its title, without the directory's name.
    pub(super) title: String,
    /// What search engines and link previews may say about it. Never on a page to be kept quiet.
    pub(super) preview: Option<String>,
    /// Its path, where it has one address that is the right one.
    pub(super) path: Option<String>,
    /// Whether somebody may be in danger if others see them reading it.
    pub(super) quiet: bool,
    /// The way from the first page.
    pub(super) trail: Vec<Step>,
    /// A calendar that belongs to the page: its address and what it is called.
    pub(super) calendar: Option<(String, &'static str)>,
    /// The page as data (schema.org).
    pub(super) data: Option<Value>,
    /// What stands in `<main>`, its `<h1>` included.
    pub(super) body: Markup,
    /// HTTP status.
    pub(super) status: StatusCode,
    /// Whether no browser or cache may keep it.
    pub(super) unkept: bool,
    /// Whom it is for.
    pub(super) audience: For,
    /// Whether where its form comes from decides whether it is taken.
    pub(super) judged_by_origin: bool,
    /// The first half of the postcode that the page is for, where it is known.
    pub(super) outcode: Option<String>,
    /// Whether it tells somebody in danger what to do: nothing may come before that, so the menu and the
    /// notices follow it.
    pub(super) urgent: bool,
    /// Whether a script of ours sends its form, so that the pages that follow take its place.
    pub(super) sends_itself: bool,
    /// Another server that pictures on it come from; none but for a map that somebody asked for.
    pub(super) pictures_from: Option<String>,
    /// Addresses of style sheets beside that of every page.
    pub(super) styles: Vec<&'static str>,
    /// Addresses of scripts of ours that make the page handier. It works without them.
    pub(super) scripts: Vec<&'static str>,
}

impl Page {
    /// A page with nothing special about it.
    pub(super) fn new(title: impl Into<String>, body: Markup) -> Self {
        Self {
            title: title.into(),
            preview: None,
            path: None,
            quiet: false,
            trail: Vec::new(),
            calendar: None,
            data: None,
            body,
            status: StatusCode::OK,
            unkept: false,
            audience: For::Everybody,
            judged_by_origin: false,
            outcode: None,
            urgent: false,
            sends_itself: false,
            pictures_from: None,
            styles: Vec::new(),
            scripts: Vec::new(),
        }
    }
}

/// The page as an answer; a problem as a page that says what to do about it.
pub(super) fn answer(site: &Site, request: &HeaderMap, page: Result<Page, Problem>) -> Response {
    let page = page.unwrap_or_else(|problem| errors::page(&problem));
    let document = language::keep(frame(site, &page).into_string()).into_bytes();
    let kind = "text/html; charset=utf-8";
    let mut response = if page.status == StatusCode::OK && !page.unkept {
        let version = caching::Version { etag: caching::etag_of_bytes(&document), changed_at: None };
        caching::respond::<Problem>(request, &version, kind, || Ok(document.into()))
    } else {
        let keep = if page.status == StatusCode::GONE { caching::PUBLIC } else { "no-store" };
        (page.status, [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, keep)], document).into_response()
    };
    let headers = response.headers_mut();
    let policy = match (page.scripts.is_empty() && !page.quiet, page.sends_itself) {
        (true, _) => POLICY,
        (_, true) => POLICY_WITH_SENDING,
        (_, false) => POLICY_WITH_SCRIPTS,
    };
    let wider = page.pictures_from.as_ref().map(|from| policy.replace(PICTURES, &format!("{PICTURES} {from}")));
    let policy = wider.and_then(|policy| HeaderValue::from_str(&policy).ok()).unwrap_or_else(|| HeaderValue::from_static(policy));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    // A form of a page without referrers is sent with `Origin: null`, so nobody could say that it is ours.
    let says_where = page.judged_by_origin || page.audience != For::Everybody;
    let referrer = if says_where { "same-origin" } else { "no-referrer" };
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static(referrer));
    response
}

fn frame(site: &Site, page: &Page) -> Markup {
    let name = &*site.directory.name;
    let title = format!("{} – {name}", page.title);
    let texts = site.texts.shown();
    html! {
        (DOCTYPE)
        html lang=(spoken().page_tag()) dir=[spoken().runs_leftwards().then_some("rtl")] {
            head {
                meta charset="utf-8";
                title { (title) }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="stylesheet" href=(files::style_address());
                @if let Some(style) = site.brand.style() { link rel="stylesheet" href=(style); }
                @for style in &page.styles { link rel="stylesheet" href=(style); }
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                @if let Some(path) = &page.path { link rel="canonical" href=(site.address(path)); (alternates(site, page, path)) }
                link rel="alternate" type="application/atom+xml" title=(say("New and changed services")) href="/services.atom";
                @if let Some((href, title)) = &page.calendar { link rel="alternate" type="text/calendar" title=(title) href=(href); }
                @if page.quiet { meta name="robots" content="nosnippet, noarchive"; }
                @else if let Some(preview) = &page.preview {
                    meta name="description" content=(preview);
                    meta property="og:title" content=(title);
                    meta property="og:description" content=(preview);
                    meta property="og:locale" content=(spoken().locale());
                }
                @if page.status != StatusCode::OK || page.unkept { meta name="robots" content="noindex"; }
                @for script in &page.scripts { script src=(script) type="module" {} }
                @if page.quiet && !page.scripts.contains(&files::exit_address()) { script src=(files::exit_address()) type="module" {} }
                @if let Some(data) = &page.data { script type="application/ld+json" { (PreEscaped(jsonld::text(data))) } }
            }
            body {
                a class="skip" href="#main" { (say("Skip to main content")) }
                header {
                    div class="width" {
                        a class="brand" href="/" { @if let Some(logo) = site.brand.logo() { img src=(logo) alt="" height="40"; } (name) }
                        @if !page.urgent { (menu(site, page)) }
                    }
                    (draft())
                    @if site.demo { p class="demo" { span class="width" { (say("This is a demonstration. Every service, person and local phone number here is made up.")) } } }
                    @if page.quiet && !page.urgent { (about_exit()) }
                }
                @if page.quiet { (exit()) }
                @if !page.urgent { (notices::standing(site, page.outcode.as_deref())) }
                div class="width" {
                    @if !page.trail.is_empty() { (trail(&page.trail)) }
                    main id="main" tabindex="-1" { (page.body) }
                }
                @if page.urgent { (notices::standing(site, page.outcode.as_deref())) }
                footer {
                    @if page.urgent && page.quiet { (about_exit()) }
                    div class="width" {
                        @if page.urgent { (menu(site, page)) }
                        ul {
                            li { a href="/directory/about" { (say("About this directory")) } }
                            li { a href="/directory/about#wrong" { (say("Report something wrong")) } }
                            li { a href="/directory/accessibility" { (say("Accessibility")) } }
                            li { a href="/directory/privacy" { (say("Privacy")) } }
                            li { a href="/directory/listing-policy" { (say("What is listed here")) } }
                            li { a href="/directory/about#data" { (say("Open data")) } }
                            li { a href="/account" { (say("For groups: keep your listing up to date")) } }
                        }
                        (statements::ask(site))
                        @if let Some(footer) = texts.get(Kind::Page, "footer") { div lang=[written_in()] dir=[rightwards()] { (footer.html) } }
                        @if page.audience == For::Everybody { (switcher(page)) }
                    }
                }
            }
        }
    }
}

fn menu(site: &Site, page: &Page) -> Markup {
    let has_guides = !site.texts.shown().guides().is_empty();
    html! {
        nav aria-label=(say("Main")) {
            @if let For::Signed { form, officer, owing } = &page.audience { (signed_in(form, *officer, *owing)) } @else { ul {
                li { a href="/" { (say("Find help")) } }
                li { a href="/directory/needs" { (say("Browse by need")) } }
                li { a href="/directory/whats-on" { (say("What’s on")) } }
                @if has_guides { li { a href="/directory/guides" { (say("Guides")) } } }
                li { a href="/help" { (say("Work out what helps")) } }
                li { a href="/help#now" { (say("Urgent help")) } }
            } }
        }
    }
}

fn about_exit() -> Markup {
    html! { p class="width unprinted" { (say("“Exit this page” takes you straight to a weather page. It does not clear your history.")) } }
}

/// The same page in every language, for search engines: only of pages that have an address.
fn alternates(site: &Site, page: &Page, path: &str) -> Markup {
    let found = page.status == StatusCode::OK && !page.unkept && language::is_translated(path);
    html! {
        @if found {
            @for other in Language::ALL { link rel="alternate" hreflang=(other.tag()) href=(site.address_in(other, path)); }
            link rel="alternate" hreflang="x-default" href=(site.address_in(Language::English, path));
        }
    }
}

/// What a page says whose translation nobody has looked at, in its own language and in English.
pub(super) fn draft() -> Markup {
    const SAID: &str = "This translation is a draft. A speaker of the language has not checked it.";
    html! {
        @if spoken() != Language::English {
            p class="demo draft" { span class="width" { (say(SAID)) " " (as_written(SAID)) } }
        }
    }
}

/// The way to this page in other languages, each called as it calls itself. Answers do not come along.
fn switcher(page: &Page) -> Markup {
    let here = language::here().or_else(|| page.path.clone()).unwrap_or_else(|| "/".to_owned());
    html! {
        nav aria-label=(say("Language")) {
            ul class="languages" {
                @for language in Language::ALL {
                    @if language == spoken() { li { span aria-current="true" { (language.own_name()) } } }
                    @else { li { a lang=(language.tag()) hreflang=(language.tag()) href=(language::elsewhere(language, &here)) { (language.own_name()) } } }
                }
            }
        }
    }
}

/// What somebody who is signed in needs on every page.
fn signed_in(form: &str, officer: bool, owing: bool) -> Markup {
    html! {
        ul {
            li { a href="/" { "Directory" } }
            li { a href="/account" { "Your listings" } }
            @if officer { li { a href="/moderation" { "Waiting" } } }
            @if owing { li { a href="/sign-in/passkey" { "Second step" } } }
            li { a href="/account/profile" { "You" } }
            li {
                form method="post" action="/sign-out" {
                    input type="hidden" name=(FORM_TOKEN) value=(form);
                    button class="link" { "Sign out" }
                }
            }
        }
    }
}

/// The way out: it stays on the screen, however far somebody scrolls.
fn exit() -> Markup {
    html! {
        div class="exit" role="region" aria-label=(say("Exit this page")) {
            div class="width" { a class="button warn" href=(ELSEWHERE) rel="noreferrer" { (say("Exit this page")) } }
        }
    }
}

fn trail(steps: &[Step]) -> Markup {
    html! {
        nav class="trail" aria-label=(say("Breadcrumb")) {
            ol {
                li { a href="/" { (say("Home")) } }
                @for step in steps { li { a href=(step.href) { (step.name) } } }
            }
        }
    }
}
