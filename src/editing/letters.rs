//! The letters about changes.

use serde_json::Value;
use url::Url;

use crate::{
    identity::{Email, letters::ours},
    mail::{Kind, Letter, Part},
    model::changes::part_of,
    records::{self, Proposal},
};

/// The one part of a new listing, which is taken or refused as a whole.
pub(super) const NEW_LISTING: &str = "listing";

/// The one part of changes that were proposed together.
pub(super) const ALL_OF_IT: &str = "all_of_it";

/// What became of a change, part by part; `is_seen` says whether the listing is public.
pub(super) fn decided(
    to: &Email,
    (proposal, is_seen): (&Proposal, bool),
    listing: &str,
    words: &str,
    at: &Url,
    directory: &str,
) -> Letter {
    let (taken, refused): (Vec<_>, Vec<_>) = proposal.parts.iter().partition(|part| part.accepted);
    let mut body = Vec::new();
    let is_new = proposal.parts.iter().any(|part| part.field == NEW_LISTING);
    let what = if is_new { format!("Your new listing {listing}") } else { format!("Your change to {listing}") };
    match (taken.is_empty(), refused.is_empty()) {
        (false, _) if !is_seen => {
            let how_much = if refused.is_empty() { what } else { format!("Part of your change to {listing}") };
            body.push(Part::paragraph(format!(
                "{how_much} was accepted. The listing is not shown in {directory} at the moment."
            )));
        }
        (_, true) => body.push(Part::paragraph(format!("{what} is now in {directory}. Thank you."))),
        (true, false) => body.push(Part::paragraph(format!("{what} was not accepted."))),
        (false, false) if is_new => body.push(Part::paragraph(format!("{what} is now in {directory}, but for part of it."))),
        (false, false) => body.push(Part::paragraph(format!("Part of your change to {listing} is now in {directory}."))),
    }
    if !refused.is_empty() {
        body.push(Part::paragraph("Not accepted:"));
        let refused = in_words(&proposal.parts).into_iter().filter(|(_, one)| !one.accepted);
        body.push(Part::List(refused.map(|(words, one)| format!("{words}: {}", one.reason)).collect()));
    }
    if taken.iter().any(|one| one.published_as.is_some()) {
        body.push(Part::paragraph("A moderator published it with these differences:"));
        let amended = in_words(&proposal.parts).into_iter().filter(|(_, one)| one.published_as.is_some());
        body.push(Part::List(amended.map(|(words, one)| format!("{words}: {}", became_of(one))).collect()));
    }
    if !words.is_empty() {
        body.push(Part::Quotation(words.to_owned()));
    }
    body.push(Part::link("See the decision, or reply", ours(at, &format!("account/changes/{}", proposal.id))));
    let subject = if (refused.is_empty() || is_new && !taken.is_empty()) && is_seen {
        format!("Published: {listing}")
    } else {
        format!("About your change to {listing}")
    };
    Letter::new(to.as_str(), Kind::ChangeDecided, subject, &body)
}

/// What became of another look at what was refused.
pub(super) fn appeal_decided(
    to: &Email,
    (change, listing): (uuid::Uuid, &str),
    (again, another, answer): (bool, bool, &str),
    at: &Url,
    directory: &str,
) -> Letter {
    let who = if another { "Someone else has" } else { "The only person who decides in this directory has" };
    let became =
        if again { "It is no longer refused and is waiting for a new decision." } else { "The decision has not changed." };
    let became = format!("{who} looked again at your change to {listing} in {directory}. {became}");
    let body = [
        Part::paragraph(became),
        Part::Quotation(answer.to_owned()),
        Part::link("See the decision", ours(at, &format!("account/changes/{change}"))),
    ];
    Letter::new(to.as_str(), Kind::ChangeDecided, format!("Your change to {listing} has been looked at again"), &body)
}

/// An officer has hidden a listing.
pub(super) fn hidden(to: &Email, (id, listing): (uuid::Uuid, &str), reason: &str, at: &Url, directory: &str) -> Letter {
    let body = [
        Part::paragraph(format!("{listing} is no longer shown in {directory}. The council has hidden it for this reason:")),
        Part::Quotation(reason.to_owned()),
        Part::paragraph("Nothing is lost. Correct what is wrong and send it for publication: a moderator will look at it."),
        Part::link("Go to your listing", ours(at, &format!("account/listings/{id}"))),
    ];
    Letter::new(to.as_str(), Kind::ListingHidden, format!("Hidden: {listing}"), &body)
}

