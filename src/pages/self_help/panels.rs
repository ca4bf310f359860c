//! Urgent help and numbers to ring.

use chrono::{DateTime, NaiveDate, Utc};
use maud::{Markup, html};

use crate::{
    model::hours::{Doubt, Opening},
    pages::{
        areas,
        language::{as_written, rightwards, say, say_with, translated, weave, written_in},
        open::{self, Days},
        phones, words,
    },
    self_help::{
        Edition, Numbers, Urgent,
        contacts::{Area, Chooser, Line, Nation, Standing},
    },
};

/// Panels of urgent help, each with the numbers for where somebody is. `leaving` is said before a link that leads away.
pub(super) fn list(panels: &[Urgent<'_>], chooser: &Chooser<'_>, leaving: &Markup) -> Markup {
    html! { @for told in panels { (one(told, chooser, leaving)) } }
}

fn one(told: &Urgent<'_>, chooser: &Chooser<'_>, leaving: &Markup) -> Markup {
    let id = format!("panel-{}", told.panel.id);
    html! {
        section class="urgent" aria-labelledby=(id) {
            h2 id=(id) { (as_written(told.title)) }
            (lines(&told.lines, chooser))
            @if told.lacks_the_council { (no_number_of_the_council(leaving)) }
            @if !told.holds_here { p { (say("The rules are different where you are. Say what has happened, and ask what they can do.")) } }
            @for paragraph in told.body { p lang=[written_in()] dir=[rightwards()] { (paragraph) } }
            @if let Some(words) = told.say { p { (weave("You can say: “{words}”", &[("words", as_written(words))])) } }
        }
    }
}

/// Said where somebody's council should be rung and we do not know its number. `leaving` is said before the link.
pub(super) fn no_number_of_the_council(leaving: &Markup) -> Markup {
    html! { (leaving) p { (weave("We do not have your council’s number. Find it on GOV.UK: {link}.", &[("link", areas::find_council())])) } }
}

/// Numbers to ring, the first first.
pub(in crate::pages) fn lines(lines: &[&Line], chooser: &Chooser<'_>) -> Markup {
    html! {
        @if !lines.is_empty() {
            ul class="lines" { @for line in lines { li { (line_of(line)) (only_in(line, chooser)) @if let Some(now) = chooser.now { (closed(line, now)) } " " (standing(line, chooser.today)) } } }
        }
    }
}

/// Where a line can be used, said to somebody of whom nobody knows where they are.
fn only_in(line: &Line, chooser: &Chooser<'_>) -> Markup {
    let is_known = chooser.area.and_then(Area::nation).is_some();
    html! {
        @if !is_known && !Nation::all_are_in(&line.jurisdiction) {
            " " span { (weave("Only in {place}.", &[("place", translated(&line.jurisdiction))])) }
        }
    }
}

/// Numbers to ring by what is wrong; those that stand under nothing are for anything else. `level` is the element
/// that says what is wrong: as a heading it has an address of its own, such as `/help#gas`. `place` is where somebody can
/// say where they are.
pub(in crate::pages) fn by_trouble(numbers: &[Numbers], level: &str, now: DateTime<Utc>, place: PlaceField) -> Markup {
    html! {
        @for of_one in numbers {
            @let title = of_one.title.as_deref().map_or_else(|| html! { (say("Something else")) }, translated);
            @if level == "h3" { h3 id=[of_one.id.as_deref()] { (title) } } @else { p { strong { (title) } } }
            (these_lines(&of_one.lines, now))
            @if level != "h3" {
                @if of_one.wants_the_place { (own_council(place)) }
                @if of_one.lacks_the_council { (no_number_of_the_council(&Markup::default())) }
            }
        }
        // In a long list once, at its end.
        @if level == "h3" && numbers.iter().any(|of_one| of_one.wants_the_place) { (own_council(place)) }
    }
}

/// Where somebody can say where they are, to get the numbers of their own council.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pages) enum PlaceField {
    /// In the search form of this page, beside the words that they wrote.
    OnThisPage,
    /// On the first page, with what they need.
    OnTheFirstPage,
}

