//! Contacts and phones: how to reach somebody, and whether the world may know.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    entity,
    parts::Language,
    taxonomy::Attribute,
    values::{EmailAddress, Number},
    with_only,
};

/// The member by which a phone names the contact whose number it is.
pub(super) const CONTACT: &str = "contact_id";

/// Who may see a contact or a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Visibility {
    /// Everyone.
    Public,
    /// Only people who manage the record.
    Private,
    /// It came from a public source but looks personal; private until someone confirms it.
    Unconfirmed,
}

entity! {
    /// A person or desk to contact.
    Contact {
        /// Identifier.
        req id: Uuid = "0c1f1c1e-8a52-4c5b-9a41-9d5b6f5c4a3b",
        /// Name of the person or desk.
        #[schemars(length(max = 1_000))]
        opt name: String = "Reception",
        /// Job title or role.
        opt title: String = "Duty adviser",
        /// Department.
        opt department: String = "Money advice",
        /// Email address.
        opt email: EmailAddress = "advice@marsh-farm-pantry.example.org",
        /// Phone numbers of this contact. They are visible only where the contact is.
        many phones: Phone,
        /// Classifications.
        many attributes: Attribute,
        /// Who may see it. A contact without this is private, so that nobody is published by accident.
        opt visibility: Visibility = "public",
    }
}

impl Contact {
    /// Whether the world may see this contact.
    pub fn is_public(&self) -> bool {
        self.visibility == Some(Visibility::Public)
    }

    /// Its numbers: its own, and those `elsewhere` in the record that name it.
    pub fn numbers<'a>(&'a self, elsewhere: &'a [Phone]) -> impl Iterator<Item = &'a Phone> {
        self.phones.iter().chain(elsewhere.iter().filter(move |phone| phone.contact() == Some(self.id)))
    }
}

entity! {
    /// A phone number.
    Phone {
        /// Identifier.
        req id: Uuid = "b1e3b1f0-5f3f-4b39-8f64-4a4a2c9d6b10",
        /// The number as people dial it.
        req number: String = "01632 960123",
        /// Extension at that number.
        opt extension: Number = 12,
        /// The type of line, such as voice, text, cell, video.
        #[serde(rename = "type")]
        opt phone_type: String = "voice",
        /// What the line is for and when it is answered.
        opt description: String = "Weekdays 9am to 5pm",
        /// Languages spoken on it.
        many languages: Language,
        /// Who may see it. A phone without this is as public as the record it is in, or as the contact that it names.
        opt visibility: Visibility = "public",
    }
}

impl Phone {
    /// A number with nothing else about it.
    pub fn new(id: Uuid, number: &str) -> Self {
        with_only(serde_json::json!({"id": id, "number": number}))
    }

    /// Whether the world may see this number where its record is seen.
    pub fn is_public(&self) -> bool {
        matches!(self.visibility, None | Some(Visibility::Public))
    }

    /// Whether the world may see it beside the contacts that are `shown`: one that names a contact is as private as that
    /// contact.
    pub fn is_public_beside(&self, shown: &[Uuid]) -> bool {
        self.is_public() && self.contact().is_none_or(|contact| shown.contains(&contact))
    }

    /// Whether only a fax answers.
    pub fn is_fax(&self) -> bool {
        self.phone_type.as_deref().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("fax"))
    }

    /// As people write it, and as spreadsheets are read: "01632 960123 ext 12", "01632 960124 (fax)".
    pub fn in_words(&self) -> String {
        let extension = self.extension.map(|Number(extension)| format!(" ext {extension}")).unwrap_or_default();
        let fax = if self.is_fax() { " (fax)" } else { "" };
        format!("{}{extension}{fax}", self.number)
    }

    /// The contact whose number it is, where it says so: the standard has `contact_id` for phones, wherever they stand.
    /// What is no id is nobody's.
    pub fn contact(&self) -> Option<Uuid> {
        let named = self.extra.get(CONTACT).filter(|named| !named.is_null())?;
        Some(named.as_str().and_then(|id| Uuid::try_parse(id).ok()).unwrap_or_default())
    }
}

/// The numbers to ring among what is public: the `phones`, or else those of the `contacts`, which is the only place that
/// the UK profile has for them. A fax is none.
pub fn to_ring<'a>(phones: &'a [Phone], contacts: &'a [Contact]) -> Vec<&'a Phone> {
    let own: Vec<&Phone> = phones.iter().filter(|phone| !phone.is_fax()).collect();
    if own.is_empty() {
        contacts.iter().flat_map(|contact| &contact.phones).filter(|phone| !phone.is_fax()).collect()
    } else {
        own
    }
}

