//! Words that say little: which they are, and what is left of a text without them.

use super::{
    english,
    fields::{Word, words_of},
};

/// Words that say nothing about what somebody needs. What is left must be found.
const SMALL_WORDS: &str = " a about all am an and any anything are as asap at be been can could do for from get getting give got gotta had has have help helping her him his how i id if im in is it its \
    ive like looking me my n near need needs now of on or our owt please pls plz she some somebody someone something so summat that the there they this to today u us want wants was we what when where which who will with would you your madad chahiye mujhe pomoc pomocy potrzebuje ";

/// Words that are telling in a phrase ("don't want to marry", "kicked out 2nite"), and need not be found where no phrase
/// has them: listings do not write so.
const SHORT_FORMS: &str = " 2nite aint arent cannot cant couldnt didnt doesnt dont dunno hadnt hasnt havent hes idk isnt lets shes shouldnt thats theres theyre theyve \
    tonite wasnt werent weve wont wouldnt youre youve ";

/// Words that say something in a phrase ("cut off"), and nothing where only some of the words are looked for: every
/// other listing has them.
const COMMON_WORDS: &str = " after again also always another around away back because been before being both but by came come comes coming \
    cos day days did do does doing done down each else even ever every few first go goes going gone gonna good got he here hers him if \
    into just keep keeps know last left let lets like little long lot lots made make makes making many may me might more most much must \
    new next no nobody none not nothing off often old one once only onto or other others out over own people person put quite rather really \
    right said same say saying says see she should since so still such take takes taking tell than thats their them then these they thing \
    things think this those though three through till time times told too took tried try trying two under until up us use used very via \
    way ways week weeks well went were while whole why within without year years yes yet ";

/// Whether the word stands in so many listings that it says nothing alone.
pub(super) fn is_common(word: &str) -> bool {
    says_little(word) || COMMON_WORDS.contains(&format!(" {word} "))
}

/// Whether the word says nothing about what somebody needs.
pub(super) fn is_small(word: &str) -> bool {
    SMALL_WORDS.contains(&format!(" {word} "))
}

/// What stands for two words, or for a longer one: "no where" is "nowhere", "cannot" and "can not" are "can't", and
/// "how 2" is "how to". A number behind other words may mean what it says: "need 2 beds".
const JOINED: [(&str, &str, &str); 15] = [
    ("no", "where", "nowhere"),
    ("can", "not", "cant"),
    ("could", "not", "couldnt"),
    ("did", "not", "didnt"),
    ("do", "not", "dont"),
    ("does", "not", "doesnt"),
    ("has", "not", "hasnt"),
    ("have", "not", "havent"),
    ("how", "2", "how to"),
    ("is", "not", "isnt"),
    ("should", "not", "shouldnt"),
    ("was", "not", "wasnt"),
    ("where", "2", "where to"),
    ("will", "not", "wont"),
    ("would", "not", "wouldnt"),
];

/// What stands in text messages for a word, where phrases are looked for: what is written between the first two bars, and
/// the word.
const SPELT: [(&str, &str); 30] = [
    (" any1 ne1 ", "anyone"),
    (" carnt cnt kant ", "cant"),
    (" coz cuz cus becos becoz bcos bcoz ", "cos"),
    (" cum ", "come"),
    (" doin ", "doing"),
    (" every1 evry1 ", "everyone"),
    (" fone phon ", "phone"),
    (" giv ", "give"),
    (" goin ", "going"),
    (" gona gunna ", "gonna"),
    (" hav ", "have"),
    (" hisself isself ", "himself"),
    (" meself myslf ", "myself"),
    (" nite nyt ", "night"),
    (" no1 ", "noone"),
    (" nuffin nuffink nuthin nothin ", "nothing"),
    (" ppl peeps ", "people"),
    (" sed ", "said"),
    (" skool skul ", "school"),
    (" slepin sleping slepping ", "sleeping"),
    (" some1 sum1 sumone ", "someone"),
    (" somewere sumwhere sumwere ", "somewhere"),
    (" thru ", "through"),
    (" tmrw tmw tomoz 2moro 2morrow 2mrw tomoro ", "tomorrow"),
    (" tonite 2nite 2night ", "tonight"),
    (" wana ", "wanna"),
    (" wat wot ", "what"),
    (" wiv wid ", "with"),
    (" yr ", "year"),
    (" yrs ", "years"),
];

