//! One change: what differs, who, why; and a decision for each part.

use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use serde_json::Value;
use uuid::Uuid;

use super::{asking, categories, queue::Done, too_late};
use crate::{
    editing::{Error, Judgement, OneChange, became_of, in_words, words_for},
    http::Problem,
    identity::Action,
    model::changes::{Change, by_part, part_of},
    pages::{
        account::{messages, thread},
        call_back,
        desk::{Desk, Fields, Path, Posted, Signed, go_to},
        differences,
        fields::{Field, Mistakes, tick},
        layout::{Page, Step},
        pictures::private_path,
        preview,
        words::{capital, moment},
    },
    records::{self, Decision, Part, Proposal},
};

/// What a moderator reads of what they refused before.
pub(super) const FOR_OTHERS: &str = "You refused this before and it was reopened, so someone else must decide it.";

/// GET `/moderation/changes/{id}`.
pub(super) async fn show(State(desk): State<Desk>, Path(id): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    // A part of several is decided with the others.
    let proposal = desk.editing.records().proposal(id).await.map_err(Error::from);
    if let Ok(Some(Proposal { bundle: Some(bundle), decision: Decision::Waiting, .. })) = proposal
        && signed.may(Action::SeeQueue)
    {
        return go_to(&format!("/moderation/listings/{bundle}"));
    }
    let page = page(&desk, &signed, id, &Fields::default(), &Mistakes::default()).await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

pub(super) async fn page(desk: &Desk, signed: &Signed, id: Uuid, fields: &Fields, mistakes: &Mistakes) -> Result<Page, Error> {
    if !signed.may(Action::SeeQueue) {
        return Err(Error::Forbidden("only officers can see this page"));
    }
    let OneChange { proposal, mut changes, protected, revision, overtaken } = desk.editing.change(&signed.actor, id).await?;
    let mut suggested = Vec::new();
    if let Some(change) = changes.iter().find(|change| change.field == differences::CATEGORIES) {
        suggested = categories::suggested(desk, change).await?;
    }
    differences::for_people(&desk.editing, &mut changes).await?;
    let name = desk.editing.name_of(&proposal).await?;
    let by = desk.identity().shown_as(&proposal.by).await?;
    let decided_by = match &proposal.decided {
        Some(decided) => desk.identity().shown_as(&decided.by).await?,
        None => String::new(),
    };
    let thread = thread(&desk.editing, id).await?;
    let waits = proposal.decision == Decision::Waiting;
    let calling = if protected { Some(desk.editing.known_numbers(&[proposal.record_id]).await?) } else { None };
    let called = call_back::about(desk, signed, &[id]).await?;
    let for_others = waits && desk.editing.leaves_to_others(&signed.actor, &[id]).await?;
    let public_url = &desk.site.directory.public_url;
    let picture = |changes: &[&Change]| {
        let logo = changes.iter().find(|change| change.field == "logo")?;
        logo.after.as_str().and_then(|logo| private_path(logo, public_url))
    };
    let body = html! {
        (mistakes.summary())
        h1 { (name) }
        p class="by" { "Change by " (by) ", " (moment(proposal.at)) @if !proposal.why.is_empty() { ": " (proposal.why) } }
        @if protected { p class="danger" { "Protected listing. Phone the number we already had, not the one in the change." } }
        @if revision != proposal.base_revision && waits { p class="banner" { "The listing has changed since this was proposed. Below is what the change would do now." @if changes.is_empty() { " What it proposes is there already." } } }
        p {
            a href=(format!("/account/listings/{}/history", proposal.record_id)) { "History of the listing" }
            @if waits { " · " a href=(format!("/moderation/changes/{id}/preview")) { "Preview: the listing with this change" } }
        }
        @if for_others {
            p class="banner" { (FOR_OTHERS) }
            (differences::list(&changes))
        } @else if waits && signed.may(Action::Decide) {
            form method="post" action=(format!("/moderation/changes/{id}")) novalidate {
                (signed.proof())
                input type="hidden" name="revision" value=(revision);
                input type="hidden" name="version" value=(proposal.version());
                @for (part, changes) in by_part(&changes) {
                    @if part == differences::CATEGORIES && !suggested.is_empty() { (categories::form(&suggested, fields, mistakes)) }
                    @else { (decision(part, &changes, (picture(&changes).as_deref(), &overtaken), fields, mistakes)) }
                }
                (call_back::form(calling.as_deref(), fields, mistakes))
                (Field::new("words", "Message to the author", fields.text("words")).lines(mistakes, 2))
                p {
                    button class="button" name="do" value="decide" accesskey="s" { "Decide" }
                }
                p class="hint" { "Everything you do not refuse will be published." }
            }
        } @else {
            (decided(&proposal, &decided_by))
            (called)
            (differences::list(&changes))
            p { a href="/moderation" { "What else is waiting" } }
        }
        (messages(&thread))
        (asking::form(signed, &format!("/moderation/changes/{id}"), "the author"))
    };
    Ok(Page { trail: vec![Step::to("/moderation", "Waiting")], ..Page::new(mistakes.title(&name), body) })
}

/// GET `/moderation/changes/{id}/preview`: the listing as the public would see it with the whole change.
pub(super) async fn preview(State(desk): State<Desk>, Path(id): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    let done = async {
        let proposal = desk.editing.change(&signed.actor, id).await?.proposal;
        let shown = desk.editing.preview_proposed(&signed.actor, &[proposal]).await?;
        let about = html! {
            p { strong { "This is a preview." } " The public would see it like this if you accepted the whole change." }
            p { a href=(format!("/moderation/changes/{id}")) { "Back to the change" } }
        };
        preview::page(&desk.site, shown, &about).await
    };
    let page = done.await;
    desk.answer(&headers, &signed, page)
}

fn decided(proposal: &Proposal, by: &str) -> Markup {
    html! {
        p class="banner" role="status" {
            @match &proposal.decided {
                Some(decided) => { "Already decided by " (by) ", " (moment(decided.at)) @if !decided.reason.is_empty() { ": " (decided.reason) } "." },
                None => "Its author has withdrawn it.",
            }
        }
        ul { @for (words, part) in in_words(&proposal.parts) { li { (words) ": " (became_of(part)) } } }
    }
}

/// What differs, a box to refuse it, a reason, and for texts another wording. What means something only
/// together is one decision.
fn decision(
    part: &str,
    changes: &[&Change],
    (picture, overtaken): (Option<&str>, &[String]),
    fields: &Fields,
    mistakes: &Mistakes,
) -> Markup {
    let (refuse, reason) = (format!("refuse-{part}"), format!("reason-{part}"));
    let said: Vec<String> = changes.iter().map(|change| words_for(&change.field)).collect();
    let said = said.join(", ");
    html! {
        section class="decision" {
            h2 { (capital(&said)) }
            @if changes.iter().any(|change| overtaken.contains(&change.field)) {
                p class="danger" { "Somebody has changed this since it was proposed. Unless you refuse it, what was proposed replaces what stands now." }
            }
            @for change in changes {
                @if changes.len() > 1 { h3 { (differences::heading(&change.field)) } }
                @match picture {
                    Some(src) if change.field == "logo" => p { img class="logo" src=(src) alt="The proposed picture"; },
                    _ => (differences::one(change)),
                }
            }
            @if loses_its_point(changes) { p class="danger" { "We do not know this postcode, so the listing would not be on the map or be found by distance. Check that it is right." } }
            (tick(&refuse, &format!("Refuse: {said}"), fields.has(&refuse), mistakes))
            (Field::new(&reason, &format!("Why is “{said}” refused?"), fields.text(&reason)).hint("The author will see this. Needed if you refuse.").line(mistakes, "text", "off"))
            @for change in changes {
                @if let Some(text) = wording_of(change) {
                    @let wording = format!("wording-{}", change.field);
                    details {
                        summary { "Accept it with different wording" }
                        (Field::new(&wording, &format!("{}, as it will be published", differences::heading(&change.field)), fields.some(&wording).unwrap_or(text)).lines(mistakes, 3))
                    }
                }
            }
        }
    }
}

/// Whether a place would have an address and no point on the map.
fn loses_its_point(changes: &[&Change]) -> bool {
    let of = |field: &str| changes.iter().find(|change| change.field == field);
    of("addresses").is_some_and(|change| !change.after.is_null()) && of("latitude").is_some_and(|change| change.after.is_null())
}

/// Members that are no words of somebody: only their author's form writes them so that they fit.
const NO_WORDS: [&str; 7] = ["logo", "start", "end", "timezone", "rrule", "latitude", "longitude"];

/// What is proposed, where it can be taken in other words.
fn wording_of(change: &Change) -> Option<&str> {
    change.after.as_str().filter(|_| !NO_WORDS.contains(&change.field.as_str()))
}

/// POST `/moderation/changes/{id}`.
pub(super) async fn decide(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let (signed, fields) = (&posted.signed, &posted.fields);
    let unticked = reasons_without_refusal(fields);
    if !unticked.none() {
        let page = page(&desk, signed, id, fields, &unticked).await;
        return desk.answer(&posted.headers, signed, page.map_err(Problem::from));
    }
    match Box::pin(judge(&desk, id, &posted)).await {
        Ok(proposal) => go_to(&became(&proposal).path()),
        Err(Error::Records(records::Error::Decided(_))) => {
            // Two taps: the first has decided it.
            if let Some(proposal) = decided_by(&desk, signed, id).await {
                return go_to(&became(&proposal).path());
            }
            let page = page(&desk, signed, id, fields, &Mistakes::default()).await;
            desk.answer(&posted.headers, signed, page.map(too_late).map_err(Problem::from))
        }
        Err(Error::Records(records::Error::Stale { .. })) => {
            // A fresh view, with what they had decided still in it.
            let mut mistakes = Mistakes::default();
            mistakes.add(
                "words",
                "The listing or the change was edited while you were looking at it. This is the current version; decide again",
            );
            let page = page(&desk, signed, id, fields, &mistakes).await.map(|page| Page { status: StatusCode::CONFLICT, ..page });
            desk.answer(&posted.headers, signed, page.map_err(Problem::from))
        }
        Err(error @ (Error::NeedsReason { .. } | Error::NeedsCallBack(_) | Error::Records(records::Error::Unfit { .. }))) => {
            let mut mistakes = Mistakes::default();
            match &error {
                Error::NeedsCallBack(fault) => call_back::mistake(&mut mistakes, fault),
                Error::NeedsReason { .. } => mistakes.add(missing_reason(fields), error.to_string()),
                _ => mistakes.add("words", error.to_string()),
            }
            let page = page(&desk, signed, id, fields, &mistakes).await;
            desk.answer(&posted.headers, signed, page.map_err(Problem::from))
        }
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}

/// What became of a change that is decided.
fn became(proposal: &Proposal) -> Done {
    match proposal.parts.iter().filter(|part| !part.accepted).count() {
        0 => Done::Published,
        some if some == proposal.parts.len() => Done::Refused,
        _ => Done::Partly,
    }
}

/// A change, where whoever asks has decided it themselves.
async fn decided_by(desk: &Desk, signed: &Signed, id: Uuid) -> Option<Proposal> {
    let proposal = desk.editing.records().proposal(id).await.ok()??;
    let own = proposal.decided.as_ref().is_some_and(|decided| decided.by == signed.actor.known_as());
    own.then_some(proposal)
}

/// Reasons for refusing what is not refused: everything that is not refused is published, so this is a slip.
fn reasons_without_refusal(fields: &Fields) -> Mistakes {
    let mut mistakes = Mistakes::default();
    for (name, reason) in fields.starting("reason-") {
        let part = name.trim_start_matches("reason-");
        // Of categories those are refused that are not ticked.
        let refused = fields.has(&format!("refuse-{part}")) || part == differences::CATEGORIES;
        if !reason.is_empty() && !refused {
            mistakes.add(
                format!("refuse-{part}"),
                "You wrote why it is refused. Tick this to refuse it, or clear the reason to publish it",
            );
        }
    }
    mistakes
}

fn missing_reason(fields: &Fields) -> String {
    let mut refused = fields.starting("refuse-").map(|(name, _)| name.trim_start_matches("refuse-"));
    let without = refused.find(|field| fields.text(&format!("reason-{field}")).is_empty());
    format!("reason-{}", without.unwrap_or(differences::CATEGORIES))
}

async fn judge(desk: &Desk, id: Uuid, posted: &Posted) -> Result<Proposal, Error> {
    let (signed, fields) = (&posted.signed, &posted.fields);
    let changes = desk.editing.change(&signed.actor, id).await?.changes;
    let mut judgement = Judgement {
        revision: fields.text("revision").parse().unwrap_or(-1),
        version: fields.text("version").to_owned(),
        called_back: Some(call_back::said(fields)),
        words: fields.text("words").to_owned(),
        ..Judgement::default()
    };
    for change in &changes {
        let (field, part) = (&change.field, part_of(&change.field));
        if field == differences::CATEGORIES && fields.has("categories") {
            judge_categories(desk, change, fields, &mut judgement).await?;
        } else if fields.has(&format!("refuse-{part}")) {
            let reason = fields.text(&format!("reason-{part}")).to_owned();
            judgement.rejected.push(Part::refused(field, reason));
        } else if let (Some(wording), Some(proposed)) = (fields.some(&format!("wording-{field}")), wording_of(change))
            && wording != crate::model::text::clean(proposed)
        {
            judgement.amended.push((field.clone(), Value::from(wording)));
        }
    }
    desk.editing.decide(&signed.actor, id, judgement).await
}

/// Categories are confirmed one by one; what is left out is said to the author with the reason.
async fn judge_categories(desk: &Desk, change: &Change, fields: &Fields, judgement: &mut Judgement) -> Result<(), Error> {
    let suggested = categories::suggested(desk, change).await?;
    let confirmed = categories::confirmed(change, &suggested, fields);
    let reason = fields.text("reason-attributes").to_owned();
    if !confirmed.refused.is_empty() && reason.is_empty() {
        return Err(Error::NeedsReason { field: words_for(&change.field) });
    }
    if confirmed.taken == 0 && !suggested.is_empty() {
        judgement.rejected.push(Part::refused(&change.field, format!("{} {reason}", confirmed.refused)));
    } else if !confirmed.refused.is_empty() {
        judgement.amended.push((change.field.clone(), confirmed.attributes));
        let said = format!("Categories: {} {reason}", confirmed.refused);
        let words = format!("{} {said}", judgement.words);
        words.trim().clone_into(&mut judgement.words);
    }
    Ok(())
}
