//! iCalendar (RFC 5545). [`write`](mod@write) makes calendars of event series and of the hours of services;
//! why it is not done with a library, `docs/decisions/0012-formats-that-go-out.md` says.

pub mod document;
pub mod hours;
pub mod lines;
mod properties;
pub mod read;
pub mod rule;
mod times;
pub mod write;
pub mod zone;

pub(super) use times::length;
