//! How far long work is, for people who look on.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

/// A progress bar on stderr when that is a terminal, otherwise nothing.
pub(super) fn progress(length: Option<u64>, unit: &'static str) -> indicatif::ProgressBar {
    if !io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let bar = length.map_or_else(indicatif::ProgressBar::new_spinner, indicatif::ProgressBar::new);
    let template = match (length, unit) {
        (Some(_), "bytes") => "{bar:30} {percent}% {bytes}/{total_bytes} {bytes_per_sec} {eta} left",
        (Some(_), _) => "{bar:30} {percent}% {pos}/{len} {per_sec} {eta} left",
        (None, "bytes") => "{spinner} {bytes} {bytes_per_sec}",
        (None, "time") => "{spinner} {elapsed}",
        _ => "{spinner} {pos} {per_sec}",
    };
    if let Ok(style) = indicatif::ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// The same for long work of which nobody knows how far it is: that it goes on, and since when.
pub(super) fn at_work() -> indicatif::ProgressBar {
    let bar = progress(None, "time");
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
