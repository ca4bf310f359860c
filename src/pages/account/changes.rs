//! How one of somebody's changes stands: what was decided and why, what is said about it.

use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use uuid::Uuid;

use super::home::stands;
use crate::{
    editing::{Appeal, Editing, Error, OneChange, became_of, in_words, is_refused},
    http::Problem,
    model::text::shorten,
    pages::{
        desk::{Desk, Path, Posted, Signed, go_to},
        differences,
        fields::{Field, Mistakes},
        layout::{Page, Step},
        words::moment,
    },
    records::{self, Decision, Message, Proposal},
};

/// The longest message, in characters.
const LONGEST: usize = 4_000;

/// What an author should know where nobody else could look again.
const ALONE: &str = "Only one person decides in this directory at the moment, so the same person will look at it.";

/// GET `/account/changes/{id}`.
pub(super) async fn show(State(desk): State<Desk>, Path(id): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    let page = page(&desk, &signed, id, &Mistakes::default(), "").await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

async fn page(desk: &Desk, signed: &Signed, id: Uuid, mistakes: &Mistakes, words: &str) -> Result<Page, Error> {
    let OneChange { proposal, mut changes, .. } = desk.editing.change(&signed.actor, id).await?;
    differences::for_people(&desk.editing, &mut changes).await?;
    let name = desk.editing.name_of(&proposal).await?;
    let own = desk.editing.is_answered_for(&signed.actor, &proposal.by).await?;
    let thread = thread(&desk.editing, id).await?;
    let appeal = desk.editing.appeal_of(id).await?;
    let refused_by = proposal.decided.as_ref().map(|decided| decided.by.as_str());
    let alone = match refused_by {
        Some(refused_by) if is_refused(&proposal) => !desk.editing.others_decide(refused_by).await?,
        _ => false,
    };
    let title = format!("Change to {name}");
    let body = html! {
        (mistakes.summary())
        h1 { (title) }
        p { strong { (moment(proposal.at)) } ": " (stands(&proposal)) "." }
        @if let Some(decided) = &proposal.decided { @if !decided.reason.is_empty() && proposal.parts.is_empty() { blockquote { (decided.reason) } } }
        (parts(&proposal))
        h2 { "What it changes" }
        (differences::list(&changes))
        @if own && proposal.decision == Decision::Waiting {
            form method="post" action=(format!("/account/changes/{id}")) {
                (signed.proof())
                p { button class="link" name="do" value="take back" { "Withdraw this change" } }
            }
            p { "To change it, edit the listing again: the new change replaces this one. " a href=(format!("/account/listings/{}", proposal.record_id)) { "Edit the listing" } }
        }
        (another_look(signed, &proposal, appeal.as_ref(), own, (mistakes, words), alone))
        (messages(&thread))
        form method="post" action=(format!("/account/changes/{id}")) {
            (signed.proof())
            (Field::new("words", "Message to the moderators", "").lines(mistakes, 3))
            button class="button" name="do" value="say" { "Send" }
        }
    };
    Ok(Page { trail: vec![Step::to("/account", "Your listings")], ..Page::new(title, body) })
}

/// How to ask for another look at what was refused, or what became of that.
fn another_look(
    signed: &Signed,
    proposal: &Proposal,
    appeal: Option<&Appeal>,
    own: bool,
    (mistakes, words): (&Mistakes, &str),
    alone: bool,
) -> Markup {
    html! {
        @match appeal {
            Some(appeal) => {
                h2 { "Second review" }
                blockquote { (crate::pages::parts::paragraphs(&appeal.words)) }
                @match &appeal.decided {
                    None => p { @if alone { (ALONE) } @else { "Someone else will look at it." } " We will email you the decision." },
                    Some(decided) => p { @if decided.again { "It has been reopened" } @else { "The decision has not changed" } ": " (decided.answer) },
                }
            },
            None if own && is_refused(proposal) => {
                h2 { "Do you disagree with this decision?" }
                p { @if alone { "You can ask for it to be looked at again. " (ALONE) " " } @else { "You can ask for it to be looked at again by someone other than the person who refused it. " } a href="/directory/listing-policy" { "What is listed here" } }
                form method="post" action=(format!("/account/changes/{}", proposal.id)) novalidate {
                    (signed.proof())
                    (Field::new("appeal", "Why should we look at it again?", words).lines(mistakes, 3))
                    button class="button" name="do" value="appeal" { "Ask for a second review" }
                }
            },
            None => {},
        }
    }
}

fn parts(proposal: &Proposal) -> Markup {
    html! {
        @if !proposal.parts.is_empty() {
            dl class="summary" {
                @for (words, part) in in_words(&proposal.parts) {
                    div { dt { (words) } dd { (became_of(part)) } }
                }
            }
        }
    }
}

/// What was said about a change, with people's names as they are now.
pub(in crate::pages) async fn thread(editing: &Editing, id: Uuid) -> Result<Vec<Message>, Error> {
    let mut thread = editing.records().thread(id).await?;
    for message in &mut thread {
        message.by = editing.identity().shown_as(&message.by).await?;
    }
    Ok(thread)
}

/// What was said, as a list.
pub(in crate::pages) fn messages(thread: &[Message]) -> Markup {
    html! {
        @if !thread.is_empty() {
            h2 { "Messages" }
            ul class="listings" {
                @for message in thread {
                    li { p class="by" { (message.by) ", " (moment(message.at)) } (crate::pages::parts::paragraphs(&message.words)) }
                }
            }
        }
    }
}

/// POST `/account/changes/{id}`.
pub(super) async fn act(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let signed = &posted.signed;
    let done = async {
        if posted.fields.text("do") == "appeal" {
            desk.editing.appeal(&signed.actor, id, posted.fields.text("appeal")).await
        } else if posted.fields.text("do") == "take back" {
            desk.editing.take_back(&signed.actor, id).await
        } else {
            desk.editing.say(&signed.actor, id, &shorten(posted.fields.text("words"), LONGEST)).await
        }
    };
    match done.await {
        Ok(()) => go_to(&format!("/account/changes/{id}")),
        Err(Error::Unfit(faults)) => {
            let mut mistakes = Mistakes::default();
            for fault in faults {
                mistakes.add(fault.field, crate::pages::words::capital(&fault.problem));
            }
            let page = page(&desk, signed, id, &mistakes, posted.fields.text("appeal")).await.map_err(Problem::from);
            desk.answer(&posted.headers, signed, page)
        }
        Err(Error::Records(records::Error::Decided(_))) => match became_of_it(&desk, signed, id).await {
            // Two taps: the first has withdrawn it.
            Ok(None) => go_to(&format!("/account/changes/{id}")),
            Ok(Some(page)) => desk.answer(&posted.headers, signed, Ok(page)),
            Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
        },
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}

/// The page of a change that somebody wanted to withdraw when it was decided; none where they have withdrawn it.
async fn became_of_it(desk: &Desk, signed: &Signed, id: Uuid) -> Result<Option<Page>, Error> {
    if desk.editing.change(&signed.actor, id).await?.proposal.decision == Decision::Withdrawn {
        return Ok(None);
    }
    let page = page(desk, signed, id, &Mistakes::default(), "").await?;
    let body = html! {
        div class="banner" role="alert" tabindex="-1" autofocus {
            p { strong { "It was not withdrawn." } " Somebody had decided it before. Below is what they decided." }
        }
        (page.body)
    };
    Ok(Some(Page { body, status: StatusCode::CONFLICT, ..page }))
}
