//! How hard a text is to read: the age at which most people can read it, by the Flesch-Kincaid
//! grade. It counts sentences, words and syllables and knows nothing of meaning, so it warns and
//! never decides.

/// Shorter texts say too little to be measured, in words.
const SHORTEST: usize = 10;

/// The reading age; none for a text that is too short to say.
///
/// ```
/// use fingerpost::self_help::reading;
/// let easy = reading::age("Ring the council. Say that you need help. They have to talk to you.").unwrap();
/// let hard = reading::age("Applicants demonstrating vulnerability may be eligible for discretionary accommodation assistance.").unwrap();
/// assert!(easy < 9.0 && hard > 18.0);
/// ```
pub fn age(text: &str) -> Option<f64> {
    let is_word = |word: &&str| word.chars().any(char::is_alphabetic);
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c == '-' || c == '–').filter(is_word).collect();
    if words.len() < SHORTEST {
        return None;
    }
    let ends = |c: char| matches!(c, '.' | '!' | '?' | ':' | '\n');
    let sentences = text.split(ends).filter(|part| part.chars().any(char::is_alphabetic)).count().max(1);
    let syllables: usize = words.iter().map(|word| syllables(word)).sum();
    let (words, sentences, syllables) = (number(words.len()), number(sentences), number(syllables));
    // Grade 1 is for children of six.
    Some(0.39 * words / sentences + 11.8 * syllables / words - 15.59 + 5.0)
}

fn number(count: usize) -> f64 {
    u32::try_from(count).unwrap_or(u32::MAX).into()
}

/// Groups of vowels, without a silent e at the end.
fn syllables(word: &str) -> usize {
    let letters: Vec<char> = word.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    let is_vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    let groups = letters.iter().enumerate().filter(|(at, c)| is_vowel(**c) && (*at == 0 || !is_vowel(letters[at - 1]))).count();
    let silent = letters.len() > 2 && letters.ends_with(&['e']) && !letters.ends_with(&['l', 'e']) && groups > 1;
    (groups - usize::from(silent)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syllables_are_counted_roughly_as_they_are_spoken() {
        assert_eq!(["ring", "council", "table", "home", "emergency", "a", "999"].map(syllables), [1, 2, 2, 1, 4, 1, 1]);
    }

    #[test]
    fn a_label_is_too_short_to_be_measured() {
        assert_eq!(age("Gas or electricity"), None);
    }
}
