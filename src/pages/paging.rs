//! Long lists in pages: by links where the address may say what is listed, by small forms where it
//! may not.

use std::ops::Range;

use maud::{Markup, html};

use super::language::{say, say_with};
use crate::http::{Parameters, Problem};

/// Listings on a page.
const PER_PAGE: usize = 20;

/// Which page of how many; both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    number: usize,
    of: usize,
    per_page: usize,
}

/// Which listings of all stand on the page that is asked for.
/// # Errors
/// When it is not a whole number from 1.
pub(super) fn range(parameters: &Parameters) -> Result<Range<usize>, Problem> {
    let number = number(parameters)?;
    let from = (number - 1).saturating_mul(PER_PAGE);
    Ok(from..from.saturating_add(PER_PAGE))
}

fn number(parameters: &Parameters) -> Result<usize, Problem> {
    let expected = "a whole number from 1";
    match parameters.parsed::<usize>("page", expected)?.unwrap_or(1) {
        0 => Err(Problem::bad_parameter("page", "0", &format!("expected {expected}"))),
        number => Ok(number),
    }
}

/// The page that is asked for; beyond the last, the last.
/// # Errors
/// When it is not a whole number from 1.
pub(super) fn read(parameters: &Parameters, total: usize) -> Result<At, Problem> {
    read_by(parameters, total, PER_PAGE)
}

/// The same, with so many on a page.
/// # Errors
/// When it is not a whole number from 1.
pub(super) fn read_by(parameters: &Parameters, total: usize, per_page: usize) -> Result<At, Problem> {
    let number = number(parameters)?;
    let of = total.div_ceil(per_page).max(1);
    Ok(At { number: number.min(of), of, per_page })
}

impl At {
    /// The part of a list that this page shows.
    pub(super) fn slice<T>(self, all: &[T]) -> &[T] {
        let Range { start, end } = self.range();
        &all[start.min(all.len())..end.min(all.len())]
    }

    /// Which listings of all stand on this page.
    pub(super) fn range(self) -> Range<usize> {
        let from = (self.number - 1) * self.per_page;
        from..from + self.per_page
    }

    /// What a title says about it: nothing on the first page.
    pub(super) fn in_title(self) -> String {
        if self.number == 1 { String::new() } else { format!(" ({})", of_all("page {number} of {all}", self)) }
    }

    fn neighbours(self) -> (Option<usize>, Option<usize>) {
        ((self.number > 1).then(|| self.number - 1), (self.number < self.of).then(|| self.number + 1))
    }
}

/// Links to the pages before and after.
pub(super) fn links(path: &str, at: At) -> Markup {
    let (before, after) = at.neighbours();
    let mark = if path.contains('?') { '&' } else { '?' };
    let link = |number: usize, rel: &str, words: &str| html! { li { a href=(format!("{path}{mark}page={number}")) rel=(rel) { (words) } } };
    around(
        at,
        &html! {
            @if let Some(number) = before { (link(number, "prev", say("Previous page"))) }
            (here(at))
            @if let Some(number) = after { (link(number, "next", say("Next page"))) }
        },
    )
}

/// Buttons to the pages before and after, so that what was asked for stays out of addresses.
/// The buttons belong to the form called `form`, which carries the search and what was ticked, and lead to `action`.
pub(super) fn forms(form: &str, action: &str, at: At) -> Markup {
    let (before, after) = at.neighbours();
    let button = |number: usize, words: &str| {
        html! { li { button class="link" form=(form) formaction=(action) name="page" value=(number) { (words) } } }
    };
    around(
        at,
        &html! {
            @if let Some(number) = before { (button(number, say("Previous page"))) }
            (here(at))
            @if let Some(number) = after { (button(number, say("Next page"))) }
        },
    )
}

fn of_all(words: &str, at: At) -> String {
    say_with(words, &[("number", &at.number.to_string()), ("all", &at.of.to_string())])
}

fn here(at: At) -> Markup {
    html! { li { (of_all("Page {number} of {all}", at)) } }
}

fn around(at: At, items: &Markup) -> Markup {
    html! { @if at.of > 1 { nav class="pages" aria-label=(say("Pages")) { ul { (items) } } p class="printed" { (of_all("Page {number} of {all}", at)) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_beyond_the_last_is_the_last() {
        let at = |query, total| read(&Parameters::read(query).unwrap(), total).unwrap();
        let all: Vec<usize> = (0..45).collect();
        assert_eq!(at("", 45).slice(&all), &all[..20]);
        assert_eq!(at("page=3", 45).slice(&all), &all[40..]);
        assert_eq!(at("page=99", 45), at("page=3", 45));
        assert_eq!(at("page=1", 0).slice(&[0_u8; 0]), &[0_u8; 0]);
        assert!(read(&Parameters::read("page=0").unwrap(), 5).is_err());
        assert!(read(&Parameters::read("page=two").unwrap(), 5).is_err());
    }
}
