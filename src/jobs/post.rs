//! Sending letters.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{app::App, mail};

/// How often to look for letters that other processes have queued.
const POST: Duration = Duration::from_secs(1);
/// How often to ask which letters came back.
const BOUNCES: Duration = Duration::from_mins(10);
/// How long after a commit to look for letters: an import makes many.
const GATHER: Duration = Duration::from_millis(100);
/// How long at most to leave a mail server in peace that is in trouble.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How long a letter may take that is under way when the server stops.
const LAST_LETTER: Duration = Duration::from_secs(10);

/// Send letters as they come, until `stop`.
pub async fn post(app: App, stop: CancellationToken) {
    let mailer = app.mailer();
    let mut commits = app.db.commits();
    let mut failures = 0_u32;
    let mut looked: Option<tokio::time::Instant> = None;
    while !stop.is_cancelled() {
        if looked.is_none_or(|looked| looked.elapsed() >= BOUNCES) {
            looked = Some(tokio::time::Instant::now());
            if let Err(error) = mailer.look_for_bounces().await {
                tracing::warn!(error = %error, "cannot record emails that could not be delivered");
            }
        }
        let sending = mailer.send_due();
        let sent = tokio::select! {
            sent = sending => sent,
            // What is being handed over may be handed over.
            () = async { stop.cancelled().await; tokio::time::sleep(LAST_LETTER).await } => break,
        };
        let wait = match sent {
            Ok(mail::Sent { trouble: None, .. }) => {
                failures = 0;
                POST
            }
            Ok(mail::Sent { trouble: Some(trouble), later, .. }) => {
                failures = failures.saturating_add(1);
                if failures.is_power_of_two() {
                    tracing::error!(trouble, waiting = later, failures, "emails cannot be sent; trying again");
                }
                (POST * 2_u32.pow(failures.min(8))).min(LONGEST_PAUSE)
            }
            Err(error) => {
                tracing::warn!(error = %error, "cannot look for emails to send");
                LONGEST_PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
            // A commit of this process may have queued one; but a server in trouble gets its rest.
            _ = commits.changed(), if failures == 0 => tokio::time::sleep(GATHER).await,
        }
    }
}
