//! What is logged, and how.

use std::{fmt, str::FromStr};

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("expected text or json".to_owned()),
        }
    }
}

/// Words for how much is logged.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// A filter of log lines: a level, or levels of parts of the program, separated by commas. Less than the filters of the
/// library, which take any word for the name of a part: `inof` would log nothing, and say nothing of it.
#[derive(Clone, Debug)]
pub(super) struct LogFilter(String);

impl FromStr for LogFilter {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split(',').map(str::trim).find(|part| !is_directive(part)) {
            Some(part) => Err(format!("{part:?} is neither a level nor one for a part of the program")),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `debug`, or `fingerpost::search=debug`, or with a span in square brackets between.
fn is_directive(part: &str) -> bool {
    let Some((what, level)) = part.rsplit_once('=') else { return is_level(part) };
    let (target, span) = what.split_once('[').map_or((what, None), |(target, span)| (target, Some(span)));
    is_level(level) && (is_path(target) || target.is_empty() && span.is_some()) && span.is_none_or(|span| span.ends_with(']'))
}

fn is_level(word: &str) -> bool {
    LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level))
}

/// The name of a part of a program: `tower_http::trace`.
fn is_path(text: &str) -> bool {
    text.split("::").all(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_levels_and_nothing_that_only_looks_like_one() {
        for good in
            ["info", "WARN", "info,fingerpost=debug", "info, tower_http::trace=off", "warn,[request]=trace", "a[b{c}]=info"]
        {
            assert!(good.parse::<LogFilter>().is_ok(), "{good}");
        }
        for bad in
            [":::", "inof", "", "info,", "=info", "fingerpost", "fingerpost=loud", "a b=info", "info;debug", "[request=info"]
        {
            assert!(bad.parse::<LogFilter>().is_err(), "{bad}");
        }
    }
}
