//! Who a directory says that it is: its discovery document, asked for and read.

use url::Url;

use super::{
    super::{
        peers::Trouble,
        protocol::{Discovery, PROTOCOL, WELL_KNOWN},
    },
    TOO_MANY,
    keys::{self, MOST_KEYS},
};
use crate::{
    formats::json,
    model::text::line,
    outbound::{Answer, Ask, Limits, Outbound},
};

/// What somebody calls themselves has at most so many characters.
const LONGEST_NAME: usize = 200;
/// Why something cannot be read, and what has to be said of a licence, has at most so many.
const LONGEST_REASON: usize = 500;
/// A discovery document larger than this is not read, in bytes as it is unpacked: it is kept, and written with each page.
const LARGEST: u64 = 4 << 20;
/// It names at most so many feeds, and as many earlier addresses as keys.
const MOST_FEEDS: usize = 16;

fn trouble(code: &str, detail: String) -> Trouble {
    Trouble { code: code.to_owned(), detail }
}

/// What a directory says of itself.
/// # Errors
/// Why it cannot be known: nobody answers, what answers speaks otherwise, or claims to be another.
pub async fn discover(outbound: &Outbound, base: &Url) -> Result<Discovery, Trouble> {
    said_by(&ask_who(outbound, base).await?)
}

/// Ask a directory what it is.
pub(super) async fn ask_who(outbound: &Outbound, base: &Url) -> Result<Answer, Trouble> {
    let mut root = base.clone();
    root.set_path("/");
    root.set_query(None);
    root.set_fragment(None);
    let url = root.join(WELL_KNOWN).map_err(|error| trouble("bad-url", error.to_string()))?;
    let limits = Limits { decoded: LARGEST, ..Limits::default() };
    let asked = outbound.fetch(Ask { limits, ..Ask::get(url) }).await;
    asked.map_err(|error| trouble(error.code(), error.to_string()))
}

/// What its answer says that it is.
pub(super) fn said_by(answer: &Answer) -> Result<Discovery, Trouble> {
    // Whoever fails to say what it is may be a directory: taken for a plain API it would be followed without its
    // signatures and its deletions for good.
    if answer.status == 429 || answer.status >= 500 {
        let detail = format!("{} answers {}, so it is not known what it is; try again later", answer.url, answer.status);
        return Err(trouble(if answer.status == 429 { TOO_MANY } else { "bad-status" }, detail));
    }
    if answer.status != 200 || !answer.is_json() {
        return Err(trouble("no-discovery", format!("{} answers {} without a discovery document", answer.url, answer.status)));
    }
    let value = json::parse(&answer.body).map_err(|error| trouble("bad-json", format!("{}: {error}", answer.url)))?;
    // Some hosts answer 200 and JSON to whatever is asked.
    if value.get("protocol").is_none() {
        return Err(trouble("no-discovery", format!("{} answers {} without a discovery document", answer.url, answer.status)));
    }
    let mut discovery: Discovery = serde_path_to_error::deserialize(value)
        .map_err(|error| trouble("bad-discovery", format!("{}: {}", answer.url, line(&error.to_string(), LONGEST_REASON))))?;
    if discovery.protocol != PROTOCOL {
        let detail = format!("it uses the protocol {:?}, but this directory uses {PROTOCOL}", discovery.protocol);
        return Err(trouble("other-protocol", detail));
    }
    if discovery.origin.origin() != answer.url.origin() || discovery.origin.path() != "/" {
        let detail = format!("the document at {} says that it belongs to {}", answer.url, discovery.origin);
        return Err(trouble("other-origin", detail));
    }
    let Discovery { keys, keys_sig, moved_from, feeds, .. } = &discovery;
    if [keys.len(), keys_sig.len(), moved_from.len()].into_iter().any(|many| many > MOST_KEYS) || feeds.len() > MOST_FEEDS {
        let detail = format!(
            "{} lists {} keys, {} earlier addresses and {} feeds; at most {MOST_KEYS}, {MOST_KEYS} and {MOST_FEEDS} are read",
            answer.url,
            keys.len(),
            moved_from.len(),
            feeds.len()
        );
        return Err(trouble("bad-discovery", detail));
    }
    if !keys::is_sound(&discovery) {
        return Err(trouble("bad-keys", format!("the list of keys at {} is not signed by the current signing key", answer.url)));
    }
    // What it calls itself is shown to officers before anybody has approved it, and stands beside each of its records.
    for (text, most) in [
        (&mut discovery.publisher.name, LONGEST_NAME),
        (&mut discovery.license.attribution, LONGEST_REASON),
        (&mut discovery.license.url, LONGEST_REASON),
        (&mut discovery.software.name, LONGEST_NAME),
        (&mut discovery.software.version, LONGEST_NAME),
    ] {
        *text = line(text, most);
    }
    Ok(discovery)
}