/// Whether a number is one that people can ring: digits, with what is usual between them, and as many as such
/// numbers have.
pub fn is_number(text: &str) -> bool {
    let usual = |c: char| c.is_ascii_digit() || " \u{a0}+-()./*#,\u{2010}\u{2011}\u{2013}".contains(c);
    let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
    let all_alike = digits.len() > 3 && digits.iter().all(|digit| Some(digit) == digits.first());
    text.chars().all(usual) && !all_alike && !is_fraction(text) && has_the_length_of_a_number(text, digits.len())
}

/// From abroad, from here, or a short code; with keys to press behind it there may be more digits.
fn has_the_length_of_a_number(text: &str, digits: usize) -> bool {
    let most = |most: usize| if text.contains(['*', '#', ',']) { 20 } else { most };
    match text.trim_start_matches([' ', '\u{a0}', '(']).chars().next() {
        Some('+') => (8..=most(16)).contains(&digits),
        Some('0') if text.trim_start().starts_with("00") => (9..=20).contains(&digits),
        // Childline has eight.
        Some('0') => (8..=most(11)).contains(&digits),
        _ => (3..=20).contains(&digits) && !has_lost_its_zero(text),
    }
}

/// Whether a spreadsheet has made a number of it: "4.41633".
fn is_fraction(text: &str) -> bool {
    text.trim().split_once('.').is_some_and(|(whole, rest)| {
        whole.len() == 1 && rest.len() > 1 && [whole, rest].concat().bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Whether it is as long as a British number, without the 0 in front that spreadsheets take away.
pub fn has_lost_its_zero(text: &str) -> bool {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
    !text.contains('+') && matches!(digits.len(), 9 | 10) && matches!(digits[0], '1' | '2' | '3' | '5' | '7' | '8')
}

/// "01978 265000 ext. 12", "01978 265000 x12": the number and its extension, where there is one.
pub fn number_and_extension(text: &str) -> Option<(String, u32)> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let begins = text.trim_end().rfind(|c: char| !c.is_ascii_digit()).map(|at| at + 1)?;
    let extension = text.get(begins..)?.trim();
    let word = text[..begins].trim_end_matches([' ', '.', ':', '\u{a0}']);
    let number = ["extension", "extn", "ext", "x"].into_iter().find_map(|end| {
        let at = word.len().checked_sub(end.len())?;
        let said = word.get(at..).filter(|said| said.eq_ignore_ascii_case(end));
        // "Fax 12" ends with an x as well.
        said.map(|_| &word[..at]).filter(|number| !number.ends_with(char::is_alphabetic))
    })?;
    let number = number.trim_end_matches([' ', ',', '(', '-', '.']);
    let is_number = number.bytes().filter(u8::is_ascii_digit).count() >= 3 && (1..=6).contains(&extension.len());
    (is_number && digits(extension)).then(|| Some((number.to_owned(), extension.parse().ok()?))).flatten()
}

#[cfg(test)]
mod tests {
    use super::{has_lost_its_zero, is_number, number_and_extension};

    #[test]
    fn a_number_is_one_that_can_be_rung() {
        for number in [
            "01582 123456",
            "(01582) 123456",
            "+44 (0)1582 123456",
            "0800 1111",
            "999",
            "116 123",
            "18001 0800 123 4567",
            "265000",
            "0044 1582 123456",
            "01582 123456,,12#",
            "0845 46 47",
            "101",
        ] {
            assert!(is_number(number), "{number}");
        }
        for number in ["00000", "0000000000", "4.41633", "1632960111", "0163296011122233", "12", "ring us", "+44 1", "7700900123"]
        {
            assert!(!is_number(number), "{number}");
        }
        assert!(has_lost_its_zero("1632 960111") && !has_lost_its_zero("01632 960111") && !has_lost_its_zero("116 123"));
    }

    #[test]
    fn an_extension_is_told_from_its_number() {
        let told = |text| number_and_extension(text);
        for text in ["01978 265000 ext. 12", "01978 265000 ext 12", "01978 265000, extension 12", "01978 265000 x12"] {
            assert_eq!(told(text), Some(("01978 265000".to_owned(), 12)), "{text}");
        }
        for text in ["01978 265000", "01978 265000 Fax 12", "ext 12", "0800 FLOWERS x", "ring 01978 265000 at 12", "", "ünï 5"]
        {
            assert_eq!(told(text), None, "{text}");
        }
    }
}
