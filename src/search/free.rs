//! Whether what a listing says of its costs means that it costs nothing, to everybody. In doubt it does not:
//! whoever has no money had better not learn of a price at the door.

use crate::model::text::fold;

/// Ways to say that nothing is to be paid: some hold words that else tell of a price.
const NOTHING_TO_PAY: [&str; 14] = [
    "free of charge",
    "free of cost",
    "without charge",
    "there is no charge",
    "there is no cost",
    "there is no fee",
    "no need to pay",
    "nothing to pay",
    "at no cost",
    "no charge",
    "no cost",
    "no costs",
    "no fee",
    "no fees",
];
/// What may stand before it.
const LEADS: [&str; 6] = ["it is", "this is", "all", "always", "completely", "entirely"];
/// Words that tell of a price, wherever they stand.
const PRICED: [&str; 21] = [
    "charge",
    "charged",
    "charges",
    "concessions",
    "cost",
    "costs",
    "deposit",
    "fee",
    "fees",
    "gbp",
    "paid",
    "pay",
    "payable",
    "pays",
    "pence",
    "pound",
    "pounds",
    "price",
    "priced",
    "prices",
    "subscription",
];
/// Words that say in the same sentence that it is free at some time, or to some people only.
const LIMITED: [&str; 15] = [
    "after",
    "afterwards",
    "except",
    "first",
    "if",
    "member",
    "members",
    "only",
    "other",
    "others",
    "taster",
    "then",
    "trial",
    "unless",
    "until",
];
/// Words that begin what limits it, unless it is [`FOR_EVERYBODY`].
const BEGIN_A_LIMIT: [&str; 8] = ["during", "for", "in", "on", "to", "when", "while", "with"];
const FOR_EVERYBODY: [&str; 14] = [
    "for all",
    "for any",
    "for anybody",
    "for anyone",
    "for everybody",
    "for everyone",
    "to all",
    "to anybody",
    "to anyone",
    "to attend",
    "to everyone",
    "to join",
    "to use",
    "to visit",
];
/// What may follow a bare "free". Something else may be all that is free, such as the parking.
const FREE_THINGS: [&str; 22] = [
    "admission",
    "advice",
    "and",
    "class",
    "classes",
    "course",
    "courses",
    "drop",
    "entry",
    "event",
    "events",
    "group",
    "help",
    "helpline",
    "independent",
    "nhs",
    "service",
    "services",
    "session",
    "sessions",
    "support",
    "workshop",
];

/// Whether `costs` begins by saying that it is free, and nothing in it tells of a price or of a limit.
pub(super) fn says_free(costs: &str) -> bool {
    const GRATIS: &str = "gratis";
    let written = fold(costs);
    if matches!(written.as_str(), "nothing" | "none" | "0") {
        return true;
    }
    let mut words = format!(" {written} ");
    for way in NOTHING_TO_PAY {
        words = words.replace(&format!(" {way} "), &format!(" {GRATIS} "));
    }
    let words = LEADS.iter().find_map(|lead| words.trim().strip_prefix(lead)).unwrap_or(&words).trim();
    let Some((first, behind)) = [GRATIS, "free"].iter().find_map(|word| Some((*word, words.strip_prefix(*word)?))) else {
        return false;
    };
    let certain = first == GRATIS || ends_at_once(costs);
    let priced = names_a_price(costs) || words.split(' ').any(|word| PRICED.contains(&word));
    (behind.is_empty() || behind.starts_with(' ')) && !priced && !is_limited(costs) && means_everything(behind.trim(), certain)
}

/// Whether money is spoken of: "£5", "50p", "5 euros".
pub(super) fn names_a_price(costs: &str) -> bool {
    let pence = |word: &str| word.strip_suffix('p').is_some_and(|number| number.parse::<u32>().is_ok());
    costs.contains(['£', '€', '$']) || fold(costs).split(' ').any(|word| pence(word) || word.starts_with("euro"))
}

/// Whether the first sentence says that it is not free always, or not to all.
fn is_limited(costs: &str) -> bool {
    let sentence = costs.split(['.', '!', '\n']).next().unwrap_or_default();
    fold(sentence).split(' ').any(|word| LIMITED.contains(&word))
}

/// Whether a sign after "free" ends what it says.
fn ends_at_once(costs: &str) -> bool {
    let lower = costs.trim_start().to_lowercase();
    let Some(rest) = lower.strip_prefix("free") else { return false };
    rest.starts_with([',', '.', ';', ':', '!', '–', '—'])
        || rest.trim_start().starts_with(['(', '–', '—'])
        || rest.starts_with(" -")
}

/// Whether "free" speaks of all of it: `certain` where it ends there, else by what is `behind` it.
fn means_everything(behind: &str, certain: bool) -> bool {
    let next = behind.split(' ').next().unwrap_or_default();
    if BEGIN_A_LIMIT.contains(&next) {
        let whom = |whom: &str| behind.strip_prefix(whom).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        return FOR_EVERYBODY.iter().any(|words| whom(words));
    }
    certain || next.is_empty() || next == "gratis" || FREE_THINGS.contains(&next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_costs_nothing_is_free() {
        for costs in [
            "Free",
            "free.",
            "FREE!",
            "Free of charge",
            "Free of charge to everyone",
            "Free of charge, booking needed",
            "No charge",
            "There is no charge.",
            "Nothing",
            "Free, no need to book",
            "Free (donations welcome)",
            "Free – just turn up",
            "Free - just turn up",
            "Free for everyone",
            "Free to use",
            "Free and confidential",
            "Free entry",
            "Free. Tea and coffee included.",
            "Free. Please ring first if you need a lift.",
            "Free, no charge",
            "Completely free",
            "It is free",
            "Free NHS service",
        ] {
            assert!(says_free(costs), "{costs}");
        }
    }

    #[test]
    fn what_costs_something_or_somebody_is_not() {
        for costs in [
            "",
            "£4 a visit",
            "Free first session, then £5 a week",
            "Free for members; £5 for others",
            "Freelance tutors, £12 an hour",
            "Free-lance tutors",
            "Free for members",
            "Free, for carers",
            "Free trial",
            "Free until March",
            "Free, then five pounds",
            "Free if you are on benefits",
            "Free parking",
            "Free (charges apply for materials)",
            "Free on Tuesdays",
            "Free for over 60s, 50p for others",
            "Freehold advice",
            "Ask us",
            "Sugar-free snacks",
            "Free, £2 for lunch",
            "First session free",
        ] {
            assert!(!says_free(costs), "{costs}");
        }
    }
}
