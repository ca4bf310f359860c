//! What monitors ask: whether the process lives, whether it is ready, and its numbers for Prometheus.

use std::sync::atomic::Ordering;

use axum::{
    Router,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{HeaderValue, header};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::Served;
use crate::{federation, http::Problem};

/// What monitors are told where newly published records cannot be followed.
const FALLS_BEHIND: &str = "newly published records cannot be read into the data folder, so searches and pages miss them; the log says \
    why. If something was deleted there, restart the server: what is missing is built again";

/// The routes, for what a server answers from.
pub(super) fn routes(served: Served) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(served)
}

async fn ready(State(served): State<Served>) -> Response {
    let head = match served.app.head().await {
        Ok(head) => head,
        Err(error) => {
            tracing::warn!(error = %error, "the database cannot be asked");
            return Problem::unavailable("the database cannot be asked; the log says why").into_response();
        }
    };
    if served.falls_behind.load(Ordering::Relaxed) {
        return Problem::unavailable(FALLS_BEHIND).into_response();
    }
    // The shelf follows before the search does.
    if served.is_ready() && served.directory.search.is_of(&head.epoch) {
        return "ready\n".into_response();
    }
    let far = match served.directory.search.indexing() {
        Some(indexing) => format!("the search is being built: {indexing}"),
        None => format!("reading published records: {} documents so far", served.directory.shelf.size().0),
    };
    Problem::unavailable(&far).into_response()
}

async fn metrics(State(served): State<Served>) -> Response {
    let (entries, bytes) = served.directory.shelf.size();
    #[expect(clippy::cast_precision_loss, reason = "gauges are for looking at")]
    {
        metrics::gauge!("shelf_entries").set(entries as f64);
        metrics::gauge!("shelf_bytes").set(bytes as f64);
        metrics::gauge!("shelf_position").set(served.directory.shelf.position().0 as f64);
        let (documents, bytes) = served.directory.search.size();
        metrics::gauge!("index_documents").set(documents as f64);
        metrics::gauge!("index_bytes").set(bytes as f64);
        metrics::gauge!("index_position").set(served.directory.search.position().0 as f64);
    }
    let mut text = served.metrics.render();
    match federation::gauges(&served.app.db, served.app.clock.now()).await {
        Ok(gauges) => text.push_str(&gauges),
        Err(error) => tracing::warn!(error = %error, "cannot report the state of peers"),
    }
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"));
    response
}

/// The process has one recorder, also when a test or the demo starts several servers in it.
pub(super) fn recorder() -> PrometheusHandle {
    static RECORDER: std::sync::OnceLock<PrometheusHandle> = std::sync::OnceLock::new();
    RECORDER
        .get_or_init(|| {
            let recorder = PrometheusBuilder::new().build_recorder();
            let handle = recorder.handle();
            // Fails only where another recorder is there already, which then counts.
            let _ = metrics::set_global_recorder(recorder);
            handle
        })
        .clone()
}
