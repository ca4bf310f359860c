//! The phones of a cell. What stands beside a number (times, days, what it is for) are words and never digits of it: a
//! number that is one digit too long rings nowhere.

use crate::model::{contact::number_and_extension, text::fold};

/// A phone, and what stands beside it in brackets or words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dialled {
    /// The number as it was written.
    pub(super) number: String,
    /// The extension at that number.
    pub(super) extension: Option<u32>,
    /// A name or a note.
    pub(super) beside: Option<String>,
    /// Whether only a fax answers.
    pub(super) fax: bool,
}

/// The phones of a cell: "01632 960123 / 07700 900123 (Sheila Hopcroft)". Gives what could not be read as well.
pub(super) fn phones(cell: &str) -> (Vec<Dialled>, Vec<String>) {
    let (mut found, mut unread): (Vec<Dialled>, Vec<String>) = (Vec::new(), Vec::new());
    let cell = cell.replace(" or ", "/").replace(" and ", "/");
    for piece in pieces(&cell).into_iter().flat_map(one_number_each) {
        match dialled(piece) {
            Some(phone) if !is_end_of_another(&phone.number, found.last()) => found.push(phone),
            _ => unread.push(piece.to_owned()),
        }
    }
    (found, unread)
}

/// A cell, cut at what people put between numbers.
fn pieces(cell: &str) -> Vec<&str> {
    let (mut pieces, mut from) = (Vec::new(), 0);
    for (at, between) in cell.match_indices(['/', ';', ',', '\n']) {
        if between != "/" || !is_within_words(&cell[..at], &cell[at + 1..]) {
            pieces.push(cell[from..at].trim());
            from = at + 1;
        }
    }
    pieces.push(cell[from..].trim());
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// "24/7", "Tel/Fax".
fn is_within_words(before: &str, behind: &str) -> bool {
    let (before, behind) = (before.trim_end().to_lowercase(), behind.trim_start().to_lowercase());
    let ends = |word: &str| before.strip_suffix(word).is_some_and(|rest| !rest.ends_with(char::is_alphanumeric));
    let begins = |word: &str| behind.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    let voice = ["tel", "telephone", "phone"];
    ends("24") && begins("7")
        || voice.into_iter().any(|word| ends(word) || ends(&format!("{word}."))) && begins("fax")
        || ends("fax") && voice.into_iter().any(begins)
}

/// Words before a number that say what answers there.
const BEFORE: [&str; 9] = ["fax", "tel", "telephone", "phone", "mobile", "mob", "text", "textphone", "minicom"];

/// "Tel 01632 960123 Fax 01632 960124": cut before such a word that has a number on both sides.
fn one_number_each(piece: &str) -> Vec<&str> {
    let (mut cut, mut from) = (Vec::new(), 0);
    for (at, word) in words(piece) {
        let is_one = BEFORE.iter().any(|known| known.eq_ignore_ascii_case(word));
        if is_one && count(&piece[from..at]) >= 5 && count(&piece[at..]) >= 5 {
            cut.push(piece[from..at].trim());
            from = at;
        }
    }
    cut.push(piece[from..].trim());
    cut
}

/// Words of letters, and where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += text[at..].find(char::is_alphabetic)?;
        let length = text[at..].find(|c: char| !c.is_alphabetic()).unwrap_or(text.len() - at);
        let word = (at, &text[at..at + length]);
        at += length;
        Some(word)
    })
}

fn is_of_number(c: char) -> bool {
    c.is_ascii_digit() || " \u{a0}+()-.\u{2010}\u{2011}–".contains(c)
}

