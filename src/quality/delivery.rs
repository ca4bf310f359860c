//! Letters that came back: told by GOV.UK Notify as it happens, and shown to those who can ask for
//! another address.

use std::collections::BTreeMap;

use axum::{
    Router,
    body::Bytes,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::post,
};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::Error;
use crate::{
    http::Problem,
    identity::{Identity, Person},
    mail::{self, Mailer, Status},
    records::Records,
};

/// What is needed to be told of letters that came back. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Delivery {
    mailer: Mailer,
    /// The hash of what Notify proves itself with; none where it is not let in.
    token: Option<[u8; 32]>,
}

impl Delivery {
    /// Told to `mailer` by whoever presents `token`.
    pub fn new(mailer: Mailer, token: Option<&str>) -> Self {
        Self { mailer, token: token.map(hash) }
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let given = given.strip_prefix("Bearer ").map(hash);
        // Hashes are compared, so the time that it takes tells nothing of the token.
        self.token.is_some() && given == self.token
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.trim()).into()
}

/// POST `/mail/delivered`, as GOV.UK Notify calls back. Source: "Delivery receipts" in its documentation.
pub fn routes(delivery: Delivery) -> Router {
    Router::new().route("/mail/delivered", post(delivered)).with_state(delivery)
}

/// What became of a letter.
#[derive(Deserialize)]
struct Receipt {
    reference: Option<String>,
    status: String,
}

async fn delivered(State(delivery): State<Delivery>, headers: HeaderMap, body: Bytes) -> Response {
    if !delivery.knows(&headers) {
        return Problem::unauthorized("this address is only for GOV.UK Notify, which must send its token").into_response();
    }
    let Ok(receipt) = serde_json::from_slice::<Receipt>(&body) else {
        return Problem::bad_request("this is not a delivery receipt".to_owned()).into_response();
    };
    let ours = receipt.reference.and_then(|reference| reference.parse::<Uuid>().ok());
    // A box that is full today is no reason to ask somebody for another address.
    let (Some(letter), "permanent-failure") = (ours, receipt.status.as_str()) else {
        return StatusCode::NO_CONTENT.into_response();
    };
    match delivery.mailer.came_back(&[letter]).await {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => Problem::internal(&error).into_response(),
    }
}

/// Somebody whose letters come back.
#[derive(Clone, Debug)]
pub struct Unreachable {
    /// Who.
    pub person: Person,
    /// The organisations that they keep.
    pub keeps: Vec<Uuid>,
    /// The letter that came back, and why.
    pub letter: Status,
}

/// Those who keep listings or have a role, and whose latest letter came back.
/// # Errors
/// When the database fails.
pub async fn unreachable(records: &Records, identity: &Identity) -> Result<Vec<Unreachable>, Error> {
    let mut keeps: BTreeMap<_, Vec<Uuid>> = BTreeMap::new();
    for membership in identity.all_memberships().await? {
        keeps.entry(membership.person).or_default().push(membership.organisation);
    }
    let mut people = identity.everybody().await?;
    people.retain(|person| person.role.is_some() || keeps.contains_key(&person.id));
    let addresses: Vec<&str> = people.iter().map(|person| person.email.as_str()).collect();
    let letters = mail::bounced(records.database(), &addresses).await?;
    let of = |person: &Person| letters.iter().find(|letter| letter.to.eq_ignore_ascii_case(person.email.as_str())).cloned();
    let with_letter = |person: Person| {
        let letter = of(&person)?;
        Some(Unreachable { keeps: keeps.get(&person.id).cloned().unwrap_or_default(), person, letter })
    };
    Ok(people.into_iter().filter_map(with_letter).collect())
}
