//! What the council itself writes for residents: guides, notices that stand on every page for a while,
//! and the pages about the site (accessibility, privacy, the words at its foot, what is listed).
//!
//! A text is Markdown with a few facts beside it. Every version that is saved is kept, with who saved it;
//! the public sees the latest that was published and not taken away. Where none was, the texts that
//! Fingerpost comes with are to start from: pages about the site are shown, guides only in a
//! demonstration, for nobody at the council has reviewed them.
//!
//! It holds no listings: those are records.

mod file;
mod markdown;
mod place;
mod shown;
mod starting;
mod store;
mod text;

pub use self::{
    file::{FileError, from_file, to_file},
    markdown::to_html,
    place::{LocalTime, Places},
    shown::{Prepared, Shown, Texts},
    starting::starting,
    store::{Error, Standing, Version, all, history},
    text::{Kind, Level, Slug, Text, Wrong},
};
