//! Signing in, and what somebody has here: their organisations, their changes, their sessions.

mod home;
mod changes;
mod claims;
mod doors;
mod find;
mod organisation;
mod passkeys;
mod profile;
mod sign_in;
mod terms;
mod tokens;

use axum::{
    Router,
    routing::{get, post},
};

pub(super) use self::{
    changes::{messages, thread},
    claims::written as claim_written,
    find::{candidates, is_alike},
    home::state_of,
    organisation::Told,
    terms::{agree, terms},
};
use super::{desk::Desk, unfinished};

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/sign-in", get(sign_in::ask).post(sign_in::send))
        .route("/sign-in/link", post(sign_in::redeem))
        .route("/sign-in/link/{secret}", get(sign_in::open))
        .route("/sign-in/with/{name}", get(doors::leave))
        .route("/sign-in/back", get(doors::come_back))
        .route("/sign-in/passkey", get(passkeys::ask_to_show).post(passkeys::show))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/account", get(home::show))
        .route("/account/terms", get(terms::ask).post(terms::accept))
        .route("/account/invitations/{id}", post(home::accept))
        .route("/account/unfinished", get(unfinished::show))
        .route("/account/profile", get(profile::show).post(profile::save))
        .route("/account/profile/forget", get(profile::ask_to_forget).post(profile::forget))
        .route("/account/passkeys", get(passkeys::list))
        .route("/account/passkeys/new", get(passkeys::ask).post(passkeys::add))
        .route("/account/passkeys/{id}", post(passkeys::change))
        .route("/account/sessions/{id}/end", post(profile::end_session))
        .route("/account/find", get(find::show))
        .route("/account/organisations/{id}", get(organisation::show))
        .route("/account/organisations/{id}/members", post(organisation::change_members))
        .route("/account/organisations/{id}/tokens", post(tokens::change))
        .route("/account/organisations/{id}/claim", get(claims::ask).post(claims::make))
        .route("/account/claims/{id}", get(claims::show).post(claims::answer))
        .route("/account/changes/{id}", get(changes::show).post(changes::act))
}
