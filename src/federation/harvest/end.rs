//! How a pull ends other than well: what is reported of it, and what cannot even be reported.

use std::time::Duration;

use super::{super::peers::Trouble, lease};
use crate::{db, records};

/// Why a pull could not even be reported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// A record could not be read or written.
    #[error(transparent)]
    Records(#[from] records::Error),
    /// There is no such peer.
    #[error("there is no peer {0:?}; `fingerpost peer list` shows all peers")]
    NoPeer(String),
    /// Somebody else has the lease of the peer now, so nothing may be written.
    #[error("another process has taken over this pull")]
    LeaseLost,
}

/// How a pull ends, other than well.
#[derive(Debug)]
pub(crate) enum End {
    /// There is more; the next pull goes on.
    Later,
    /// It did not work.
    Failed(Trouble, Option<Duration>),
    /// A person has to decide.
    Held(Trouble),
    /// Our side failed.
    Broken(Error),
}

impl End {
    pub(super) fn failed(code: &str, detail: String) -> Self {
        Self::Failed(Trouble { code: code.to_owned(), detail }, None)
    }

    pub(super) fn held(code: &str, detail: String) -> Self {
        Self::Held(Trouble { code: code.to_owned(), detail })
    }
}

impl From<db::Error> for End {
    fn from(error: db::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        match error {
            Error::LeaseLost => Self::failed(lease::LOST, Error::LeaseLost.to_string()),
            other => Self::Broken(other),
        }
    }
}

impl From<records::Error> for End {
    fn from(error: records::Error) -> Self {
        Self::Broken(error.into())
    }
}
