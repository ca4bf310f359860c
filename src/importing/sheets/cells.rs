//! What people write into cells: days, ages, costs, phones. Pure reading of words; what is
//! not understood is said, never guessed.

use crate::model::{contact::number_and_extension, text::fold};

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

fn day(word: &str) -> Option<usize> {
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

/// Every day.
pub(super) fn every_day() -> Days {
    Days { freq: "WEEKLY", byday: DAYS.join(",") }
}

/// "Mon-Fri", "Tues & Thurs", "1st Saturday", "weekdays", "daily".
pub(super) fn days(cell: &str) -> Option<Days> {
    if let Some(days) = coded(cell) {
        return Some(days);
    }
    let text = fold(&cell.replace(['-', '–', '—'], " to "));
    let text = text.replace(" of the month", "").replace(" of every month", "").replace(" of each month", "");
    let words: Vec<&str> = text.split(' ').filter(|word| !matches!(*word, "and" | "every" | "each" | "on" | "the")).collect();
    let weekly =
        |days: &[usize]| Some(Days { freq: "WEEKLY", byday: days.iter().map(|at| DAYS[*at]).collect::<Vec<_>>().join(",") });
    match words.as_slice() {
        ["daily" | "day" | "everyday"] | ["7" | "seven", "days", ..] => return weekly(&[0, 1, 2, 3, 4, 5, 6]),
        ["weekdays" | "weekday"] => return weekly(&[0, 1, 2, 3, 4]),
        ["weekends" | "weekend"] => return weekly(&[5, 6]),
        [which, name] => {
            let order = ["1st", "2nd", "3rd", "4th", "first", "second", "third", "fourth"].iter().position(|word| word == which);
            let order = order.map(|at| (at % 4 + 1).to_string()).or_else(|| (*which == "last").then(|| "-1".to_owned()));
            if let (Some(order), Some(at)) = (order, day(name)) {
                return Some(Days { freq: "MONTHLY", byday: format!("{order}{}", DAYS[at]) });
            }
        }
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
        .filter(|word| !matches!(*word, "age" | "aged" | "ages" | "years" | "year" | "olds" | "old" | "yrs"))
        .collect();
    let number = |word: &str| word.parse::<u32>().ok().or_else(|| word.strip_suffix('s')?.parse().ok()).filter(|age| *age <= 150);
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

/// A phone, and what stands beside it in brackets or words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dialled {
    /// The number as it was written.
    pub(super) number: String,
    /// The extension at that number.
    pub(super) extension: Option<u32>,
    /// A name or a note.
    pub(super) beside: Option<String>,
}

/// The phones of a cell: "01632 960123 / 07700 900123 (Sheila Hopcroft)". Gives what could not be read as well.
pub(super) fn phones(cell: &str) -> (Vec<Dialled>, Vec<String>) {
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    for piece in cell
        .replace(" or ", "/")
        .replace(" and ", "/")
        .split(['/', ';', ',', '\n'])
        .map(str::trim)
        .filter(|piece| !piece.is_empty())
    {
        let of_number = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '+' | '(' | ')' | '-' | '.');
        let begins = beginning(piece);
        let length = piece[begins..].find(|c: char| !of_number(c)).unwrap_or(piece.len() - begins);
        let number = without_stray_brackets(piece[begins..begins + length].trim_end_matches(['(', ' ', '-', '.']).trim());
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        if (!(5..=15).contains(&digits) && !is_short_code(number)) || is_power_of_ten(piece) {
            unread.push(piece.to_owned());
            continue;
        }
        let mut behind = &piece[begins + length..];
        let (extension, note) = match extension(behind) {
            Some((extension, note)) => (Some(extension), note),
            None => (None, behind),
        };
        behind = note;
        let rest = format!("{} {behind}", &piece[..begins]);
        let beside = rest.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
        found.push(Dialled { number: number.to_owned(), extension, beside: Some(beside).filter(|beside| !beside.is_empty()) });
    }
    (found, unread)
}

/// Where a number begins: at its first digit, its plus, or the bracket before either.
fn beginning(piece: &str) -> usize {
    let first = piece.find(|c: char| c.is_ascii_digit() || c == '+').unwrap_or(piece.len());
    let before = piece[..first].trim_end();
    if before.ends_with('(') { before.len() - 1 } else { first }
}

/// "(01632 960123)" and "01632) 960123" without the brackets that enclose nothing of it; "(01632) 960123" as it is.
fn without_stray_brackets(number: &str) -> &str {
    match (number.starts_with('('), number.find(')')) {
        (true, Some(end)) if end + 1 == number.len() => number[1..end].trim(),
        (true, None) => number[1..].trim_start(),
        (false, Some(_)) if !number.contains('(') => number.trim_end_matches(')').trim_end(),
        _ => number,
    }
}

/// "4.41633E+11": what is left of a number in a spreadsheet that took it for an amount.
fn is_power_of_ten(piece: &str) -> bool {
    let Some((amount, power)) = piece.trim().split_once(['E', 'e']) else { return false };
    let is_amount = amount.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let power = power.trim_start_matches(['+', '-']);
    is_amount && !amount.is_empty() && !power.is_empty() && power.bytes().all(|byte| byte.is_ascii_digit())
}

/// 999, 112, 111, 101: short, and in a directory of help the most important ones.
fn is_short_code(number: &str) -> bool {
    number.len() == 3 && number.starts_with(['1', '9']) && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The extension behind a number, and what stands behind that.
fn extension(behind: &str) -> Option<(u32, &str)> {
    let digits = behind.find(|c: char| c.is_ascii_digit())?;
    let end = behind[digits..].find(|c: char| !c.is_ascii_digit()).map_or(behind.len(), |length| digits + length);
    // Read like a whole number, so that both mean the same by an extension.
    let (_, extension) = number_and_extension(&format!("000{}", &behind[..end]))?;
    Some((extension, &behind[end..]))
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
            ("1SA,3SA", "MONTHLY 1SA,3SA"),
            ("MO,WE", "WEEKLY MO,WE"),
            ("Mondays, Wednesdays and Fridays", "WEEKLY MO,WE,FR"),
            ("Fri – Mon", "WEEKLY MO,FR,SA,SU"),
            ("daily", "WEEKLY MO,TU,WE,TH,FR,SA,SU"),
            ("weekdays", "WEEKLY MO,TU,WE,TH,FR"),
        ] {
            assert_eq!(byday(cell).as_deref(), Some(expected), "{cell}");
        }
        for unclear in ["ring first", "term time", "Mon-", "13"] {
            assert_eq!(byday(unclear), None, "{unclear}");
        }
    }

    #[test]
    fn ages_costs_and_phones_are_read_as_people_write_them() {
        assert_eq!(ages("over 55"), Some((Some(55), None)));
        assert_eq!(ages("5 - 11"), Some((Some(5), Some(11))));
        assert_eq!(ages("16+"), Some((Some(16), None)));
        assert_eq!(ages("under 18s"), Some((None, Some(17))));
        assert_eq!(ages("grown-ups"), None);
        assert_eq!(
            (cost("FREE"), cost("£2.50"), cost("3"), cost("£2.50 (concs £1)"), cost("2.555")),
            (Some(0.0), Some(2.5), Some(3.0), None, None)
        );
        let (found, unread) = phones("01632 960123 / 07700 900123 (Sheila Hopcroft); ask at the desk");
        let dialled = |number: &str, extension, beside: Option<&str>| Dialled {
            number: number.into(),
            extension,
            beside: beside.map(str::to_owned),
        };
        assert_eq!(found[0], dialled("01632 960123", None, None));
        assert_eq!(found[1], dialled("07700 900123", None, Some("Sheila Hopcroft")));
        assert_eq!(unread, ["ask at the desk"]);
        let written = |cell: &str| phones(cell).0.into_iter().map(|one| one.number).collect::<Vec<_>>();
        assert_eq!(written("(01632) 960 004 / (01632) 960 005"), ["(01632) 960 004", "(01632) 960 005"]);
        assert_eq!(written("(+44) 1632 960008"), ["(+44) 1632 960008"]);
        assert_eq!(written("Desk (01632 960123)"), ["01632 960123"]);
        assert_eq!(phones("4.41633E+11; 1.63296e+09"), (vec![], vec!["4.41633E+11".to_owned(), "1.63296e+09".to_owned()]));
        let (found, unread) = phones("999; 111 / 01978 000 000 ext 12 (desk); 10 - 4; 250");
        assert_eq!(
            found,
            [dialled("999", None, None), dialled("111", None, None), dialled("01978 000 000", Some(12), Some("desk"))]
        );
        assert_eq!(unread, ["10 - 4", "250"]);
    }

    proptest! {
        #[test]
        fn no_cell_makes_reading_panic(cell in "\\PC{0,40}") {
            let _ = (days(&cell), ages(&cell), cost(&cell), phones(&cell));
        }
    }
}
