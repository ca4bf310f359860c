//! `fingerpost mail`: emails that came back after the mail server had accepted them.

use std::io::{self, Read as _};

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::json;

use super::{Answer, WrongCall, say};
use crate::{app::App, mail};

/// The most that is read of a message, in bytes: what tells of the return stands at its beginning.
const LONGEST: u64 = 1 << 20;

#[derive(Debug, Subcommand)]
pub(super) enum Mails {
    /// Record that the last email to an address came back, or what a bounce message says on standard input.
    Bounced {
        /// The address, or - for a bounce message on standard input, as a mail server sends it.
        #[arg(value_name = "ADDRESS|-")]
        address: String,
        /// Why it came back. A bounce message says so itself.
        #[arg(long, default_value = "the mail server returned it")]
        why: String,
    },
}

impl Mails {
    pub(super) async fn run(self, app: App, answer: Answer) -> anyhow::Result<bool> {
        let Self::Bounced { address, why } = self;
        if address == "-" {
            // Whatever else is sent to the directory's address comes here, too: that it is not about us is no failure.
            let noted = app.mailer().read_return(&message()?).await?;
            report(noted, "this is not a message about an email that could not be delivered; nothing was recorded", answer)?;
            return Ok(true);
        }
        if mail::address(&address).is_none() {
            return Err(WrongCall(format!("{address:?} is not an email address")).into());
        }
        let noted = app.mailer().last_came_back(&address, &why).await?;
        report(noted, &format!("no email to {address} is known that a mail server accepted"), answer)?;
        Ok(noted.is_some())
    }
}

fn report(noted: Option<u64>, nothing: &str, answer: Answer) -> anyhow::Result<()> {
    answer.give(&json!({"recorded": noted.unwrap_or_default()}), || match noted {
        None => say!("{nothing}"),
        Some(0) => say!("no email that is not already recorded as bounced, or that was sent from here; nothing was recorded"),
        Some(many) => say!("{many} recorded as bounced"),
    })
}

fn message() -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    io::stdin().take(LONGEST).read_to_end(&mut bytes).context("cannot read the message")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
