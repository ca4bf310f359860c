//! Fingerpost: the open directory that a council runs for the help that people need early.
//!
//! The modules stand in floor order: one may use those above it in this list, never those below.

// floor 0: words
pub mod ids;
pub mod clock;
pub mod geo;
pub mod model;

// floor 1: things that words are done with
pub mod config;
pub mod db;
pub mod signing;
pub mod formats;
pub mod published;

// floor 2: the truth
pub mod records;
