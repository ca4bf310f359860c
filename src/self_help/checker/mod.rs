//! The support checker: a few questions, and from the answers how soon somebody needs help, of what
//! kind, and why. The questions are data that a council edits ([`document`]); what they mean is worked
//! out here, in memory, and nothing of it is kept.

pub mod cases;
pub mod document;
pub mod evaluate;
pub mod expression;
pub mod validate;

pub use {
    cases::Case,
    document::{Answers, Checker, Status},
    evaluate::{Outcome, Pressing, Unknown, Why},
    validate::{Finding, Known},
};

#[cfg(test)]
mod tests;
