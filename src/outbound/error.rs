//! What can go wrong on the way to another directory and back.

use url::Url;

/// Why a request brought no answer. [`Error::code`] is stable: reports and metrics count by it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Our own rules forbid the address.
    #[error("{url} is not an address that may be fetched: {why}")]
    Blocked {
        /// What was to be asked.
        url: Url,
        /// Which rule.
        why: String,
    },
    /// It is not a web address that can be asked.
    #[error("{url:?} cannot be fetched: {why}")]
    BadUrl {
        /// As it was written, cut, without a password.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A redirect that we do not follow.
    #[error("{from} redirects to {to:?}, which is not allowed: {why}")]
    Redirect {
        /// Who sends us on.
        from: Url,
        /// Where to, as written, cut.
        to: Box<str>,
        /// Which rule.
        why: &'static str,
    },
    /// The name leads nowhere.
    #[error("cannot find the address of {host}: {why}")]
    Dns {
        /// The name.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// Nobody answers there.
    #[error("cannot connect to {host}: {why}")]
    Connect {
        /// Host and port.
        host: String,
        /// What the system said.
        why: String,
    },
    /// There is no secure connection to be had: the certificate is not valid for this name and today,
    /// or what answers does not speak TLS.
    #[error("cannot connect securely to {host}: {why}")]
    Tls {
        /// Host and port.
        host: String,
        /// What is wrong.
        why: String,
    },
    /// Something took too long.
    #[error("the peer took longer than {limit:?} for the {what}")]
    Timeout {
        /// For what: `name`, `connection`, `headers` or `answer`.
        what: &'static str,
        /// The limit.
        limit: std::time::Duration,
    },
    /// The answer came in, but slower than anybody needs.
    #[error("the response arrived at less than {0} bytes a second")]
    TooSlow(u64),
    /// More bytes than we take.
    #[error("the response is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// A few bytes that unpack to a great many.
    #[error("the response expands to more than {0} times its size")]
    Bomb(u64),
    /// The answer ended before its end, or was damaged under way.
    #[error("the response ended early: {0}")]
    Truncated(String),
    /// The head of the answer is not HTTP, or too large; or a header of ours cannot be sent.
    #[error("the headers cannot be used: {0}")]
    Headers(String),
    /// The answer is packed in a way that we did not ask for, or not as it says.
    #[error("the response cannot be decompressed: {0}")]
    Encoding(String),
    /// Whoever takes the bytes could not: a full disk, for example. Not the peer's doing.
    #[error("cannot save the response: {0}")]
    Io(std::io::Error),
}

impl Error {
    /// A stable name for reports and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Blocked { .. } => "blocked-address",
            Self::BadUrl { .. } => "bad-url",
            Self::Redirect { .. } => "redirect",
            Self::Dns { .. } => "dns",
            Self::Connect { .. } => "connect",
            Self::Tls { .. } => "tls",
            Self::Timeout { .. } => "timeout",
            Self::TooSlow(_) => "too-slow",
            Self::TooLarge { .. } => "too-large",
            Self::Bomb(_) => "bomb",
            Self::Truncated(_) => "truncated",
            Self::Headers(_) => "bad-headers",
            Self::Encoding(_) => "bad-encoding",
            Self::Io(_) => "io",
        }
    }

    /// The way there or back failed: the same request may well succeed later.
    pub fn is_transport(&self) -> bool {
        matches!(
            self,
            Self::Dns { .. }
                | Self::Connect { .. }
                | Self::Tls { .. }
                | Self::Timeout { .. }
                | Self::TooSlow(_)
                | Self::Truncated(_)
        )
    }

    /// Our own rules forbid it: asking again changes nothing, and a person should know.
    pub fn is_blocked(&self) -> bool {
        matches!(self, Self::Blocked { .. } | Self::BadUrl { .. } | Self::Redirect { .. })
    }
}

/// What a stranger wrote, short enough for a line in the log and without what breaks it.
pub(super) fn quoted(text: &str) -> String {
    let mut short: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
