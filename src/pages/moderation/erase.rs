//! Taking out somebody's data: where they are named in listings and reports, or an account.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::{Markup, html};
use uuid::Uuid;

use super::problem;
use crate::{
    editing::{Error, FoundSaid, Theirs},
    http::{Parameters, Problem},
    identity::{Action, Deed, Person, PersonId},
    pages::{
        desk::{Desk, Fields, Posted, Signed, go_to},
        fields::{Field, Mistakes},
        layout::{Page, Step},
        words::{self, count},
    },
    published::redaction::Known,
    quality::reports::Report,
    records::{self, FoundContact, FoundPerson, FoundWords},
};

const TITLE: &str = "Erase someone’s data";
const NO_NAMES: &str = "This is kept for years, so do not mention the person. For example: “asked by letter of 3 March”.";

/// So many of each kind are shown at once: a page stays small, and what stands everywhere is nobody's name.
const MOST_SHOWN: usize = 20;

/// What was found.
#[derive(Default)]
struct Found {
    listings: FoundPerson,
    calls: Vec<FoundSaid>,
    claims: Vec<FoundSaid>,
    reports: Vec<Report>,
    people: Vec<Person>,
}

/// What became of a button that erases.
#[derive(Clone, Copy, Debug)]
enum Done {
    Erased,
    /// There was nothing of it any more: of two taps the first has erased it.
    Gone,
}

impl Done {
    fn read(word: &str) -> Option<Self> {
        match word {
            "yes" => Some(Self::Erased),
            "gone" => Some(Self::Gone),
            _ => None,
        }
    }

    /// The page, saying so.
    fn path(self) -> &'static str {
        match self {
            Self::Erased => "/moderation/erase?done=yes",
            Self::Gone => "/moderation/erase?done=gone",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Erased => "Erased. Followers have been told to delete their copies.",
            Self::Gone => {
                "It is not there any more. Someone has erased it already, perhaps you a moment ago. Search again to see what is left."
            }
        }
    }
}

fn allowed(signed: &Signed) -> Result<(), Error> {
    if signed.may(Action::Erase) { Ok(()) } else { Err(Error::Forbidden("only a moderator can erase someone's data")) }
}

/// GET `/moderation/erase`.
pub(super) async fn show(State(desk): State<Desk>, signed: Signed, parameters: Parameters, headers: HeaderMap) -> Response {
    let done = parameters.text("done").ok().flatten().and_then(Done::read);
    let page = allowed(&signed).map(|()| page(&signed, &Fields::default(), &Mistakes::default(), None, done));
    desk.answer(&headers, &signed, page.map_err(Problem::from))
}

fn page(signed: &Signed, fields: &Fields, mistakes: &Mistakes, found: Option<&Found>, done: Option<Done>) -> Page {
    let asked = (fields.text("q"), mistakes);
    let body = html! {
        (mistakes.summary())
        @if let Some(done) = done { p class="done" role="status" { (done.words()) } }
        h1 { (TITLE) }
        p { "Use this when someone asks for their name, address or number to be deleted. What you enter here does not appear in any web address or log." }
        form method="post" action="/moderation/erase" novalidate {
            (signed.proof())
            (Field::new("q", "Name, email address or phone number", fields.text("q")).line(mistakes, "search", "off"))
            button class="button" name="do" value="find" { "Find" }
        }
        @if let Some(found) = found {
            h2 { "Contacts in listings" }
            @if found.listings.contacts.is_empty() { p { "There is no contact with that name, address or number, now or in an earlier version." } }
            (listed(&found.listings.contacts, |one| contact(signed, asked, one)))
            h2 { "Elsewhere in listings" }
            @if found.listings.words.is_empty() { p { "No description, telephone number or other text of a listing has exactly these words, now, in an earlier version or in a proposed change. If a full name is not found, try its parts." } }
            (listed(&found.listings.words, |one| words(signed, asked, one)))
            @if !found.calls.is_empty() {
                h2 { "In what was said of calls" }
                (listed(&found.calls, |one| said(signed, asked, one, goes_with(&found.listings.words, one), "That there was a call stays on record.")))
            }
            @if !found.claims.is_empty() {
                h2 { "In what was said about claims" }
                (listed(&found.claims, |one| said(signed, asked, one, goes_with(&found.listings.words, one) || found.calls.iter().any(|call| call.record == one.record), "That there was a claim stays on record.")))
            }
            h2 { "In reports" }
            @if found.reports.is_empty() { p { "No report that something is wrong has these words." } }
            (listed(&found.reports, |one| report(signed, fields.text("q"), one)))
            h2 { "Accounts" }
            @if found.people.is_empty() { p { "There is no account with this email address or name." } }
            (listed(&found.people, |one| account(signed, asked, one)))
        }
    };
    Page { trail: vec![Step::to("/moderation", "Waiting")], ..Page::new(mistakes.title(TITLE), body) }
}

