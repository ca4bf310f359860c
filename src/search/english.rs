//! English words: what is one is no slip of another, though no listing has it.

use std::{collections::HashSet, sync::LazyLock};

use super::fields::words_of;

/// One word of each family on a line, remarks behind a `#`.
const LIST: &str = include_str!("../../content/english_words.txt");

static STEMS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let lines: Vec<&str> = LIST.lines().filter(|line| !line.starts_with('#')).collect();
    words_of(&lines.join(" ")).into_iter().map(|word| word.stem).collect()
});

/// Whether English has a word with this stem.
pub(super) fn has(stem: &str) -> bool {
    STEMS.contains(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_known_in_all_its_forms_and_a_slip_is_not() {
        let all = |text: &str, known: bool| words_of(text).iter().all(|word| has(&word.stem) == known);
        assert!(all("pills man naked shake traffic trafficking couches carried homes walking", true));
        assert!(all("homles hai rapd sucidal skool leccy recieve", false));
    }
}
