//! Signs that a name, a number or a mailbox is a person's own, and not a desk's or a group's.

use crate::model::{text::fold, values::EmailAddress};

/// Domains where anybody can have a mailbox, so that sharing one proves nothing.
const EVERYBODYS: &[&str] = &[
    "aim.com",
    "aol.co.uk",
    "aol.com",
    "blueyonder.co.uk",
    "btconnect.com",
    "btinternet.com",
    "btopenworld.com",
    "duck.com",
    "email.com",
    "fastmail.com",
    "freeserve.co.uk",
    "fsnet.co.uk",
    "gmail.com",
    "googlemail.com",
    "hushmail.com",
    "icloud.com",
    "interia.pl",
    "lineone.net",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "ntlworld.com",
    "o2.co.uk",
    "o2.pl",
    "onet.eu",
    "onet.pl",
    "onetel.com",
    "orange.net",
    "pipex.com",
    "plus.com",
    "plusnet.com",
    "pm.me",
    "proton.me",
    "protonmail.com",
    "rocketmail.com",
    "sky.com",
    "supanet.com",
    "talk21.com",
    "talktalk.net",
    "tesco.net",
    "tiscali.co.uk",
    "tuta.io",
    "tutanota.com",
    "uk2.net",
    "virgin.net",
    "virginmedia.com",
    "wp.pl",
    "waitrose.com",
    "yandex.com",
    "ymail.com",
    "zoho.com",
];

/// Providers that have a domain in every country.
const EVERYBODYS_BEGIN: &[&str] = &["gmx.", "hotmail.", "live.", "outlook.", "yahoo."];

/// Whether anybody can have a mailbox in this domain.
pub fn is_everybodys_domain(domain: &str) -> bool {
    EVERYBODYS.contains(&domain) || EVERYBODYS_BEGIN.iter().any(|start| domain.starts_with(start))
}

/// Words that name a desk or a group, not a person.
const ROLES: [&str; 60] = [
    "team",
    "desk",
    "adviser",
    "advisor",
    "advice",
    "reception",
    "manager",
    "office",
    "officer",
    "service",
    "services",
    "referrals",
    "referral",
    "duty",
    "enquiries",
    "enquiry",
    "helpline",
    "council",
    "centre",
    "center",
    "coordinator",
    "admin",
    "administrator",
    "line",
    "support",
    "lead",
    "the",
    "community",
    "group",
    "club",
    "info",
    "hello",
    "contact",
    "help",
    "mail",
    "volunteer",
    "volunteers",
    "worker",
    "secretary",
    "chair",
    "treasurer",
    "trust",
    "project",
    "charity",
    "church",
    "hall",
    "pantry",
    "bank",
    "hub",
    "house",
    "library",
    "school",
    "bookings",
    "booking",
    "general",
    "main",
    "head",
    "director",
    "housing",
    "customer",
];

const TITLES: [&str; 9] = ["mr", "mrs", "ms", "miss", "mx", "dr", "rev", "revd", "cllr"];

