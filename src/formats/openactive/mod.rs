//! OpenActive: what leisure centres and clubs say of their sessions, as JSON-LD in feeds of changes
//! (RPDE 1.0). [`page`] reads a page of a feed, [`dataset`] the page on which a publisher names its
//! feeds, [`event`] makes an event of ours of a series and its dates.
//!
//! What is published in practice is irregular: one thing or a list of one, a thing or only its
//! address, `id` or `@id`, `schema:` before names. All of that is read here.

pub mod dataset;
pub mod event;
mod organizer;
pub mod page;
mod place;
mod schedule;
mod times;
mod values;

#[cfg(test)]
mod tests;
