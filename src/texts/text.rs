//! One text, and what is wrong with one that somebody wrote.

use std::{fmt, str::FromStr};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::place::{LocalTime, Places};

/// Longest title, in characters.
const LONGEST_TITLE: usize = 120;
/// Longest summary, in characters.
const LONGEST_SUMMARY: usize = 300;
/// Longest text, in characters.
const LONGEST_BODY: usize = 40_000;
/// Longest text of a notice, in characters: it stands on every page.
const LONGEST_NOTICE: usize = 500;
/// Longest that a notice stands, in days, so that none is forgotten.
const LONGEST_STANDING: i64 = 92;
/// Most needs that a guide is about.
const MOST_NEEDS: usize = 12;

/// What a text is called in addresses: small letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

impl Slug {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// One made from a title.
    pub fn of_title(title: &str) -> Option<Self> {
        let words = crate::model::text::fold(title);
        let plain: String = words.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).take(8).collect();
        parts.join("-").chars().take(60).collect::<String>().trim_end_matches('-').parse().ok()
    }
}

impl FromStr for Slug {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let whole = (1..=60).contains(&text.len()) && text.chars().all(letters);
        if whole && !text.starts_with('-') && !text.ends_with('-') {
            Ok(Self(text.to_owned()))
        } else {
            Err("lower-case letters, digits and hyphens, such as help-with-rent".to_owned())
        }
    }
}

impl TryFrom<String> for Slug {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A page about a hardship: what it is, what to do first.
    Guide,
    /// A few words on every page, for a while.
    Notice,
    /// A page about the site, one of [`Text::PAGES`].
    Page,
}

impl Kind {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guide => "guide",
            Self::Notice => "notice",
            Self::Page => "page",
        }
    }
}

impl FromStr for Kind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Guide, Self::Notice, Self::Page];
        all.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| "guide, notice or page".to_owned())
    }
}

/// How loud a notice is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// People are in danger: a fire, a flood, an evacuation.
    Emergency,
    /// Severe weather: snow, heat, storm.
    Weather,
    /// Anything else.
    #[default]
    News,
}

impl Level {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::Weather => "weather",
            Self::News => "news",
        }
    }
}

impl FromStr for Level {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Emergency, Self::Weather, Self::News];
        all.into_iter().find(|level| level.as_str() == text).ok_or_else(|| "emergency, weather or news".to_owned())
    }
}

/// A text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// What kind of text it is.
    pub kind: Kind,
    /// Its title.
    pub title: String,
    /// What a list of guides says about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// Codes of needs that a guide is about; listings for them are offered below it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// Whether somebody may be in danger if others see them reading it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quiet: bool,
    /// The day by which somebody has to review it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_by: Option<NaiveDate>,
    /// How loud a notice is.
    #[serde(default, skip_serializing_if = "is_news")]
    pub level: Level,
    /// When a notice begins to stand; at once when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LocalTime>,
    /// When a notice ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<LocalTime>,
    /// Where a notice is for.
    #[serde(default, skip_serializing_if = "Places::everywhere")]
    pub places: Places,
    /// Markdown. `{name}` stands for the directory's name.
    #[serde(default)]
    pub body: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_news(level: &Level) -> bool {
    *level == Level::News
}

/// What is wrong with a text: the field, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The field.
    pub field: &'static str,
    /// What would be right.
    pub said: String,
}

impl Text {
    /// Pages about the site, with what they are for.
    pub const PAGES: [(&str, &str); 5] = [
        ("accessibility", "The accessibility statement that the regulations prescribe"),
        ("privacy", "The privacy notice"),
        ("about", "What this directory is, on the page about it"),
        ("footer", "A few words at the bottom of every page: who runs the site and how to contact them"),
        ("listing-policy", "What is listed here, and what is not"),
    ];

