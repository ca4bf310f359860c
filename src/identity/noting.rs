//! Notes of when something was last used. They wait for the database by themselves, so that nobody who only
//! reads waits behind whoever writes.

use std::{
    collections::HashSet,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::db;

/// A note mostly is written within this time, and then whoever caused it reads it.
const USUALLY: Duration = Duration::from_millis(200);

/// What is being noted. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Noting(Arc<Mutex<HashSet<String>>>);

impl Noting {
    /// Write a note about `what`, unless one is being written. Waits for it only a moment: it is written all
    /// the same. One that fails is logged; the next use tries again.
    pub(super) async fn soon(&self, what: String, note: impl Future<Output = Result<(), db::Error>> + Send + 'static) {
        if !self.being_written().insert(what.clone()) {
            return;
        }
        let being = Being { noting: self.clone(), what };
        let written = tokio::spawn(async move {
            let _being = being;
            if let Err(error) = note.await {
                tracing::warn!(%error, "cannot note when something was last used");
            }
        });
        let _ = tokio::time::timeout(USUALLY, written).await;
    }

    fn being_written(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// That a note is being written, until it is or has failed in whatever way.
struct Being {
    noting: Noting,
    what: String,
}

impl Drop for Being {
    fn drop(&mut self) {
        self.noting.being_written().remove(&self.what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_note_that_has_to_wait_keeps_nobody_and_is_written_once() {
        let noting = Noting::default();
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        let began = std::time::Instant::now();
        noting
            .soon("a token".to_owned(), async move {
                let _ = wait.await;
                Ok(())
            })
            .await;
        noting.soon("a token".to_owned(), async { panic!("one note of it waits already") }).await;
        assert!(began.elapsed() < USUALLY * 5);
        assert!(go.send(()).is_ok(), "it still waits");
        while !noting.being_written().is_empty() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_note_that_panics_is_written_the_next_time() {
        let noting = Noting::default();
        noting.soon("a token".to_owned(), async { panic!("a note that fails badly") }).await;
        assert!(noting.being_written().is_empty());
    }
}
