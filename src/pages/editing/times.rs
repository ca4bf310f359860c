//! Weekly hours by plain controls: "every Tuesday 10 to 12, not in school holidays".

mod row;

use chrono::NaiveDate;
use maud::{Markup, html};

use crate::{
    model::{Document, Schedule, Service, values::TimeOfDay},
    pages::{
        desk::Fields,
        fields::{Field, Mistakes, tick},
        times,
    },
};
use row::{EVERY, Row, rows, together};

/// Empty rows below those that are filled in.
const SPARE: usize = 2;
/// Rows that "more times" adds.
const MORE: usize = 3;
/// Rows of a form.
const MOST: usize = 60;
const DAYS: [(&str, &str); 8] = [
    ("", "No day"),
    ("MO", "Monday"),
    ("TU", "Tuesday"),
    ("WE", "Wednesday"),
    ("TH", "Thursday"),
    ("FR", "Friday"),
    ("SA", "Saturday"),
    ("SU", "Sunday"),
];
pub(super) const TERM_ONLY: &str = "Not in school holidays";

/// The field that names the link to a place which the hours are about; those of the service without it.
const AT: &str = "at";

/// The hours that the form is about: those at a place where one is named; else those of the service, or, where it has
/// none, those at its one place.
fn kept<'a>(service: &'a Service, at: &str) -> &'a [Schedule] {
    match (link(service, at), service.service_at_locations.as_slice()) {
        (Some(which), links) => &links[which].schedules,
        (None, [only]) if service.schedules.is_empty() => &only.schedules,
        _ => &service.schedules,
    }
}

fn kept_mut<'a>(service: &'a mut Service, at: &str) -> &'a mut Vec<Schedule> {
    let which = link(service, at).or(match service.service_at_locations.as_slice() {
        [only] if service.schedules.is_empty() && !only.schedules.is_empty() => Some(0),
        _ => None,
    });
    match which {
        Some(which) => &mut service.service_at_locations[which].schedules,
        None => &mut service.schedules,
    }
}

/// Which of the links to places is named.
fn link(service: &Service, at: &str) -> Option<usize> {
    service.service_at_locations.iter().position(|link| link.id.to_string() == at)
}

/// The form, about the hours of the whole service or `at` one of its places.
pub(super) fn fill(document: &Document, at: &str) -> Fields {
    let mut fields = Fields::default();
    let Document::Service(service) = document else { return fields };
    if link(service, at).is_some() {
        fields.set(AT, at);
    }
    let mut number = 0;
    for schedule in kept(service, at) {
        if let Some(lines) = rows(schedule) {
            for line in lines {
                put(&mut fields, number, &line);
                number += 1;
            }
        } else {
            let words = times::schedule(schedule, NaiveDate::MIN).unwrap_or_else(|| "Other times".to_owned());
            fields.set(&format!("other-{}", schedule.id), words);
        }
    }
    fields.set("rows", (number + SPARE).to_string());
    fields
}

fn put(fields: &mut Fields, number: usize, row: &Row) {
    let (note, term) = without_term(&row.note);
    // Without its day it is to go; a new line without a day is a slip.
    fields.set(&format!("stood-{number}"), "yes");
    fields.set(&format!("day-{number}"), row.day.clone());
    fields.set(&format!("every-{number}"), row.every.clone());
    fields.set(&format!("from-{number}"), row.from.clone());
    fields.set(&format!("to-{number}"), row.to.clone());
    fields.set(&format!("note-{number}"), note);
    if term {
        fields.set(&format!("term-{number}"), "yes");
    }
    if row.is_long_night() {
        fields.set(&format!("night-{number}"), "yes");
    }
    if !row.from.is_empty() && row.to.is_empty() {
        fields.set(&format!("open-{number}"), "yes");
    }
}

/// What a note says beside that there is nothing in school holidays, and whether it says that.
pub(super) fn without_term(note: &str) -> (String, bool) {
    (note.replace(TERM_ONLY, "").trim_matches([';', ' ']).to_owned(), note.contains(TERM_ONLY))
}

/// A note, with what the box for school holidays says.
pub(super) fn with_term(note: Option<&str>, term: bool) -> String {
    note.into_iter().chain(term.then_some(TERM_ONLY)).collect::<Vec<_>>().join("; ")
}

fn count(fields: &Fields) -> usize {
    fields.text("rows").parse().unwrap_or(SPARE).min(MOST)
}

pub(super) fn more(fields: &Fields) -> Fields {
    let mut fields = fields.clone();
    let rows = (count(&fields) + MORE).min(MOST);
    fields.set("rows", rows.to_string());
    fields
}

