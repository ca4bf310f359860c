//! What people write into cells: days, ages, costs. Pure reading of words; what is
//! not understood is said, never guessed.

use crate::model::text::fold;

/// Cells that stand for nothing.
pub(super) fn is_nothing(cell: &str) -> bool {
    matches!(fold(cell).as_str(), "" | "n a" | "na" | "tbc" | "tba" | "none" | "unknown" | "not known" | "as above")
}

/// When something takes place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Days {
    /// WEEKLY or MONTHLY.
    pub(super) freq: &'static str,
    /// As in iCalendar: MO,WE or 1SA.
    pub(super) byday: String,
}

const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

pub(super) fn day(word: &str) -> Option<usize> {
    const NAMES: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    const SHORT: [&[&str]; 7] = [
        &["mo", "mon"],
        &["tu", "tue", "tues"],
        &["we", "wed", "weds"],
        &["th", "thu", "thur", "thurs"],
        &["fr", "fri"],
        &["sa", "sat"],
        &["su", "sun"],
    ];
    (0..7).find(|at| NAMES[*at] == word || format!("{}s", NAMES[*at]) == word || SHORT[*at].contains(&word))
}

/// "1SA", "-1FR": as the standard, and our own export, writes days of a month.
fn coded(cell: &str) -> Option<Days> {
    let parts: Vec<&str> = cell.split(',').map(str::trim).collect();
    let fits = |part: &&str| {
        let (order, day) = part.split_at_checked(part.len().saturating_sub(2)).unwrap_or_default();
        DAYS.contains(&day) && order.parse::<i8>().is_ok_and(|order| order != 0 && (-5..=5).contains(&order))
    };
    parts.iter().all(fits).then(|| Days { freq: "MONTHLY", byday: parts.join(",") })
}

/// Which of a month: "1st", "third", "last".
fn order(word: &str) -> Option<&'static str> {
    match word {
        "1st" | "first" => Some("1"),
        "2nd" | "second" => Some("2"),
        "3rd" | "third" => Some("3"),
        "4th" | "fourth" => Some("4"),
        "5th" | "fifth" => Some("5"),
        "last" => Some("-1"),
        _ => None,
    }
}

/// "1st Saturday", "1st and 3rd Tues", "1st Monday, last Friday". Each day says which of the month it is: in "1st Monday and
/// Tuesday" the Tuesday may be every one.
fn of_a_month(words: &[&str]) -> Option<Days> {
    let (mut byday, mut which) = (Vec::new(), Vec::new());
    for word in words {
        if let Some(order) = order(word) {
            which.push(order);
            continue;
        }
        let code = DAYS[day(word)?];
        if which.is_empty() {
            return None;
        }
        byday.extend(which.drain(..).map(|which| format!("{which}{code}")));
    }
    (which.is_empty() && !byday.is_empty()).then(|| Days { freq: "MONTHLY", byday: byday.join(",") })
}

/// How people say that a day is one of a month, behind it.
const OF_THE_MONTH: [&str; 9] = [
    " of the month",
    " of every month",
    " of each month",
    " in the month",
    " in every month",
    " in each month",
    " of month",
    " in month",
    " monthly",
];

/// Every day.
pub(super) fn every_day() -> Days {
    Days { freq: "WEEKLY", byday: DAYS.join(",") }
}

/// "Mon-Fri", "M-F", "Tues & Thurs", "1st Saturday", "1st and 3rd Tues", "weekdays", "daily".
pub(super) fn days(cell: &str) -> Option<Days> {
    if let Some(days) = coded(cell) {
        return Some(days);
    }
    let said = fold(&cell.replace(['-', '–', '—'], " to ")).replace(" through ", " to ");
    let text = OF_THE_MONTH.iter().fold(said.clone(), |text, of_the_month| text.replace(of_the_month, ""));
    let text = text.strip_prefix("monthly ").unwrap_or(&text);
    let words: Vec<&str> = text.split(' ').filter(|word| !matches!(*word, "and" | "every" | "each" | "on" | "the")).collect();
    if let Some(days) = of_a_month(&words) {
        // "Every second Tuesday" is the second of a month, or every other one. "Every 2nd and 4th Tuesday" is clear.
        let every = ["every second", "every 2nd", "every third", "every 3rd", "every fourth", "every 4th"];
        let is_in_doubt = text == said && !days.byday.contains(',') && every.iter().any(|every| said.contains(every));
        return (!is_in_doubt).then_some(days);
    }
    // "A Tuesday of the month": which one?
    if text != said {
        return None;
    }
    let weekly =
        |days: &[usize]| Some(Days { freq: "WEEKLY", byday: days.iter().map(|at| DAYS[*at]).collect::<Vec<_>>().join(",") });
    match words.as_slice() {
        ["daily" | "day" | "everyday"] | ["7" | "seven", "days", ..] => return weekly(&[0, 1, 2, 3, 4, 5, 6]),
        ["weekdays" | "weekday"] | ["m", "to", "f"] => return weekly(&[0, 1, 2, 3, 4]),
        ["weekends" | "weekend"] => return weekly(&[5, 6]),
        _ => {}
    }
    let mut found: Vec<usize> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let from = day(words[at])?;
        if words.get(at + 1) == Some(&"to") {
            let to = day(words.get(at + 2)?)?;
            found.extend((0..7).map(|step| (from + step) % 7).take((to + 7 - from) % 7 + 1));
            at += 3;
        } else {
            found.push(from);
            at += 1;
        }
    }
    found.sort_unstable();
    found.dedup();
    if found.is_empty() { None } else { weekly(&found) }
}

