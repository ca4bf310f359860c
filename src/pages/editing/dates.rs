//! The dates of an event or workshop: the first one, how it repeats, what is different on single dates.

mod words;

use chrono::{Datelike as _, Days, Duration, NaiveDate, NaiveDateTime, NaiveTime};
use maud::{Markup, html};
use serde_json::json;

pub(in crate::pages) use self::words::{changed, repeats, singles};
use super::times::{TERM_ONLY, with_term, without_term};
use crate::{
    model::{
        Document, Event,
        event::{DateChange, EventChange},
        occurrences,
        schedule::LONGEST_NIGHT,
        values::LocalDateTime,
        with_only,
    },
    pages::{
        desk::Fields,
        fields::{Field, Mistakes, radios, tick},
        words::long_date,
    },
};

/// The longest notes about the dates, in characters.
const LONGEST_NOTE: usize = 500;
/// One date does not last longer, in days.
const LONGEST_DATE: i64 = 366;

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
    let said = end.date() == start.date() || end == night_after(start, end.time());
    fields.set("last_day", if said { String::new() } else { end.date().to_string() });
    let (rule, until) = take_apart(event);
    fields.set("round", rule);
    fields.set("until", until.map(|day| day.to_string()).unwrap_or_default());
    for (at, words) in singles(event) {
        fields.set(&format!("single-{at}"), words);
    }
    let (note, term) = without_term(event.notes.as_deref().unwrap_or_default());
    fields.set("note", note);
    if term {
        fields.set("term", "yes");
    }
    fields
}

/// The end of what goes on into the next day; the start itself where it would last too long.
fn night_after(start: NaiveDateTime, to: NaiveTime) -> NaiveDateTime {
    let end = (start.date() + Days::new(1)).and_time(to);
    if end - start <= LONGEST_NIGHT { end } else { start }
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
    let which = day.day0() / 7 + 1;
    if which == 5 { format!("-1{}", weekday(day)) } else { format!("{which}{}", weekday(day)) }
}

/// The one date that every event has: what a new one begins with.
pub(super) fn first_date(fields: &Fields, mistakes: &Mistakes) -> Markup {
    html! {
        (Field::new("date", "Date, or first date", fields.text("date")).short(mistakes, "date"))
        (Field::new("from", "From", fields.text("from")).short(mistakes, "time"))
        (Field::new("to", "To", fields.text("to")).short(mistakes, "time"))
        (Field::new("last_day", "End date, if it ends on another day", fields.text("last_day")).short(mistakes, "date"))
    }
}

/// Take what [`first_date`] asked for into an event that goes on as it did, from another day on.
pub(super) fn take_first_date(fields: &Fields, document: &mut Document, today: NaiveDate, mistakes: &mut Mistakes) {
    let mut filled = fill(document);
    let day = |name: &str, of: &Fields| of.text(name).parse::<NaiveDate>().ok();
    let mut last_day = fields.text("last_day").to_owned();
    // Whoever gives a copy another first day means its last day to move with it.
    if last_day == filled.text("last_day")
        && let (Some(before), Some(last), Some(now)) = (day("date", &filled), day("last_day", &filled), day("date", fields))
    {
        last_day = (now + (last - before)).to_string();
    }
    filled.set("last_day", last_day);
    for name in ["date", "from", "to"] {
        filled.set(name, fields.text(name));
    }
    take(&filled, document, today, mistakes);
}

pub(super) fn form(fields: &Fields, mistakes: &Mistakes) -> Markup {
    // What these words cannot say can only stay as it is where it is there.
    let round = if fields.text("round") == "kept" { &ROUND[..] } else { &ROUND[..ROUND.len() - 1] };
    html! {
        (first_date(fields, mistakes))
        (radios("round", "How often does it repeat?", "", fields.text("round"), round, mistakes))
        (Field::new("until", "Last date. Leave empty if it continues.", fields.text("until")).short(mistakes, "date"))
        (tick("term", TERM_ONLY, fields.has("term"), mistakes))
        p class="hint" { "Holidays differ from school to school, so this is only said beside the dates. Cancel each date in the holidays below." }
        (Field::new("note", "Notes about the dates", fields.text("note")).hint("For example: outdoors, so not when it rains.").line(mistakes, "text", "off"))
        h2 { "Single dates" }
        @for (name, words) in fields.starting("single-") {
            @let back = name.replacen("single", "back", 1);
            input type="hidden" name=(name) value=(words);
            (tick(&back, &format!("Undo: {words}"), fields.has(&back), mistakes))
        }
        (Field::new("cancel", "Cancel one date", fields.text("cancel")).short(mistakes, "date"))
        (Field::new("cancel_note", "Reason, for people who planned to come", fields.text("cancel_note")).line(mistakes, "text", "off"))
        (Field::new("add", "Add one date", fields.text("add")).hint("It has the same time of day as the others.").short(mistakes, "date"))
    }
}

/// The dates as the form says them.
struct Said {
    start: NaiveDateTime,
    end: NaiveDateTime,
    /// Whether a last day was given, so that the end is not read off the times alone.
    has_last_day: bool,
    until: Option<NaiveDate>,
    cancel: Option<NaiveDate>,
    add: Option<NaiveDate>,
}

/// What the form says, as far as it can be read; none where that is not even a date with its times.
fn read(fields: &Fields, mistakes: &mut Mistakes) -> Option<Said> {
    if fields.some("date").is_none() {
        mistakes.add("date", "Enter the date");
    }
    let [first, last, until, cancel, add] =
        ["date", "last_day", "until", "cancel", "add"].map(|name| day(fields, name, mistakes));
    let [from, to] = ["from", "to"].map(|name| time(fields, name, mistakes));
    let (first, from, to) = (first?, from?, to?);
    let start = first.and_time(from);
    let end = match last {
        Some(last) => last.and_time(to),
        None if to > from => first.and_time(to),
        // A night out ends in the morning.
        None => night_after(start, to),
    };
    Some(Said { start, end, has_last_day: last.is_some(), until, cancel, add })
}