/// Whether `name` looks like that of a person: two or three words with capitals, none of which
/// names a role.
pub fn is_a_persons_name(name: &str) -> bool {
    let words: Vec<&str> = name.split_whitespace().collect();
    let Some(first) = words.first() else { return false };
    if TITLES.contains(&fold(first).as_str()) {
        return words.len() > 1;
    }
    let like_a_name = |word: &&str| {
        word.chars().next().is_some_and(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’' | '.'))
            && word.chars().any(char::is_lowercase)
            && !ROLES.contains(&fold(word).as_str())
    };
    (2..=3).contains(&words.len()) && words.iter().all(like_a_name)
}

/// A number as it is dialled in this country, with nothing but its digits.
pub(super) fn national(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let abroad = digits.strip_prefix("0044").or_else(|| digits.strip_prefix("44"));
    abroad.map_or(digits.clone(), |rest| format!("0{}", rest.trim_start_matches('0')))
}

pub(super) fn is_mobile(number: &str) -> bool {
    let national = national(number);
    national.starts_with("07") && !national.starts_with("070")
}

/// Words that say when or how a phone is answered.
const OF_PHONES: [&str; 31] = [
    "mobile",
    "mob",
    "cell",
    "tel",
    "telno",
    "ph",
    "textphone",
    "landline",
    "freephone",
    "switchboard",
    "fax",
    "phone",
    "telephone",
    "text",
    "texts",
    "sms",
    "whatsapp",
    "evening",
    "evenings",
    "weekend",
    "weekends",
    "weekdays",
    "daytime",
    "morning",
    "mornings",
    "emergency",
    "urgent",
    "voicemail",
    "answerphone",
    "hours",
    "minicom",
];

/// Whether what stands beside a mobile number may be somebody's name: it names neither a desk nor the record.
pub(super) fn may_be_somebody(name: &str, record: &str) -> bool {
    let (folded, record) = (fold(name), fold(record));
    let mut words = folded.split(' ');
    let of_the_record = |word: &str| word.len() > 3 && record.split(' ').any(|known| known == word);
    name.chars().any(char::is_alphabetic)
        && !words.any(|word| ROLES.contains(&word) || OF_PHONES.contains(&word) || of_the_record(word))
}

/// Whether the words beside a number are somebody's name: a name as it is usually written, or one to three words with
/// capitals that say nothing else. `record` is what else is known of it: its name, where it is.
pub fn is_somebodys(words: &str, record: &str) -> bool {
    let capitals = words.split_whitespace().all(|word| {
        word.chars().next().is_some_and(char::is_uppercase) && word.chars().all(|c| c.is_alphabetic() || "-'’.".contains(c))
    });
    let few = (1..=3).contains(&words.split_whitespace().count());
    is_a_persons_name(words) || (few && capitals && may_be_somebody(words, record))
}

/// A mailbox at a provider for anybody, whose name is neither a role nor has a word of the record's name in it.
pub(super) fn is_private_mailbox(email: &EmailAddress, record: &str) -> bool {
    let Some((local, domain)) = email.as_str().rsplit_once('@') else { return false };
    if !is_everybodys_domain(domain) {
        return false;
    }
    let record = fold(record);
    let pieces = local.split(|c: char| !c.is_alphabetic()).map(fold);
    // "Line" is a role, and no part of Caroline.
    !pieces.into_iter().any(|piece| ROLES.contains(&piece.as_str()) || is_named_after(&piece, &record))
}

/// Whether a piece of a mailbox is made of words of the record: of two, or of one and hardly anything else. Both are
/// folded; "marshfarm" is Marsh Farm's, "marshall" is somebody's.
fn is_named_after(piece: &str, record: &str) -> bool {
    let (mut left, mut words) = (piece.to_owned(), 0);
    for word in record.split(' ').filter(|word| word.len() > 3) {
        if left.contains(word) {
            left = left.replacen(word, "", 1);
            words += 1;
        }
    }
    words > 1 || (words == 1 && left.chars().count() <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_from_desks() {
        for person in ["Sheila Hopcroft", "Mrs Khan", "Jean-Luc O’Neill", "Dr A Patel"] {
            assert!(is_a_persons_name(person), "{person}");
        }
        for desk in ["Duty adviser", "Reception", "Service Manager", "Referrals Team", "Marsh Farm Pantry", "", "LUTON HUB"] {
            assert!(!is_a_persons_name(desk), "{desk}");
        }
    }

    #[test]
    fn mobiles_and_private_mailboxes_are_recognised() {
        assert!(
            is_mobile("07700 900123") && is_mobile("+44 (0)7700 900123") && !is_mobile("01632 960123") && !is_mobile("070 1632")
        );
        let private = |email: &str| is_private_mailbox(&email.parse().unwrap(), "Marsh Farm Pantry");
        assert!(private("sheila.hopcroft@gmail.com"));
        assert!(!private("marshfarmpantry@gmail.com") && !private("info.mf@gmail.com") && !private("sheila@pantry.example.org"));
        for person in ["caroline.smith@gmail.com", "susan.banks@yahoo.co.uk", "j.marshall@btinternet.com", "p.team1962@pm.me"] {
            assert_eq!(private(person), !person.contains("team"), "{person}");
        }
    }

    #[test]
    fn what_stands_beside_a_mobile_number_is_a_name_unless_it_says_something_else() {
        for name in ["ANNA JONES", "anna jones", "Anna", "A. Jones", "O'Brien, Sean", "van der Berg", "陈伟"] {
            assert!(may_be_somebody(name, "Marsh Farm Pantry"), "{name}");
        }
        for other in ["Duty adviser", "Marsh phone", "Referrals", "Text or WhatsApp", "The Pantry", ""] {
            assert!(!may_be_somebody(other, "Marsh Farm Pantry"), "{other}");
        }
        assert!(is_somebodys("Fay Smith", "Lunch") && is_somebodys("Sheila", "Lunch"));
        assert!(!is_somebodys("Tel", "Lunch") && !is_somebodys("Mob.", "Lunch"));
        assert!(!is_somebodys("Evenings", "Lunch") && !is_somebodys("ring before noon", "Lunch") && !is_somebodys("", "Lunch"));
    }
}
