//! The form as it comes in: every field kept as it was written, so that nothing is lost when one is
//! wrong.
//!
//! A line of money is `in-wages` or `out-rent` with `…-how` for how often; a further line is
//! `out-home-other1` with `…-name`. A debt is `debt-cards` (paid), `…-how`, `…-owed`.

use std::collections::BTreeMap;

use super::{
    lines::{DEBTS, GROUPS, Group, OTHERS},
    money::{Refused, amount},
    sums::{Budget, Debted, Often, Part},
};

/// The fields of a form.
#[derive(Clone, Debug, Default)]
pub struct Form(BTreeMap<String, String>);

/// A field that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Its name, which is also its id on the page.
    pub field: String,
    /// What it is about.
    pub label: String,
    /// What is wrong.
    pub refused: Refused,
}

impl Form {
    /// A form with these fields. Of a field that comes twice the last counts.
    pub fn new<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// A field as it was written.
    pub fn field(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// How often a line comes: as it was chosen, otherwise as usual.
    pub fn often(&self, name: &str, usual: Often) -> Often {
        match self.field(&format!("{name}-how")) {
            "" => usual,
            chosen => Often::named(chosen),
        }
    }

    /// The budget of the lines that can be used, and what is wrong with the others.
    pub fn read(&self) -> (Budget, Vec<Mistake>) {
        let mut budget = Budget::default();
        let mut mistakes = Vec::new();
        for group in GROUPS {
            for (line, name, label) in self.lines_of(group) {
                if let Some(pence) = self.amount(&name, &label, &mut mistakes) {
                    // Without a choice there is no choice to honour: the same in the browser.
                    let yearly = pence * self.often(&name, Often::Monthly).times();
                    budget.parts.push(Part { group: group.id, line, side: group.side, yearly });
                }
            }
        }
        for debt in DEBTS {
            let name = format!("debt-{}", debt.id);
            let owed = self.amount(&format!("{name}-owed"), debt.label, &mut mistakes);
            let paid = self.amount(&name, debt.label, &mut mistakes);
            let yearly = paid.unwrap_or(0) * self.often(&name, Often::Monthly).times();
            if owed.unwrap_or(0) > 0 || yearly > 0 {
                budget.debts.push(Debted { debt, owed, yearly });
            }
        }
        (budget, mistakes)
    }

    /// The lines of a group: id, name of the field, what it is.
    fn lines_of(&self, group: &Group) -> Vec<(String, String, String)> {
        let known = group
            .lines
            .iter()
            .map(|line| (line.id.to_owned(), format!("{}-{}", group.side.prefix(), line.id), line.label.to_owned()));
        let others = (1..=OTHERS).map(|number| {
            let name = other_field(group, number);
            let label = match self.field(&format!("{name}-name")).trim() {
                "" => format!("{}, something else", group.title),
                written => written.to_owned(),
            };
            (format!("other{number}"), name, label)
        });
        known.chain(others).collect()
    }

    fn amount(&self, field: &str, label: &str, mistakes: &mut Vec<Mistake>) -> Option<i64> {
        match amount(self.field(field)) {
            Ok(pence) => pence,
            Err(refused) => {
                mistakes.push(Mistake { field: field.to_owned(), label: label.to_owned(), refused });
                None
            }
        }
    }
}

/// Name of the field of a group's further line.
pub(super) fn other_field(group: &Group, number: usize) -> String {
    format!("{}-{}-other{number}", group.side.prefix(), group.id)
}

impl Group {
    /// Name of the field of its further line with this number, from 1.
    pub fn other(&self, number: usize) -> String {
        other_field(self, number)
    }
}
