//! The letters about changes.

use url::Url;

use crate::{
    identity::{Email, letters::ours},
    mail::{Kind, Letter, Part},
    model::changes::part_of,
    records::{self, Proposal},
};

/// The one part of a new listing, which is taken or refused as a whole.
pub(super) const NEW_LISTING: &str = "listing";

/// What became of a change, part by part.
pub(super) fn decided(to: &Email, proposal: &Proposal, listing: &str, words: &str, at: &Url, directory: &str) -> Letter {
    let (taken, refused): (Vec<_>, Vec<_>) = proposal.parts.iter().partition(|part| part.accepted);
    let mut body = Vec::new();
    let is_new = proposal.parts.iter().any(|part| part.field == NEW_LISTING);
    let what = if is_new { format!("Your new listing {listing}") } else { format!("Your change to {listing}") };
    match (taken.is_empty(), refused.is_empty()) {
        (_, true) => body.push(Part::paragraph(format!("{what} is now in {directory}. Thank you."))),
        (true, false) => body.push(Part::paragraph(format!("{what} was not taken."))),
        (false, false) => body.push(Part::paragraph(format!("Part of your change to {listing} is now in {directory}."))),
    }
    if !refused.is_empty() {
        body.push(Part::paragraph("Not taken:"));
        let refused = in_words(&proposal.parts).into_iter().filter(|(_, one)| !one.accepted);
        body.push(Part::List(refused.map(|(words, one)| format!("{words}: {}", one.reason)).collect()));
    }
    if !words.is_empty() {
        body.push(Part::Quotation(words.to_owned()));
    }
    body.push(Part::link("Look at it, or answer", ours(at, &format!("account/changes/{}", proposal.id))));
    let subject = if refused.is_empty() { format!("Published: {listing}") } else { format!("About your change to {listing}") };
    Letter::new(to.as_str(), Kind::ChangeDecided, subject, &body)
}

/// What became of another look at what was refused.
pub(super) fn appeal_decided(
    to: &Email,
    change: uuid::Uuid,
    listing: &str,
    again: bool,
    answer: &str,
    at: &Url,
    directory: &str,
) -> Letter {
    let became = if again {
        format!(
            "Somebody else has looked at your change to {listing} in {directory}. It is not refused any more and waits for a decision."
        )
    } else {
        format!("Somebody else has looked at your change to {listing} in {directory}. It stays refused.")
    };
    let body = [
        Part::paragraph(became),
        Part::Quotation(answer.to_owned()),
        Part::link("Look at it", ours(at, &format!("account/changes/{change}"))),
    ];
    Letter::new(to.as_str(), Kind::ChangeDecided, format!("Another look at your change to {listing}"), &body)
}

/// An officer has hidden a listing.
pub(super) fn hidden(to: &Email, (id, listing): (uuid::Uuid, &str), reason: &str, at: &Url, directory: &str) -> Letter {
    let body = [
        Part::paragraph(format!("{listing} is not shown in {directory} any more. The council has hidden it, because:")),
        Part::Quotation(reason.to_owned()),
        Part::paragraph("Nothing is lost. Correct what is wrong and send it for publication: a moderator looks at it."),
        Part::link("Look at your listing", ours(at, &format!("account/listings/{id}"))),
    ];
    Letter::new(to.as_str(), Kind::ListingHidden, format!("Hidden: {listing}"), &body)
}

/// A question about a change, or the answer to one.
pub(super) fn question(to: &Email, page: &str, listing: &str, words: &str, at: &Url, directory: &str) -> Letter {
    let body = [
        Part::paragraph(format!("There is a message about the change to {listing} in {directory}:")),
        Part::Quotation(words.to_owned()),
        Part::link("Answer", ours(at, page)),
    ];
    Letter::new(to.as_str(), Kind::Question, format!("A question about {listing}"), &body)
}

/// What became of a change, part by part: what belongs together and met the same fate is one, with its
/// words.
pub(crate) fn in_words(parts: &[records::Part]) -> Vec<(String, &records::Part)> {
    let mut told: Vec<(String, &records::Part)> = Vec::new();
    for one in parts {
        let words = words_for(&one.field);
        let same = |known: &records::Part| part_of(&known.field) == part_of(&one.field) && known.accepted == one.accepted;
        match told.iter_mut().find(|(_, known)| same(known)) {
            Some((said, _)) if said.split(", ").any(|known| known == words) => {}
            Some((said, _)) => *said = format!("{said}, {words}"),
            None => told.push((words, one)),
        }
    }
    told
}

/// A member of a document in plain words.
pub(crate) fn words_for(field: &str) -> String {
    match field {
        "service_at_locations" => "places and hours there".to_owned(),
        "attributes" => "categories".to_owned(),
        "schedules" => "opening times".to_owned(),
        "addresses" => "address".to_owned(),
        "latitude" | "longitude" => "point on the map".to_owned(),
        "logo_alt" => "the logo in words".to_owned(),
        "phones" => "phone numbers".to_owned(),
        "url" | "website" | "additional_urls" | "additional_websites" => "web addresses".to_owned(),
        "eligibility_description" => "who it is for".to_owned(),
        "fees" | "fees_description" => "cost in words".to_owned(),
        "cost_options" => "prices".to_owned(),
        "start" => "when it begins, the first time".to_owned(),
        "end" => "when it ends, the first time".to_owned(),
        "rrule" => "how it comes round".to_owned(),
        "rdates" => "dates added".to_owned(),
        "exdates" => "dates left out".to_owned(),
        "changes" => "changes on single dates".to_owned(),
        "organization_id" => "organisation".to_owned(),
        "service_id" => "service that it is part of".to_owned(),
        "location_policy" => "how much of the place is told".to_owned(),
        other => other.replace('_', " "),
    }
}
