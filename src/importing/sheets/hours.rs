//! When something is open, as people write it: "9.30am", "10am - 12 noon", "Mon-Fri 9-5; Sat 10:00–12:00", "7pm til
//! late". Only what can be read for certain is read, and of one text all or nothing: hours that are twelve hours off
//! send people to a locked door.

mod clock;
mod pieces;
mod terms;

use super::cells::{self, Days};
use crate::model::text::fold;
use clock::written;
pub(super) use clock::{is_time, times};
use pieces::{groups, pieces};
pub(super) use terms::apart as terms_apart;

/// When something is there on some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// The days; none where the text names none.
    pub(super) days: Option<Days>,
    /// HH:MM.
    pub(super) opens: String,
    /// HH:MM; none where it ends late, or that is not said.
    pub(super) closes: Option<String>,
    /// What is said beside that, in words.
    pub(super) remark: Option<String>,
}

impl Session {
    /// Whether it is there around the clock.
    pub(super) fn is_all_day(&self) -> bool {
        self.opens == written(0) && self.closes.as_deref() == Some("23:59")
    }
}

/// Nobody can say for certain what is meant.
struct Doubt;

/// The days that a group names, if it names any.
fn days_of(words: &str) -> Result<Option<Days>, Doubt> {
    let none = fold(words).split(' ').all(|word| matches!(word, "" | "and"));
    if none { Ok(None) } else { cells::days(words).map(Some).ok_or(Doubt) }
}

/// The days on which it is closed, of words that say nothing else: "closed Thursdays", "Wed closed".
fn closed_on(words: &str) -> Option<Days> {
    let words = fold(words);
    let words: Vec<&str> = words.split(' ').filter(|word| !matches!(*word, "and" | "on" | "")).collect();
    match words.as_slice() {
        // The dash of "Sunday - closed" is read as a "to".
        ["closed" | "shut", days @ ..] | [days @ .., "to", "closed" | "shut"] | [days @ .., "closed" | "shut"] => {
            cells::days(&days.join(" "))
        }
        _ => None,
    }
}

/// The sessions without the days on which it is closed.
fn without(sessions: Vec<Session>, closed: &Days) -> Result<Vec<Session>, Doubt> {
    let shut: Vec<&str> = closed.byday.split(',').collect();
    let day = |code: &str| code.get(code.len().saturating_sub(2)..).unwrap_or_default().to_owned();
    let left = sessions.into_iter().map(|session| {
        // Which days are left, where nothing says on which it is open?
        let days = session.days.ok_or(Doubt)?;
        let touched = days.byday.split(',').any(|open| shut.iter().any(|shut| day(shut) == day(open)));
        if !touched {
            return Ok(Session { days: Some(days), ..session });
        }
        if (days.freq, closed.freq) != ("WEEKLY", "WEEKLY") {
            return Err(Doubt);
        }
        let byday = days.byday.split(',').filter(|open| !shut.contains(open)).collect::<Vec<_>>().join(",");
        if byday.is_empty() { Err(Doubt) } else { Ok(Session { days: Some(Days { byday, ..days }), ..session }) }
    });
    left.collect()
}

/// What is always open, and whether that is said of every day.
fn always(cell: &str) -> Option<Session> {
    let days = match fold(cell).as_str() {
        "24 7" | "always open" | "24 hours a day 7 days a week" | "24 hours 7 days a week" | "24 hours 7 days" => {
            Some(cells::every_day())
        }
        "24 hours" | "24hours" | "24 hrs" | "24hrs" | "24 hr" | "24hr" | "24 hours a day" | "open 24 hours" => None,
        _ => return None,
    };
    Some(Session { days, opens: written(0), closes: Some(written(1439)), remark: None })
}

/// Everything that a text says of opening hours, or nothing where any of it is in doubt.
pub(super) fn sessions(cell: &str) -> Option<Vec<Session>> {
    match terms::apart(cell) {
        // "Mon-Fri 9-5, closed Wed in term time": that is open on Wednesdays in the holidays.
        Some((hours, _)) if fold(&hours).split(' ').any(|word| matches!(word, "closed" | "shut")) => None,
        Some((hours, remark)) => terms::only(all_year(&hours)?, remark),
        None => all_year(cell),
    }
}

