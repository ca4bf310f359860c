//! What somebody asks for, as they wrote it, and the form that they write it into.

use chrono::Weekday;
use maud::{Markup, html};

use super::language::{Language, rightwards, say, say_with, spoken};
use crate::{
    http::{Parameters, Problem},
    model::languages,
    search::{Delivery, Times, Wanted},
};

/// Days of the week, as the form sends them and as it shows them.
const DAYS: [(&str, &str, Weekday); 7] = [
    ("MO", "Monday", Weekday::Mon),
    ("TU", "Tuesday", Weekday::Tue),
    ("WE", "Wednesday", Weekday::Wed),
    ("TH", "Thursday", Weekday::Thu),
    ("FR", "Friday", Weekday::Fri),
    ("SA", "Saturday", Weekday::Sat),
    ("SU", "Sunday", Weekday::Sun),
];
/// Ways in which help can be had, as the form shows them.
const WAYS: [(&str, &str); 3] = [("in_person", "In person"), ("phone", "By phone"), ("online", "Online")];

/// What a place may have for people to get in and take part, as the form sends it (the words that listings say about
/// access) and as it shows it.
const ACCESS: [(&str, &str); 5] = [
    ("step_free", "Step-free entrance"),
    ("accessible_toilet", "Accessible toilet"),
    ("hearing_loop", "Hearing loop"),
    ("lift", "Lift"),
    ("quiet", "Quiet room or corner"),
];
/// What pages in other languages say beside the box.
const IN_ENGLISH: &str = "Listings are in English. Some everyday words of your language are understood, too.";
/// The oldest that somebody says they are, in years.
const OLDEST: u8 = 120;

/// Services, events, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum What {
    #[default]
    Everything,
    Services,
    Events,
}

const WHAT: [(What, &str, &str); 3] = [
    (What::Everything, "", "Everything"),
    (What::Services, "services", "Services only"),
    (What::Events, "events", "Events and workshops only"),
];

/// What somebody asked for, as they wrote it.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// What they need.
    pub(super) words: String,
    /// Where they are.
    pub(super) postcode: String,
    /// Services, events, or both.
    pub(super) what: What,
    /// Only what costs nothing.
    pub(super) free: bool,
    /// Only what is open now.
    pub(super) open_now: bool,
    /// Only what is there on this day, as `MO`.
    pub(super) day: String,
    /// Only what can be had in this way, as `phone`.
    pub(super) way: String,
    /// Only what takes somebody of this age, as it was written.
    pub(super) age: String,
    /// Only what can be had in this language, as its code.
    pub(super) language: String,
    /// Only where this is there, as listings say it.
    pub(super) access: String,
}

/// How a form shows the choices that narrow a search down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Narrowing {
    /// Not at all.
    Hidden,
    /// Until somebody opens them, unless one was made.
    Folded,
    /// At once.
    Shown,
}

/// What is wrong with one field of the form.
#[derive(Clone, Debug)]
pub(super) struct Mistake {
    /// The field.
    pub(super) field: &'static str,
    /// What to do about it, in the language of the page.
    pub(super) said: String,
}

impl Asked {
    /// Read what was sent. A choice that the form does not have is no choice.
    /// # Errors
    /// When a field stands twice with different values.
    pub(super) fn read(parameters: &Parameters) -> Result<Self, Problem> {
        let text = |name| Ok::<_, Problem>(parameters.text(name)?.unwrap_or_default().to_owned());
        let what = text("what")?;
        let way = text("way")?;
        let day = text("day")?;
        let (language, access) = (text("language")?, text("access")?);
        Ok(Self {
            words: text("q")?,
            postcode: text("postcode")?,
            what: WHAT.iter().find(|(_, name, _)| *name == what).map(|(what, ..)| *what).unwrap_or_default(),
            free: parameters.text("free")?.is_some(),
            open_now: parameters.text("open_now")?.is_some(),
            day: DAYS.iter().find(|(code, ..)| *code == day).map(|(code, ..)| (*code).to_owned()).unwrap_or_default(),
            age: text("age")?.trim().to_owned(),
            language: languages::known(&language).map(|known| known.code.to_owned()).unwrap_or_default(),
            access: ACCESS.iter().find(|(words, _)| *words == access).map(|(words, _)| (*words).to_owned()).unwrap_or_default(),
            way: WAYS.iter().find(|(code, _)| *code == way).map(|(code, _)| (*code).to_owned()).unwrap_or_default(),
        })
    }

