//! Help that is for one group of people, as it says itself: it stands behind what is for everybody, unless somebody
//! asks for that group. So does what asks people to help, such as a sponsored night outside.

use super::{signs, words::Words};
use crate::model::text::fold;

/// Marks what is for everybody.
pub(super) const FOR_EVERYBODY: &str = "for everybody";
/// Marks what is for people who raise money.
const FOR_FUNDRAISERS: &str = "for fundraisers";

/// A group of people.
struct Group {
    mark: &'static str,
    /// Beginnings of the words that name it.
    words: &'static [&'static str],
    /// The need that is the group's alone: its own words in a name say for whom something is. None where it is empty.
    need: &'static str,
    /// Further needs that ask for what is for the group.
    asked_by: &'static [&'static str],
}

const GROUPS: [Group; 8] = [
    Group {
        mark: "for the forces",
        words: &["veteran", "forces", "army", "military", "service leaver"],
        need: "transition-forces",
        asked_by: &[],
    },
    Group { mark: "for care leavers", words: &["care leaver"], need: "transition-care", asked_by: &[] },
    Group { mark: "for people from prison", words: &["prison", "offender"], need: "transition-prison", asked_by: &[] },
    Group { mark: "for carers", words: &["carer"], need: "caring-carers", asked_by: &[] },
    Group {
        mark: "for refugees",
        words: &["refugee", "asylum", "newcomer"],
        need: "legal-immigration",
        asked_by: &["learning-english", "access-language"],
    },
    Group { mark: "for deaf people", words: &["deaf"], need: "", asked_by: &["health-disability", "access-language"] },
    Group { mark: "for students", words: &["student"], need: "", asked_by: &[] },
    Group { mark: FOR_FUNDRAISERS, words: &["fundrais", "sponsored", "raise money"], need: "", asked_by: &[] },
];
/// What holds a word of a group and means no group.
const NO_GROUP: [&str; 4] = ["church army", "jesus army", "salvation army", "sponsored by"];
/// By which the description of an event says that it raises money.
const RAISES_MONEY: [&str; 7] =
    ["fundrais", "in aid of", "raise funds", "raise money", "raising funds", "raising money", "sponsored"];
/// Words that may stand beside a group where eligibility names nobody else.
const BESIDE: &str = " a adult adults aged an and any are armed be ex for from have if in is left men must of only open or our over people \
    released seeker seekers serving the their this to under we who with women you young your ";

/// What something is for, as it says: the marks of its groups, or that of everybody. Of an event its description tells
/// whether it raises money.
pub(super) fn marks_of(words: &Words, name: &str, eligibility: &str, of_event: Option<&str>) -> Vec<&'static str> {
    let shown = signs::needs_in(words, name);
    let by_its_words = named_in(name);
    let by_eligibility = if names_nobody_else(eligibility) { named_in(eligibility) } else { Vec::new() };
    let raises_money = of_event.is_some_and(|text| begins_a_word(&without_others(text), &RAISES_MONEY));
    let groups: Vec<&'static str> = GROUPS
        .iter()
        .filter(|group| {
            by_its_words.contains(&group.mark)
                || by_eligibility.contains(&group.mark)
                || shown.contains(&group.need)
                || (raises_money && group.mark == FOR_FUNDRAISERS)
        })
        .map(|group| group.mark)
        .collect();
    if groups.is_empty() { vec![FOR_EVERYBODY] } else { groups }
}

/// The marks of the groups that somebody asks for, by their words or by what they need.
pub(super) fn asked_for(text: &str, needs: &[&str]) -> Vec<&'static str> {
    let mut marks = named_in(text);
    let asks = |group: &&Group| needs.iter().any(|need| *need == group.need || group.asked_by.contains(need));
    marks.extend(GROUPS.iter().filter(asks).map(|group| group.mark));
    marks
}

fn named_in(text: &str) -> Vec<&'static str> {
    let text = without_others(text);
    GROUPS.iter().filter(|group| begins_a_word(&text, group.words)).map(|group| group.mark).collect()
}

/// Folded, with a space before each word, and without what only looks like a group.
fn without_others(text: &str) -> String {
    NO_GROUP.iter().fold(format!(" {}", fold(text)), |text, other| text.replace(&format!(" {other}"), " "))
}

fn begins_a_word(text: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|begin| text.contains(&format!(" {begin}")))
}

/// Whether every word of it belongs to a group or says nothing of who else may come.
fn names_nobody_else(eligibility: &str) -> bool {
    let of_a_group = |word: &str| {
        let mut parts = GROUPS.iter().flat_map(|group| group.words).flat_map(|words| words.split(' '));
        parts.any(|part| word.starts_with(part))
    };
    let says_nothing = |word: &str| BESIDE.contains(&format!(" {word} ")) || word.parse::<u32>().is_ok();
    fold(eligibility).split(' ').all(|word| says_nothing(word) || of_a_group(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(name: &str, eligibility: &str, of_event: Option<&str>) -> Vec<&'static str> {
        marks_of(&Words::starting(), name, eligibility, of_event)
    }

    #[test]
    fn a_name_says_for_whom_something_is() {
        assert_eq!(marks("Veterans' breakfast and advice", "", None), ["for the forces"]);
        assert_eq!(marks("Care leavers' base", "", None), ["for care leavers"]);
        assert_eq!(
            marks("Met at the gate", "People aged 18 or over.", None),
            ["for people from prison"],
            "by the need's own words"
        );
        for name in
            ["Citizens Advice Luton", "Salvation Army food bank", "School leavers' fair", "Walks, sponsored by a shop", ""]
        {
            assert_eq!(marks(name, "", None), [FOR_EVERYBODY], "{name}");
        }
    }

    #[test]
    fn eligibility_says_it_where_it_names_nobody_else() {
        for (eligibility, mark) in [
            ("Veterans.", "for the forces"),
            ("Carers aged 18 or over", "for carers"),
            ("For refugees and asylum seekers only", "for refugees"),
            ("You must be an ex-offender", "for people from prison"),
        ] {
            assert_eq!(marks("Friendly table", eligibility, None), [mark], "{eligibility}");
        }
        for eligibility in [
            "Refugees and newcomers and families.",
            "Everybody, carers too",
            "People without a home.",
            "Students and anyone on a low income",
            "",
        ] {
            assert_eq!(marks("Friendly table", eligibility, None), [FOR_EVERYBODY], "{eligibility}");
        }
    }

    #[test]
    fn an_event_that_raises_money_is_for_those_who_raise_it() {
        assert_eq!(marks("Sleep-out", "", Some("A night outside to raise money for beds.")), [FOR_FUNDRAISERS]);
        assert_eq!(marks("Sponsored walk", "", None), [FOR_FUNDRAISERS]);
        assert_eq!(marks("Charity shop", "", None), [FOR_EVERYBODY]);
    }

    #[test]
    fn a_group_is_asked_for_by_its_words_or_its_need() {
        assert_eq!(asked_for("debt help for veterans", &[]), ["for the forces"]);
        assert_eq!(asked_for("just got out", &["transition-prison"]), ["for people from prison"]);
        assert_eq!(asked_for("learn the language", &["learning-english"]), ["for refugees"]);
        assert_eq!(asked_for("sponsored run", &[]), [FOR_FUNDRAISERS]);
        assert_eq!(asked_for("debt", &["money-debt"]), [""; 0]);
    }
}
