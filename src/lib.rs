//! Fingerpost: the open directory that a council runs for the help that people need early.
//!
//! The modules stand in floor order: one may use those above it in this list, never those below,
//! and the capabilities of floor 4 never use one another. `tests/floors.rs` keeps it so.
#![warn(clippy::print_stdout, clippy::print_stderr, reason = "they panic when nobody reads; use cli's say!")]

// floor 0: words
pub mod ids;
pub mod clock;
pub mod geo;
pub mod parallel;
pub mod model;

// floor 1: things that words are done with
pub mod config;
pub mod db;
pub mod signing;
pub mod outbound;
pub mod mail;
pub mod identity;
pub mod formats;
pub mod places;
pub mod published;

// floor 2: the truth
pub mod records;

// floor 3: speaking to the world
pub mod http;
pub mod search;

// floor 4: capabilities
pub mod publishing;
pub mod editing;
pub mod importing;
pub mod federation;
pub mod quality;
pub mod safekeeping;
pub mod self_help;
pub mod texts;
pub mod views;

// floor 5: the site
pub mod pages;

// floor 6: assembly
pub mod app;
pub mod jobs;
pub mod serve;
pub mod cli;
