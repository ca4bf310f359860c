//! English words: what is one is no slip of another, though no listing has it.

use random_word::Lang;

/// Whether English has this word, in small letters.
pub(super) fn has(word: &str) -> bool {
    random_word::all(Lang::En).binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_known_in_all_its_forms_and_a_slip_is_not() {
        for known in "pills man naked shake traffic trafficking couches carried homes walking neighbour colour mould".split(' ') {
            assert!(has(known), "{known}");
        }
        for slip in "homles rapd sucidal skool leccy recieve depresed morgage".split(' ') {
            assert!(!has(slip), "{slip}");
        }
    }
}
