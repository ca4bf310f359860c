//! Telling others that we have something new.

use futures_util::{StreamExt as _, stream};
use tokio::task::JoinHandle;

use super::{
    super::peers::{self, PeerState},
    Error, Harvester,
};
use crate::outbound::Ask;

/// Peers that are told at once.
const AT_ONCE: usize = 16;

impl Harvester {
    /// Tell those that we follow, and that may follow us, that we have something new, in a task of its own: one
    /// that does not answer keeps nobody waiting. Those that do not listen hear of it at their next look.
    /// # Errors
    /// When our own database fails.
    pub async fn tell_of_news(&self, head: i64) -> Result<JoinHandle<()>, Error> {
        let body = serde_json::json!({"origin": &*self.here, "head": head}).to_string();
        let mut listening = Vec::new();
        for peer in peers::all(&self.db).await? {
            let ping = peer.discovered.as_ref().and_then(|said| said.ping.clone());
            let url = ping.filter(|url| peer.state == PeerState::Following && url.origin() == peer.url.origin());
            listening.extend(url.map(|url| (peer.name, url)));
        }
        let outbound = self.outbound.clone();
        Ok(tokio::spawn(async move {
            let told = stream::iter(listening).for_each_concurrent(AT_ONCE, |(name, url)| {
                let ask = Ask { body: Some(body.clone().into_bytes()), ..Ask::get(url) };
                let asked = outbound.fetch(ask);
                async move {
                    if let Err(error) = asked.await {
                        tracing::debug!(peer = name, code = error.code(), "cannot be notified of changes");
                    }
                }
            });
            told.await;
        }))
    }
}
