//! What followers of a directory are told, and what becomes of what neighbours tell.

mod calendars;
mod choices;
mod compare;
mod crashes;
mod crawls;
mod drift;
mod feed;
mod hostile;
mod meshes;
mod pulls;
mod review;
mod sessions;
mod vectors;