/// Least and most age: "18", "5 - 11", "over 55", "55+", "under 18", "all ages".
pub(super) fn ages(cell: &str) -> Option<(Option<u32>, Option<u32>)> {
    let text = fold(&cell.replace('+', " plus").replace(['-', '–', '—'], " to "));
    if matches!(text.as_str(), "all" | "any" | "all ages" | "any age" | "everyone") {
        return Some((None, None));
    }
    let words: Vec<&str> = text
        .split(' ')
        .filter(|word| !matches!(*word, "age" | "aged" | "ages" | "years" | "year" | "olds" | "old" | "yrs" | "yr"))
        .collect();
    let number = |word: &str| {
        let bare = ["years", "yrs", "yr", "s"].into_iter().find_map(|unit| word.strip_suffix(unit)).unwrap_or(word);
        bare.parse::<u32>().ok().filter(|age| *age <= 150)
    };
    match words.as_slice() {
        ["up", "to", to] | [to, "and" | "or", "under" | "below"] => Some((None, Some(number(to)?))),
        [from, "to", to] | ["from" | "between", from, "to" | "and", to] => Some((Some(number(from)?), Some(number(to)?))),
        [from] | ["over" | "from", from] | [from, "plus" | "upwards"] | [from, "and" | "or", "over" | "above"] => {
            Some((Some(number(from)?), None))
        }
        ["under", to] => Some((None, Some(number(to)?.checked_sub(1)?))),
        _ => None,
    }
}

/// The amount in pounds of a cell that is nothing but an amount, or "free".
pub(super) fn cost(cell: &str) -> Option<f64> {
    if matches!(fold(cell).as_str(), "free" | "free of charge" | "no charge" | "no cost" | "nil") {
        return Some(0.0);
    }
    let amount = cell.trim().strip_prefix('£').unwrap_or(cell.trim()).trim();
    let (pounds, pence) = amount.split_once('.').unwrap_or((amount, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(pounds) && digits(pence) && pence.len() <= 2).then(|| amount.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_are_read_as_people_write_them() {
        let byday = |cell| days(cell).map(|days| format!("{} {}", days.freq, days.byday));
        for (cell, expected) in [
            ("Mon-Fri", "WEEKLY MO,TU,WE,TH,FR"),
            ("Tues & Thurs", "WEEKLY TU,TH"),
            ("1st Saturday", "MONTHLY 1SA"),
            ("Last Friday of the month", "MONTHLY -1FR"),
            ("last Thurs of month", "MONTHLY -1TH"),
            ("Monthly, 2nd Tuesday", "MONTHLY 2TU"),
            ("1st Weds monthly", "MONTHLY 1WE"),
            ("every 2nd Tuesday of the month", "MONTHLY 2TU"),
            ("every 2nd and 4th Tuesday", "MONTHLY 2TU,4TU"),
            ("1SA,3SA", "MONTHLY 1SA,3SA"),
            ("1st and 3rd Tues", "MONTHLY 1TU,3TU"),
            ("2nd, 4th & last Weds of each month", "MONTHLY 2WE,4WE,-1WE"),
            ("First Monday and third Thursday in the month", "MONTHLY 1MO,3TH"),
            ("M-F", "WEEKLY MO,TU,WE,TH,FR"),
            ("Monday through Friday", "WEEKLY MO,TU,WE,TH,FR"),
            ("MO,WE", "WEEKLY MO,WE"),
            ("Mondays, Wednesdays and Fridays", "WEEKLY MO,WE,FR"),
            ("Fri – Mon", "WEEKLY MO,FR,SA,SU"),
            ("daily", "WEEKLY MO,TU,WE,TH,FR,SA,SU"),
            ("weekdays", "WEEKLY MO,TU,WE,TH,FR"),
        ] {
            assert_eq!(byday(cell).as_deref(), Some(expected), "{cell}");
        }
        for unclear in [
            "ring first",
            "term time",
            "Mon-",
            "13",
            "1st",
            "1st and",
            "1st Monday and Tuesday",
            "Tuesday 1st",
            "a Tuesday of the month",
            "Tuesday of each month",
            "every other Wed",
            "every second Wed",
            "every 2nd Tuesday",
            "Tuesdays monthly",
            "monthly",
            "M",
            "M-S",
            "T-F",
        ] {
            assert_eq!(byday(unclear), None, "{unclear}");
        }
    }

    #[test]
    fn ages_and_costs_are_read_as_people_write_them() {
        assert_eq!(ages("over 55"), Some((Some(55), None)));
        assert_eq!(ages("5 - 11"), Some((Some(5), Some(11))));
        assert_eq!(ages("16+"), Some((Some(16), None)));
        assert_eq!(ages("under 18s"), Some((None, Some(17))));
        assert_eq!((ages("0-5yrs"), ages("16yrs+")), (Some((Some(0), Some(5))), Some((Some(16), None))));
        assert_eq!((ages("grown-ups"), ages("6months"), ages("0 - 18mths")), (None, None, None));
        assert_eq!(
            (cost("FREE"), cost("£2.50"), cost("3"), cost("£2.50 (concs £1)"), cost("2.555")),
            (Some(0.0), Some(2.5), Some(3.0), None, None)
        );
    }

    proptest! {
        #[test]
        fn no_cell_makes_reading_panic(cell in "\\PC{0,40}") {
            let _ = (days(&cell), ages(&cell), cost(&cell));
        }
    }
}
