//! The dates of an event as schedules of the standard, which knows weeks and months, no exceptions,
//! and no zones.
//!
//! A series is told as its rule, from one exception to the next; what is not of the rule (moved and
//! further dates) as single dates. Where a rule says more than the standard can, or has too many
//! exceptions, single dates stand for it all. No schedule ever says "open" on a date that is not.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike as _, Duration, NaiveDate, NaiveDateTime, NaiveTime, Utc, Weekday};
use chrono_tz::{Europe::London, Tz};

use crate::{
    ids,
    model::{
        Event, Schedule,
        event::{DateChange, EventStatus},
        occurrences::{self, Freq, HORIZON_DAYS, MOST_DATES, Occurrence, OccurrenceStatus, Rule},
        schedule::Frequency,
        values::{LocalDateTime, Number, TimeOfDay},
    },
};

/// Not more schedules than this stand for one event.
const MOST: usize = 60;

/// The schedules that stand for `event`. Only series that have to be told date by date, and have
/// more than [`MOST`] of them, depend on `now`: of those the dates from this week on are told.
pub(super) fn of(event: &Event, now: DateTime<Utc>) -> Vec<Schedule> {
    if event.status != EventStatus::Scheduled {
        // Whether it is cancelled or put off, nobody is to come.
        return Vec::new();
    }
    let mut all = by_rule(event).unwrap_or_else(|| by_date(event, now));
    let key = |one: &Schedule| (one.valid_from, one.opens_at.clone(), one.closes_at.clone());
    // A date that was moved to where the series has one already is told by the series.
    all.sort_by_key(|one| (key(one), one.freq.is_none()));
    all.dedup_by_key(|one| key(one));
    all.truncate(MOST);
    for (at, one) in all.iter_mut().enumerate() {
        let part = match (at, one.valid_from, &one.opens_at) {
            (0, ..) => "schedule".to_owned(),
            (_, Some(day), Some(opens)) => {
                format!("schedule {day} {opens} {}", one.closes_at.as_ref().map_or("", TimeOfDay::as_str))
            }
            _ => format!("schedule {at}"),
        };
        one.id = ids::derived(event.id.into(), &part);
    }
    all
}

/// The series as its rule between the exceptions, and what is not of the rule as single dates.
/// Nothing where that cannot be.
fn by_rule(event: &Event) -> Option<Vec<Schedule>> {
    let (start, end) = (event.start.naive(), event.end.naive());
    let zone = event.timezone.tz();
    let is_short = start < end && end - start < Duration::days(1);
    let rule =
        Rule::parse(event.rrule.as_deref()?, start, zone).ok().filter(|rule| rule.is_plain() && is_short && is_ours(zone))?;

    let changes = event.changed_dates();
    let changed = |status| changes.values().filter(move |change| change.status == status).map(|change| &change.start);
    let moved = || changed(DateChange::Moved);
    // A day without a time leaves out all of it.
    let left_out = event
        .exdates
        .iter()
        .map(LocalDateTime::naive)
        .map(|at| if at.time() == NaiveTime::MIN { at.date().and_time(start.time()) } else { at });
    let named: BTreeSet<NaiveDateTime> =
        left_out.chain(changed(DateChange::Cancelled).chain(moved()).map(LocalDateTime::naive)).collect();
    let asked: BTreeSet<NaiveDateTime> = event.rdates.iter().map(LocalDateTime::naive).chain(named.iter().copied()).collect();
    let dates = match (asked.first(), asked.last()) {
        (Some(first), Some(last)) => rule.between(*first, *last),
        _ => Vec::new(),
    };
    if dates.len() >= MOST_DATES {
        return None;
    }
    let of_rule: BTreeSet<NaiveDateTime> = dates.into_iter().collect();
    let exceptions: Vec<NaiveDateTime> = named.intersection(&of_rule).copied().collect();
    if exceptions.len() >= MOST {
        return None;
    }

    let mut schedules = Vec::new();
    let mut from = start;
    for exception in &exceptions {
        let dates = rule.between(from, *exception - Duration::seconds(1));
        if let (Some(first), Some(last)) = (dates.first(), dates.last()) {
            schedules.push(repeated(event, &rule, first.date(), Some(last.date())));
        }
        from = *exception + Duration::seconds(1);
    }
    if rule.until.is_none() && rule.count.is_none() {
        schedules.extend(rule.first_from(from).map(|first| repeated(event, &rule, first.date(), None)));
    } else {
        let dates = rule.between(from, rule.until.unwrap_or(NaiveDateTime::MAX));
        if let (Some(first), Some(last)) = (dates.first(), dates.last()) {
            let count = rule.count.filter(|_| exceptions.is_empty() && *first == start);
            schedules.push(Schedule {
                count: count.map(|count| Number(count.into())),
                ..repeated(event, &rule, first.date(), Some(last.date()))
            });
        }
    }

    // What the rule does not give: the same event without its rule, but with the dates that were moved.
    let gives_start = rule.between(start, start).first() == Some(&start);
    let rest = Event {
        rrule: None,
        rdates: event
            .rdates
            .iter()
            .filter(|at| !of_rule.contains(&at.naive()))
            .chain(moved().filter(|at| of_rule.contains(&at.naive())))
            .cloned()
            .collect(),
        ..event.clone()
    };
    let rest = occurrences::between(&rest, DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, MOST + 1);
    let is_of_rule = |one: &Occurrence| gives_start && one.original_start == start && one.status != OccurrenceStatus::Moved;
    schedules.extend(rest.iter().filter(|one| !is_of_rule(one)).flat_map(|one| single(event, one)));
    (schedules.len() <= MOST).then_some(schedules)
}

