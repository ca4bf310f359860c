//! Bytes into documents and back. Pure: nothing here opens a file or asks a database.

pub mod archive;
pub mod ical;
pub mod json;
pub mod lines;
pub mod oruk1;
pub mod page;
pub mod sheet;
pub mod tables;
