//! How a command says what came of it: in words to people or, with `--json`, as one document to a program.
//!
//! A result that nobody reads to the end is an error, no panic, and ends the command quietly.

use std::{
    io::{self, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use clap::Args;
use serde::Serialize;
use serde_json::json;

/// A line on stdout. What `println!` does, except that it is an error, no panic, when nobody reads it.
macro_rules! say {
    ($($words:tt)*) => { std::io::Write::write_fmt(&mut $crate::cli::stdout(), format_args!("{}\n", format_args!($($words)*))) };
}
pub(super) use say;

/// To whom a command says what came of it. Flattened into the arguments of every command that reports, or of the group
/// that it belongs to.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Answer {
    /// Print the result as one JSON document.
    #[arg(long, global = true)]
    json: bool,
}

impl Answer {
    /// Say what came of the command, once, at its end.
    pub(super) fn give(self, document: &impl Serialize, words: impl FnOnce() -> io::Result<()>) -> anyhow::Result<()> {
        if self.json {
            say!("{}", serde_json::to_string(document)?)?;
        } else {
            words()?;
        }
        Ok(())
    }

    /// Say to people what has been done so far. A program has it in the document at the end.
    pub(super) fn so_far(self, words: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if self.json { Ok(()) } else { words() }
    }

    /// Say why there is no result, where a program waits for one and has been given none.
    pub(super) fn refuse(code: &str, detail: &str) {
        if !WRITTEN.load(Ordering::Relaxed) {
            // Whoever does not read it any more does not want to know.
            let _ = say!("{}", json!({"error": {"code": code, "detail": detail}}));
        }
    }
}

/// Nobody reads what a command prints any more: `| head` has seen enough.
#[derive(Debug, thiserror::Error)]
#[error("the output is no longer being read")]
struct Unread;

/// Whether any of a result has been written.
static WRITTEN: AtomicBool = AtomicBool::new(false);

/// Where results go.
pub(super) struct Stdout(io::Stdout);

pub(super) fn stdout() -> Stdout {
    Stdout(io::stdout())
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        WRITTEN.store(true, Ordering::Relaxed);
        self.0.write(bytes).map_err(unread)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(unread)
    }
}

/// Told apart from the broken pipes of others, such as a database's.
fn unread(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::BrokenPipe { io::Error::new(io::ErrorKind::BrokenPipe, Unread) } else { error }
}

/// Whether a command ended because nobody reads its result.
pub(super) fn is_left_unread(error: &anyhow::Error) -> bool {
    let causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.filter_map(io::Error::get_ref).any(|inner| inner.downcast_ref::<Unread>().is_some())
}