/// The first of what was found, and how much there is.
fn listed<T>(found: &[T], each: impl Fn(&T) -> Markup) -> Markup {
    html! {
        @if found.len() > MOST_SHOWN {
            p { "These are the first " (MOST_SHOWN) " of " (found.len()) ". Enter more of the name or number to find fewer, or search again once these are erased." }
        }
        ul class="listings" { @for one in found.iter().take(MOST_SHOWN) { li { (each(one)) } } }
    }
}

fn contact(signed: &Signed, (q, mistakes): (&str, &Mistakes), one: &FoundContact) -> Markup {
    let reason = format!("reason-{}", one.contact);
    html! {
        h3 { (one.says) }
        p {
            "In " a href=(format!("/account/listings/{}", one.record)) { (one.listing) }
            @if !one.origin.is_empty() { ", which comes from " (one.origin) ": it will stay erased here, but ask that directory too" }
            "."
        }
        p {
            "This will erase: "
            @if one.stands { "the current contact" @if one.public { ", from our pages, the API, exports and the feed immediately" } @else { ", which the public does not see" } @if one.versions > 0 { "; " } }
            @if one.versions > 0 { "the contact in " (count(one.versions, "earlier version", "earlier versions")) }
            "; and waiting changes that contain it. You cannot undo this, and neither a feed nor a backup will bring it back. A name or number that the listing also gives elsewhere is not covered: if it is shown below, erase it there too."
        }
        form method="post" action="/moderation/erase" novalidate {
            (signed.proof())
            input type="hidden" name="q" value=(q);
            input type="hidden" name="record" value=(one.record);
            input type="hidden" name="contact" value=(one.contact);
            (Field { name: &reason, label: "Why?", hint: NO_NAMES, value: "" }.line(mistakes, "text", "off"))
            button class="button warn" name="do" value="contact" { "Erase it permanently" span class="unseen" { ": " (one.says) } }
        }
    }
}

fn words(signed: &Signed, asked: (&str, &Mistakes), one: &FoundWords) -> Markup {
    html! {
        h3 { (one.listing) }
        @for text in one.says.iter().take(3) { blockquote { (text) } }
        p {
            "In " a href=(format!("/account/listings/{}", one.record)) { (one.listing) }
            @if !one.origin.is_empty() { ", which comes from " (one.origin) ": it will stay erased here, but ask that directory too" }
            "."
        }
        p {
            "This will erase “" (asked.0) "”, and nothing but these words or this number, from: "
            @if one.stands { "the current version" @if one.public { ", our pages, the API, exports and the feed immediately" } @else { ", which the public does not see" } @if one.versions > 0 { "; " } }
            @if one.versions > 0 { (count(one.versions, "earlier version", "earlier versions")) }
            @if one.proposals > 0 { @if one.stands || one.versions > 0 { "; " } (count(one.proposals, "proposed change", "proposed changes")) ", which will be deleted" }
            ". You cannot undo this, and neither a feed nor a backup will bring it back."
        }
        (erase_words(signed, asked, one.record, &one.listing))
    }
}

