//! Words about the state of something: whether it is there, who checked it when, where it comes from.

use maud::{Markup, html};

use crate::{
    model::{Service, ServiceStatus, provenance::Provenance},
    pages::{
        Site,
        language::{say, say_with},
        parts,
        words::{self, Checked},
    },
};

/// A word about the state of something.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    words: String,
    look: &'static str,
}

impl Tag {
    pub(super) fn new(words: impl Into<String>, look: &'static str) -> Self {
        Self { words: words.into(), look }
    }
}

/// What the state of a service is called.
pub(super) fn of(site: &Site, service: &Service) -> Vec<Tag> {
    let mut tags = Vec::new();
    match service.status {
        ServiceStatus::Active => {}
        ServiceStatus::TemporarilyClosed => tags.push(Tag::new("Temporarily closed", "warn")),
        ServiceStatus::Inactive => tags.push(Tag::new("Not running now", "warn")),
        ServiceStatus::Defunct => tags.push(Tag::new("Closed for good", "warn")),
    }
    tags.extend(from_elsewhere(&service.extra));
    if service.event_id.is_some() {
        // Nobody checks single events; their dates say how fresh they are.
        tags.push(Tag::new("Event or workshop", "plain"));
        return tags;
    }
    tags.push(match Checked::of(site, service) {
        Checked::On(day) => Tag::new(say_with("Checked on {date}", &[("date", &words::date(day))]), "good"),
        Checked::Never if service.freshness.is_none() => Tag::new("Not checked yet", "plain"),
        Checked::LongAgo(_) | Checked::Never => Tag::new("Needs checking", "doubt"),
    });
    tags
}

/// The directory that something comes from, where that is another one, and since when it has not
/// been confirmed.
pub(super) fn from_elsewhere(extra: &serde_json::Map<String, serde_json::Value>) -> Vec<Tag> {
    let Some(from) = Provenance::of(extra) else { return Vec::new() };
    let since = from.unconfirmed_since.as_deref().and_then(parts::day_of);
    let doubt = since.map(|day| Tag::new(say_with("Not confirmed since {date}", &[("date", &day)]), "doubt"));
    std::iter::once(Tag::new(say_with("From {source}", &[("source", &from.source)]), "plain")).chain(doubt).collect()
}

/// The tags, one beside the other.
pub(super) fn tag_list(tags: &[Tag]) -> Markup {
    html! { @if !tags.is_empty() { ul class="tags" { @for tag in tags { li class=(tag.look) { (say(&tag.words)) } } } } }
}
