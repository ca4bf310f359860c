//! Open, closed for now, closed for good: one tap each.

use chrono::NaiveDate;
use maud::{Markup, html};

use super::closing::{NO_DATE, reopening_day};
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
    let known = fill(document);
    // What stood there when the page was opened is not what somebody has just typed.
    let is_new = fields.text("until") != known.text("until");
    if status != "paused" && is_new && fields.some("until").is_some() {
        mistakes.add("until", "This is the day it opens again, but you chose that it is not closed for now. Choose “Closed for now”, or clear the date");
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
            let until = fields.some("until").filter(|_| status == "paused");
            let read = |text: &str| if is_new { reopening_day(text, today) } else { text.parse().map_err(|_| NO_DATE) };
            let day = match until.map(read).transpose() {
                Ok(day) => day,
                Err(problem) => {
                    mistakes.add("until", problem);
                    return;
                }
            };
            one.alert = day.map_or_else(|| alert.map(str::to_owned), |day| Some(say_closed_until(day, alert)));
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

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn wrong(with: &[(&str, &str)], stored: &serde_json::Value) -> (Option<String>, Document) {
        let mut value = json!({"id": Uuid::nil(), "name": "Pantry", "status": "active"});
        value.as_object_mut().unwrap().extend(stored.as_object().unwrap().clone());
        let mut document = Document::from_value(Kind::Service, value).unwrap();
        let mut fields = fill(&document);
        for (name, value) in with {
            fields.set(name, *value);
        }
        let mut mistakes = Mistakes::default();
        take(&fields, &mut document, "2026-11-22".parse().unwrap(), &mut mistakes);
        (mistakes.of("until").map(str::to_owned), document)
    }

    #[test]
    fn a_day_of_opening_again_is_never_dropped_in_silence() {
        let closed = json!({"status": "temporarily closed", "alert": "Closed until 12 January 2027"});
        for status in ["open", "closed"] {
            assert!(wrong(&[("status", status), ("until", "2027-01-12")], &json!({})).0.is_some(), "{status}");
            // Whoever opens what was closed leaves the day where it stood.
            let (said, document) = wrong(&[("status", status)], &closed);
            let Document::Service(service) = document else { panic!() };
            assert_eq!((said, service.alert), (None, None), "{status}");
        }
    }

    #[test]
    fn nothing_is_closed_for_now_for_more_than_two_years() {
        for (day, wrongly) in
            [("2028-11-22", false), ("2028-11-23", true), ("2036-11-22", true), ("2026-11-22", true), ("soon", true)]
        {
            assert_eq!(wrong(&[("status", "paused"), ("until", day)], &json!({})).0.is_some(), wrongly, "{day}");
        }
        // What came from elsewhere gets in nobody's way who changes something beside it.
        let far = json!({"status": "temporarily closed", "alert": "Closed until 1 May 2031"});
        let (said, document) = wrong(&[("alert", "The roof is being mended.")], &far);
        let Document::Service(service) = document else { panic!() };
        assert_eq!((said, service.alert.as_deref()), (None, Some("Closed until 1 May 2031. The roof is being mended.")));
    }
}
