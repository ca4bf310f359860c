//! "Something wrong?": a form for everybody, without signing in.

use axum::{
    body::Body,
    extract::{Path, Request, State},
    response::Response,
};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use super::{Upkeep, problem};
use crate::{
    http::{Problem, visitor},
    mail,
    model::Kind,
    pages::{
        Site, data,
        desk::Fields,
        errors,
        fields::{Field, Mistakes},
        layout::{self, Page},
    },
    quality::{
        keepers_of, moderators,
        reports::{LONGEST_WORDS, New, Wrong},
    },
};

/// A listing that is reported, as far as everybody sees it.
#[derive(Debug, Deserialize)]
struct Named {
    #[serde(default)]
    name: String,
}

/// What stands in the form.
#[derive(Debug, Default)]
struct Sent {
    wrong: Vec<Wrong>,
    words: String,
    reply_to: String,
}

/// GET `/directory/report/{id}`.
pub(super) async fn show(State(upkeep): State<Upkeep>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let page = listing(&upkeep.site, &id)
        .map(|(id, path, name)| form(&upkeep, id, (&path, &name), &Sent::default(), &Mistakes::default()));
    layout::answer(&upkeep.site, &headers, quietly(page))
}

/// POST `/directory/report/{id}`.
pub(super) async fn send(State(upkeep): State<Upkeep>, Path(id): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let client = visitor::client(&parts.extensions, &parts.headers, &upkeep.proxies);
    let page = take(&upkeep, &id, client, &parts.headers, body).await;
    layout::answer(&upkeep.site, &parts.headers, quietly(page))
}

/// What went wrong can be left at once, as the form can.
fn quietly(page: Result<Page, Problem>) -> Result<Page, Problem> {
    page.or_else(|problem| Ok(Page { quiet: true, ..errors::page(&problem) }))
}

/// What is published under this id, its page and its name.
fn listing(site: &Site, id: &str) -> Result<(Uuid, String, String), Problem> {
    let kinds =
        [(Kind::Service, "services"), (Kind::Organization, "organisations"), (Kind::Event, "events"), (Kind::Location, "places")];
    let mut absent = Problem::not_found("this listing does not exist".to_owned());
    for (kind, path) in kinds {
        match data::one::<Named>(&site.directory, kind, id) {
            Ok(found) => {
                return Ok((found.entry.id, format!("/directory/{path}/{}", found.entry.id), found.document.name));
            }
            // One that is gone says so.
            Err(problem) if problem.status == StatusCode::GONE.as_u16() => absent = problem,
            Err(_) => {}
        }
    }
    Err(absent)
}

async fn take(upkeep: &Upkeep, id: &str, client: std::net::IpAddr, headers: &HeaderMap, body: Body) -> Result<Page, Problem> {
    let (id, path, name) = listing(&upkeep.site, id)?;
    if !visitor::comes_from_us(headers, &upkeep.site.directory.public_url) {
        return Err(Problem::forbidden("this form did not come from one of our pages; open the page again"));
    }
    let fields = Fields::read(headers, body).await?;
    let sent = Sent {
        wrong: fields.all("wrong").filter_map(Wrong::read).collect(),
        words: fields.text("words").to_owned(),
        reply_to: fields.text("reply_to").trim().to_owned(),
    };
    let mut mistakes = Mistakes::default();
    if sent.wrong.is_empty() && sent.words.is_empty() {
        mistakes.add("wrong", "Tick what is wrong, or describe it in your own words");
    }
    if sent.words.chars().count() > LONGEST_WORDS {
        mistakes.add("words", format!("Use at most {LONGEST_WORDS} characters"));
    }
    if !sent.reply_to.is_empty() && mail::address(&sent.reply_to).is_none() {
        mistakes.add("reply_to", "Enter an email address in the form name@example.org, or leave it empty");
    }
    if !mistakes.none() {
        let page = form(upkeep, id, (&path, &name), &sent, &mistakes);
        return Ok(Page { status: StatusCode::BAD_REQUEST, ..page });
    }
    if !upkeep.may_report(client) {
        mistakes.add(
            "words",
            "You have sent too many reports within an hour. Keep this page open and send it later, or ring the council",
        );
        let page = form(upkeep, id, (&path, &name), &sent, &mistakes);
        return Ok(Page { status: StatusCode::TOO_MANY_REQUESTS, ..page });
    }
    let quality = &upkeep.quality;
    let failed = |error| problem(&error);
    let keepers = keepers_of(quality.records(), upkeep.editing.identity(), id).await.map_err(failed)?;
    let moderators = moderators(upkeep.editing.identity()).await.map_err(failed)?;
    let new = New { record: id, wrong: sent.wrong, words: sent.words, reply_to: Some(sent.reply_to).filter(|to| !to.is_empty()) };
    let answers = new.reply_to.is_some();
    quality.report(&new, &keepers, &moderators).await.map_err(failed)?;
    Ok(thanks(&path, answers))
}

fn form(upkeep: &Upkeep, id: Uuid, (path, name): (&str, &str), sent: &Sent, mistakes: &Mistakes) -> Page {
    let directory = &upkeep.site.directory.name;
    let body = html! {
        (mistakes.summary())
        h1 { "Something wrong?" }
        p { "Tell us what is wrong with " a href=(path) { (name) } ". The people who manage the listing and " (directory) " will look at it within two days." }
        form method="post" action=(format!("/directory/report/{id}")) novalidate {
            (ticks(sent, mistakes))
            (Field::new("words", "What is wrong?", &sent.words)
                .hint("You do not need to say who you are. Do not write about yourself or about someone who needs help. Only the people who correct listings read this.")
                .lines(mistakes, 4))
            (Field::new("reply_to", "Your email address, if you want a reply", &sent.reply_to)
                .hint("We will use it once, to tell you the outcome, then delete it.")
                .line(mistakes, "email", "email"))
            button class="button" { "Send" }
        }
    };
    Page { unkept: true, quiet: true, judged_by_origin: true, ..Page::new(mistakes.title("Something wrong?"), body) }
}

fn ticks(sent: &Sent, mistakes: &Mistakes) -> Markup {
    let said = mistakes.of("wrong");
    html! {
        fieldset class=(if said.is_some() { "wrong" } else { "" }) {
            legend id="wrong" { "Tick all that apply" }
            @if let Some(said) = said { p class="error" { span class="unseen" { "Error: " } (said) } }
            @for one in Wrong::ALL {
                @let id = format!("wrong-{}", one.as_str());
                div class="choice" {
                    input type="checkbox" id=(id) name="wrong" value=(one.as_str()) checked[sent.wrong.contains(&one)];
                    label for=(id) { (one.words()) }
                }
            }
        }
    }
}

fn thanks(path: &str, answers: bool) -> Page {
    let body = html! {
        h1 { "Thank you" }
        p { "We will look at it within two days." @if answers { " Then we will email you." } }
        p { a href=(path) { "Back to the listing" } }
        p { "If a page shows an address that must stay secret, tell the council straight away and say that it is urgent." }
    };
    Page { unkept: true, quiet: true, ..Page::new("Thank you", body) }
}
