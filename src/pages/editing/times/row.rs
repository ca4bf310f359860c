//! A line of the form for weekly hours, read out of a schedule and made into one.

use crate::{
    ids,
    model::{
        Schedule,
        schedule::{self, ByDay, Frequency, by_days},
        values::{Number, TimeOfDay},
    },
};

/// How often, as the form offers it.
pub(super) const EVERY: [(&str, &str); 8] = [
    ("1", "every week"),
    ("2", "every other week"),
    ("1M", "the first of the month"),
    ("2M", "the second of the month"),
    ("3M", "the third of the month"),
    ("4M", "the fourth of the month"),
    ("-1M", "the last of the month"),
    ("1,3M", "the first and third of the month"),
];

/// A line of the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) day: String,
    pub(super) every: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) note: String,
}

impl Row {
    /// Whether it would end before it begins, were it not to go on into the next day.
    pub(super) fn is_long_night(&self) -> bool {
        schedule::is_long_night(&self.from, &self.to)
    }
}

/// The lines that say what a schedule says; none for one that plain controls cannot say.
pub(super) fn rows(schedule: &Schedule) -> Option<Vec<Row>> {
    let bounded = schedule.valid_from.is_some()
        || schedule.valid_to.is_some()
        || schedule.until.is_some()
        || schedule.count.is_some()
        || schedule.bymonthday.is_some()
        || schedule.byweekno.is_some()
        || schedule.byyearday.is_some();
    if bounded || schedule.schedule_link.is_some() || !schedule.extra.is_empty() {
        return None;
    }
    let days = by_days(schedule.byday.as_deref()?);
    let interval = schedule.interval.map_or(1.0, |interval| interval.0);
    let words: Vec<String> = schedule.description.iter().chain(&schedule.notes).cloned().collect();
    let time = |at: &Option<TimeOfDay>| at.as_ref().map(|at| at.as_str().to_owned()).unwrap_or_default();
    let line = |day: String, every: String| Row {
        day,
        every,
        from: time(&schedule.opens_at),
        to: time(&schedule.closes_at),
        note: words.join("; "),
    };
    match schedule.freq? {
        Frequency::Weekly if days.iter().all(|day| day.which.is_none()) => {
            let every = if interval < 1.5 {
                "1"
            } else if interval < 2.5 && schedule.dtstart.is_none() {
                "2"
            } else {
                return None;
            };
            let day = |day: &ByDay| day.to_string();
            Some(days.iter().map(|by| line(day(by), every.to_owned())).collect())
        }
        Frequency::Monthly if interval < 1.5 && !days.is_empty() => {
            let which: Vec<String> = days.iter().map(|day| day.which.map(|which| which.to_string())).collect::<Option<_>>()?;
            let every = format!("{}M", which.join(","));
            let one_day = days.windows(2).all(|pair| pair[0].day == pair[1].day);
            let day = ByDay { which: None, day: days[0].day }.to_string();
            (one_day && EVERY.iter().any(|(known, _)| *known == every)).then(|| vec![line(day, every)])
        }
        _ => None,
    }
}

/// New schedules that say what these lines say: weekly ones that differ in nothing but the day are one.
pub(super) fn together(mut wanted: Vec<Row>) -> Vec<Schedule> {
    let mut schedules = Vec::new();
    while let Some(first) = wanted.first().cloned() {
        let same = |row: &Row| Row { day: String::new(), ..row.clone() } == Row { day: String::new(), ..first.clone() };
        let belongs = |row: &Row| same(row) && !first.every.ends_with('M');
        let mut days: Vec<String> = Vec::new();
        let mut rest = Vec::new();
        for (at, row) in wanted.into_iter().enumerate() {
            if at == 0 || belongs(&row) { days.push(row.day) } else { rest.push(row) }
        }
        wanted = rest;
        schedules.push(made_of(&first, &days));
    }
    schedules
}

fn made_of(row: &Row, days: &[String]) -> Schedule {
    let monthly = row.every.strip_suffix('M');
    let byday = match monthly {
        Some(which) => which.split(',').map(|which| format!("{which}{}", row.day)).collect::<Vec<_>>().join(","),
        None => days.join(","),
    };
    let time = |text: &str| text.parse::<TimeOfDay>().ok();
    Schedule {
        freq: Some(if monthly.is_some() { Frequency::Monthly } else { Frequency::Weekly }),
        interval: (row.every == "2").then_some(Number(2.0)),
        byday: Some(byday),
        opens_at: time(&row.from),
        closes_at: time(&row.to),
        notes: (!row.note.is_empty()).then(|| row.note.clone()),
        ..Schedule::new(ids::fresh())
    }
}