/// The number of a piece that holds one.
fn dialled(piece: &str) -> Option<Dialled> {
    let begins = beginning(piece);
    let length = piece[begins..].find(|c: char| !is_of_number(c)).unwrap_or(piece.len() - begins);
    let length = without_times(&piece[begins..], length);
    let is_loose = |c: char| matches!(c, '(' | '-' | '.' | '–') || c.is_whitespace();
    let number = without_stray_brackets(piece[begins..begins + length].trim_end_matches(is_loose).trim());
    if (!(5..=15).contains(&count(number)) && !is_short_code(number)) || is_power_of_ten(piece) {
        return None;
    }
    let behind = &piece[begins + length..];
    let (extension, note) = match extension(behind) {
        Some((extension, note)) => (Some(extension), note),
        None => (None, behind),
    };
    let rest = format!("{} {note}", &piece[..begins]);
    let beside = rest.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let said = fold(&beside);
    let says = |words: &[&str]| said.split(' ').any(|word| words.contains(&word));
    let fax = says(&["fax"]) && !says(&["tel", "telephone", "phone"]);
    Some(Dialled { number: number.to_owned(), extension, beside: Some(beside).filter(|beside| !beside.is_empty()), fax })
}

/// Where a number begins: at its first digit, its plus, or the bracket before either.
fn beginning(piece: &str) -> usize {
    let first = piece.find(|c: char| c.is_ascii_digit() || c == '+').unwrap_or(piece.len());
    let before = piece[..first].trim_end();
    if before.ends_with('(') { before.len() - 1 } else { first }
}

/// How much of the first `length` bytes of `text`, all of them digits and what stands between these, is the number:
/// "9am", "24 hours", "7 days" and "(9-5)" behind it are words.
fn without_times(text: &str, length: usize) -> usize {
    let mut kept = length;
    while let Some(begins) = last_word(&text[..kept]) {
        let (number, word) = (&text[..begins], text[begins..kept].trim());
        if begins == kept || count(number) < 3 || !is_said(number, word, &text[kept..]) {
            break;
        }
        kept = begins;
    }
    kept
}

