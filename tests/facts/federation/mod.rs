//! What followers of a directory are told, and what becomes of what neighbours tell.

mod asking;
mod calendars;
mod cases;
mod choices;
mod compare;
mod crashes;
mod crawls;
mod damage;
mod drift;
mod feed;
mod followers;
mod guards;
mod hostile;
mod keys;
mod merges;
mod meshes;
mod officers;
mod pulls;
mod relays;
mod review;
mod sessions;
mod settled;
mod strange;
mod takeovers;
mod turns;
mod vectors;
