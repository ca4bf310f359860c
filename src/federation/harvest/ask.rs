//! Asking a peer within a pull: what an answer comes to, and for how long one may go on.

use std::time::Duration;

use url::Url;

use super::{
    super::peers::{PeerKind, Trouble},
    End, Harvester, NOT_THERE, Run,
    discover::ask_who,
    finish::chance,
    lease::LOST,
};
use crate::outbound::{self, Answer, Ask};

/// Why a server does not answer that is asked too often.
pub(super) const TOO_MANY: &str = "too-many-requests";

impl End {
    /// Whether a server has said that we are asking too much: whatever else there is to ask waits as well.
    pub(super) fn asks_us_to_wait(&self) -> bool {
        matches!(self, Self::Failed(trouble, wait) if trouble.code == TOO_MANY || wait.is_some())
    }

    /// Whether somebody else has taken over the pull: there is nothing more that it may do.
    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::Failed(trouble, _) if trouble.code == LOST)
    }

    /// Whether the server says that nothing is there.
    pub(super) fn is_not_there(&self) -> bool {
        matches!(self, Self::Failed(trouble, _) if trouble.code == NOT_THERE)
    }
}

impl Harvester {
    /// Ask a directory within a run what it is, and count that.
    pub(super) async fn ask_who(&self, run: &mut Run, base: &Url) -> Result<Answer, Trouble> {
        run.report.requests += 1;
        let answer = ask_who(&self.outbound, base).await?;
        run.report.bytes += answer.wire_bytes;
        Ok(answer)
    }

    /// Ask a peer within a run, and count it.
    pub(super) async fn ask(&self, run: &mut Run, ask: Ask) -> Result<Answer, End> {
        let is_conditional = ask.is_conditional();
        let answer = self.outbound.fetch(ask).await;
        self.count(run, answer, is_conditional)
    }

    /// Count a request within a run, and say what its answer comes to. That nothing has changed is none to whoever did
    /// not say what they have: it would pass for the end of what is read.
    pub(super) fn count(
        &self,
        run: &mut Run,
        answer: Result<Answer, outbound::Error>,
        is_conditional: bool,
    ) -> Result<Answer, End> {
        run.report.requests += 1;
        let answer = answer.map_err(|error| {
            // Where it wants to send us is for a person to judge; everything else may pass.
            let trouble = Trouble { code: error.code().to_owned(), detail: error.to_string() };
            if matches!(error, outbound::Error::Redirect { .. }) { End::Held(trouble) } else { End::Failed(trouble, None) }
        })?;
        run.report.bytes += answer.wire_bytes;
        run.unpacked += answer.body.len() as u64;
        let wait = answer.retry_after(self.clock.now());
        match answer.status {
            200 => Ok(answer),
            304 if is_conditional => {
                run.report.not_modified += 1;
                Ok(answer)
            }
            status @ (404 | 410) => Err(End::failed(NOT_THERE, format!("{} answers {status}: nothing is there", answer.url))),
            429 => {
                let trouble = Trouble { code: TOO_MANY.to_owned(), detail: format!("{} asks us to wait", answer.url) };
                Err(End::Failed(trouble, wait))
            }
            status => {
                // What RPDE asks of its clients where the server names no time.
                let rpde = (status == 503 && run.peer.kind == PeerKind::OpenActive)
                    .then(|| Duration::from_hours(1).mul_f64(1.0 + chance()));
                let wait = wait.or(rpde);
                let trouble = Trouble { code: "bad-status".to_owned(), detail: format!("{} answers {status}", answer.url) };
                Err(End::Failed(trouble, wait))
            }
        }
    }

    /// Whether it is time to let others have their turn. Pages may never end; a file does.
    pub(super) fn is_long(&self, run: &Run) -> bool {
        run.report.pages >= self.most_pages || self.mind_the_time(run).is_err()
    }

    /// Go on only while there is time, and while not too much has come: for what is asked one by one.
    pub(super) fn mind_the_time(&self, run: &Run) -> Result<(), End> {
        if run.began.elapsed() >= self.longest || self.is_much(run) { Err(End::Later) } else { Ok(()) }
    }

    /// Whether so much has come that the peer is to be left alone for a while.
    pub(super) fn is_much(&self, run: &Run) -> bool {
        run.unpacked >= self.most_bytes
    }
}
