//! The budget: what comes in, what goes out, what is left. All sums are whole pence over a year, and
//! are rounded once, when they are shown, so a budget of many lines does not drift.
//!
//! `src/pages/self_help/budget.js` does the same sums in the browser; a check compares the two on a
//! thousand made-up forms.

mod form;
mod lines;
mod money;
mod sums;
mod tips;

pub use {
    form::{Form, Mistake},
    lines::{DEBTS, Debt, GROUPS, Group, Line, OTHERS, Side},
    money::{MOST, Refused, amount, grouped, pounds},
    sums::{Budget, Debted, Left, Often, Part, Totals, monthly, weekly},
    tips::{Situation, situations},
};

#[cfg(test)]
mod tests;