/// The same of a text that says nothing of school terms.
fn all_year(cell: &str) -> Option<Vec<Session>> {
    if let Some(always) = always(cell) {
        return Some(vec![always]);
    }
    let mut groups = groups(&pieces(cell))?;
    // "10am - noon on Tuesdays", "Mon-Fri 9-5, closed at weekends".
    let (mut behind, mut closed) = (None, None);
    if let Some(last) = groups.pop_if(|last| last.times.is_empty()) {
        closed = closed_on(&last.days);
        if closed.is_none() {
            behind = Some(days_of(&last.days).ok()?.filter(|_| groups.len() == 1)?);
        }
    }
    let mut found = Vec::new();
    for group in &groups {
        let days = match (days_of(&group.days).ok()?, &behind) {
            (Some(_), Some(_)) => return None,
            (own, behind) => own.or_else(|| behind.clone()),
        };
        found.extend(group.times.iter().map(|(from, to)| Session {
            days: days.clone(),
            opens: written(*from),
            closes: to.map(written),
            remark: None,
        }));
    }
    if let Some(closed) = closed {
        found = without(found, &closed).ok()?;
    }
    // "10 - 12, Tue 2 - 4pm": on which days is the first?
    let named = found.iter().filter(|session| session.days.is_some()).count();
    (!found.is_empty() && (named == 0 || named == found.len())).then_some(found)
}

/// The same of parts with a remark in brackets behind each, as our own export writes them: "Tue 10:00-12:00 (term
/// time); Sat 10:00-12:00". Each part names its days.
pub(super) fn sessions_with_remarks(cell: &str) -> Option<Vec<Session>> {
    let mut found = Vec::new();
    for part in parts(cell) {
        let (hours, remark) = match part.strip_suffix(')').and_then(|part| part.split_once('(')) {
            Some((hours, remark)) => (hours.trim(), Some(remark.trim().to_owned())),
            None => (part, None),
        };
        let read = sessions(hours)?;
        if read.iter().any(|session| session.days.is_none()) {
            return None;
        }
        found.extend(read.into_iter().map(|session| {
            let said: Vec<&str> = [&session.remark, &remark].into_iter().flatten().map(String::as_str).collect();
            let said = said.join("; ");
            Session { remark: Some(said).filter(|said| !said.is_empty()), ..session }
        }));
    }
    found.iter().any(|session| session.remark.is_some()).then_some(found)
}

