//! What followers of a directory are told, and what becomes of what neighbours tell.

mod calendars;
mod cases;
mod choices;
mod compare;
mod crashes;
mod crawls;
mod drift;
mod feed;
mod guards;
mod hostile;
mod merges;
mod meshes;
mod pulls;
mod relays;
mod review;
mod sessions;
mod takeovers;
mod vectors;
