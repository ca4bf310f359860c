//! Speaking SMTP to the one mail server that the settings name.
//!
//! lettre writes and reads the lines; the order of the steps is ours, because only between two of
//! them a letter can still be taken back: until [`Conversation::hand_over`] nothing has been sent.
//!
//! The mail server is the operator's own choice, often inside of their network: it is not reached
//! through `outbound`, whose guards are for addresses that strangers choose.

use std::{future::Future, time::Duration};

use lettre::{
    address::Envelope,
    transport::smtp::{
        self,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, TlsParameters, TlsParametersBuilder},
        commands::{Data, Mail, Rcpt, Rset},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use tokio::time::timeout;
use url::{Host, Url};

/// Time to connect, and for each step of a conversation.
const PATIENCE: Duration = Duration::from_mins(1);
/// Time that a server may take to say that it has taken a letter. Source: RFC 5321, section
/// 4.5.3.2.6, asks for ten minutes; nobody who waits for a sign-in link has them.
const TAKING: Duration = Duration::from_mins(3);

/// How much of a conversation is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    /// Nothing: on this machine, or where the operator says so.
    None,
    /// Everything after the greeting, where the server can.
    WhereOffered,
    /// Everything after the greeting: a password follows.
    AfterGreeting,
    /// Everything.
    Full,
}

/// A mail server: where it is, and who we are to it.
#[derive(Clone)]
pub struct Server {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    roots: Vec<Certificate>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{} ({:?})", self.host, self.port, self.security)
    }
}

impl Server {
    /// The server of `smtp://HOST:PORT`, `smtp://USER:PASSWORD@HOST` or `smtps://USER:PASSWORD@HOST`,
    /// as the settings have checked it.
    pub fn new(url: &Url) -> Self {
        let host = url.host_str().unwrap_or("localhost").trim_matches(['[', ']']).to_owned();
        let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let credentials = (!url.username().is_empty())
            .then(|| Credentials::new(decoded(url.username()), decoded(url.password().unwrap_or_default())));
        // Mail servers on the same machine often have a certificate for another name, and nobody listens.
        let here = match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            _ => host == "localhost",
        };
        let (security, port) = match (url.scheme(), &credentials) {
            ("smtps", _) => (Security::Full, 465),
            _ if here || url.query() == Some("tls=none") => (Security::None, 25),
            (_, Some(_)) => (Security::AfterGreeting, 587),
            (_, None) => (Security::WhereOffered, 25),
        };
        Self { port: url.port().unwrap_or(port), host, security, credentials, roots: Vec::new() }
    }

    /// The same, also trusting `root` (DER) to say who the server is. For tests.
    #[must_use]
    pub fn trusting(mut self, root: &[u8]) -> Self {
        self.roots.extend(Certificate::from_der(root.to_vec()));
        self
    }

    fn tls(&self) -> Result<TlsParameters, smtp::Error> {
        let builder = TlsParameters::builder(self.host.clone());
        self.roots.iter().cloned().fold(builder, TlsParametersBuilder::add_root_certificate).build()
    }
}

/// The server cannot be reached, does not want us, or has broken off: nothing can be sent now, and it
/// is nobody's address that is wrong.
#[derive(Debug)]
pub(super) struct Trouble(pub(super) String);

impl Trouble {
    fn with(server: &Server, why: impl std::fmt::Display) -> Self {
        Self(format!("the mail server {} cannot be used: {why}", server.host))
    }
}

/// What a server says to a letter before it has seen it.
#[derive(Debug)]
pub(super) enum Offered {
    /// It waits for the text.
    Wanted,
    /// It does not want it.
    Refused {
        /// Whether asking again is of no use.
        for_good: bool,
        /// What it said.
        why: String,
    },
}

/// What became of a text that was sent.
#[derive(Debug)]
pub(super) enum Handed {
    /// The server answers for it now.
    Taken,
    /// It was not taken.
    Refused {
        /// Whether asking again is of no use.
        for_good: bool,
        /// What the server said.
        why: String,
    },
    /// There was no answer.
    Unclear(String),
}

/// A conversation with a mail server, between two letters or before the text of one.
pub(super) struct Conversation {
    connection: AsyncSmtpConnection,
    server: Server,
}