fn count(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// Where the last word begins, if there is another one before it.
fn last_word(text: &str) -> Option<usize> {
    let text = text.trim_end();
    text.char_indices().filter(|(_, c)| c.is_whitespace() || *c == '(').map(|(at, c)| at + c.len_utf8()).next_back()
}

/// Whether `word`, which stands behind `number` and before `behind`, is said beside the number and no part of it.
fn is_said(number: &str, word: &str, behind: &str) -> bool {
    let behind = behind.trim_start().to_lowercase();
    let unit: String = behind.chars().take_while(|c| c.is_alphabetic() || *c == '.').filter(|c| *c != '.').collect();
    let digits = word.trim_end_matches(['-', '–', ')']);
    if matches!(unit.as_str(), "hour" | "hours" | "hr" | "hrs") {
        return digits.len() <= 2 && is_clock(digits);
    }
    let (total, begins_with_0) = (count(number) + count(word), number.starts_with('0') && !number.starts_with("00"));
    // "01632 96 01 23".
    let is_pair = |word: &str| word.len() == 2 && is_clock(word);
    let in_pairs = is_pair(word) && number.split_whitespace().next_back().is_some_and(is_pair);
    if in_pairs && begins_with_0 && matches!(total, 10 | 11) {
        return false;
    }
    let before_a_time = match unit.as_str() {
        "am" | "pm" | "to" | "til" | "till" | "until" | "noon" | "midday" | "midnight" => is_clock(digits),
        "days" => matches!(digits, "1" | "2" | "3" | "4" | "5" | "6" | "7"),
        _ => behind.starts_with([':', '-', '–', '—']) && is_clock(digits) || digits == "24" && behind.starts_with("/7"),
    };
    let dash = matches!(word, "-" | "–") && behind.starts_with(|c: char| c.is_ascii_digit());
    // No number here is so long, so it ends before.
    let is_too_much = begins_with_0 && count(number) >= 10 && (total > 11 && is_clock(digits) || word.ends_with(')'));
    before_a_time || dash || is_too_much
}

/// "9", "9.30", "9-5", "9.30-17.30".
fn is_clock(text: &str) -> bool {
    let parts: Vec<&str> = text.split(['-', '–', '.']).collect();
    let two_digits = |part: &&str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() <= 4 && parts.iter().all(two_digits) && parts[0].parse::<u32>().is_ok_and(|hour| hour <= 24)
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

/// "01632 960115 / 116", "01632 960110 / 111": behind a long number, three digits are its last ones anew, unless they
/// are a number that everybody knows.
fn is_end_of_another(number: &str, before: Option<&Dialled>) -> bool {
    const KNOWN: [&str; 7] = ["999", "112", "111", "101", "105", "119", "159"];
    let before: String = before.into_iter().flat_map(|one| one.number.chars()).filter(char::is_ascii_digit).collect();
    let (Some(end), 3) = (before.len().checked_sub(3).filter(|end| *end > 2), number.len()) else { return false };
    !KNOWN.contains(&number) || before[end..].starts_with(&number[..2])
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

    fn dialled(number: &str, extension: Option<u32>, beside: Option<&str>) -> Dialled {
        Dialled { number: number.into(), extension, beside: beside.map(str::to_owned), fax: false }
    }

    #[test]
    fn phones_are_read_as_people_write_them() {
        let (found, unread) = phones("01632 960123 / 07700 900123 (Sheila Hopcroft); ask at the desk");
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

    #[test]
    fn times_and_days_beside_a_number_are_no_digits_of_it() {
        for (cell, number, beside) in [
            ("01632 960123 9am-5pm", "01632 960123", "9am-5pm"),
            ("01632 960123 9.30am to 5pm", "01632 960123", "9.30am to 5pm"),
            ("01632 960123 9 - 5pm", "01632 960123", "9 - 5pm"),
            ("01632 960123 9-5", "01632 960123", "9-5"),
            ("01632 960123 (9-5)", "01632 960123", "9-5"),
            ("01632 960123 9:00-17:00", "01632 960123", "9:00-17:00"),
            ("01632 960123 (24 hours)", "01632 960123", "24 hours"),
            ("0800 1111 24hrs", "0800 1111", "24hrs"),
            ("116 123 24 hours a day", "116 123", "24 hours a day"),
            ("020 7946 0123 7 days a week", "020 7946 0123", "7 days a week"),
            ("020 7946 0123 24/7", "020 7946 0123", "24/7"),
            ("020 7946 0123 pm only", "020 7946 0123", "pm only"),
            ("020 7946 0123 days", "020 7946 0123", "days"),
            ("01632 960123 Mon 9am", "01632 960123", "Mon 9am"),
        ] {
            assert_eq!(phones(cell), (vec![dialled(number, None, Some(beside))], vec![]), "{cell}");
        }
        for whole in ["01632 960123", "020 7946 0123", "01632-960-123", "+44 (0)1632 960123", "0845 46 47", "01632 96 01 23"] {
            assert_eq!(phones(whole), (vec![dialled(whole, None, None)], vec![]), "{whole}");
        }
    }

    #[test]
    fn a_fax_is_no_extension_and_the_end_of_a_number_is_no_number() {
        let (found, unread) = phones("Tel 01632 960123 Fax 01632 960124");
        assert_eq!(unread, [""; 0]);
        assert_eq!(found[0], dialled("01632 960123", None, Some("Tel")));
        assert_eq!(found[1], Dialled { fax: true, ..dialled("01632 960124", None, Some("Fax")) });
        assert_eq!(phones("Tel/Fax 01632 960123").0, [dialled("01632 960123", None, Some("Tel/Fax"))]);
        assert_eq!(phones("01632 960115 / 116"), (vec![dialled("01632 960115", None, None)], vec!["116".to_owned()]));
        assert_eq!(phones("01632 960110 / 111"), (vec![dialled("01632 960110", None, None)], vec!["111".to_owned()]));
        assert_eq!(phones("01632 960123 or 999").1, [""; 0]);
    }

    proptest! {
        #[test]
        fn no_cell_makes_reading_panic(cell in "\\PC{0,40}|([0-9]{1,6}|[ ()/.–-]|am|days|fax|tel|x|to){0,20}") {
            let _ = phones(&cell);
        }
    }
}