/// What stands between semicolons that are in no brackets.
fn parts(cell: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let outside = |letter: char| {
        depth += match letter {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        letter == ';' && depth <= 0
    };
    cell.split(outside).map(str::trim).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let read = |opens, closes| times(opens, closes);
        let both = |a: &str, b: &str| (Some(a.to_owned()), Some(b.to_owned()));
        assert_eq!(read("9.30am", "noon"), both("09:30", "12:00"));
        assert_eq!(read("10", "4"), both("10:00", "16:00"));
        assert_eq!(read("2", "4pm"), both("14:00", "16:00"));
        assert_eq!(read("10", "2pm"), both("10:00", "14:00"));
        assert_eq!(read("0930", "17:00"), both("09:30", "17:00"));
        assert_eq!(read("6pm", "8 p.m."), both("18:00", "20:00"));
        assert_eq!(read("12am", "12pm"), both("00:00", "12:00"));
        assert_eq!(read("0.416666667", "0.5"), both("10:00", "12:00"), "as spreadsheets hold times");
        assert_eq!(read("0.25", "0.708333"), both("06:00", "17:00"));
        assert_eq!(read("0.30", "0.41"), (None, None));
        assert_eq!(read("midnight", "6am"), both("00:00", "06:00"), "where something opens then, its day begins");
        assert_eq!(read("8", "midnight"), both("20:00", "23:59"));
        assert_eq!(read("midnight", "midnight"), both("00:00", "23:59"));
        assert_eq!(read("midnight", ""), (Some("00:00".to_owned()), None));
        assert_eq!(read("22:00", "06:00"), both("22:00", "06:00"));
        assert_eq!(read("7pm", "late"), (Some("19:00".to_owned()), None));
        assert_eq!(read("late", "25:00"), (None, None));
        assert_eq!(read("4000000000", "4000000000pm"), (None, None));
        assert_eq!(read("9:00:00", "9.5"), (Some("09:00".to_owned()), None));
        for (opens, closes) in [("7.30", "9.30"), ("2", "4"), ("11am", "2am")] {
            assert_eq!(read(opens, closes), (None, None), "{opens} to {closes} may be in the morning or the evening");
        }
    }

    #[test]
    fn opening_hours_are_read_as_people_write_them() {
        let said = |cell: &str| {
            let sessions = sessions(cell)?;
            let said = sessions.iter().map(|one| {
                let days = one.days.as_ref().map(|days| format!("{} ", days.byday)).unwrap_or_default();
                format!("{days}{}-{}", one.opens, one.closes.as_deref().unwrap_or("?"))
            });
            Some(said.collect::<Vec<_>>().join("; "))
        };
        for (cell, expected) in [
            ("10am - 12 noon", "10:00-12:00"),
            ("10:00–12:00", "10:00-12:00"),
            ("7pm til late", "19:00-?"),
            ("From 7pm", "19:00-?"),
            ("9.30 a.m. to 11.30 a.m.", "09:30-11:30"),
            ("2-4pm", "14:00-16:00"),
            ("11-1pm", "11:00-13:00"),
            ("9-5", "09:00-17:00"),
            ("10-12 & 2-4pm", "10:00-12:00; 14:00-16:00"),
            ("Mon-Fri 9am-5pm", "MO,TU,WE,TH,FR 09:00-17:00"),
            ("Mon - Fri: 9 - 5, Sat: 10 - 1", "MO,TU,WE,TH,FR 09:00-17:00; SA 10:00-13:00"),
            ("Mon, Wed & Fri 10:00-12:00", "MO,WE,FR 10:00-12:00"),
            ("Monday to Friday 9.00 to 17.00, closed weekends", "MO,TU,WE,TH,FR 09:00-17:00"),
            ("Mon-Fri 9-5, closed at weekends", "MO,TU,WE,TH,FR 09:00-17:00"),
            ("Mon-Sat 9am-5pm, closed Thursdays", "MO,TU,WE,FR,SA 09:00-17:00"),
            ("Mon-Fri 9am-5pm, Wed closed", "MO,TU,TH,FR 09:00-17:00"),
            ("Mon-Sat 9am-5pm; Sunday - closed", "MO,TU,WE,TH,FR,SA 09:00-17:00"),
            ("Mon-Fri 9am-5pm, Sat: closed", "MO,TU,WE,TH,FR 09:00-17:00"),
            ("Mon-Fri 9am-5pm (closed Wednesdays)", "MO,TU,TH,FR 09:00-17:00"),
            ("Mon-Sun 10am-4pm. Closed Tuesday", "MO,WE,TH,FR,SA,SU 10:00-16:00"),
            ("1st Saturday 10am-1pm, closed Sundays", "1SA 10:00-13:00"),
            ("10am to noon on Tuesdays", "TU 10:00-12:00"),
            ("1st Saturday 10am-1pm", "1SA 10:00-13:00"),
            ("8pm - 2am", "20:00-02:00"),
            ("18:00-24:00", "18:00-23:59"),
            ("24/7", "MO,TU,WE,TH,FR,SA,SU 00:00-23:59"),
            ("24hrs", "00:00-23:59"),
            ("0900hrs-1700hrs", "09:00-17:00"),
            ("M-F 0900 hrs - 1700 hrs", "MO,TU,WE,TH,FR 09:00-17:00"),
            ("M-F 9-5", "MO,TU,WE,TH,FR 09:00-17:00"),
            ("weekdays 9.30 - 4", "MO,TU,WE,TH,FR 09:30-16:00"),
            ("1st and 3rd Tues 2pm-4pm", "1TU,3TU 14:00-16:00"),
            ("Monday through Thursday 10am-12", "MO,TU,WE,TH 10:00-12:00"),
            ("Mondays 10am-12, term time only", "MO 10:00-12:00"),
        ] {
            assert_eq!(said(cell).as_deref(), Some(expected), "{cell}");
        }
        for unclear in [
            "",
            "ring first",
            "Tuesdays",
            "7-9",
            "2-4",
            "5 - 11",
            "10-12 (term time)",
            "10-12, Tue 2-4pm",
            "Mon 10-12 Tue",
            "Mon 10am-12 or by appointment",
            "by appointment, 10am-12",
            "10am - 2am",
            "since 2024",
            "late",
            "10 to",
            "9-5 except bank holidays",
            "Mon closed, Tue 10-12",
            "9am-5pm closed",
            "9am-5pm, closed Sundays",
            "Wed 9am-5pm, closed Wed",
            "Saturdays 10am-1pm, closed 1st Saturday",
            "1st Saturday 10am-1pm, closed Saturdays",
            "9am-5pm Mon-Fri closed Wed",
            "Mon-Fri 9am-5pm, closed in August",
            "every other Wed 2pm to 4pm",
            "Mon 10am for 2 hours",
            "9hrs - 5hrs",
            "term time only",
            "10am-12 term time only",
            "Mon 10am-12, outside term time",
            "Mon 10am-12 (not term time)",
            "Mon 10am-12, closed in term time",
            "Mon-Fri 9-5 in term time, Sat 10-1",
            "Mon 10am-12 term time, Tue 10am-12 half term",
            "Mon 10am-12; Wed 2pm-4pm in term time",
            "Mon-Fri 9am-5pm, closed Wed in term time",
            "Mon-Fri 9am-5pm (9am-3pm in term time)",
            "Mon 10am-12 (term time), 2pm-4pm",
            "Mon (term time) and Fri 10am-12",
            "Tue 10:00-12:00 (term time); Tue 14:00-16:00",
            "Tue 10:00-12:00; Tue 14:00-16:00 (term time)",
        ] {
            assert_eq!(said(unclear), None, "{unclear}");
        }
    }

    #[test]
    fn hours_of_school_terms_keep_the_words_that_say_so() {
        let remarks = |cell: &str| sessions(cell).map(|all| all.into_iter().map(|one| one.remark).collect::<Vec<_>>());
        for (cell, remark) in [
            ("Mon 10am-12 term-time only.", "term-time only"),
            ("Tues & Thurs 1pm-3pm - in Term Time", "in Term Time"),
            ("Mondays, 10am to noon, during term time only", "during term time only"),
            ("Mon 10am-12 (term time only)", "term time only"),
            ("Weds (term time) 10am-12", "term time"),
            ("Term time: Fridays 10am-12", "Term time"),
        ] {
            assert_eq!(remarks(cell), Some(vec![Some(remark.to_owned())]), "{cell}");
        }
        assert_eq!(remarks("Mon 10am-12"), Some(vec![None]));
    }

    #[test]
    fn a_remark_behind_each_part_of_the_hours_is_kept_with_it() {
        let said = |cell: &str| {
            let said = sessions_with_remarks(cell)?
                .into_iter()
                .map(|one| (one.days.map(|days| days.byday).unwrap_or_default(), one.opens, one.remark.unwrap_or_default()));
            Some(said.collect::<Vec<_>>())
        };
        let row = |days: &str, opens: &str, remark: &str| (days.to_owned(), opens.to_owned(), remark.to_owned());
        assert_eq!(
            said("Tue 10:00-12:00 (term time; ring first); Sat 09:00-12:00"),
            Some(vec![row("TU", "10:00", "term time; ring first"), row("SA", "09:00", "")])
        );
        assert_eq!(said("1st Wed 10:00-12:00 (tea)"), Some(vec![row("1WE", "10:00", "tea")]));
        assert_eq!(said("Wed 10am-12 in term time (tea)"), Some(vec![row("WE", "10:00", "in term time; tea")]));
        for unclear in [
            "10:00-12:00 (term time)",
            "Tue 10:00-12:00; Sat 10:00-12:00",
            "every 2 weeks: Tue 10:00-12:00 (tea)",
            "(tea)",
            "",
            "Tue 10:00-12:00 (a) (b",
        ] {
            assert_eq!(said(unclear), None, "{unclear}");
        }
    }

    proptest! {
        #[test]
        fn no_cell_makes_reading_panic(cell in "\\PC{0,40}|([0-9]{1,2}(am|pm|:[0-9]{2})?|to|-|,| |mon|fri|noon|late){0,12}", other in "\\PC{0,10}") {
            let _ = (sessions(&cell), sessions_with_remarks(&cell), times(&cell, &other));
        }
    }
}
