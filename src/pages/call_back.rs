//! What a moderator says of a call back about a protected listing: which of the known numbers they phoned.

use maud::{Markup, html};
use uuid::Uuid;

use super::{
    desk::{Desk, Fields, Signed},
    fields::{Field, Mistakes, radios},
    words::{capital, moment},
};
use crate::{
    editing::{Call, CallBack, Error, KnownNumber},
    http::Fault,
};

const NUMBER: &str = "called_back.number";
const OTHERWISE: &str = "called_back.otherwise";
const SPOKE_TO: &str = "called_back.spoke_to";
const AT: &str = "called_back.at";
/// The choice that none of the numbers was phoned.
const NONE: &str = "none";

/// The part of a form that asks for it; nothing where nobody has to call.
pub(super) fn form(known: Option<&[KnownNumber]>, fields: &Fields, mistakes: &Mistakes) -> Markup {
    let Some(known) = known else { return html! {} };
    let labels: Vec<(&str, String)> =
        known.iter().map(|one| (one.number.as_str(), format!("{}, the published number of {}", one.number, one.of))).collect();
    let mut options: Vec<(&str, &str)> = labels.iter().map(|(number, label)| (*number, label.as_str())).collect();
    options.push((NONE, "None of these could be reached"));
    let hint = "This listing is protected. Phone a number that we already had, never one that comes with a change, and ask whether it is right.";
    html! {
        @if known.is_empty() { p class="danger" { "This listing is protected, and we had no phone number for it." } }
        @else { (radios(NUMBER, "Which number did you phone?", hint, fields.text(NUMBER), &options, mistakes)) }
        (Field::new(OTHERWISE, if known.is_empty() { "How did you make sure?" } else { "If none could be reached: how did you make sure?" }, fields.text(OTHERWISE))
            .hint("Only other moderators will see this. For example: visited them, or asked the council team that pays for it.").lines(mistakes, 2))
        (Field::new(SPOKE_TO, "Who did you speak to?", fields.text(SPOKE_TO)).hint("If you want to say. A role is enough, such as the duty manager.").line(mistakes, "text", "off"))
        (Field::new(AT, "When?", fields.text(AT)).hint("Leave this empty if it was just now.").short(mistakes, "datetime-local"))
    }
}

/// What was filled in.
pub(super) fn said(fields: &Fields) -> Call {
    let own = |name: &str| fields.some(name).map(str::to_owned);
    let chosen = own(NUMBER);
    let otherwise = match chosen.as_deref() {
        Some(NONE) => Some(fields.text(OTHERWISE).to_owned()),
        Some(_) => None,
        None => own(OTHERWISE),
    };
    Call { number: chosen.filter(|number| number != NONE), otherwise, spoke_to: own(SPOKE_TO), at: own(AT) }
}

/// What is wrong with it, beside its field.
pub(super) fn mistake(mistakes: &mut Mistakes, fault: &Fault) {
    mistakes.add(fault.field.clone(), capital(&fault.problem));
}

/// What was said of the call before something was decided, for those who decide.
pub(super) async fn about(desk: &Desk, signed: &Signed, causes: &[Uuid]) -> Result<Markup, Error> {
    let Some(one) = desk.editing.call_for(&signed.actor, causes).await? else { return Ok(html! {}) };
    Ok(shown(&one, &desk.identity().shown_as(&one.by).await?))
}

/// What was said of a call.
pub(super) fn shown(one: &CallBack, by: &str) -> Markup {
    html! { p class="hint" { (capital(&one.called.words())) ", " (moment(one.called.at)) ". Noted by " (by) "." } }
}