    /// An empty text of a kind.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            title: String::new(),
            summary: String::new(),
            needs: Vec::new(),
            quiet: false,
            review_by: None,
            level: Level::default(),
            from: None,
            until: None,
            places: Places::default(),
            body: String::new(),
        }
    }

    /// What is wrong with it, at `now`, for a text called `slug`; nothing when it may be kept.
    pub fn mistakes(&self, slug: &Slug, now: DateTime<Utc>) -> Vec<Wrong> {
        let rules = [Self::check_lengths, Self::check_guide, Self::check_notice, Self::check_characters];
        let mut wrong: Vec<Wrong> = rules.iter().flat_map(|rule| rule(self, now)).collect();
        let is_page = Self::PAGES.iter().any(|(page, _)| *page == slug.as_str());
        if is_page != (self.kind == Kind::Page) {
            let pages: Vec<&str> = Self::PAGES.iter().map(|(page, _)| *page).collect();
            wrong.push(Wrong {
                field: "slug",
                said: format!("the names {} are only for pages, and pages have no other names", pages.join(", ")),
            });
        }
        wrong
    }

    fn check_lengths(&self, _: DateTime<Utc>) -> Vec<Wrong> {
        let longest_body = if self.kind == Kind::Notice { LONGEST_NOTICE } else { LONGEST_BODY };
        let limits = [
            ("title", &self.title, 1, LONGEST_TITLE),
            ("summary", &self.summary, 0, LONGEST_SUMMARY),
            ("body", &self.body, 1, longest_body),
        ];
        limits
            .into_iter()
            .filter_map(|(field, text, least, most)| match text.trim().chars().count() {
                0 if least > 0 => {
                    Some(Wrong { field, said: format!("enter the {}", if field == "body" { "text" } else { field }) })
                }
                length if length > most => Some(Wrong { field, said: format!("at most {most} characters; it has {length}") }),
                _ => None,
            })
            .collect()
    }

    fn check_guide(&self, now: DateTime<Utc>) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        if self.needs.len() > MOST_NEEDS {
            wrong.push(Wrong { field: "needs", said: format!("at most {MOST_NEEDS} needs") });
        }
        if self.kind == Kind::Guide && self.review_by.is_none() {
            wrong.push(Wrong { field: "review_by", said: "enter the date by which someone must review it again".to_owned() });
        }
        let today = now.with_timezone(&chrono_tz::Europe::London).date_naive();
        if self.review_by.is_some_and(|day| day < today) {
            wrong.push(Wrong { field: "review_by", said: "is in the past: someone must review the text first".to_owned() });
        }
        wrong
    }

    fn check_notice(&self, now: DateTime<Utc>) -> Vec<Wrong> {
        let wrong = |field, said: &str| vec![Wrong { field, said: said.to_owned() }];
        let begins = self.from.map_or(now, LocalTime::instant);
        match (self.kind, self.until.map(LocalTime::instant)) {
            (Kind::Notice, None) => wrong("until", "enter when it ends, so that it is not forgotten"),
            (Kind::Notice, Some(ends)) if ends <= begins => wrong("until", "it must end after it starts, and in the future"),
            (Kind::Notice, Some(ends)) if ends - begins > TimeDelta::days(LONGEST_STANDING) => {
                wrong("until", "a notice can be shown for at most three months")
            }
            (Kind::Guide | Kind::Page, _) if !self.places.everywhere() => {
                wrong("places", "only notices can be limited to some areas")
            }
            _ => Vec::new(),
        }
    }

    fn check_characters(&self, _: DateTime<Utc>) -> Vec<Wrong> {
        let fields = [("title", &self.title), ("summary", &self.summary), ("body", &self.body)];
        fields
            .into_iter()
            .filter(|(_, text)| crate::model::text::clean(text) != text.trim())
            .map(|(field, _)| Wrong { field, said: "it contains invisible characters; type it again without them".to_owned() })
            .collect()
    }

    /// Whether it stands at `now`: a notice has a beginning and an end.
    pub fn stands(&self, now: DateTime<Utc>) -> bool {
        self.kind != Kind::Notice
            || (self.from.is_none_or(|from| from.instant() <= now) && self.until.is_some_and(|until| now < until.instant()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-26T09:00:00Z".parse().unwrap()
    }

    fn said(slug: &str, text: &Text) -> Vec<&'static str> {
        text.mistakes(&slug.parse().unwrap(), now()).into_iter().map(|wrong| wrong.field).collect()
    }

    #[test]
    fn a_notice_has_an_end_that_is_not_far_away() {
        let snow = |until: Option<&str>| Text {
            title: "Snow".to_owned(),
            body: "Buses may not run.".to_owned(),
            until: until.map(|until| until.parse().unwrap()),
            ..Text::new(Kind::Notice)
        };
        assert_eq!(said("snow", &snow(None)), ["until"]);
        assert_eq!(said("snow", &snow(Some("2026-11-26T08:00"))), ["until"]);
        assert_eq!(said("snow", &snow(Some("2027-11-26"))), ["until"]);
        assert!(said("snow", &snow(Some("2026-11-28"))).is_empty());
        assert!(snow(Some("2026-11-28")).stands(now()));
        assert!(!snow(Some("2026-11-26T09:00")).stands(now()), "the end does not belong to it");
    }

    #[test]
    fn a_guide_has_a_day_for_its_next_review_and_no_name_of_a_page() {
        let guide = Text { title: "Rent".to_owned(), body: "Ring.".to_owned(), ..Text::new(Kind::Guide) };
        assert_eq!(said("rent", &guide), ["review_by"]);
        assert_eq!(said("privacy", &guide), ["review_by", "slug"]);
        assert_eq!(said("rent", &Text { kind: Kind::Page, ..guide }), ["slug"]);
    }

    #[test]
    fn an_address_is_made_from_a_title() {
        assert_eq!(
            Slug::of_title("You’re behind with your rent – what now?").unwrap().as_str(),
            "youre-behind-with-your-rent-what-now"
        );
        assert_eq!(Slug::of_title("…"), None);
        assert!("Help me".parse::<Slug>().is_err() && "-a".parse::<Slug>().is_err());
    }
}
