//! The style sheet and the scripts. Every page works without the scripts: they keep answers out
//! of the "back" list, and do the sums while somebody types.

use std::sync::LazyLock;

use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};

use crate::{
    http::{Parameters, Problem, caching},
    pages::files::address,
};

const STYLE: &str = include_str!("help.css");
const HELP: &str = include_str!("help.js");
const SCRIPT: &str = "text/javascript; charset=utf-8";
const BUDGET: &str = include_str!("budget.js");

/// The address of the style sheet: another one whenever it changes.
pub(super) fn style_address() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| address("/assets/help.css", STYLE));
    &ADDRESS
}

/// The address of the script of every page: another one whenever it changes.
pub(super) fn help_address() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| address("/assets/help.js", HELP));
    &ADDRESS
}

/// The address of the budget's script.
pub(super) fn budget_address() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| address("/assets/budget.js", BUDGET));
    &ADDRESS
}

pub(super) async fn style(parameters: Parameters, headers: HeaderMap) -> Response {
    file(&parameters, &headers, "text/css; charset=utf-8", style_address(), STYLE)
}

pub(super) async fn help(parameters: Parameters, headers: HeaderMap) -> Response {
    file(&parameters, &headers, SCRIPT, help_address(), HELP)
}

pub(super) async fn budget(parameters: Parameters, headers: HeaderMap) -> Response {
    file(&parameters, &headers, SCRIPT, budget_address(), BUDGET)
}

fn file(parameters: &Parameters, headers: &HeaderMap, kind: &'static str, address: &str, body: &'static str) -> Response {
    let version = caching::Version { etag: caching::etag_of_bytes(body.as_bytes()), changed_at: None };
    let mut response = caching::respond::<Problem>(headers, &version, kind, || Ok(body.as_bytes().into()));
    if parameters.text("v").ok().flatten().is_some_and(|version| address.ends_with(version)) {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    }
    response
}
