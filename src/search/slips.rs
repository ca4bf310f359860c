//! Whether what somebody wrote is a phrase of the table, written with a slip or in another form.

use super::{english, fields::Word};

/// Words this long may have a slip in them, in letters.
const FORGIVEN_FROM: usize = 5;
/// Words this long may have two, where what stands there is no word.
const TWICE_FORGIVEN_FROM: usize = 8;

/// Whether these words, which have the stems of the phrase, may mean it. A single word in the plural names
/// things, and what somebody does is another word: "forced" is not the forces, "drugged" not drugs.
pub(super) fn is_form_of(phrase: &[Word], here: &[Word]) -> bool {
    let ([meant], [word]) = (phrase, here) else { return true };
    let Some(singular) = meant.text.strip_suffix('s').filter(|rest| !rest.ends_with('s')) else { return true };
    let forms = [Some(singular), singular.strip_suffix('e')];
    let ends_in_y = singular.strip_suffix("ie").is_some_and(|stem| word.text.strip_suffix('y') == Some(stem));
    word.text == meant.text || forms.contains(&Some(&*word.text)) || ends_in_y
}

/// How many words have a slip in them; none where it is another phrase.
pub(super) fn slips(phrase: &[Word], here: &[Word]) -> Option<usize> {
    let mut slips = 0;
    for (meant, word) in phrase.iter().zip(here) {
        if meant.stem == word.stem {
            continue;
        }
        // "Abuze" is close to "abuse", though its stem, "abus", is too short to say so.
        let is_slip = is_slip(&meant.stem, &word.stem) || is_slip(&meant.text, &word.text) || is_mangled(meant, word);
        // The rest of a phrase says which word is meant, even a short one: "food bnak".
        if !is_slip && (phrase.len() == 1 || !is_swap(&meant.text, &word.text)) {
            return None;
        }
        slips += 1;
    }
    // One word alone says little, and a short one is soon another: "broker" is not "broke", "lovely" not
    // "lonely", "refuse" not "refuge".
    let [meant] = phrase else { return Some(slips) };
    let word = &here[0];
    if slips > 0 && english::has(&word.text) {
        return None;
    }
    let is_short = meant.stem.chars().count() <= FORGIVEN_FROM;
    let is_sure = || {
        let letters = meant.text.chars().count();
        let lacks_a_letter = word.text.chars().count() + 1 == letters && strsim::osa_distance(&meant.text, &word.text) == 1;
        letters > FORGIVEN_FROM && (lacks_a_letter || is_swap(&meant.text, &word.text))
    };
    (slips == 0 || !is_short || is_sure()).then_some(slips)
}

/// Whether two words differ by one letter more, less, other or by two letters swapped.
pub(super) fn is_slip(a: &str, b: &str) -> bool {
    let long = a.chars().count() >= FORGIVEN_FROM && b.chars().count() >= FORGIVEN_FROM;
    long && a.len().abs_diff(b.len()) <= 4 && strsim::osa_distance(a, b) == 1
}

/// Whether a long word has two slips in it, and is no word: "homles" is "homeless".
fn is_mangled(meant: &Word, word: &Word) -> bool {
    let begins_alike = meant.text.chars().next() == word.text.chars().next();
    begins_alike
        && meant.text.chars().count() >= TWICE_FORGIVEN_FROM
        && word.text.len().abs_diff(meant.text.len()) <= 4
        && strsim::osa_distance(&meant.text, &word.text) == 2
        && !english::has(&word.text)
}

/// Whether two words of four letters or more differ by two letters swapped.
fn is_swap(a: &str, b: &str) -> bool {
    let letters = a.chars().count();
    letters + 1 >= FORGIVEN_FROM
        && letters == b.chars().count()
        && strsim::osa_distance(a, b) == 1
        && strsim::levenshtein(a, b) == 2
}
