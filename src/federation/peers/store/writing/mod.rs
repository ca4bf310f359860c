//! Writing what is known of peers: each writer the columns that it means, because pulls and officers write at once.

mod store;

pub use store::{
    add, delete, due_now, follow, hold, is_held, let_go_on, pin, save_progress, set_cursor, set_discovered, set_protocol,
    set_scope, set_trust,
};
