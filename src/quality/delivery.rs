//! Letters that did not arrive: told by GOV.UK Notify as it happens, and shown to those who can ask for
//! another address.

use std::collections::BTreeMap;

use axum::{
    Router,
    body::Bytes,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::post,
};
use chrono::Duration;
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
    match delivery.mailer.came_back(&[letter], "GOV.UK Notify could not deliver it").await {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => Problem::internal(&error).into_response(),
    }
}

/// Somebody whose latest letter did not arrive.
#[derive(Clone, Debug)]
pub struct Unreachable {
    /// Who, where they have an account.
    pub person: Option<Person>,
    /// The organisations that they keep.
    pub keeps: Vec<Uuid>,
    /// The letter, and why it did not arrive.
    pub letter: Status,
}

impl Unreachable {
    /// Whether they keep listings or have a role: officers know their addresses anyhow.
    pub fn is_colleague(&self) -> bool {
        !self.keeps.is_empty() || self.person.as_ref().is_some_and(|person| person.role.is_some())
    }
}

/// For so long it is shown that a letter to anybody else did not arrive.
const SHOWN: Duration = Duration::days(30);

/// Those whose latest letter did not arrive: first those who keep listings or have a role, however long ago that was,
/// then everybody else.
/// # Errors
/// When the database fails.
pub async fn unreachable(records: &Records, identity: &Identity) -> Result<Vec<Unreachable>, Error> {
    let mut kept: BTreeMap<_, Vec<Uuid>> = BTreeMap::new();
    for membership in identity.all_memberships().await? {
        kept.entry(membership.person).or_default().push(membership.organisation);
    }
    let people = identity.everybody().await?;
    let colleagues = people.iter().filter(|person| person.role.is_some() || kept.contains_key(&person.id));
    let addresses: Vec<&str> = colleagues.map(|person| person.email.as_str()).collect();
    let mut letters = mail::unreached(records.database(), &addresses).await?;
    for letter in mail::unreached_since(records.database(), records.clock().now() - SHOWN).await? {
        if !letters.iter().any(|known| known.id == letter.id) {
            letters.push(letter);
        }
    }
    let with_person = |letter: Status| {
        let person = people.iter().find(|person| letter.to.eq_ignore_ascii_case(person.email.as_str())).cloned();
        let keeps = person.as_ref().and_then(|person| kept.get(&person.id)).cloned().unwrap_or_default();
        Unreachable { person, keeps, letter }
    };
    Ok(letters.into_iter().map(with_person).collect())
}
