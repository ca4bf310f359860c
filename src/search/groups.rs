//! Help that is for one group of people, as its name says: it stands behind what is for everybody, unless somebody
//! asks for that group.

use super::fields::words_of;

/// Marks what is for everybody.
pub(super) const FOR_EVERYBODY: &str = "for everybody";

/// Groups, each with the beginnings of words that name it and the need that asks for it as well.
const GROUPS: [(&str, &[&str], &str); 7] = [
    ("for the forces", &["veteran", "forces", "army", "military"], "transition-forces"),
    ("for care leavers", &["leaver"], "transition-care"),
    ("for people from prison", &["prison", "offender"], "transition-prison"),
    ("for carers", &["carer"], "caring-carers"),
    ("for refugees", &["refugee", "asylum", "newcomer"], "legal-immigration"),
    ("for deaf people", &["deaf"], "health-disability"),
    ("for students", &["student"], ""),
];

/// What something is for by its name: the marks of its groups, or that of everybody.
pub(super) fn marks_of(name: &str) -> Vec<&'static str> {
    let groups = named_in(name);
    if groups.is_empty() { vec![FOR_EVERYBODY] } else { groups }
}

/// The marks of the groups that somebody asks for, by their words or by what they need.
pub(super) fn asked_for(text: &str, needs: &[&str]) -> Vec<&'static str> {
    let mut marks = named_in(text);
    marks.extend(GROUPS.iter().filter(|(.., need)| needs.contains(need)).map(|(mark, ..)| *mark));
    marks
}

fn named_in(text: &str) -> Vec<&'static str> {
    let words = words_of(text);
    let has = |begin: &str| words.iter().any(|word| word.text.starts_with(begin));
    GROUPS.iter().filter(|(_, begins, _)| begins.iter().any(|begin| has(begin))).map(|(mark, ..)| *mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_for_whom_something_is() {
        assert_eq!(marks_of("Veterans' breakfast and advice"), ["for the forces"]);
        assert_eq!(marks_of("Care leavers' base"), ["for care leavers"]);
        assert_eq!(marks_of("Citizens Advice Luton"), [FOR_EVERYBODY]);
        assert_eq!(marks_of(""), [FOR_EVERYBODY]);
    }

    #[test]
    fn a_group_is_asked_for_by_its_words_or_its_need() {
        assert_eq!(asked_for("debt help for veterans", &[]), ["for the forces"]);
        assert_eq!(asked_for("just got out", &["transition-prison"]), ["for people from prison"]);
        assert_eq!(asked_for("debt", &["money-debt"]), [""; 0]);
    }
}