    /// Whether nothing was asked.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty() && self.postcode.is_empty() && !self.narrows()
    }

    /// Whether anything beside words and place is asked for.
    pub(super) fn narrows(&self) -> bool {
        let chosen = [&self.day, &self.way, &self.age, &self.language, &self.access];
        self.what != What::Everything || self.free || self.open_now || chosen.iter().any(|choice| !choice.is_empty())
    }

    /// Whether the age is none that anybody has.
    pub(super) fn has_no_age(&self) -> bool {
        !self.age.is_empty() && self.years().is_none()
    }

    fn years(&self) -> Option<f64> {
        self.age.parse::<u8>().ok().filter(|age| *age <= OLDEST).map(f64::from)
    }

    /// What is wanted, but for the place.
    pub(super) fn wanted(&self) -> Wanted {
        let day = DAYS.iter().find(|(code, ..)| *code == self.day).map(|(.., day)| *day);
        Wanted {
            text: self.words.clone(),
            relaxed: true,
            only_current: true,
            free: self.free,
            open_now: self.open_now,
            times: day.map(Times::on),
            ages: self.years().map(|age| (age, age)),
            language: Some(self.language.clone()).filter(|language| !language.is_empty()),
            accessibility: Some(self.access.replace('_', " ")).filter(|access| !access.is_empty()),
            delivery: Delivery::ALL.iter().find(|(_, name)| *name == self.way).map(|(way, _)| *way),
            events: match self.what {
                What::Everything => None,
                What::Services => Some(false),
                What::Events => Some(true),
            },
            ..Wanted::default()
        }
    }

    /// Names and values of every field that is not empty.
    pub(super) fn fields(&self) -> Vec<(&'static str, &str)> {
        let what = WHAT.iter().find(|(what, ..)| *what == self.what).map_or("", |(_, name, _)| *name);
        let flag = |on: bool| if on { "yes" } else { "" };
        let all = [
            ("q", self.words.as_str()),
            ("postcode", &self.postcode),
            ("what", what),
            ("free", flag(self.free)),
            ("open_now", flag(self.open_now)),
            ("day", &self.day),
            ("way", &self.way),
            ("age", &self.age),
            ("language", &self.language),
            ("access", &self.access),
        ];
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// The path and query of the same search by link.
    pub(super) fn path(&self) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(self.fields()).finish();
        format!("/directory/search?{query}")
    }

    /// The same without one of its narrower wishes, with what that wish was.
    pub(super) fn wider(&self) -> Vec<(String, Self)> {
        let mut wider = Vec::new();
        let mut without = |said: &str, change: &dyn Fn(&mut Self)| {
            let mut asked = self.clone();
            change(&mut asked);
            wider.push((said.to_owned(), asked));
        };
        if self.free {
            without(say("Free only"), &|asked| asked.free = false);
        }
        if self.open_now {
            without(say("Open now"), &|asked| asked.open_now = false);
        }
        if let Some((_, name, _)) = DAYS.iter().find(|(code, ..)| *code == self.day) {
            without(&say_with("On a {day}", &[("day", say(name))]), &|asked| asked.day.clear());
        }
        if let Some((_, name)) = WAYS.iter().find(|(code, _)| *code == self.way) {
            without(say(name), &|asked| asked.way.clear());
        }
        if !self.age.is_empty() {
            without(&say_with("For age {age}", &[("age", &self.age)]), &|asked| asked.age.clear());
        }
        if let Some(language) = languages::known(&self.language) {
            without(&say_with("In {language}", &[("language", language.name)]), &|asked| asked.language.clear());
        }
        if let Some((_, name)) = ACCESS.iter().find(|(words, _)| *words == self.access) {
            without(say(name), &|asked| asked.access.clear());
        }
        if let Some((.., name)) = WHAT.iter().find(|(what, ..)| *what == self.what && *what != What::Everything) {
            without(say(name), &|asked| asked.what = What::Everything);
        }
        wider
    }
}

/// A button that asks for this, with everything in the body of the request.
/// `carried` are further hidden fields.
pub(super) fn button(asked: &Asked, carried: &Markup, class: &str, words: &Markup) -> Markup {
    html! {
        form method="post" action="/directory/search" {
            @for (name, value) in asked.fields() { input type="hidden" name=(name) value=(value); }
            (carried)
            button class=(class) { (words) }
        }
    }
}

/// The search form, with what was written and what is wrong with it. `narrowing` shows the choices
/// that narrow a search down.
pub(super) fn form(asked: &Asked, mistakes: &[Mistake], narrowing: bool) -> Markup {
    form_with(asked, mistakes, if narrowing { Narrowing::Shown } else { Narrowing::Hidden }, &html! {})
}

