//! A list of places to ask, put together by ticking: to print, to send, to take along. It is kept
//! nowhere. Its ids travel in the body of each request; a link to it carries them behind `#`, which
//! browsers do not send.

use axum::{
    extract::{State, rejection::StringRejection},
    response::Response,
};
use http::HeaderMap;
use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use super::{
    Site, files, home,
    language::{as_written, rightwards, say, say_with, weave},
    layout,
    layout::Page,
    listing::{self, Listing, MOST_SENT},
    phones, results,
    search_form::{Asked, Narrowing, form_with},
    self_help,
    words::{self, count},
};
use crate::{
    http::{Parameters, Problem},
    model::Service,
};

/// Listings on one list.
const MOST: usize = 40;
/// The name of the form that boxes of other pages belong to.
pub(super) const FORM: &str = "shortlist";

/// What somebody has ticked.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept(Vec<Uuid>);

impl Kept {
    /// Read it from a form: what is no id of anything is left out.
    pub(super) fn read(form: &Parameters) -> Self {
        let mut ids = Vec::new();
        for (_, value) in form.pairs().filter(|(name, _)| *name == "keep") {
            if let Some(id) = value.parse().ok().filter(|id| !ids.contains(id) && ids.len() < MOST) {
                ids.push(id);
            }
        }
        Self(ids)
    }

    fn without(&self, id: Uuid) -> Self {
        Self(self.0.iter().copied().filter(|own| *own != id).collect())
    }

    /// Hidden fields with it.
    pub(super) fn hidden(&self) -> Markup {
        html! { @for id in &self.0 { input type="hidden" name="keep" value=(id); } }
    }

    /// A box that keeps one listing.
    pub(super) fn tick(&self, listing: &Listing) -> Markup {
        let name = format!("keep-{}", listing.id);
        html! {
            div class="choice keep" {
                input type="checkbox" id=(name) name="keep" value=(listing.id) form=(FORM) checked[self.0.contains(&listing.id)];
                label for=(name) { (say("Add to my list")) span class="unseen" { ": " (as_written(listing.link().1)) } }
            }
        }
    }

    /// The button below listings with boxes: what was ticked before and is not among them stays.
    pub(super) fn button(&self, listings: &[Listing], asked: &Asked) -> Markup {
        let others = Self(self.0.iter().copied().filter(|id| !listings.iter().any(|listing| listing.id == *id)).collect());
        html! {
            form id=(FORM) class="keeping" method="post" action="/directory/shortlist" {
                (others.hidden())
                @for (name, value) in asked.fields() { input type="hidden" name=(name) value=(value); }
                button class="button plain" { (say("Make a list of the ticked listings")) }
            }
        }
    }
}

/// A button on the page of one listing.
pub(super) fn button_for(id: Uuid) -> Markup {
    html! {
        form class="keeping" method="post" action="/directory/shortlist" {
            input type="hidden" name="keep" value=(id);
            button class="button plain" { (say("Add to a list to print or send")) }
        }
    }
}

/// GET: how to make a list, or with a link to one its ids, which only the script of the page can see.
pub(super) async fn blank(State(site): State<Site>, headers: HeaderMap) -> Response {
    let body = html! {
        h1 { (say("Your list")) }
        p { (say("There is nothing on your list yet. Search for help, tick what you want to keep, and press “Make a list of the ticked listings”.")) }
        p { a class="button" href="/" { (say("Find help")) } }
        noscript { p class="banner" { (say("If someone sent you a link to a list, you need JavaScript to open it. Ask them to send the list as a text message.")) } }
        form class="from-link" method="post" action="/directory/shortlist" {}
    };
    layout::answer(&site, &headers, Ok(page(say("Your list"), body)))
}

fn page(title: &str, body: Markup) -> Page {
    Page { unkept: true, quiet: true, scripts: vec![self_help::script(), files::shortlist_address()], ..Page::new(title, body) }
}

/// POST: the list.
pub(super) async fn show(State(site): State<Site>, headers: HeaderMap, body: Result<String, StringRejection>) -> Response {
    let made = results::sent_long(&headers, body).and_then(|form| list(&site, &form));
    layout::answer(&site, &headers, made)
}

fn list(site: &Site, form: &Parameters) -> Result<Page, Problem> {
    let mut kept = Kept::read(form);
    if let Some(id) = form.text("drop")?.and_then(|id| id.parse().ok()) {
        kept = kept.without(id);
    }
    let (asked, helper) = (Asked::read(form)?, form.text("helper")?.is_some());
    let found = listing::with_times(site, &kept.0, None)?;
    let gone = kept.0.len() - found.len();
    let title = if helper { say("Their list") } else { say("Your list") };
    let body = html! {
        // What others had better not see is not shown again at "back".
        @let sensitive = found.iter().any(|(_, listing)| listing.sensitive);
        @if sensitive { (home::danger()) } @else { div data-keeps="" {} }
        h1 { (title) }
        (words::printed(site.today()))
        p class="lead unprinted" { (say("We do not store this list. When you leave, it is gone, unless you print it, send it or save the link.")) }
        @if gone > 0 { p class="banner" role="note" { (count(gone, "listing is no longer here.", "listings are no longer here.")) } }
        @if found.is_empty() { p { (say("There is nothing on the list.")) } }
        ol class="listings" { @for (service, listing) in &found { (row(&kept, &asked, helper, service, listing)) } }
        @if !found.is_empty() { (keep(site, helper, &found)) }
        (go_on(&kept, &asked, helper))
    };
    Ok(page(title, body))
}

