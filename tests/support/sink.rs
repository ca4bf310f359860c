//! A mail server that takes everything and keeps it, over real sockets, and that refuses, goes quiet
//! or hangs up where a test tells it to.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fingerpost::mail::{Mailer, Server, Settings};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::TestApp;

/// A step of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// `MAIL FROM`
    Mail,
    /// `RCPT TO`
    Rcpt,
    /// `DATA`
    Data,
    /// The text, with the dot that ends it.
    Text,
}

/// What the server does about one letter.
#[derive(Clone, Debug)]
pub enum Act {
    /// Take it.
    Take,
    /// Answer this at this step.
    Say(At, &'static str),
    /// Hang up at this step, without an answer; a text was read to its end, and is kept.
    HangUp(At),
    /// Say nothing at this step, ever; a text was read to its end, and is kept.
    Hush(At),
}

/// A letter as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    /// Headers and body, as they came.
    pub data: String,
}

impl Received {
    /// A header, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        header(&self.data, name)
    }

    /// What it says as plain text.
    pub fn text(&self) -> String {
        self.part("text/plain")
    }

    /// What it says as HTML.
    pub fn html(&self) -> String {
        self.part("text/html")
    }

    /// The first web address in its text that starts like this.
    pub fn link(&self, start: &str) -> String {
        let text = self.text();
        let found = text.split_whitespace().find(|word| word.starts_with(start));
        found.unwrap_or_else(|| panic!("no {start} in {text}")).to_owned()
    }

    fn part(&self, kind: &str) -> String {
        let boundary = self
            .header("Content-Type")
            .and_then(|value| value.split("boundary=").nth(1).map(|rest| format!("--{}", rest.trim_matches(['"', ' ']))));
        let parts: Vec<&str> = match &boundary {
            Some(boundary) => self.data.split(boundary.as_str()).skip(1).map(|part| part.trim_start_matches("\r\n")).collect(),
            None => vec![self.data.as_str()],
        };
        let is = |part: &&&str| header(part, "Content-Type").is_some_and(|value| value.starts_with(kind));
        let part = parts.iter().find(is).unwrap_or_else(|| panic!("no {kind} in {}", self.data));
        let (_, body) = part.split_once("\r\n\r\n").expect("a blank line after the headers");
        let body = body.trim_end_matches("\r\n");
        match header(part, "Content-Transfer-Encoding").as_deref() {
            Some("quoted-printable") => from_quoted_printable(body),
            Some("base64") => String::from_utf8(STANDARD.decode(body.replace("\r\n", "")).unwrap()).unwrap(),
            _ => body.to_owned(),
        }
        .replace("\r\n", "\n")
    }
}

