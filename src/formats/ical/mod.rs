//! iCalendar (RFC 5545): calendars as programmes export them.

mod lines;
pub mod read;
mod times;
