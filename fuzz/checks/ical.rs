//! The calendar reader: whatever the bytes, it gives events or reasons, in bounded memory.

use fingerpost::{
    formats::ical::read::{MOST_DATES, read},
    importing::{Format, read_anything},
};

pub fn check(bytes: &[u8]) {
    if let Ok(calendar) = read(bytes) {
        for event in &calendar.events {
            assert!(event.end >= event.start, "an event does not end before it begins");
            assert!(event.with.len().max(event.without.len()).max(event.changes.len()) <= MOST_DATES, "lists end");
        }
    }
    let _ = read_anything(bytes, Format::Ical);
}
