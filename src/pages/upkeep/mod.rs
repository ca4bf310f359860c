//! Pages that keep listings right without anybody signing in: the answer to a reminder, and "Something
//! wrong?".

mod report;
mod still_correct;

use std::{net::IpAddr, num::NonZeroU32, sync::Arc};

use axum::{Router, extract::State, response::Response, routing::get};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::HeaderMap;

use super::{Site, layout};
use crate::{
    editing::Editing,
    http::{Problem, Proxies},
    quality::{self, Quality},
};

/// Reports that one client may send in an hour, and all of them at once.
const REPORTS_AN_HOUR: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

/// What these pages are made from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Upkeep {
    /// The site around them.
    pub site: Site,
    /// What they do.
    pub quality: Quality,
    /// How listings are closed, and who is told.
    pub editing: Editing,
    /// Networks whose word about a client is believed.
    pub proxies: Proxies,
    reports: Arc<DefaultKeyedRateLimiter<IpAddr>>,
}

impl Upkeep {
    /// Pages of `site`.
    pub fn new(site: Site, quality: Quality, editing: Editing, proxies: Proxies) -> Self {
        let reports = Arc::new(RateLimiter::keyed(Quota::per_hour(REPORTS_AN_HOUR)));
        Self { site, quality, editing, proxies, reports }
    }

    /// Whether this client may send one more report.
    fn may_report(&self, client: IpAddr) -> bool {
        self.reports.retain_recent();
        self.reports.check_key(&client).is_ok()
    }
}

/// The routes.
pub(super) fn routes(upkeep: Upkeep) -> Router {
    Router::new()
        .route("/still-correct/{secret}", get(still_correct::show).post(still_correct::answer))
        .route("/directory/report/{id}", get(report::show).post(report::send))
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(upkeep)
}

async fn method_not_allowed(State(upkeep): State<Upkeep>, headers: HeaderMap) -> Response {
    layout::answer(&upkeep.site, &headers, Err(Problem::method_not_allowed()))
}

fn problem(error: &quality::Error) -> Problem {
    match error {
        quality::Error::NotFound(_) => Problem::not_found(error.to_string()),
        quality::Error::Settled(_) => Problem::conflict(error.to_string()),
        error => Problem::internal(error),
    }
}
