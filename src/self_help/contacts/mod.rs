//! Whom to ring and what to do first: phone lines, panels of urgent help and first steps, each a
//! record of its own with a source, a day on which it was checked and a day by which it must be
//! checked again. They change more often than the questions of the checker, and harm more when wrong.
//!
//! Which council's line somebody is given is decided by where they are, never by where the directory
//! is: see [`area`]. A line that nobody checked, or not lately, is not given; another one is. One that
//! nobody answers at this hour stands behind those that somebody does.

pub mod area;
mod choose;
mod dated;
pub mod document;
mod hours;
mod named;
mod validate;

pub use {
    area::{Area, Nation},
    choose::{Chooser, Trust},
    dated::{Dated, Standing},
    document::{Action, Call, Contacts, Council, Line, Panel, Tip, Trouble},
    validate::{given_unchecked, not_given, problems, to_look_at},
};

#[cfg(test)]
mod tests;
