//! Fields of forms, each with its label, its hint and what is wrong with it.

use maud::{Markup, html};

/// What is wrong with the fields of a form: the field, and what to do about it.
#[derive(Clone, Debug, Default)]
pub(super) struct Mistakes(Vec<(String, String)>);

impl Mistakes {
    /// Note a mistake.
    pub(super) fn add(&mut self, field: impl Into<String>, said: impl Into<String>) {
        self.0.push((field.into(), said.into()));
    }

    /// Whether there are none.
    pub(super) fn none(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with one field.
    pub(super) fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == field).map(|(_, said)| said.as_str())
    }

    /// All of them at the top of a page, each leading to its field.
    pub(super) fn summary(&self) -> Markup {
        html! {
            @if !self.0.is_empty() {
                div class="summary-of-errors" role="alert" {
                    h2 { "There is a problem" }
                    ul { @for (field, said) in &self.0 { li { a href=(format!("#{field}")) { (said) } } } }
                }
            }
        }
    }

    /// "Error: " before the title of a page that has some.
    pub(super) fn title(&self, title: &str) -> String {
        if self.none() { title.to_owned() } else { format!("Error: {title}") }
    }
}

/// A field for text.
#[derive(Clone, Debug)]
pub(super) struct Field<'a> {
    /// Its name and id.
    pub(super) name: &'a str,
    /// What it is for.
    pub(super) label: &'a str,
    /// How to fill it in.
    pub(super) hint: &'a str,
    /// What stands in it.
    pub(super) value: &'a str,
}

impl<'a> Field<'a> {
    pub(super) fn new(name: &'a str, label: &'a str, value: &'a str) -> Self {
        Self { name, label, hint: "", value }
    }

    pub(super) fn hint(self, hint: &'a str) -> Self {
        Self { hint, ..self }
    }

    fn around(&self, mistakes: &Mistakes, control: impl FnOnce(Option<String>, bool) -> Markup) -> Markup {
        let wrong = mistakes.of(self.name);
        let hint_id = format!("{}-hint", self.name);
        let error_id = format!("{}-error", self.name);
        let described: Vec<&str> =
            [(!self.hint.is_empty()).then_some(&*hint_id), wrong.map(|_| &*error_id)].into_iter().flatten().collect();
        let described = (!described.is_empty()).then(|| described.join(" "));
        html! {
            div class=(if wrong.is_some() { "field wrong" } else { "field" }) {
                label for=(self.name) { (self.label) }
                @if !self.hint.is_empty() { p class="hint" id=(hint_id) { (self.hint) } }
                @if let Some(said) = wrong { p class="error" id=(error_id) { span class="unseen" { "Error: " } (said) } }
                (control(described, wrong.is_some()))
            }
        }
    }

    /// One line; `kind` is the type of the input, `filled` what a browser may fill it with.
    pub(super) fn line(&self, mistakes: &Mistakes, kind: &str, filled: &str) -> Markup {
        self.around(mistakes, |described, wrong| {
            html! {
                input type=(kind) id=(self.name) name=(self.name) value=(self.value) autocomplete=(filled)
                    aria-describedby=[described] aria-invalid=[wrong.then_some("true")];
            }
        })
    }

    /// A short line.
    pub(super) fn short(&self, mistakes: &Mistakes, kind: &str) -> Markup {
        self.around(mistakes, |described, wrong| {
            html! {
                input class="short" type=(kind) id=(self.name) name=(self.name) value=(self.value) autocomplete="off"
                    aria-describedby=[described] aria-invalid=[wrong.then_some("true")];
            }
        })
    }

    /// Several lines.
    pub(super) fn lines(&self, mistakes: &Mistakes, rows: u8) -> Markup {
        self.around(mistakes, |described, wrong| {
            html! {
                textarea id=(self.name) name=(self.name) rows=(rows) aria-describedby=[described] aria-invalid=[wrong.then_some("true")] {
                    (self.value)
                }
            }
        })
    }

    /// One of several.
    pub(super) fn one_of(&self, mistakes: &Mistakes, options: &[(&str, &str)]) -> Markup {
        self.around(mistakes, |described, wrong| {
            html! {
                select id=(self.name) name=(self.name) aria-describedby=[described] aria-invalid=[wrong.then_some("true")] {
                    @for (value, label) in options { option value=(value) selected[*value == self.value] { (label) } }
                }
            }
        })
    }
}

/// One of several, all to be seen.
pub(super) fn radios(
    name: &str,
    legend: &str,
    hint: &str,
    chosen: &str,
    options: &[(&str, &str)],
    mistakes: &Mistakes,
) -> Markup {
    let wrong = mistakes.of(name);
    html! {
        fieldset class=(if wrong.is_some() { "wrong" } else { "" }) aria-describedby=[(!hint.is_empty()).then(|| format!("{name}-hint"))] {
            legend id=(name) { (legend) }
            @if !hint.is_empty() { p class="hint" id=(format!("{name}-hint")) { (hint) } }
            @if let Some(said) = wrong { p class="error" { span class="unseen" { "Error: " } (said) } }
            @for (number, (value, label)) in options.iter().enumerate() {
                div class="choice" {
                    input type="radio" id=(format!("{name}-{number}")) name=(name) value=(value) checked[*value == chosen];
                    label for=(format!("{name}-{number}")) { (label) }
                }
            }
        }
    }
}

/// A box to tick.
pub(super) fn tick(name: &str, label: &str, ticked: bool, mistakes: &Mistakes) -> Markup {
    let wrong = mistakes.of(name);
    html! {
        div class=(if wrong.is_some() { "field wrong" } else { "field" }) {
            @if let Some(said) = wrong { p class="error" { span class="unseen" { "Error: " } (said) } }
            div class="choice" {
                input type="checkbox" id=(name) name=(name) value="yes" checked[ticked];
                label for=(name) { (label) }
            }
        }
    }
}
