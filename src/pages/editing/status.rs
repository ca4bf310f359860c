//! Open, closed for now, closed for good: one tap each.

use chrono::NaiveDate;
use maud::{Markup, html};

use crate::{
    editing::CLOSED_UNTIL,
    model::{Document, Kind, ServiceStatus, event::EventStatus},
    pages::{
        desk::Fields,
        fields::{Field, Mistakes, radios},
        words::date,
    },
};

pub(super) fn fill(document: &Document) -> Fields {
    let mut fields = Fields::default();
    match document {
        Document::Service(one) => {
            let status = match one.status {
                ServiceStatus::Active => "open",
                ServiceStatus::TemporarilyClosed => "paused",
                ServiceStatus::Inactive | ServiceStatus::Defunct => "closed",
            };
            fields.set("status", status);
            fields.set("alert", one.alert.clone().filter(|alert| !alert.starts_with(CLOSED_UNTIL)).unwrap_or_default());
        }
        Document::Event(one) => {
            let status = match one.status {
                EventStatus::Scheduled => "open",
                EventStatus::Postponed => "paused",
                EventStatus::Cancelled => "closed",
            };
            fields.set("status", status);
        }
        _ => {}
    }
    fields
}

pub(super) fn form(kind: Kind, fields: &Fields, mistakes: &Mistakes) -> Markup {
    let options: [(&str, &str); 3] = if kind == Kind::Event {
        [("open", "It takes place"), ("paused", "It is postponed; we do not know until when"), ("closed", "It is cancelled")]
    } else {
        [("open", "Open as usual"), ("paused", "Closed for now"), ("closed", "Closed for good")]
    };
    html! {
        (radios("status", "How is it at the moment?", "", fields.text("status"), &options, mistakes))
        @if kind != Kind::Event {
            (Field::new("until", "If it is closed for now: until when?", fields.text("until")).hint("The first day on which it is open again, if you know it.").short(mistakes, "date"))
            (Field::new("alert", "Is there something that people should know now?", fields.text("alert")).hint("For example: closed on 24 December. It stands at the top of the listing.").line(mistakes, "text", "off"))
        }
    }
}

pub(super) fn take(fields: &Fields, document: &mut Document, mistakes: &mut Mistakes) {
    let status = fields.text("status");
    if !["open", "paused", "closed"].contains(&status) {
        mistakes.add("status", "Choose one");
        return;
    }
    match document {
        Document::Service(one) => {
            one.status = match status {
                "open" => ServiceStatus::Active,
                "paused" => ServiceStatus::TemporarilyClosed,
                _ => ServiceStatus::Inactive,
            };
            let until = match fields.some("until").filter(|_| status == "paused").map(str::parse::<NaiveDate>) {
                Some(Ok(day)) => Some(format!("{CLOSED_UNTIL}{}", date(day))),
                Some(Err(_)) => {
                    mistakes.add("until", "Enter a date, such as 2027-01-12");
                    None
                }
                None => None,
            };
            one.alert = until.or_else(|| fields.some("alert").map(str::to_owned));
        }
        Document::Event(one) => {
            one.status = match status {
                "open" => EventStatus::Scheduled,
                "paused" => EventStatus::Postponed,
                _ => EventStatus::Cancelled,
            };
        }
        _ => {}
    }
}