fn header(part: &str, name: &str) -> Option<String> {
    let (head, _) = part.split_once("\r\n\r\n")?;
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    unfolded.split("\r\n").find_map(|line| {
        let (known, value) = line.split_once(':')?;
        known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

fn from_quoted_printable(body: &str) -> String {
    let body = body.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = body.as_bytes();
    while let [first, tail @ ..] = rest {
        if let (b'=', [high, low, tail @ ..]) = (first, tail) {
            let pair = std::str::from_utf8(&[*high, *low]).unwrap().to_owned();
            bytes.push(u8::from_str_radix(&pair, 16).unwrap());
            rest = tail;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[derive(Default)]
struct Kept {
    received: Mutex<Vec<Received>>,
    acts: Mutex<VecDeque<Act>>,
    commands: Mutex<Vec<String>>,
    connections: AtomicUsize,
}

/// A mail server that answers until it is dropped.
pub struct Sink {
    pub address: SocketAddr,
    kept: Arc<Kept>,
    task: JoinHandle<()>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sink {
    /// Answer on a port of 127.0.0.1.
    pub async fn start() -> Self {
        Self::listen(None).await
    }

    /// The same, over TLS from the first byte.
    pub async fn start_tls(tls: TlsAcceptor) -> Self {
        Self::listen(Some(tls)).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Arc::new(Kept::default());
        let task = tokio::spawn({
            let kept = kept.clone();
            async move {
                let mut open = tokio::task::JoinSet::new();
                while let Ok((stream, _)) = listener.accept().await {
                    kept.connections.fetch_add(1, Ordering::SeqCst);
                    let (tls, kept) = (tls.clone(), kept.clone());
                    open.spawn(async move {
                        match tls {
                            None => drop(converse(stream, &kept).await),
                            Some(tls) => {
                                if let Ok(stream) = tls.accept(stream).await {
                                    drop(converse(stream, &kept).await);
                                }
                            }
                        }
                    });
                }
            }
        });
        Self { address, kept, task }
    }

    /// What the setting `smtp_url` would say.
    pub fn url(&self) -> url::Url {
        format!("smtp://{}", self.address).parse().unwrap()
    }

    /// A mailer of `app` that sends here.
    pub fn mailer(&self, app: &TestApp) -> Mailer {
        mailer(app, Server::new(&self.url()))
    }

    /// What happens to the next letters, one for each that is offered; after that all are taken.
    pub fn then(&self, acts: impl IntoIterator<Item = Act>) {
        self.kept.acts.lock().unwrap().extend(acts);
    }

    /// Every letter that came in whole.
    pub fn received(&self) -> Vec<Received> {
        self.kept.received.lock().unwrap().clone()
    }

    /// Every command, in order.
    pub fn commands(&self) -> Vec<String> {
        self.kept.commands.lock().unwrap().clone()
    }

    /// How often somebody connected.
    pub fn connections(&self) -> usize {
        self.kept.connections.load(Ordering::SeqCst)
    }
}

/// A mailer of `app` that sends through `server`.
pub fn mailer(app: &TestApp, server: Server) -> Mailer {
    let settings = Settings {
        smtp: Some(server),
        notify: None,
        from: "directory@luton.example.org".to_owned(),
        name: "Luton directory".to_owned(),
    };
    Mailer::new(app.app().db.clone(), app.clock.clone(), settings)
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, kept: &Kept) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 sink.example.org ready\r\n").await?;
    let (mut from, mut to, mut act) = (String::new(), Vec::new(), Act::Take);
    loop {
        let mut line = String::new();
        stream.flush().await?;
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end().to_owned();
        kept.commands.lock().unwrap().push(line.clone());
        let address = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let (at, answer) = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => (None, "250-sink.example.org\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME"),
            "AUTH" if line.ends_with(&STANDARD.encode("\0directory\0pass word")) => (None, "235 welcome"),
            "AUTH" => (None, "535 5.7.8 who are you?"),
            "MAIL" => {
                (from, to) = (address(), Vec::new());
                act = kept.acts.lock().unwrap().pop_front().unwrap_or(Act::Take);
                (Some(At::Mail), "250 ok")
            }
            "RCPT" => {
                to.push(address());
                (Some(At::Rcpt), "250 ok")
            }
            "DATA" => (Some(At::Data), "354 go on"),
            "RSET" => (None, "250 forgotten"),
            "QUIT" => (None, "221 bye"),
            _ => (None, "502 what?"),
        };
        if !does(&mut stream, &act, at, answer).await? {
            return Ok(());
        }
        if at == Some(At::Data) && !matches!(act, Act::Say(At::Data, _)) {
            let Some(data) = read_text(&mut stream).await? else { return Ok(()) };
            if !matches!(act, Act::Say(At::Text, _)) {
                kept.received.lock().unwrap().push(Received { from: from.clone(), to: to.clone(), data });
            }
            if !does(&mut stream, &act, Some(At::Text), "250 taken").await? {
                return Ok(());
            }
        }
    }
}

/// Answer, or do what was told instead; whether the conversation goes on.
async fn does(
    stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    act: &Act,
    at: Option<At>,
    answer: &str,
) -> std::io::Result<bool> {
    match act {
        Act::HangUp(when) if Some(*when) == at => return Ok(false),
        Act::Hush(when) if Some(*when) == at => std::future::pending().await,
        Act::Say(when, instead) if Some(*when) == at => stream.write_all(format!("{instead}\r\n").as_bytes()).await?,
        _ => stream.write_all(format!("{answer}\r\n").as_bytes()).await?,
    }
    stream.flush().await?;
    Ok(true)
}

/// The text up to its dot; none where the sender hung up before.
async fn read_text(stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>) -> std::io::Result<Option<String>> {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        if line == ".\r\n" {
            return Ok(Some(data));
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