/// What a word stands for where phrases are looked for: "tmrw" is tomorrow, and "sleepin" is sleeping. Where no phrase has
/// it, it is looked for as it was written: a "quiz nite" is called so.
fn meant(word: Word) -> Word {
    let written = format!(" {} ", word.text);
    if let Some((_, known)) = SPELT.iter().find(|(slips, _)| slips.contains(&written)) {
        return words_of(known).pop().unwrap_or(word);
    }
    // "Hittin", but not "cabin".
    if word.text.len() >= 5 && word.text.ends_with("in") && !english::has(&word.text) {
        let whole = format!("{}g", word.text);
        if english::has(&whole) {
            return words_of(&whole).pop().unwrap_or(word);
        }
    }
    word
}

/// Words as phrases are compared with them: each as what it stands for. As many as there were.
pub(super) fn as_meant(words: Vec<Word>) -> Vec<Word> {
    words.into_iter().map(meant).collect()
}

/// Words of a phrase of the table, as they are compared.
pub(super) fn compared(words: Vec<Word>) -> Vec<Word> {
    as_meant(joined(words))
}

/// Words as the phrases of the table have them, however they were written.
pub(super) fn joined(words: Vec<Word>) -> Vec<Word> {
    let mut all: Vec<Word> = Vec::with_capacity(words.len());
    for word in words {
        let before = all.last().map(|before| before.text.as_str());
        let pair = JOINED.iter().find(|(first, second, _)| before == Some(*first) && word.text == *second);
        if pair.is_some() {
            all.pop();
        }
        match pair.map(|(.., whole)| *whole).or((word.text == "cannot").then_some("cant")) {
            Some(whole) => all.extend(words_of(whole)),
            None => all.push(word),
        }
    }
    all
}

/// Whether the word says nothing alone, and a short form does not either.
pub(super) fn says_little(word: &str) -> bool {
    is_small(word) || SHORT_FORMS.contains(&format!(" {word} "))
}

/// Whether somebody wrote words, and none of them says what they need: "Help!", "can you help me please".
///
/// ```
/// use fingerpost::search::says_nothing;
/// assert!(says_nothing("HELP!!") && says_nothing("I need help now"));
/// assert!(!says_nothing("help with rent") && !says_nothing("") && !says_nothing("?"));
/// ```
pub fn says_nothing(text: &str) -> bool {
    let words = words_of(text);
    !words.is_empty() && words.iter().all(|word| says_little(&word.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_text_messages_are_read_as_what_they_stand_for() {
        let read = |text: &str| joined(words_of(text)).into_iter().map(|word| word.text).collect::<Vec<_>>().join(" ");
        assert_eq!(read("idk how 2 pay"), "idk how to pay");
        assert_eq!(read("no where 2 sleep 2nite"), "nowhere 2 sleep 2nite");
        assert_eq!(read("need 2 beds"), "need 2 beds");
        assert!(["idk", "2nite", "tonite", "dunno"].into_iter().all(says_little));
        assert!(!is_small("2nite"), "it is telling where a phrase has it");
    }

    #[test]
    fn what_stands_for_a_word_in_messages_is_compared_as_that_word() {
        let read = |text: &str| compared(words_of(text)).into_iter().map(|word| word.text).collect::<Vec<_>>().join(" ");
        assert_eq!(read("he sed hes gona get me 2nite"), "he said hes gonna get me tonight");
        assert_eq!(read("sleepin in my car tmrw"), "sleeping in my car tomorrow");
        assert_eq!(read("cabin aspirin martin colin"), "cabin aspirin martin colin", "no word of English with a g behind it");
        for (written, stands_for) in SPELT {
            assert!(written.starts_with(' ') && written.ends_with(' '), "{written:?}");
            assert_eq!(words_of(stands_for).len(), 1, "{stands_for}: one word for one word");
        }
    }
}