fn row(kept: &Kept, asked: &Asked, helper: bool, service: &Service, listing: &Listing) -> Markup {
    let (href, name) = listing.link();
    html! {
        li {
            h2 { a href=(href) { (as_written(name)) } }
            @if let Some(organisation) = listing.organisation() { p class="by" { (as_written(organisation)) } }
            @for phone in service.numbers_or_theirs().into_iter().take(2) { p { (phones::to_ring(&phone.in_words(), Some("tel"))) } }
            dl class="facts" { @for (label, value) in listing.facts_to_keep() { div { dt { (say(label)) } dd { (value) } } } }
            (listing.tags())
            form class="unprinted" method="post" action="/directory/shortlist" {
                (kept.hidden())
                (carried(asked, helper))
                button class="link" name="drop" value=(listing.id) { (say("Remove from the list")) span class="unseen" { ": " (as_written(name)) } }
            }
        }
    }
}

/// The search that somebody came from, so that they can go on with it.
fn carried(asked: &Asked, helper: bool) -> Markup {
    html! {
        @for (name, value) in asked.fields() { input type="hidden" name=(name) value=(value); }
        @if helper { input type="hidden" name="helper" value="yes"; }
    }
}

fn keep(site: &Site, helper: bool, found: &[(Service, Listing)]) -> Markup {
    // A message and a link stay on two phones: what others had better not see is in neither.
    let open: Vec<&(Service, Listing)> = found.iter().filter(|(_, listing)| !listing.sensitive).collect();
    let sent = &open[..open.len().min(MOST_SENT)];
    let left_out = found.len() - sent.len();
    let begins = if helper { say("Here are places that may help you:") } else { say("Places to ask:") };
    let pairs = sent.iter().map(|one| (&one.0, &one.1));
    let text = Listing::to_send(site, begins, pairs, &["Where", "When", "Next"], left_out);
    html! {
        section class="keep unprinted" aria-labelledby="keep" {
            h2 id="keep" { (if helper { say("Give it to them") } else { say("Keep it") }) }
            p { button class="button print" type="button" hidden { (say("Print")) } }
            @if !sent.is_empty() { (by_message(&text)) }
            @if left_out > 0 {
                p {
                    (count(left_out, "place is left out:", "places are left out:"))
                    " " (say("some are too private to be seen on a phone, or do not fit in a message."))
                }
            }
            @if !open.is_empty() { (as_link(site, &open, open.len() < found.len())) }
        }
    }
}

fn by_message(text: &str) -> Markup {
    let encoded = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    html! {
        p {
            (weave("Send it {text} or {email}. Your own phone or computer sends it.", &[
                ("text", html! { a href=(format!("sms:?&body={encoded}")) { (say("by text")) } }),
                ("email", html! { a href=(format!("mailto:?subject=A%20list&body={encoded}")) { (say("by email")) } }),
            ]))
        }
    }
}

/// A link to these listings; `is_part` where the list has others, too.
fn as_link(site: &Site, listings: &[&(Service, Listing)], is_part: bool) -> Markup {
    let ids: Vec<String> = listings.iter().map(|(_, listing)| listing.id.to_string()).collect();
    let link = format!("{}#{}", site.address("/directory/shortlist"), ids.join(","));
    html! {
        div class="field" {
            label for="link" { (say("Link to this list")) }
            p class="hint" id="link-hint" {
                @if is_part { (say("The private ones are not in the link.")) " " }
                (say("It only says which listings are on the list. The part after # is not sent to us until the link is opened, and is not stored then."))
            }
            input type="text" id="link" readonly dir=[rightwards()] value=(link) aria-describedby="link-hint";
        }
    }
}

fn go_on(kept: &Kept, asked: &Asked, helper: bool) -> Markup {
    html! {
        div class="unprinted" {
            form method="post" action=(if asked.is_empty() { "/directory/shortlist/more" } else { "/directory/search" }) {
                (kept.hidden())
                (carried(asked, helper))
                button class="button plain" { (if asked.is_empty() { say("Search for more") } else { say("Go back to the results") }) }
            }
            form method="post" action="/directory/shortlist" {
                (kept.hidden())
                (carried(asked, false))
                @if helper { button class="link" { (say("This list is for me")) } }
                @else { button class="link" name="helper" value="yes" { (say("I am helping someone")) } }
            }
        }
    }
}

/// POST: the search form, with the list carried along.
pub(super) async fn more(State(site): State<Site>, headers: HeaderMap, body: Result<String, StringRejection>) -> Response {
    let made = results::sent_long(&headers, body).map(|form| {
        let kept = Kept::read(&form);
        let body = html! {
            h1 { (say("Find help")) }
            p { (say_with("Your list has {listings}. You can add what you find.", &[("listings", &count(kept.0.len(), "listing", "listings"))])) }
            (form_with(&Asked::default(), &[], Narrowing::Shown, &kept.hidden()))
        };
        page(say("Find help"), body)
    });
    layout::answer(&site, &headers, made)
}