/// What was said of calls about a protected listing, or about claims of one.
fn said(signed: &Signed, asked: (&str, &Mistakes), one: &FoundSaid, goes_with_another: bool, stays: &str) -> Markup {
    html! {
        h3 { (one.listing) }
        @for said in one.says.iter().take(3) { blockquote { (words::capital(said)) } }
        @if goes_with_another { p { "This goes with the other words of this listing, above." } }
        @else {
            p { "This will erase “" (asked.0) "” from what was said, here only. " (stays) " You cannot undo this." }
            (erase_words(signed, asked, one.record, &one.listing))
        }
    }
}

/// Whether the words of the listing itself are shown, with which goes what was said beside it.
fn goes_with(words: &[FoundWords], one: &FoundSaid) -> bool {
    words.iter().take(MOST_SHOWN).any(|words| words.record == one.record)
}

fn erase_words(signed: &Signed, (q, mistakes): (&str, &Mistakes), record: Uuid, listing: &str) -> Markup {
    let reason = format!("reason-{record}");
    html! {
        form method="post" action="/moderation/erase" novalidate {
            (signed.proof())
            input type="hidden" name="q" value=(q);
            input type="hidden" name="record" value=(record);
            (Field { name: &reason, label: "Why?", hint: NO_NAMES, value: "" }.line(mistakes, "text", "off"))
            button class="button warn" name="do" value="words" { "Erase these words permanently" span class="unseen" { ": " (listing) } }
        }
    }
}

fn report(signed: &Signed, q: &str, one: &Report) -> Markup {
    html! {
        @for text in [&one.words, &one.answer].into_iter().flatten() { blockquote { (text) } }
        p { "In a " a href=(format!("/moderation/reports/{}", one.id)) { "report" } ". This will erase what was written in it and in the answer. Which listing was reported, and for what, stays." }
        form method="post" action="/moderation/erase" novalidate {
            (signed.proof())
            input type="hidden" name="q" value=(q);
            input type="hidden" name="report" value=(one.id);
            button class="button warn" name="do" value="report" { "Erase what was written" }
        }
    }
}

fn account(signed: &Signed, (q, mistakes): (&str, &Mistakes), one: &Person) -> Markup {
    let reason = format!("reason-{}", one.id);
    html! {
        h3 { (one.shown()) }
        p { (one.email) @if let Some(role) = one.role { ", " (role.as_str()) } }
        p { "This will delete the account, its grants, sessions, passkeys and tokens, emails, claims, waiting changes, messages, and drafts that nobody else has seen. Listings stay; their history will say “a former editor”." }
        @if signed.may(Action::ManagePeople) && one.id != signed.person.id {
            form method="post" action="/moderation/erase" novalidate {
                (signed.proof())
                input type="hidden" name="q" value=(q);
                input type="hidden" name="person" value=(one.id);
                (Field { name: &reason, label: "Why?", hint: NO_NAMES, value: "" }.line(mistakes, "text", "off"))
                button class="button warn" name="do" value="person" { "Delete this account" span class="unseen" { ": " (one.shown()) } }
            }
        } @else { p class="hint" { "Only another administrator can delete it." } }
    }
}

/// POST `/moderation/erase`.
pub(super) async fn act(State(desk): State<Desk>, posted: Posted) -> Response {
    let (signed, fields) = (&posted.signed, &posted.fields);
    let mut mistakes = Mistakes::default();
    let done = Box::pin(acted(&desk, signed, fields, &mut mistakes)).await;
    match done {
        Ok(Some(done)) => go_to(done.path()),
        Ok(None) => {
            let found = found(&desk, fields.text("q")).await;
            let page = found.map(|found| page(signed, fields, &mistakes, Some(&found), None));
            desk.answer(&posted.headers, signed, page)
        }
        Err(problem) => desk.answer(&posted.headers, signed, Err(problem)),
    }
}

