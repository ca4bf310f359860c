//! Where a part of a text begins and ends that shows why it was found: at a sentence where one is near, else between
//! two words, never in the middle of one.

/// As far as this from what was found a sentence may begin or end, in bytes.
const NEAR: usize = 80;

/// The end of `before` that belongs to what follows it: from the beginning of the sentence if that is near, else from
/// the beginning of the word.
pub(super) fn lead(before: &str) -> &str {
    let word = before.rfind(char::is_whitespace).map_or(before, |at| before[at..].trim_start());
    let ends = before.match_indices(['.', '!', '?', '\n']);
    let mut after_an_end = ends.map(|(at, _)| &before[at + 1..]).filter(|rest| rest.starts_with(char::is_whitespace));
    let sentence = after_an_end.next_back().map_or(before, str::trim_start);
    if sentence.len() <= NEAR { sentence } else { word }
}

/// The beginning of `after` that belongs to what it follows: to the end of the sentence if that is near, else to the
/// end of the word.
pub(super) fn rest(after: &str) -> &str {
    let word = after.find(char::is_whitespace).map_or(after, |at| &after[..at]);
    let ends_one = |(at, _): &(usize, &str)| after[at + 1..].chars().next().is_none_or(char::is_whitespace);
    let sentence = after.match_indices(['.', '!', '?']).find(ends_one).map_or(after, |(at, _)| &after[..=at]);
    if sentence.len() <= NEAR { sentence } else { word.trim_end_matches([',', ';', ':', '–', '-', '(']) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_at_a_sentence_that_is_near_or_else_at_a_word() {
        assert_eq!(lead("We meet on Mondays. Bring your "), "Bring your ");
        assert_eq!(lead("It costs £2.50 for the drop-"), "It costs £2.50 for the drop-");
        let long =
            "and a sentence goes on for very much longer than anybody would want to read of it in a list with a don\u{2019}";
        assert_eq!(lead(long), "don\u{2019}");
        assert_eq!(lead("over "), "over ");
        assert_eq!(rest("\u{2019}t worry. We help."), "\u{2019}t worry.");
        assert_eq!(rest("-in, for everybody who lives here or near here or has ever been here or would like to be"), "-in");
        assert_eq!(rest(" costs £2.50 at the door"), " costs £2.50 at the door");
        assert_eq!(rest(""), "");
    }
}
