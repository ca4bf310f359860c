//! Dates of a series that are otherwise than its rule has them: single ones, and all from one on.

use chrono::{NaiveDateTime, NaiveTime, TimeDelta};
use chrono_tz::Tz;

use super::{
    super::{lines, times::Stamp},
    Change, MOST_DATES, Series,
    series::{self, Left, Named, Raw},
};
use crate::model::occurrences::Rule;

const PATH: &str = "RECURRENCE-ID";

/// Change one date of the series, or all from one on; these are a series of their own, which is given back.
pub(super) fn change(event: &Raw, named: &Named, series: &mut Series) -> Option<Series> {
    let mut left = Left(std::mem::take(&mut series.dropped));
    let outcome = if changes_all_later(event) {
        from_then_on(event, named, series, &mut left)
    } else {
        changed(event, named, series, &mut left).map(|change| {
            if series.changes.len() < MOST_DATES {
                series.changes.retain(|known| known.start != change.start);
                series.changes.push(change);
            } else {
                let reason = format!("more than {MOST_DATES} dates are changed; the one on line {} is left out", event.line);
                left.out(PATH, reason);
            }
            None
        })
    };
    let later = outcome.unwrap_or_else(|reason| {
        left.out(PATH, format!("the changed date on line {}: {reason}", event.line));
        None
    });
    series.dropped = left.0;
    later
}

/// Whether it is about its date and all behind it.
pub(super) fn changes_all_later(event: &Raw) -> bool {
    event.find(PATH).is_some_and(|of| of.parameter("RANGE").is_some())
}

/// Which date of the series it is about.
fn date_of(event: &Raw, series: &Series, left: &mut Left) -> Result<NaiveDateTime, String> {
    let stamp = series::one_stamp(event, PATH, series.zone, left)?.ok_or("does not say which date it changes")?;
    Ok(series::on_the_clock(stamp, series.start, series.zone, series.whole_days))
}

fn changed(event: &Raw, named: &Named, series: &Series, left: &mut Left) -> Result<Change, String> {
    let start = date_of(event, series, left)?;
    if named.cancels || series::is_cancelled(event) {
        return Ok(Change { start, cancelled: true, moved: None, place: None, note: None });
    }
    let one = itself(event, named)?;
    let (new_start, new_end) = on_the_clock_of(series, &one);
    let as_before = new_start == start && new_end - new_start == series.end - series.start;
    let moved = (!as_before).then_some((new_start, new_end));
    let place = one.place.filter(|place| Some(place) != series.place.as_ref());
    if moved.is_none() && place.is_none() {
        return Err("only changes the wording; the wording of the series is used".to_owned());
    }
    let note = one.name.filter(|name| Some(name) != series.name.as_ref());
    Ok(Change { start, cancelled: false, moved, place, note })
}

fn itself(event: &Raw, named: &Named) -> Result<Series, String> {
    series::series(event, named)?.ok_or_else(|| "is marked private, so it was not imported".to_owned())
}

fn on_the_clock_of(series: &Series, one: &Series) -> (NaiveDateTime, NaiveDateTime) {
    let on_it = |at: NaiveDateTime| Stamp::Zoned(at, one.zone).on_the_clock_of(series.zone);
    (on_it(one.start), on_it(one.end))
}

/// End the series before a date, and give what comes in its place from then on: the dates of the old rule at another time
/// or place, or of a rule of its own. Where it goes on by days that nothing tells, only the first of them is known.
fn from_then_on(event: &Raw, named: &Named, series: &mut Series, left: &mut Left) -> Result<Option<Series>, String> {
    let date = date_of(event, series, left)?;
    let before = date - TimeDelta::seconds(1);
    let text = series.rule.clone().ok_or("also changes all later dates, and there is no rule for them")?;
    let rule = Rule::parse(&text, series.start, series.zone)
        .map_err(|_| "also changes all later dates of a rule that cannot be read")?;
    if date <= series.start || rule.between(date, date).is_empty() {
        return Err("also changes all later dates, but is none of the dates of the rule behind the first".to_owned());
    }
    let ends = named.cancels || series::is_cancelled(event);
    let later = if ends { None } else { Some(itself(event, named)?) };
    let earlier = rule.between(series.start, before).len();
    let last = rule.until.and_then(|until| rule.between(date, until).last().copied());
    let rest = Rest::of(series, date);
    series.rule = Some(with_end(&text, &until(before, series.zone)));
    let Some(mut later) = later else { return Ok(None) };
    later.name = later.name.or_else(|| series.name.clone());
    later.place = later.place.or_else(|| series.place.clone());
    later.organizer = later.organizer.or_else(|| series.organizer.clone());
    if later.rule.is_some() {
        return Ok(Some(later));
    }
    let (new_start, new_end) = on_the_clock_of(series, &later);
    let goes_on = new_start.date() == date.date() && !text.contains("BYHOUR") && !text.contains("BYMINUTE");
    if !goes_on {
        left.out(
            PATH,
            format!(
                "the changed date on line {} also moves all later dates to other days; only the first of them was imported",
                event.line
            ),
        );
        return Ok(Some(later));
    }
    let end = match (rule.count, last) {
        (Some(count), _) => format!("COUNT={}", (count as usize).saturating_sub(earlier).max(1)),
        (None, Some(last)) => until(last.date().and_time(NaiveTime::MIN) + TimeDelta::seconds(86_399), series.zone),
        (None, None) => String::new(),
    };
    later.rule = Some(with_end(&text, &end));
    (later.start, later.end, later.zone) = (new_start, new_end, series.zone);
    rest.join(&mut later, new_start - date);
    Ok(Some(later))
}

/// What a series says of single dates behind one.
struct Rest {
    without: Vec<NaiveDateTime>,
    with: Vec<NaiveDateTime>,
    changes: Vec<Change>,
}

impl Rest {
    /// Taken out of the series.
    fn of(series: &mut Series, date: NaiveDateTime) -> Self {
        let taken = |list: &mut Vec<NaiveDateTime>| {
            let (before, behind) = std::mem::take(list).into_iter().partition(|at| *at < date);
            *list = before;
            behind
        };
        let (without, with) = (taken(&mut series.without), taken(&mut series.with));
        let (before, changes) = std::mem::take(&mut series.changes).into_iter().partition(|change| change.start < date);
        series.changes = before;
        Self { without, with, changes }
    }

    /// The same of the later series, whose dates start so much later.
    fn join(self, later: &mut Series, by: TimeDelta) {
        let moved = |list: Vec<NaiveDateTime>| list.into_iter().map(|at| at + by).collect::<Vec<_>>();
        later.without.extend(moved(self.without));
        later.with.extend(moved(self.with));
        later.changes.extend(self.changes.into_iter().map(|change| Change { start: change.start + by, ..change }));
    }
}

/// The last moment of a rule, in UTC as the standard asks.
fn until(at: NaiveDateTime, zone: Tz) -> String {
    format!("UNTIL={}Z", lines::local(Stamp::Zoned(at, zone).on_the_clock_of(Tz::UTC)))
}

/// A rule with another end, or without one.
fn with_end(rule: &str, end: &str) -> String {
    let kept = rule.split(';').filter(|part| !part.starts_with("UNTIL=") && !part.starts_with("COUNT="));
    kept.chain(Some(end).filter(|end| !end.is_empty())).collect::<Vec<_>>().join(";")
}
