//! What the notes of a phrase say by words in capitals.

/// The marks, as they stand in the notes.
const KNOWN: [&str; 3] = ["URGENT", "SENSITIVE", "ITSELF"];

/// What is marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// Whoever writes it may be in danger or on the street today.
    pub(super) urgent: bool,
    /// Others had better not see that somebody wrote it. What is urgent is.
    pub(super) sensitive: bool,
    /// The phrase is no slip of another and stands for no need.
    pub(super) itself: bool,
}

impl Marks {
    /// Read the notes of a phrase.
    /// # Errors
    /// A word in capitals that is one or two letters from a mark: a danger must not be missed because of a slip.
    pub(super) fn read(notes: &str) -> Result<Self, String> {
        let capitals = |word: &&str| word.len() >= 4 && word.chars().all(|c| c.is_ascii_uppercase());
        let words: Vec<&str> = notes.split(|c: char| !c.is_alphanumeric()).filter(capitals).collect();
        for word in &words {
            if let Some(mark) = KNOWN.into_iter().find(|mark| mark != word && strsim::damerau_levenshtein(mark, word) <= 2) {
                return Err(format!("the mark {word} is not known: did you mean {mark}?"));
            }
        }
        let [urgent, sensitive, itself] = KNOWN.map(|mark| words.contains(&mark));
        Ok(Self { urgent, sensitive: urgent || sensitive, itself })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_a_mark_is_told_and_other_capitals_are_only_notes() {
        let urgent = Marks { urgent: true, sensitive: true, itself: false };
        assert_eq!(Marks::read("URGENT; people say this first"), Ok(urgent));
        assert_eq!(Marks::read("SENSITIVE, asked of the DWP and NHS"), Ok(Marks { sensitive: true, ..Marks::default() }));
        assert_eq!(Marks::read("not urgent"), Ok(Marks::default()));
        for slip in ["URGNT", "URGENTS", "SENSTIVE", "ITSLEF"] {
            assert!(Marks::read(slip).unwrap_err().contains("did you mean"), "{slip}");
        }
    }
}