/// How to get the number of one's own council where nobody knows the place.
fn own_council(place: PlaceField) -> Markup {
    let said = match place {
        PlaceField::OnThisPage => {
            let field = html! { a href="#postcode" { (say("Enter your full postcode")) } };
            weave("To see your own council’s number, too: {field}.", &[("field", field)])
        }
        PlaceField::OnTheFirstPage => {
            let search = html! { a href="/" { (say("Search in your own words")) } };
            weave("To see your own council’s number, too: {search}. Add your full postcode.", &[("search", search)])
        }
    };
    html! { p { (said) } }
}

/// Lines to ring, with what is doubtful of them at this moment.
pub(in crate::pages) fn these_lines(lines: &[Line], now: DateTime<Utc>) -> Markup {
    let today = words::london_day(now);
    html! { ul class="lines" { @for line in lines { li { (line_of(line)) (closed(line, now)) " " (standing(line, today)) } } } }
}

/// That nobody answers it now, and when somebody does next. Not on paper: that is read later.
fn closed(line: &Line, now: DateTime<Utc>) -> Markup {
    let said = match line.opening(now) {
        Some(Opening::Closed { next: None }) => say("Closed now.").to_owned(),
        Some(Opening::Closed { next: Some(next) }) => {
            let when = open::span(&next, Days::From(now));
            let opens = say_with("Closed now. It opens next: {when}.", &[("when", &when)]);
            if next.doubt == Some(Doubt::BankHoliday) {
                format!("{opens} {}", say("That is a bank holiday, so it may be closed."))
            } else {
                opens
            }
        }
        Some(Opening::HolidayUnsure { holiday, .. }) => {
            say_with("Today is a bank holiday ({holiday}), so it may be closed.", &[("holiday", say(holiday))])
        }
        _ => return Markup::default(),
    };
    html! { " " span class="closed" { (said) } }
}

/// One line: whose it is, the number to tap, when somebody answers and whom.
pub(super) fn line_of(line: &Line) -> Markup {
    html! {
        span class="who" { (as_written(&line.title)) } " "
        @match &line.text {
            Some(word) => { a class="number" href=(format!("sms:{}", digits(&line.number))) { (weave("Text {word} to {number}", &[("word", as_written(word)), ("number", as_written(&line.number))])) } },
            None => (phones::to_ring(&line.number, Some("number"))),
        }
        @if let Some(hours) = &line.hours {
            @let said = say(hours);
            @if said == hours { " " span lang=[written_in()] dir=[rightwards()] { (hours) "." } } @else { " " span { (said) "." } }
        }
        @if let Some(people) = &line.only_for { " " span { (weave("For {people}.", &[("people", translated(people))])) } }
        @if let Some(about) = &line.about { " " span lang=[written_in()] dir=[rightwards()] { (about) } }
    }
}

/// Where a text message goes: numbers for these are too short to be rung.
fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

fn standing(line: &Line, today: NaiveDate) -> Markup {
    html! {
        @match line.standing(today) {
            Standing::Checked => {},
            Standing::Overdue => span class="doubtful" { (say("This number has not been checked recently.")) },
            Standing::Unchecked => span class="doubtful" { (say("This number has not been checked.")) },
        }
    }
}

/// When it was reviewed, or that it never was.
pub(super) fn reviewed(edition: &Edition) -> Markup {
    html! {
        p class="small" {
            @match edition.reviewed_on {
                Some(day) => { (say_with("These questions and numbers were reviewed on {date}.", &[("date", &words::date(day))])) },
                None => { (say("This is a sample. It has not been reviewed.")) },
            }
            " " (say("It shows you where to get help. It is not advice about your situation.")) (for_whom(edition))
        }
    }
}

/// Where its rules hold, unless that is everywhere.
pub(super) fn for_whom(edition: &Edition) -> Markup {
    let jurisdiction = &edition.checker.jurisdiction;
    html! {
        @if !Nation::all_are_in(jurisdiction) {
            " " (weave("It is for people who live in {place}. Rules and helplines are different elsewhere.", &[("place", translated(jurisdiction))]))
        }
    }
}
