//! Somebody asks for another look at what was refused; whoever refused it does not decide.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::html;
use uuid::Uuid;

use super::{queue::Done, too_late};
use crate::{
    editing::{Error, OneChange},
    http::Problem,
    identity::Action,
    pages::{
        desk::{Desk, Fields, Path, Posted, Signed, go_to},
        differences,
        fields::{Field, Mistakes},
        layout::{Page, Step},
        parts::paragraphs,
        words::moment,
    },
};

/// GET `/moderation/appeals/{id}`.
pub(super) async fn show(State(desk): State<Desk>, Path(id): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    let page = page(&desk, &signed, id, &Fields::default(), &Mistakes::default()).await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

pub(super) async fn page(desk: &Desk, signed: &Signed, id: Uuid, fields: &Fields, mistakes: &Mistakes) -> Result<Page, Error> {
    if !signed.may(Action::SeeQueue) {
        return Err(Error::Forbidden("only officers can see this page"));
    }
    let appeal = desk.editing.appeal_of(id).await?.ok_or(Error::NotFound(id))?;
    let OneChange { proposal, mut changes, .. } = desk.editing.change(&signed.actor, id).await?;
    differences::for_people(&desk.editing, &mut changes).await?;
    let by = desk.identity().shown_as(&appeal.by).await?;
    let refused_by = desk.identity().shown_as(&appeal.refused_by).await?;
    let name = desk.editing.name_of(&proposal).await?;
    let reasons: Vec<String> = proposal.parts.iter().filter(|part| !part.accepted).map(|part| part.reason.clone()).collect();
    let title = format!("Second review: {name}");
    let refused_it = appeal.refused_by == signed.actor.known_as();
    let alone = !desk.editing.others_decide(&appeal.refused_by).await?;
    let decides = signed.may(Action::Decide) && appeal.decided.is_none() && (alone || !refused_it);
    let body = html! {
        (mistakes.summary())
        h1 { (title) }
        p class="by" { (by) " asked " (moment(appeal.at)) }
        blockquote { (paragraphs(&appeal.words)) }
        h2 { "Why it was refused" }
        p { "By " (refused_by) ": " @if reasons.is_empty() { (proposal.decided.as_ref().map(|decided| decided.reason.as_str()).unwrap_or_default()) } @else { (reasons.join("; ")) } }
        h2 { "What was proposed" }
        (differences::list(&changes))
        @if let Some(decided) = &appeal.decided {
            p { @if decided.again { "Reopened" } @else { "Decision not changed" } ": " (decided.answer) }
        }
        @if refused_it && !alone && appeal.decided.is_none() { p class="banner" { "You refused this change, so someone else must review it." } }
        @if decides {
            form method="post" action=(format!("/moderation/appeals/{id}")) novalidate {
                (signed.proof())
                (Field::new("answer", "Reason for your decision", fields.text("answer")).hint("The author will see this.").lines(mistakes, 3))
                p {
                    button class="button" name="do" value="again" { "Reopen it" } " "
                    button class="button warn" name="do" value="stay" { "Keep the decision" }
                }
                p class="hint" { (if refused_it { "You refused this yourself, and nobody else can decide in this directory. If you reopen it, you will decide it again." } else { "If you reopen it, it will be decided like any other change, by you or by anybody but the person who refused it." }) }
            }
        }
    };
    Ok(Page { trail: vec![Step::to("/moderation", "Waiting")], ..Page::new(mistakes.title(&title), body) })
}

/// POST `/moderation/appeals/{id}`.
pub(super) async fn decide(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let (signed, fields) = (&posted.signed, &posted.fields);
    let again = match fields.text("do") {
        "again" => true,
        "stay" => false,
        _ => {
            return desk.answer(
                &posted.headers,
                signed,
                Err(Error::Forbidden("this form is incomplete; go back and try again").into()),
            );
        }
    };
    match desk.editing.decide_appeal(&signed.actor, id, again, fields.text("answer")).await {
        Ok(()) => go_to(&Done::Answered.path()),
        Err(Error::NeedsReason { .. }) => {
            let mut mistakes = Mistakes::default();
            mistakes.add("answer", "Enter a reason");
            let page = page(&desk, signed, id, fields, &mistakes).await.map_err(Problem::from);
            desk.answer(&posted.headers, signed, page)
        }
        Err(Error::NotFound(_)) => {
            // Somebody was quicker: this moderator with two taps, or another one.
            let decided = desk.editing.appeal_of(id).await.ok().flatten().and_then(|appeal| appeal.decided);
            if decided.is_some_and(|decided| decided.by == signed.actor.known_as()) {
                return go_to(&Done::Answered.path());
            }
            let page = page(&desk, signed, id, fields, &Mistakes::default()).await;
            desk.answer(&posted.headers, signed, page.map(too_late).map_err(Problem::from))
        }
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}
