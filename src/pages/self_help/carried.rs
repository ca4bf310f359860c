//! What a form carries from page to page: the answers so far, who they are for, and the place.

use maud::{Markup, html};

use super::place::Written;
use crate::{
    http::Parameters,
    self_help::checker::{Answers, Checker},
};

/// What the names of fields with answers begin with.
const ANSWER: &str = "a.";

/// What was carried.
#[derive(Clone, Debug, Default)]
pub(super) struct Carried {
    /// Answers to what the checker asks.
    pub(super) answers: Answers,
    /// Whether somebody answers for another person.
    pub(super) helper: bool,
    /// Where they are, as they wrote it.
    pub(super) place: Written,
}

impl Carried {
    /// Read it from a form. What the checker does not have is left out, so that nothing else goes on
    /// from page to page.
    pub(super) fn read(form: &Parameters, checker: &Checker) -> Self {
        let mut carried = Self { place: Written::read(form), ..Self::default() };
        for (name, value) in form.pairs() {
            if name == "helper" {
                carried.helper = value == "yes";
            }
            let Some(question) = name.strip_prefix(ANSWER).and_then(|id| checker.question(id)) else { continue };
            if question.options.iter().any(|option| option.id == value) {
                let given = carried.answers.entry(question.id.clone()).or_default();
                if !given.iter().any(|there| there == value) {
                    given.push(value.to_owned());
                }
            }
        }
        carried
    }

    /// The name of the field of a question.
    pub(super) fn field(question: &str) -> String {
        format!("{ANSWER}{question}")
    }

    /// Hidden fields with all of it, but for the question that the page itself asks.
    pub(super) fn hidden(&self, but: Option<&str>) -> Markup {
        html! {
            @for (question, given) in self.answers.iter().filter(|(question, _)| Some(question.as_str()) != but) {
                @for option in given { input type="hidden" name=(Self::field(question)) value=(option); }
            }
            @if self.helper { input type="hidden" name="helper" value="yes"; }
            (self.place.hidden())
        }
    }

    /// The same without the place, for a form that asks for it.
    pub(super) fn hidden_but_for_the_place(&self) -> Markup {
        Self { place: Written::default(), ..self.clone() }.hidden(None)
    }
}