impl Conversation {
    /// Connect, secure the connection, and say who we are.
    pub(super) async fn begin(server: &Server) -> Result<Self, Trouble> {
        let begun = async {
            let hello = ClientId::default();
            let tls = match server.security {
                Security::Full => Some(server.tls()?),
                _ => None,
            };
            let address = (server.host.as_str(), server.port);
            let mut connection = AsyncSmtpConnection::connect_tokio1(address, Some(PATIENCE), &hello, tls, None).await?;
            let secure = match server.security {
                Security::AfterGreeting => true,
                Security::WhereOffered => connection.can_starttls(),
                Security::None | Security::Full => false,
            };
            if secure {
                connection.starttls(server.tls()?, &hello).await?;
            }
            if let Some(credentials) = &server.credentials {
                connection.auth(DEFAULT_MECHANISMS, credentials).await?;
            }
            Ok::<_, smtp::Error>(connection)
        };
        match timeout(2 * PATIENCE, begun).await {
            Ok(Ok(connection)) => Ok(Self { connection, server: server.clone() }),
            Ok(Err(error)) => Err(Trouble::with(server, said(&error))),
            Err(_) => Err(Trouble::with(server, "it does not answer")),
        }
    }

    /// Ask whether the server takes a letter from and to these. After [`Offered::Wanted`] it waits for
    /// the text.
    pub(super) async fn offer(&mut self, envelope: &Envelope) -> Result<Offered, Trouble> {
        let info = self.connection.server_info();
        let mut parameters = Vec::new();
        let everybody = envelope.from().into_iter().chain(envelope.to());
        if everybody.into_iter().any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
            if !info.supports_feature(Extension::SmtpUtfEight) {
                let why = "the mail server only accepts addresses with plain letters".to_owned();
                return Ok(Offered::Refused { for_good: true, why });
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if info.supports_feature(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        // Who may send is between the server and us, whom to is about the letter.
        if let Err(error) = step(self.connection.command(Mail::new(envelope.from().cloned(), parameters))).await {
            return Err(Trouble::with(&self.server, error.why));
        }
        for to in envelope.to() {
            if let Err(error) = step(self.connection.command(Rcpt::new(to.clone(), Vec::new()))).await {
                return self.refused(error);
            }
        }
        match step(self.connection.command(Data)).await {
            Ok(()) => Ok(Offered::Wanted),
            Err(error) => self.refused(error),
        }
    }

    fn refused(&self, error: Failed) -> Result<Offered, Trouble> {
        match error.code {
            // It wants to know who we are first, or is closing down. Source: RFC 4954, RFC 5321.
            Some(530 | 534 | 535 | 538 | 421) | None => Err(Trouble::with(&self.server, error.why)),
            Some(code) => Ok(Offered::Refused { for_good: code >= 500, why: error.why }),
        }
    }

    /// Send the text that the server waits for.
    pub(super) async fn hand_over(&mut self, message: &[u8]) -> Handed {
        let answer = timeout(TAKING, self.connection.message(message)).await;
        match answer {
            Ok(Ok(_)) => Handed::Taken,
            Ok(Err(error)) => match error.status() {
                Some(_) => Handed::Refused { for_good: error.is_permanent(), why: said(&error) },
                None => Handed::Unclear(said(&error)),
            },
            Err(_) => Handed::Unclear("the mail server did not answer".to_owned()),
        }
    }

    /// Be ready for the next letter after one that was refused; none where the connection is gone.
    pub(super) async fn start_over(mut self) -> Option<Self> {
        step(self.connection.command(Rset)).await.ok().map(|()| self)
    }

    /// Say goodbye. Nothing depends on the answer.
    pub(super) async fn end(mut self) {
        let _ = timeout(Duration::from_secs(5), self.connection.quit()).await;
    }
}

/// A step that failed: with the server's code, where it said no.
struct Failed {
    code: Option<u16>,
    why: String,
}

async fn step<T>(step: impl Future<Output = Result<T, smtp::Error>>) -> Result<(), Failed> {
    match timeout(PATIENCE, step).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(Failed { code: error.status().map(u16::from), why: said(&error) }),
        Err(_) => Err(Failed { code: None, why: "it does not answer".to_owned() }),
    }
}

fn said(error: &smtp::Error) -> String {
    super::letter::one_line(&error.to_string(), 300)
}