/// The same with hidden fields that are carried along.
pub(super) fn form_with(asked: &Asked, mistakes: &[Mistake], narrowing: Narrowing, carried: &Markup) -> Markup {
    let wrong = |field: &str| mistakes.iter().find(|mistake| mistake.field == field).map(|mistake| mistake.said.as_str());
    let described =
        |field: &str| if wrong(field).is_some() { format!("{field}-hint {field}-error") } else { format!("{field}-hint") };
    let message = |field: &str| {
        html! {
            @if let Some(said) = wrong(field) { p class="error" id=(format!("{field}-error")) { span class="unseen" { (say("Error:")) " " } (said) } }
        }
    };
    html! {
        form class="search" method="post" action="/directory/search" role="search" aria-label=(say("Services")) {
            (carried)
            div class=(if wrong("q").is_some() { "field wrong" } else { "field" }) {
                label for="q" { (say("What do you need help with?")) }
                p class="hint" id="q-hint" { (say("Use your own words, such as “behind on rent”.")) @if spoken() != Language::English { " " (say(IN_ENGLISH)) } }
                (message("q"))
                input type="text" id="q" name="q" value=(asked.words) autocomplete="off" aria-describedby=(described("q")) aria-invalid=[wrong("q").map(|_| "true")];
            }
            div class=(if wrong("postcode").is_some() { "field wrong" } else { "field" }) {
                label for="postcode" { (say("Postcode or town (optional)")) }
                p class="hint" id="postcode-hint" { (say("To show the nearest first. The first half, such as LU1, is enough. We do not store it.")) }
                (message("postcode"))
                input class="short" type="text" id="postcode" name="postcode" dir=[rightwards()] value=(asked.postcode) autocomplete="postal-code" aria-describedby=(described("postcode")) aria-invalid=[wrong("postcode").map(|_| "true")];
            }
            @match narrowing {
                Narrowing::Hidden => {},
                Narrowing::Folded => details open[asked.narrows()] { summary { (say("Narrow it down")) } (choices(asked, wrong("age"), &message("age"))) },
                Narrowing::Shown => (choices(asked, wrong("age"), &message("age"))),
            }
            button class="button" { (say("Find help")) }
        }
    }
}

fn choices(asked: &Asked, wrong_age: Option<&str>, message: &Markup) -> Markup {
    let tick = |name: &str, on: bool, words: &str| {
        html! {
            div class="choice" {
                input type="checkbox" id=(name) name=(name) value="yes" checked[on];
                label for=(name) { (say(words)) }
            }
        }
    };
    let select = |name: &str, label: &str, options: &[(&str, &str)], chosen: &str| {
        html! {
            div class="field" {
                label for=(name) { (say(label)) }
                select id=(name) name=(name) {
                    @for (value, words) in options { option value=(value) selected[*value == chosen] { (say(words)) } }
                }
            }
        }
    };
    let days: Vec<(&str, &str)> =
        [("", "Any day")].into_iter().chain(DAYS.iter().map(|(code, name, _)| (*code, *name))).collect();
    let ways: Vec<(&str, &str)> = [("", "In any way")].into_iter().chain(WAYS).collect();
    let access: Vec<(&str, &str)> = [("", "Anything")].into_iter().chain(ACCESS).collect();
    let what: Vec<(&str, &str)> = WHAT.iter().map(|(_, name, words)| (*name, *words)).collect();
    let chosen = WHAT.iter().find(|(what, ..)| *what == asked.what).map_or("", |(_, name, _)| *name);
    html! {
        fieldset {
            legend { (say("Narrow it down")) }
            (tick("free", asked.free, "Free only"))
            (tick("open_now", asked.open_now, "Open now"))
            div class="choices" {
                (select("what", "What", &what, chosen))
                (select("day", "Day", &days, &asked.day))
                (select("way", "How", &ways, &asked.way))
                (select("access", "Access", &access, &asked.access))
                div class="field" {
                    label for="language" { (say("Language")) }
                    select id="language" name="language" {
                        option value="" { (say("Any language")) }
                        @for language in languages::all() { option value=(language.code) lang="en" selected[language.code == asked.language] { (language.name) } }
                    }
                }
                div class=(if wrong_age.is_some() { "field wrong" } else { "field" }) {
                    label for="age" { (say("Age of the person")) }
                    (message)
                    input class="short" type="text" inputmode="numeric" id="age" name="age" value=(asked.age) autocomplete="off" aria-describedby=[wrong_age.map(|_| "age-error")] aria-invalid=[wrong_age.map(|_| "true")];
                }
            }
        }
    }
}
