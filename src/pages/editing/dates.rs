//! The dates of an event or workshop: the first one, how it comes round, what is different on single dates.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use maud::{Markup, html};
use serde_json::json;

use crate::{
    model::{
        Document, Event,
        event::{DateChange, EventChange},
        occurrences,
        values::LocalDateTime,
        with_only,
    },
    pages::{
        desk::Fields,
        fields::{Field, Mistakes, radios},
        words::long_date,
    },
};

const ROUND: [(&str, &str); 7] = [
    ("", "Only once"),
    ("FREQ=WEEKLY", "Every week"),
    ("FREQ=WEEKLY;INTERVAL=2", "Every other week"),
    ("MONTHLY", "Every month, on the same day of the week"),
    ("FREQ=DAILY", "Every day"),
    ("FREQ=YEARLY", "Every year"),
    ("kept", "As it is now"),
];

pub(super) fn fill(document: &Document) -> Fields {
    let mut fields = Fields::default();
    let Document::Event(event) = document else { return fields };
    let (start, end) = (event.start.naive(), event.end.naive());
    fields.set("date", start.date().to_string());
    fields.set("from", start.format("%H:%M").to_string());
    fields.set("to", end.format("%H:%M").to_string());
    fields.set("last_day", if end.date() == start.date() { String::new() } else { end.date().to_string() });
    let (rule, until) = take_apart(event);
    fields.set("round", rule);
    fields.set("until", until.map(|day| day.to_string()).unwrap_or_default());
    fields
}

/// The rule as the form says it, and its last day.
fn take_apart(event: &Event) -> (String, Option<NaiveDate>) {
    let Some(rule) = &event.rrule else { return (String::new(), None) };
    let (mut kept, mut until) = (Vec::new(), None);
    for part in rule.split(';') {
        match part.split_once('=') {
            Some(("UNTIL", day)) => until = NaiveDate::parse_from_str(day.get(..8).unwrap_or_default(), "%Y%m%d").ok(),
            // The first date says which day of the week it is.
            Some(("BYDAY", day)) if day == weekday(event.start.naive().date()) => {}
            _ => kept.push(part),
        }
    }
    let plain = kept.join(";");
    let monthly = rule.split(';').any(|part| part == "FREQ=MONTHLY")
        && rule.split(';').any(|part| part == format!("BYDAY={}", nth_weekday(event.start.naive().date())));
    let said = if monthly { "MONTHLY".to_owned() } else { plain };
    if ROUND.iter().any(|(value, _)| *value == said && *value != "kept") { (said, until) } else { ("kept".to_owned(), until) }
}

fn weekday(day: NaiveDate) -> String {
    day.format("%a").to_string()[..2].to_uppercase()
}

/// "2TU": the second Tuesday; the last one where there is no fourth after it.
fn nth_weekday(day: NaiveDate) -> String {
    use chrono::Datelike as _;
    let which = day.day0() / 7 + 1;
    if which == 5 { format!("-1{}", weekday(day)) } else { format!("{which}{}", weekday(day)) }
}

pub(super) fn form(fields: &Fields, mistakes: &Mistakes) -> Markup {
    html! {
        (Field::new("date", "Date, or the first one", fields.text("date")).short(mistakes, "date"))
        (Field::new("from", "From", fields.text("from")).short(mistakes, "time"))
        (Field::new("to", "To", fields.text("to")).short(mistakes, "time"))
        (Field::new("last_day", "If it ends on another day: which?", fields.text("last_day")).short(mistakes, "date"))
        (radios("round", "How does it come round?", "", fields.text("round"), &ROUND, mistakes))
        (Field::new("until", "Until when? Leave it empty if it goes on.", fields.text("until")).short(mistakes, "date"))
        h2 { "Single dates" }
        (Field::new("cancel", "Cancel one date", fields.text("cancel")).short(mistakes, "date"))
        (Field::new("cancel_note", "Why, for those who would come", fields.text("cancel_note")).line(mistakes, "text", "off"))
        (Field::new("add", "Add one date", fields.text("add")).hint("At the same time of day as the others.").short(mistakes, "date"))
    }
}

