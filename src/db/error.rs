//! What can go wrong between us and the database.

use std::{borrow::Cow, fmt};

use sea_orm::{DbErr, RuntimeErr, SqlxError};
use serde::de::DeserializeOwned;

/// What went wrong between us and the database.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {source}")]
pub struct Error {
    what: Cow<'static, str>,
    source: DbErr,
}

impl Error {
    /// Whether the same call may succeed a moment later. What is not known to pass is taken to last.
    pub fn is_passing(&self) -> bool {
        match &self.source {
            DbErr::ConnectionAcquire(_) => true,
            DbErr::Conn(RuntimeErr::SqlxError(error))
            | DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error)) => passes(error),
            _ => false,
        }
    }

    /// Whether what is stored is damaged, so that trying again does not help.
    pub fn is_damaged(&self) -> bool {
        match &self.source {
            // As [`damaged`] says it.
            DbErr::Custom(_) => true,
            DbErr::Conn(RuntimeErr::SqlxError(error))
            | DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error)) => {
                matches!(&**error, SqlxError::Database(refused) if refused.code().is_some_and(|code| code_is_of_damage(&code)))
            }
            _ => false,
        }
    }
}

fn passes(error: &SqlxError) -> bool {
    match error {
        SqlxError::Io(_) | SqlxError::PoolTimedOut => true,
        SqlxError::Database(refused) => refused.code().is_some_and(|code| code_passes(&code)),
        _ => false,
    }
}

/// Whether an error with this code passes: a SQLSTATE of PostgreSQL, which has five characters, or a result
/// code of SQLite, which is a shorter number.
fn code_passes(code: &str) -> bool {
    const SQLITE_BUSY: u32 = 5;
    const SQLITE_LOCKED: u32 = 6;
    if code.len() == 5 {
        // No connection, a transaction to be tried again, no room for one more; a lock that was not to be had;
        // a server that is stopping or starting.
        let class = code.get(..2).unwrap_or_default();
        return ["08", "40", "53"].contains(&class) || code == "55P03" || code.starts_with("57P0");
    }
    // The lowest byte is the kind of error, the others say more about it.
    code.parse::<u32>().is_ok_and(|code| [SQLITE_BUSY, SQLITE_LOCKED].contains(&(code & 0xff)))
}

/// Whether a database says with this code that its files are damaged.
fn code_is_of_damage(code: &str) -> bool {
    const SQLITE_CORRUPT: u32 = 11;
    const SQLITE_NOT_A_DATABASE: u32 = 26;
    if code.len() == 5 {
        return code.starts_with("XX00") && code != "XX000";
    }
    code.parse::<u32>().is_ok_and(|code| [SQLITE_CORRUPT, SQLITE_NOT_A_DATABASE].contains(&(code & 0xff)))
}

/// Say what could not be done when the database refused it.
pub(crate) trait Context<T> {
    fn context(self, what: &'static str) -> Result<T, Error>;
}

impl<T> Context<T> for Result<T, DbErr> {
    fn context(self, what: &'static str) -> Result<T, Error> {
        self.map_err(|source| Error { what: what.into(), source })
    }
}

/// What is stored of `of` makes no sense. Never the fault of a caller, and nothing to put a default in place
/// of: the value may be what keeps something secret.
pub(crate) fn damaged(of: impl fmt::Display, problem: impl fmt::Display) -> Error {
    Error { what: format!("{of} is damaged").into(), source: DbErr::Custom(problem.to_string()) }
}

/// Read JSON that we have stored; `of` says what it is part of.
pub(crate) fn decode<T: DeserializeOwned, S: fmt::Display>(json: &str, of: impl FnOnce() -> S) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| damaged(of(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_database_passes_and_a_broken_one_does_not() {
        for code in ["5", "517", "6", "262", "08006", "40001", "40P01", "53300", "55P03", "57P01", "57P03"] {
            assert!(code_passes(code), "{code}");
        }
        // A full disk, a constraint, a damaged file; a constraint, no such table, a statement that was cancelled.
        for code in ["13", "1555", "11", "23505", "42P01", "57014", ""] {
            assert!(!code_passes(code), "{code}");
        }
    }

    #[test]
    fn only_a_database_that_says_so_is_damaged() {
        for code in ["11", "267", "26", "XX001", "XX002"] {
            assert!(code_is_of_damage(code), "{code}");
        }
        // Busy, a failing disk, a full one; no connection, a server that stops, one that has found a mistake of its own.
        for code in ["5", "10", "13", "08006", "57P01", "XX000", ""] {
            assert!(!code_is_of_damage(code), "{code}");
        }
        assert!(damaged("the database", "row 3 missing").is_damaged());
        let away = Error { what: "the database does not answer".into(), source: DbErr::RecordNotFound(String::new()) };
        assert!(!away.is_damaged());
    }

    #[test]
    fn what_only_sounds_passing_is_not() {
        let error = damaged("the connection of peer 3", "locked and busy, timed out");
        assert!(!error.is_passing());
        assert_eq!(error.to_string(), "the connection of peer 3 is damaged: Custom Error: locked and busy, timed out");
    }
}