pub(super) fn form(fields: &Fields, mistakes: &Mistakes) -> Markup {
    html! {
        input type="hidden" name="rows" value=(count(fields));
        @if let Some(at) = fields.some(AT) {
            input type="hidden" name=(AT) value=(at);
            p { strong { "These are the times at one of its places." } " Those of the others stay as they are." }
        }
        // The button that Enter presses: without it that would be "More times".
        button class="unseen" name="do" value="save" tabindex="-1" aria-hidden="true" { "Save" }
        p { "One line for each time of the week. To remove a time, choose “No day”." }
        @for number in 0..count(fields) { (line(fields, number, mistakes)) }
        @for (name, words) in fields.starting("other-") {
            div class="field" {
                p { (words) }
                input type="hidden" name=(name) value=(words);
                (tick(&format!("without-{}", name.trim_start_matches("other-")), "Remove this", fields.has(&format!("without-{}", name.trim_start_matches("other-"))), mistakes))
            }
        }
        p { button class="link" name="do" value="more" { "Add more times" } }
    }
}

fn line(fields: &Fields, number: usize, mistakes: &Mistakes) -> Markup {
    let names = ["day", "every", "from", "to", "note", "term", "night", "open"].map(|name| format!("{name}-{number}"));
    let [day, every, from, to, note, term, night, open] = &names;
    let value = |name: &str, default: &'static str| fields.some(name).unwrap_or(default).to_owned();
    html! {
        fieldset class="times" {
            legend { "Time " (number + 1) }
            @let stood = format!("stood-{number}");
            @if fields.has(&stood) { input type="hidden" name=(stood) value="yes"; }
            (Field::new(day, "Day", &value(day, "")).one_of(mistakes, &DAYS))
            (Field::new(every, "How often", &value(every, "1")).one_of(mistakes, &EVERY))
            (Field::new(from, "From", fields.text(from)).short(mistakes, "time"))
            (Field::new(to, "To", fields.text(to)).short(mistakes, "time"))
            @if fields.has(night) || mistakes.of(night).is_some() { (tick(night, "It ends the next day", fields.has(night), mistakes)) }
            @if fields.has(open) || mistakes.of(open).is_some() { (tick(open, "It has no fixed end", fields.has(open), mistakes)) }
            (tick(term, TERM_ONLY, fields.has(term), mistakes))
            (Field::new(note, "Notes about this time", fields.text(note)).line(mistakes, "text", "off"))
        }
    }
}

pub(super) fn take(fields: &Fields, document: &mut Document, mistakes: &mut Mistakes) {
    let Document::Service(service) = document else { return };
    let mut wanted: Vec<Row> = Vec::new();
    for number in 0..count(fields) {
        if let Some(row) = read(fields, number, mistakes) {
            wanted.push(row);
        }
    }
    if !mistakes.none() {
        return;
    }
    let (service_id, at) = (service.id, fields.text(AT));
    let link = link(service, at).map(|which| service.service_at_locations[which].id);
    if link.is_none() && !at.is_empty() {
        mistakes.add("day-0", "The place that these times are about has been taken out");
        return;
    }
    let schedules = kept_mut(service, at);
    let mut now: Vec<Schedule> = Vec::new();
    for schedule in schedules.drain(..) {
        match rows(&schedule) {
            // Stays as it is while every line of it is still wanted.
            Some(lines) if lines.iter().all(|line| wanted.contains(line)) => {
                for line in &lines {
                    let at = wanted.iter().position(|row| row == line);
                    at.map(|at| wanted.remove(at));
                }
                now.push(schedule);
            }
            Some(_) => {}
            None if fields.has(&format!("without-{}", schedule.id)) => {}
            None => now.push(schedule),
        }
    }
    for mut schedule in together(wanted) {
        match link {
            Some(link) => schedule.service_at_location_id = Some(link),
            None => schedule.service_id = Some(service_id),
        }
        now.push(schedule);
    }
    *schedules = now;
}