pub(super) fn take(fields: &Fields, document: &mut Document, mistakes: &mut Mistakes) {
    let Document::Event(event) = document else { return };
    let mut day = |name: &str, needed: bool| match fields.some(name).map(str::parse::<NaiveDate>) {
        Some(Ok(day)) => Some(day),
        Some(Err(_)) => {
            mistakes.add(name, "Enter a date, such as 2027-01-12");
            None
        }
        None => {
            if needed {
                mistakes.add(name, "Enter the date");
            }
            None
        }
    };
    let (first, last, until) = (day("date", true), day("last_day", false), day("until", false));
    let (cancel, add) = (day("cancel", false), day("add", false));
    let mut time = |name: &str| {
        let read = NaiveTime::parse_from_str(fields.text(name), "%H:%M").ok();
        if read.is_none() {
            mistakes.add(name, "Enter a time, such as 10:00");
        }
        read
    };
    let (Some(from), Some(to), Some(first)) = (time("from"), time("to"), first) else { return };
    let start = first.and_time(from);
    let mut end = last.unwrap_or(first).and_time(to);
    if end <= start && last.is_none() {
        // A night out ends in the morning.
        end = (first + chrono::Days::new(1)).and_time(to);
    }
    if end <= start {
        mistakes.add("last_day", "It would end before it begins");
    }
    if until.is_some_and(|until| until < first) {
        mistakes.add("until", "The last date is before the first");
    }
    let round = fields.text("round");
    if !ROUND.iter().any(|(value, _)| *value == round) {
        mistakes.add("round", "Choose one");
    }
    if !mistakes.none() {
        return;
    }
    let before = (event.start.naive(), event.end.naive());
    (event.start, event.end) = (local(start), local(end));
    event.rrule = rule(event, round, until, start, before.0);
    if let Some(day) = cancel {
        cancel_date(event, day.and_time(from), fields.some("cancel_note"), mistakes);
    }
    if let Some(day) = add {
        let at = local(day.and_time(from));
        event.exdates.retain(|known| *known != at);
        event.changes.retain(|change| change.start != at);
        if !takes_place(event, day.and_time(from)) {
            event.rdates.push(at);
        }
    }
}

fn rule(event: &Event, round: &str, until: Option<NaiveDate>, start: NaiveDateTime, before: NaiveDateTime) -> Option<String> {
    let base = match round {
        "" => return None,
        "kept" => {
            let kept = event.rrule.clone()?;
            kept.split(';').filter(|part| !part.starts_with("UNTIL=")).collect::<Vec<_>>().join(";")
        }
        "MONTHLY" => format!("FREQ=MONTHLY;BYDAY={}", nth_weekday(start.date())),
        // A rule that named its day keeps naming it while the day is the same.
        other => {
            let named = event.rrule.as_deref().is_some_and(|rule| rule.contains("BYDAY")) && other.starts_with("FREQ=WEEKLY");
            let day = if start.date() == before.date() { before.date() } else { start.date() };
            if named { format!("{other};BYDAY={}", weekday(day)) } else { other.to_owned() }
        }
    };
    // UNTIL is in UTC: the end of the day is late enough in every season.
    Some(until.map_or_else(|| base.clone(), |day| format!("{base};UNTIL={}T235959Z", day.format("%Y%m%d"))))
}

fn local(at: NaiveDateTime) -> LocalDateTime {
    at.format("%Y-%m-%dT%H:%M:%S").to_string().parse().expect("written as it is read")
}

fn takes_place(event: &Event, at: NaiveDateTime) -> bool {
    let (from, to) = (at - chrono::Duration::minutes(1), at + chrono::Duration::minutes(1));
    let zone = event.timezone.tz();
    let utc = |at: NaiveDateTime| at.and_local_timezone(zone).earliest().map(|at| at.to_utc());
    let (Some(from), Some(to)) = (utc(from), utc(to)) else { return false };
    occurrences::between(event, from, to, 3).iter().any(|one| one.local_start == at)
}

fn cancel_date(event: &mut Event, at: NaiveDateTime, note: Option<&str>, mistakes: &mut Mistakes) {
    if !takes_place(event, at) {
        mistakes.add("cancel", format!("There is no date on {} at that time", long_date(at.date())));
        return;
    }
    let start = local(at);
    event.changes.retain(|change| change.start != start);
    let mut change: EventChange = with_only(json!({"start": start, "status": DateChange::Cancelled}));
    change.note = note.map(str::to_owned);
    event.changes.push(change);
}
