//! Open, closed for now, closed for good: one tap each.

use chrono::NaiveDate;
use maud::{Markup, html};

use crate::{
    editing::{closed_until, say_closed_until},
    model::{Document, Kind, ServiceStatus, event::EventStatus},
    pages::{
        desk::Fields,
        fields::{Field, Mistakes, radios},
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
            let alert = one.alert.as_deref().unwrap_or_default();
            match closed_until(alert) {
                Some((day, more)) => {
                    fields.set("until", day.to_string());
                    fields.set("alert", more);
                }
                None => fields.set("alert", alert),
            }
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
        [("open", "It takes place"), ("paused", "It is postponed; the new date is not known yet"), ("closed", "It is cancelled")]
    } else {
        [("open", "Open as usual"), ("paused", "Closed for now"), ("closed", "Closed for good")]
    };
    html! {
        (radios("status", "Is it open at the moment?", "", fields.text("status"), &options, mistakes))
        @if kind != Kind::Event {
            (Field::new("until", "Reopening date, if it is closed for now", fields.text("until")).hint("The first day it is open again, if you know it.").short(mistakes, "date"))
            (Field::new("alert", "Is there anything people should know now?", fields.text("alert")).hint("For example: closed on 24 December. It appears at the top of the listing.").line(mistakes, "text", "off"))
        }
    }
}

pub(super) fn take(fields: &Fields, document: &mut Document, today: NaiveDate, mistakes: &mut Mistakes) {
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
            let alert = fields.some("alert");
            one.alert = match fields.some("until").filter(|_| status == "paused").map(str::parse::<NaiveDate>) {
                Some(Ok(day)) if day > today => Some(say_closed_until(day, alert)),
                Some(Ok(_)) => {
                    mistakes.add("until", "That date is not in the future. Enter the date it reopens, or choose that it is open");
                    return;
                }
                Some(Err(_)) => {
                    mistakes.add("until", "Enter a date, such as 2027-01-12");
                    return;
                }
                None => alert.map(str::to_owned),
            };
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
