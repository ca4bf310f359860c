//! The language that a page speaks. What the site itself says stands in English in the templates, and
//! that English is the key under which the catalogues in `content/strings/` have it in other languages.
//!
//! The language of a request travels in its address (`/ur/…`, `/pl/…`), never in a cookie, and never
//! follows from what a browser prefers: devices are shared. Listings, questions and other content are
//! in the language they were written in, and say so where that is not the language of the page.

mod address;
mod catalogue;

use chrono::Weekday;
use maud::{Markup, html};

pub(super) use self::address::{elsewhere, here, is_translated, keep, path, speak, speaking};
use self::catalogue::Catalogue;

/// A language that pages can be had in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Language {
    /// What everything is written in.
    #[default]
    English,
    Urdu,
    Polish,
}

impl Language {
    /// All of them, in the order of the switcher.
    pub(super) const ALL: [Self; 3] = [Self::English, Self::Polish, Self::Urdu];
    /// Those with a catalogue.
    pub(super) const TRANSLATIONS: [Self; 2] = [Self::Polish, Self::Urdu];

    /// Its tag (BCP 47), as links and the catalogues have it.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Urdu => "ur",
            Self::Polish => "pl",
        }
    }

    /// The tag of a whole page.
    pub(super) fn page_tag(self) -> &'static str {
        if self == Self::English { "en-GB" } else { self.tag() }
    }

    /// As link previews write it.
    pub(super) fn locale(self) -> &'static str {
        match self {
            Self::English => "en_GB",
            Self::Urdu => "ur_PK",
            Self::Polish => "pl_PL",
        }
    }

    /// What it calls itself.
    pub(super) fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Urdu => "اردو",
            Self::Polish => "Polski",
        }
    }

    /// Whether it is written from right to left.
    pub(super) fn runs_leftwards(self) -> bool {
        self == Self::Urdu
    }

    /// What addresses of its pages begin with.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::English => "",
            Self::Urdu => "/ur",
            Self::Polish => "/pl",
        }
    }

    /// Whether its clock has 24 hours.
    pub(super) fn counts_24_hours(self) -> bool {
        self == Self::Polish
    }

    /// What stands between thousands and hundreds.
    pub(super) fn thousands_mark(self) -> char {
        if self == Self::Polish { '\u{a0}' } else { ',' }
    }

    /// What stands between units and tenths.
    pub(super) fn decimal_mark(self) -> &'static str {
        if self == Self::Polish { "," } else { "." }
    }

    /// The form of a noun beside so many (Unicode CLDR, plural rules for whole numbers).
    fn form_for(self, number: usize) -> &'static str {
        match self {
            Self::English | Self::Urdu => {
                if number == 1 {
                    "one"
                } else {
                    "other"
                }
            }
            Self::Polish => match (number, number % 10, number % 100) {
                (1, ..) => "one",
                (_, 2..=4, tens) if !(12..=14).contains(&tens) => "few",
                _ => "many",
            },
        }
    }

    /// The form of a word about a day of the week: its gender.
    fn form_of(self, day: Weekday) -> &'static str {
        let feminine = match self {
            Self::English => false,
            Self::Urdu => day == Weekday::Thu,
            Self::Polish => matches!(day, Weekday::Wed | Weekday::Sat | Weekday::Sun),
        };
        if feminine { "feminine" } else { "masculine" }
    }

    fn catalogue(self) -> Option<&'static Catalogue> {
        catalogue::of(self)
    }
}

/// The language of the request that is being answered.
pub(super) fn spoken() -> Language {
    address::language()
}

/// Something that the site says, in the language of the page; in English where that has no words for it.
pub(super) fn say(english: &str) -> &str {
    spoken().catalogue().and_then(|catalogue| catalogue.plain(english)).unwrap_or(english)
}

/// The same with values in it, each in the hole `{name}`.
pub(super) fn say_with(english: &str, values: &[(&str, &str)]) -> String {
    fill(say(english), values)
}

