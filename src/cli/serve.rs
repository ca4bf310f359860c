//! `fingerpost serve`.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{say, settings_trail};
use crate::{
    app::{App, Served, public_url},
    clock::Clock,
    config::Config,
    db::Durability,
    jobs, serve,
};

pub(super) async fn serve(mut config: Config) -> anyhow::Result<bool> {
    // From the beginning: nothing else ends the first process of a container while it waits for its database.
    let stop = until_told();
    let listener = serve::listen(config.listen).await?;
    config.listen = listener.local_addr()?;
    let opening = Box::pin(async {
        let app = App::open(config, Clock::System, Durability::Full).await?;
        let served = Served::open(app.clone(), app.config.listen).await?;
        Ok::<_, anyhow::Error>((app, served))
    });
    let (app, served) = tokio::select! {
        opened = opening => opened?,
        () = stop.cancelled() => return Ok(true),
    };
    if !app.config.allow_private_peers.is_empty() {
        tracing::warn!(
            networks = %app.config.allow_private_peers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            "FINGERPOST_ALLOW_PRIVATE_PEERS is set: other directories may be reached inside these networks, over http and on any port, so anyone who can add a peer can reach what is there. Unset it if no peer is there"
        );
    }
    settings_trail::note_changes(&app).await?;
    say!("{} at http://{}/ (known as {})", app.config.name, app.config.listen, public_url(&app.config, app.config.listen))?;
    let jobs = tokio::spawn(jobs::run(served.clone(), stop.clone()));
    serve::serve(listener, served.router(false), served.app.proxies(), stop).await;
    jobs.await?;
    drop(served);
    app.db.settle().await?;
    app.db.close().await?;
    tracing::info!("stopped");
    Ok(true)
}

/// Cancelled by SIGTERM and by Ctrl-C.
pub(super) fn until_told() -> CancellationToken {
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        let terminate = async {
            match signal(SignalKind::terminate()) {
                Ok(mut signal) => {
                    signal.recv().await;
                }
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            () = terminate => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        tracing::info!("stopping; finishing what is in progress");
        told.cancel();
    });
    stop
}