/// Every date by itself: all of them where they are few, otherwise those from this week on.
fn by_date(event: &Event, now: DateTime<Utc>) -> Vec<Schedule> {
    let told = |dates: &[Occurrence]| dates.iter().flat_map(|one| single(event, one)).collect();
    if occurrences::last_end(event).is_some() {
        let all = occurrences::between(event, DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, MOST + 1);
        if all.len() <= MOST {
            return told(&all);
        }
    }
    // The week, so that it is not another list every day.
    let today = now.with_timezone(&London).date_naive();
    let monday = today - Duration::days(today.weekday().num_days_from_monday().into());
    let week = monday.and_time(NaiveTime::MIN).and_utc();
    let soon = occurrences::between(event, week, week + Duration::days(HORIZON_DAYS), MOST);
    if soon.is_empty() {
        return told(&occurrences::between(event, week, DateTime::<Utc>::MAX_UTC, 1));
    }
    told(&soon)
}

/// Whether the clocks of the zone are those of London.
fn is_ours(zone: Tz) -> bool {
    matches!(
        zone.name(),
        "Europe/London" | "Europe/Belfast" | "Europe/Jersey" | "Europe/Guernsey" | "Europe/Isle_of_Man" | "GB" | "GB-Eire"
    )
}

/// A rule from its first to its last date, as the standard says it.
fn repeated(event: &Event, rule: &Rule, first: NaiveDate, last: Option<NaiveDate>) -> Schedule {
    const ALL: &str = "MO,TU,WE,TH,FR,SA,SU";
    let named = rule.by_day.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let numbers = rule.by_month_day.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let byday = match rule.freq {
        // The standard knows no DAILY.
        Freq::Daily if named.is_empty() => Some(ALL.to_owned()),
        _ => Some(named).filter(|named| !named.is_empty()),
    };
    let counts_weeks = rule.interval > 1 && rule.freq == Freq::Weekly && rule.week_start() != Weekday::Mon;
    Schedule {
        valid_from: Some(first),
        valid_to: last,
        dtstart: Some(first),
        until: last,
        freq: Some(if rule.freq == Freq::Monthly { Frequency::Monthly } else { Frequency::Weekly }),
        interval: Some(Number(rule.interval.into())),
        wkst: counts_weeks.then(|| crate::model::schedule::ByDay { which: None, day: rule.week_start() }.to_string()),
        byday,
        bymonthday: Some(numbers).filter(|numbers| !numbers.is_empty()),
        opens_at: time_of(event.start.naive()),
        closes_at: time_of(event.end.naive()),
        ..blank(event)
    }
}

/// One date, and each further day of it where it lasts for days. Nothing where it does not take place.
fn single(event: &Event, one: &Occurrence) -> Vec<Schedule> {
    if one.status == OccurrenceStatus::Cancelled {
        return Vec::new();
    }
    let local = |at: DateTime<Utc>| at.with_timezone(&London).naive_local();
    let (start, end) = (local(one.start), local(one.end));
    let day = |opens: NaiveDateTime, closes: Option<NaiveDateTime>| Schedule {
        valid_from: Some(opens.date()),
        valid_to: Some(opens.date()),
        dtstart: Some(opens.date()),
        count: Some(Number(1.0)),
        opens_at: time_of(opens),
        closes_at: closes.and_then(time_of),
        notes: one.note.clone().or_else(|| event.notes.clone()),
        ..blank(event)
    };
    if end <= start {
        return vec![day(start, None)];
    }
    if end - start < Duration::days(1) {
        return vec![day(start, Some(end))];
    }
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN);
    start
        .date()
        .iter_days()
        .take(MOST)
        .take_while(|date| midnight(*date) < end)
        .map(|date| {
            let last = if date == end.date() { end } else { midnight(date) + Duration::minutes(24 * 60 - 1) };
            day(start.max(midnight(date)), Some(last))
        })
        .collect()
}

fn time_of(at: NaiveDateTime) -> Option<TimeOfDay> {
    at.format("%H:%M").to_string().parse().ok()
}

fn blank(event: &Event) -> Schedule {
    Schedule {
        id: uuid::Uuid::nil(),
        service_id: None,
        location_id: None,
        service_at_location_id: None,
        valid_from: None,
        valid_to: None,
        dtstart: None,
        timezone: None,
        until: None,
        count: None,
        wkst: None,
        freq: None,
        interval: None,
        byday: None,
        byweekno: None,
        bymonthday: None,
        byyearday: None,
        description: None,
        opens_at: None,
        closes_at: None,
        schedule_link: event.booking_url.clone(),
        attending_type: Some(
            if event.location_id.is_none() && event.online_url.is_some() { "online" } else { "in person" }.to_owned(),
        ),
        notes: event.notes.clone(),
        attributes: Vec::new(),
        extra: serde_json::Map::new(),
    }
}
