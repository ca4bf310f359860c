//! Bytes into documents and back. Pure: nothing here opens a file or asks a database.

pub mod archive;
pub mod json;
pub mod lines;
pub mod sheet;