fn read(fields: &Fields, number: usize, mistakes: &mut Mistakes) -> Option<Row> {
    let text = |name: &str| fields.text(&format!("{name}-{number}")).to_owned();
    let (day, every) = (text("day"), text("every"));
    if !DAYS.iter().any(|(known, _)| *known == day) || day.is_empty() {
        let begun = ["from", "to", "note", "term"].iter().any(|name| !text(name).is_empty());
        let goes = fields.has(&format!("stood-{number}")) && fields.has(&format!("day-{number}"));
        if begun && !goes {
            mistakes.add(format!("day-{number}"), "Choose the day of this time, or clear the rest of it");
        }
        return None;
    }
    let every = if EVERY.iter().any(|(known, _)| *known == every) { every } else { "1".to_owned() };
    let mut time = |name: &str, words: &str| {
        let given = text(name);
        match given.parse::<TimeOfDay>() {
            Ok(time) => time.as_str().to_owned(),
            Err(_) if given.is_empty() => String::new(),
            Err(_) => {
                mistakes.add(format!("{name}-{number}"), format!("Enter the time it {words} as 9:30 or 14:00"));
                String::new()
            }
        }
    };
    let (from, to) = (time("from", "begins"), time("to", "ends"));
    let note = with_term(fields.some(&format!("note-{number}")), fields.has(&format!("term-{number}")));
    let row = Row { day, every, from, to, note };
    if text("from").is_empty() && !row.to.is_empty() {
        mistakes.add(format!("from-{number}"), "Enter the time it begins as 9:30 or 14:00");
    }
    let open = format!("open-{number}");
    if !row.from.is_empty() && text("to").is_empty() && !fields.has(&open) {
        mistakes.add(open, "Enter the time it ends, or say that it has no fixed end");
    }
    let night = format!("night-{number}");
    if row.is_long_night() && !fields.has(&night) {
        mistakes.add(
            night,
            format!(
                "It would end before it starts: from {} to {}. Correct it, or tick that it ends the next day",
                row.from, row.to
            ),
        );
    }
    Some(row)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::model::Kind;

    fn service(schedules: &serde_json::Value) -> Document {
        let value = json!({"id": Uuid::nil(), "name": "Pantry", "status": "active", "schedules": schedules});
        Document::from_value(Kind::Service, value).unwrap()
    }

    fn said(document: &Document) -> Vec<String> {
        let Document::Service(service) = document else { panic!() };
        service.schedules.iter().filter_map(|schedule| times::schedule(schedule, NaiveDate::MIN)).collect()
    }

    #[test]
    fn what_is_not_touched_stays_as_it_was() {
        let before = service(&json!([
            {"id": Uuid::from_u128(1), "freq": "WEEKLY", "byday": "MO,WE", "opens_at": "09:30", "closes_at": "16:00"},
            {"id": Uuid::from_u128(2), "freq": "MONTHLY", "byday": "-1FR", "opens_at": "10:00", "notes": "Not in school holidays"},
            {"id": Uuid::from_u128(3), "dtstart": "2026-12-24", "opens_at": "10:00", "description": "Christmas lunch"},
        ]));
        let mut after = before.clone();
        let mut mistakes = Mistakes::default();
        take(&fill(&before, ""), &mut after, &mut mistakes);
        assert!(mistakes.none());
        assert_eq!(after, before);
    }

    #[test]
    fn we_moved_to_tuesdays() {
        let before = service(
            &json!([{"id": Uuid::from_u128(1), "freq": "WEEKLY", "byday": "TH", "opens_at": "10:00", "closes_at": "12:00"}]),
        );
        let mut fields = fill(&before, "");
        fields.set("day-0", "TU");
        fields.set("term-0", "yes");
        let mut after = before.clone();
        take(&fields, &mut after, &mut Mistakes::default());
        assert_eq!(said(&after), ["Tuesdays, 10am to midday (Not in school holidays)"]);
    }

    #[test]
    fn a_time_without_a_day_is_asked_about_and_one_that_stood_is_taken_away() {
        let before = service(
            &json!([{"id": Uuid::from_u128(1), "freq": "WEEKLY", "byday": "TH", "opens_at": "10:00", "closes_at": "12:00"}]),
        );
        for (name, value) in [("from-1", "14:00"), ("to-1", "16:00"), ("note-1", "Upstairs"), ("term-1", "yes")] {
            let mut fields = fill(&before, "");
            fields.set(name, value);
            let (mut after, mut mistakes) = (before.clone(), Mistakes::default());
            take(&fields, &mut after, &mut mistakes);
            assert!(mistakes.of("day-1").is_some() && after == before, "{name}");
            assert!(form(&fields, &mistakes).into_string().contains("day-1-error"), "{name}: it is said beside the day");
        }
        let mut fields = fill(&before, "");
        fields.set("day-0", "");
        let (mut after, mut mistakes) = (before.clone(), Mistakes::default());
        take(&fields, &mut after, &mut mistakes);
        assert!(mistakes.none() && said(&after).is_empty());
    }

    #[test]
    fn a_time_without_an_end_is_asked_about_once() {
        let mut fields = fill(&service(&json!([])), "");
        fields.set("day-0", "TH");
        fields.set("from-0", "10:30");
        let mut after = service(&json!([]));
        let mut mistakes = Mistakes::default();
        take(&fields, &mut after, &mut mistakes);
        assert!(mistakes.of("open-0").is_some() && form(&fields, &mistakes).into_string().contains("no fixed end"));
        fields.set("open-0", "yes");
        take(&fields, &mut after, &mut Mistakes::default());
        assert_eq!(said(&after), ["Thursdays, from 10:30am"]);
        assert!(fill(&after, "").has("open-0"), "and not again");
    }

    #[test]
    fn a_time_that_is_none_is_said_beside_its_field() {
        let before = service(&json!([{"id": Uuid::from_u128(1), "freq": "WEEKLY", "byday": "TH", "opens_at": "10:00"}]));
        let mut fields = fill(&before, "");
        fields.set("from-0", "ten");
        let mut after = before.clone();
        let mut mistakes = Mistakes::default();
        take(&fields, &mut after, &mut mistakes);
        assert!(mistakes.summary().into_string().contains("from-0"));
        assert_eq!(after, before, "nothing is changed");
    }
}