/// An officer shows a listing again.
pub(super) fn shown_again(to: &Email, (id, listing): (uuid::Uuid, &str), reason: &str, at: &Url, directory: &str) -> Letter {
    let body = [
        Part::paragraph(format!("{listing} is shown in {directory} again. The council gave this reason:")),
        Part::Quotation(reason.to_owned()),
        Part::link("Go to your listing", ours(at, &format!("account/listings/{id}"))),
    ];
    Letter::new(to.as_str(), Kind::ListingHidden, format!("Shown again: {listing}"), &body)
}

/// A protected listing is marked as closed.
pub(super) fn closed(to: &Email, (id, listing): (uuid::Uuid, &str), at: &Url, directory: &str) -> Letter {
    let body = [
        Part::paragraph(format!(
            "{listing} in {directory} has just been marked as closed by someone who manages it. It is a protected listing, and people who look for help no longer find it."
        )),
        Part::paragraph("Phone them on a number that you had before. If it is not true, open it again."),
        Part::link("See the listing and its history", ours(at, &format!("account/listings/{id}/history"))),
    ];
    Letter::new(to.as_str(), Kind::ListingClosed, format!("Marked as closed: {listing}"), &body)
}

/// A question about something that waits, or the answer to one.
pub(super) fn question(to: &Email, page: &str, about: &str, words: &str, at: &Url, directory: &str) -> Letter {
    let body = [
        Part::paragraph(format!("There is a message about {about} in {directory}:")),
        Part::Quotation(words.to_owned()),
        Part::link("Reply", ours(at, page)),
    ];
    Letter::new(to.as_str(), Kind::Question, format!("A question about {about}"), &body)
}

/// What became of a change, part by part: what belongs together and met the same fate is one, with its
/// words.
pub(crate) fn in_words(parts: &[records::Part]) -> Vec<(String, &records::Part)> {
    let mut told: Vec<(String, &records::Part)> = Vec::new();
    for one in parts {
        let words = words_for(&one.field);
        let same = |known: &records::Part| {
            let as_proposed = known.published_as.is_none() && one.published_as.is_none();
            part_of(&known.field) == part_of(&one.field) && known.accepted == one.accepted && as_proposed
        };
        match told.iter_mut().find(|(_, known)| same(known)) {
            Some((said, _)) if said.split(", ").any(|known| known == words) => {}
            Some((said, _)) => *said = format!("{said}, {words}"),
            None => told.push((words, one)),
        }
    }
    told
}

/// What became of a part, for its author and for those who decide.
pub(crate) fn became_of(part: &records::Part) -> String {
    match &part.published_as {
        _ if !part.accepted => format!("not accepted: {}", part.reason),
        None => "published as proposed".to_owned(),
        Some(Value::String(words)) => format!("published in other words: “{words}”"),
        Some(_) => "published in part".to_owned(),
    }
}

/// A member of a document in plain words.
pub(crate) fn words_for(field: &str) -> String {
    match field {
        "service_at_locations" => "places and their opening times".to_owned(),
        "attributes" => "categories".to_owned(),
        "schedules" => "opening times".to_owned(),
        "addresses" => "address".to_owned(),
        "latitude" | "longitude" => "point on the map".to_owned(),
        "logo_alt" => "description of the logo".to_owned(),
        "phones" => "phone numbers".to_owned(),
        "url" | "website" | "additional_urls" | "additional_websites" => "web addresses".to_owned(),
        "eligibility_description" => "who it is for".to_owned(),
        "fees" | "fees_description" => "description of the cost".to_owned(),
        "cost_options" => "prices".to_owned(),
        "start" => "start of the first date".to_owned(),
        "end" => "end of the first date".to_owned(),
        "rrule" => "how it repeats".to_owned(),
        "rdates" => "dates added".to_owned(),
        "exdates" => "dates removed".to_owned(),
        "changes" => "changes to single dates".to_owned(),
        "notes" => "notes about the dates".to_owned(),
        "organization_id" => "organisation".to_owned(),
        "service_id" => "service it is part of".to_owned(),
        "location_id" => "place".to_owned(),
        "location_policy" => "how much of the place is shown".to_owned(),
        other => other.replace('_', " "),
    }
}
