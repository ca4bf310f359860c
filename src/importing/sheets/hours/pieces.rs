//! A text about hours in pieces, words and times, and these in groups: some days, and when on them.

use super::clock::{Time, Written, range, time};

/// A text in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    At(Time),
    To,
    /// "late": when nobody knows.
    Late,
    Comma,
    Word(String),
}

/// The pieces of a text: words and times, without what only joins them.
pub(super) fn pieces(cell: &str) -> Vec<Piece> {
    let mut words: Vec<String> = vec![String::new()];
    let letters: Vec<char> = cell.to_lowercase().chars().collect();
    for (at, letter) in letters.iter().copied().enumerate() {
        let around = |is: fn(&char) -> bool| at > 0 && is(&letters[at - 1]) && letters.get(at + 1).is_some_and(is);
        let of_a_time = matches!(letter, '.' | ':') && around(char::is_ascii_digit);
        match letter {
            '-' | '–' | '—' | '‒' | '−' => words.extend(["to".to_owned(), String::new()]),
            ',' | ';' | '\n' | '/' | '&' | '+' => words.extend([",".to_owned(), String::new()]),
            '\'' | '’' | '.' if !of_a_time => {}
            ':' if !of_a_time => words.push(String::new()),
            letter if letter.is_whitespace() => words.push(String::new()),
            letter => words.last_mut().expect("there is one from the start").push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    let mut pieces = Vec::with_capacity(words.len());
    let mut rest = words.as_slice();
    while let [word, behind @ ..] = rest {
        // "10 am", "12 noon", "0900 hrs".
        let with_its_half =
            behind.first().filter(|half| matches!(half.as_str(), "am" | "pm" | "noon" | "midday" | "midnight" | "hrs" | "hours"));
        if let Some(at) = with_its_half.and_then(|half| time(&format!("{word}{half}"))) {
            pieces.push(Piece::At(at));
            rest = &behind[1..];
            continue;
        }
        rest = behind;
        match word.as_str() {
            "to" | "until" | "till" | "til" | "through" => pieces.push(Piece::To),
            "late" | "close" => pieces.push(Piece::Late),
            "," | "and" => pieces.push(Piece::Comma),
            "from" | "at" | "open" | "between" => {}
            word => pieces.push(time(word).map_or_else(|| Piece::Word(word.to_owned()), Piece::At)),
        }
    }
    pieces
}

/// Some days, and when on these: from, and until when where that is said.
pub(super) struct Group {
    pub(super) days: String,
    pub(super) times: Vec<(u32, Option<u32>)>,
}

/// Pieces in groups of days and their times, or nothing where a time is in doubt.
pub(super) fn groups(pieces: &[Piece]) -> Option<Vec<Group>> {
    let mut groups = Vec::new();
    let mut rest = pieces;
    while !rest.is_empty() {
        let mut group = Group { days: String::new(), times: Vec::new() };
        while let [piece, behind @ ..] = rest {
            let word: &str = match piece {
                Piece::At(_) => break,
                Piece::To => "to",
                Piece::Comma => "and",
                Piece::Word(word) => word,
                Piece::Late => return None,
            };
            group.days.push_str(word);
            group.days.push(' ');
            rest = behind;
        }
        loop {
            let (time, behind) = match rest {
                [Piece::At(from), Piece::To, Piece::At(to), behind @ ..] => {
                    (range(*from, *to).map(|(from, to)| (from, Some(to)))?, behind)
                }
                [Piece::At(from), Piece::To, Piece::Late, behind @ ..] | [Piece::At(from), behind @ ..]
                    if from.written != Written::Bare =>
                {
                    ((from.opening().minutes, None), behind)
                }
                _ => break,
            };
            group.times.push(time);
            rest = behind;
            if let [Piece::Comma, behind @ ..] = rest
                && matches!(behind.first(), Some(Piece::At(_)))
            {
                rest = behind;
            }
        }
        if group.times.is_empty() && !rest.is_empty() {
            return None;
        }
        groups.push(group);
    }
    Some(groups)
}