/// Do what the button says; what became of it, where it is one that erases.
async fn acted(desk: &Desk, signed: &Signed, fields: &Fields, mistakes: &mut Mistakes) -> Result<Option<Done>, Problem> {
    allowed(signed)?;
    let id = |name: &str| fields.text(name).parse::<Uuid>();
    let mut reason = |of: Uuid| {
        let field = format!("reason-{of}");
        let reason = fields.text(&field).trim().to_owned();
        if reason.is_empty() {
            mistakes.add(field, "Enter a reason");
        }
        Some(reason).filter(|reason| !reason.is_empty())
    };
    let (record, person) = (id("record"), id("person"));
    let done = match (fields.text("do"), record, id("contact"), person) {
        ("contact", Ok(record), Ok(contact), _) => {
            let Some(reason) = reason(contact) else { return Ok(None) };
            desk.editing.erase(&signed.actor, record, &Theirs::Contact(contact), &reason).await
        }
        ("words", Ok(record), _, _) if is_enough(fields.text("q")) => {
            let Some(reason) = reason(record) else { return Ok(None) };
            desk.editing.erase(&signed.actor, record, &Theirs::Words(fields.text("q").to_owned()), &reason).await
        }
        ("report", ..) if id("report").is_ok() => {
            erase_report(desk, signed, id("report").unwrap_or_default()).await?;
            Ok(())
        }
        ("person", _, _, Ok(person)) => {
            let Some(reason) = reason(person) else { return Ok(None) };
            return erase_account(desk, signed, PersonId(person), &reason).await.map(Some);
        }
        _ => {
            if !is_enough(fields.text("q")) {
                mistakes.add("q", "Enter at least three letters or digits");
            }
            return Ok(None);
        }
    };
    match done {
        Ok(()) => Ok(Some(Done::Erased)),
        Err(Error::Records(records::Error::NotFound(_) | records::Error::NoContact { .. } | records::Error::NoWords(_))) => {
            Ok(Some(Done::Gone))
        }
        Err(error) => Err(error.into()),
    }
}

async fn erase_account(desk: &Desk, signed: &Signed, person: PersonId, reason: &str) -> Result<Done, Problem> {
    let Some(known) = desk.identity().person(person).await.map_err(Error::from)? else { return Ok(Done::Gone) };
    let tx = desk.identity().write().await.map_err(Error::from)?;
    match desk.editing.forget_other(&tx, &signed.actor, person, reason).await {
        // Of two taps at once the first has deleted it by now.
        Err(Error::NotFound(_)) => return Ok(Done::Gone),
        done => done?,
    };
    desk.quality.forget_reporter(&tx, &known.email).await.map_err(problem)?;
    tx.commit().await.map_err(Error::from)?;
    Ok(Done::Erased)
}

async fn erase_report(desk: &Desk, signed: &Signed, report: Uuid) -> Result<(), Problem> {
    let tx = desk.editing.records().database().write().await.map_err(Error::from)?;
    desk.quality.forget_words(&tx, report).await.map_err(problem)?;
    let (by, from) = (signed.actor.known_as(), signed.actor.client());
    desk.identity().note(&tx, &by, Deed::EraseReport, &report.to_string(), "", from).await.map_err(Error::from)?;
    Ok(tx.commit().await.map_err(Error::from)?)
}

async fn found(desk: &Desk, q: &str) -> Result<Found, Problem> {
    if !is_enough(q) {
        return Ok(Found::default());
    }
    let listings = desk.editing.records().find_person(q).await.map_err(Error::from)?;
    let reports = desk.quality.reports_with(&Known::of_person(q)).await.map_err(problem)?;
    let people = desk.identity().find_people(q).await.map_err(Error::from)?;
    let calls = desk.editing.calls_with(q).await?;
    let claims = desk.editing.claims_with(q).await?;
    Ok(Found { listings, calls, claims, reports, people })
}

/// Whether so little is looked for that it stands everywhere.
fn is_enough(q: &str) -> bool {
    q.chars().filter(|c| c.is_alphanumeric()).count() >= 3
}