/// The same with parts of a page in it, such as links.
pub(super) fn weave(english: &str, parts: &[(&str, Markup)]) -> Markup {
    let said = say(english);
    html! {
        @for piece in pieces(said) {
            @match piece {
                Piece::Text(text) => (text),
                Piece::Hole(name) => @if let Some((_, part)) = parts.iter().find(|(own, _)| *own == name) { (part) },
            }
        }
    }
}

/// A number in words: "1 service", "2,000 services", "about 3 miles away". The key is `many`;
/// translations have the hole `{n}`, since not every language puts the number first.
pub(super) fn say_count(number: usize, shown: &str, one: &str, many: &str) -> String {
    let language = spoken();
    if let Some(said) = language.catalogue().and_then(|catalogue| catalogue.form(many, language.form_for(number))) {
        return fill(said, &[("n", shown)]);
    }
    let said = if number == 1 { one } else { many };
    if said.contains("{n}") { fill(said, &[("n", shown)]) } else { format!("{shown} {said}") }
}

/// The same for a number with tenths, which has a form of its own.
pub(super) fn say_tenths(shown: &str, english: &str) -> String {
    let said = spoken().catalogue().and_then(|catalogue| catalogue.form(english, "other")).unwrap_or(english);
    fill(said, &[("n", shown)])
}

/// Something about a day of the week, which goes into the hole `{day}`.
pub(super) fn say_of_day(english: &str, day: Weekday, name: &str) -> String {
    let language = spoken();
    let said = language.catalogue().and_then(|catalogue| catalogue.form(english, language.form_of(day))).unwrap_or(english);
    fill(said, &[("day", name)])
}

/// What somebody wrote, marked with its language where that is not the page's.
pub(super) fn as_written(text: &str) -> Markup {
    html! { @if spoken() == Language::English { (text) } @else { span lang="en" dir="ltr" { (text) } } }
}

/// A text of a council's, in the language of the page where that has words for exactly this one.
pub(super) fn translated(text: &str) -> Markup {
    match spoken().catalogue().and_then(|catalogue| catalogue.plain(text)) {
        Some(said) => html! { (said) },
        None => as_written(text),
    }
}

/// The `lang` of an element with content as it was written.
pub(super) fn written_in() -> Option<&'static str> {
    (spoken() != Language::English).then_some("en")
}

/// The `dir` of an element whose content runs to the right whatever the page does: numbers to ring,
/// amounts, postcodes, what was written in English.
pub(super) fn rightwards() -> Option<&'static str> {
    spoken().runs_leftwards().then_some("ltr")
}

/// A part of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Hole(&'a str),
}

/// A sentence taken apart at its holes.
fn pieces(said: &str) -> Vec<Piece<'_>> {
    let mut all = Vec::new();
    let mut rest = said;
    while let Some((text, more)) = rest.split_once('{') {
        let Some((name, after)) = more.split_once('}') else { break };
        all.extend([Piece::Text(text), Piece::Hole(name)]);
        rest = after;
    }
    all.push(Piece::Text(rest));
    all
}

fn fill(said: &str, values: &[(&str, &str)]) -> String {
    let mut whole = String::with_capacity(said.len() + 16);
    for piece in pieces(said) {
        match piece {
            Piece::Text(text) => whole.push_str(text),
            Piece::Hole(name) => {
                let value = values.iter().find(|(own, _)| *own == name).map_or("", |(_, value)| value);
                whole.push_str(&isolated(value));
            }
        }
    }
    whole
}

/// Words in Latin letters inside a sentence that runs leftwards keep their own order, and do not
/// disturb that of the words around them (Unicode's isolates, for where no markup can be).
pub(super) fn isolated(value: &str) -> String {
    let disturbs = spoken().runs_leftwards() && value.chars().any(|letter| letter.is_ascii_alphabetic());
    if disturbs { format!("\u{2068}{value}\u{2069}") } else { value.to_owned() }
}

#[cfg(test)]
mod tests;