fn day(fields: &Fields, name: &str, mistakes: &mut Mistakes) -> Option<NaiveDate> {
    let read = fields.some(name)?.parse::<NaiveDate>().ok();
    if read.is_none() {
        mistakes.add(name, "Enter a date, such as 2027-01-12");
    }
    read
}

fn time(fields: &Fields, name: &str, mistakes: &mut Mistakes) -> Option<NaiveTime> {
    let read = NaiveTime::parse_from_str(fields.text(name), "%H:%M").ok();
    if read.is_none() {
        mistakes.add(name, "Enter a time, such as 10:00");
    }
    read
}

impl Said {
    /// What cannot be meant.
    fn doubt(&self, fields: &Fields, event: &Event, today: NaiveDate, mistakes: &mut Mistakes) {
        let Self { start, end, has_last_day, until, add, .. } = *self;
        if end <= start && !has_last_day {
            mistakes.add("to", "It would end before it starts. If it ends on another day, enter the end date below");
        } else if end <= start {
            mistakes.add("last_day", "It would end before it starts");
        } else if (end - start).num_days() > LONGEST_DATE {
            mistakes.add("last_day", "It would last for more than a year. Check the year");
        }
        if until.is_some_and(|until| until < start.date()) {
            mistakes.add("until", "The last date is before the first");
        }
        let round = fields.text("round");
        if !ROUND.iter().any(|(value, _)| *value == round) {
            mistakes.add("round", "Choose one");
        }
        let as_before = (event.start.naive(), event.end.naive()) == (start, end);
        if round.is_empty() && add.is_none() && end.date() < today && !as_before {
            mistakes.add("date", "That date is in the past. Check the year");
        }
        if add.is_some_and(|day| day < today) {
            mistakes.add("add", "That date is in the past. Check the year");
        }
        if fields.text("note").chars().count() > LONGEST_NOTE {
            mistakes.add("note", format!("The notes must be {LONGEST_NOTE} characters or fewer"));
        }
    }
}

pub(super) fn take(fields: &Fields, document: &mut Document, today: NaiveDate, mistakes: &mut Mistakes) {
    let Document::Event(event) = document else { return };
    let Some(said) = read(fields, mistakes) else { return };
    said.doubt(fields, event, today, mistakes);
    if !mistakes.none() {
        return;
    }
    let Said { start, end, until, cancel, add, .. } = said;
    event.notes = Some(with_term(fields.some("note"), fields.has("term"))).filter(|notes| !notes.is_empty());
    let back = |at: &LocalDateTime| fields.has(&format!("back-{at}"));
    event.rdates.retain(|at| !back(at));
    event.exdates.retain(|at| !back(at));
    event.changes.retain(|change| !back(&change.start));
    let before = event.start.naive();
    let rrule = rule(event, fields.text("round"), until, start, before);
    if (&event.rrule, before) != (&rrule, start) {
        (event.start, event.end, event.rrule) = (local(start), local(end), rrule);
        carry_over(event, before);
    }
    event.end = local(end);
    if let Some(day) = cancel {
        cancel_date(event, day.and_time(start.time()), fields.some("cancel_note"), mistakes);
    }
    if let Some(day) = add {
        add_date(event, day.and_time(start.time()));
    }
}

fn add_date(event: &mut Event, on: NaiveDateTime) {
    let at = local(on);
    event.exdates.retain(|known| *known != at);
    event.changes.retain(|change| change.start != at);
    if !takes_place(event, on) {
        event.rdates.push(at);
    }
}

/// What is said of single dates names them by the start that the series had for them: where that has
/// changed, let it name them as they are now, so that a cancelled date stays cancelled.
fn carry_over(event: &mut Event, before: NaiveDateTime) {
    let (start, old_time) = (event.start.naive(), before.time());
    let moved = |at: &LocalDateTime, day: NaiveDate| {
        // Other times are those of dates that never went with the others, or of whole days.
        if at.naive().time() == old_time { local(day.and_time(start.time())) } else { at.clone() }
    };
    for at in &mut event.rdates {
        *at = moved(at, at.naive().date());
    }
    let mut series = event.clone();
    series.exdates.clear();
    series.changes.clear();
    // From Thursdays to Fridays is a day on, from Mondays to Sundays a day back.
    let days =
        (i64::from(start.weekday().num_days_from_monday()) - i64::from(before.weekday().num_days_from_monday()) + 10) % 7 - 3;
    let now = |at: &LocalDateTime| {
        let day = at.naive().date();
        let shifted = day + Duration::days(days);
        let takes_place = |day: NaiveDate| takes_place(&series, day.and_time(start.time()));
        moved(at, if !takes_place(day) && takes_place(shifted) { shifted } else { day })
    };
    for at in &mut event.exdates {
        *at = now(at);
    }
    for change in &mut event.changes {
        change.start = now(&change.start);
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
    let start = local(at);
    // Two taps: the first has cancelled it.
    if event.changes.iter().any(|change| change.start == start && change.status == DateChange::Cancelled) {
        return;
    }
    if !takes_place(event, at) {
        mistakes.add("cancel", format!("There is no date on {} at that time", long_date(at.date())));
        return;
    }
    event.changes.retain(|change| change.start != start);
    let mut change: EventChange = with_only(json!({"start": start, "status": DateChange::Cancelled}));
    change.note = note.map(str::to_owned);
    event.changes.push(change);
}
