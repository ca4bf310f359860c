//! Who publishes here, what, and under which keys: the discovery document, and the same for
//! harvesters that know only DCAT and schema.org.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use serde_json::{Value, json};

use super::{
    Outlet,
    protocol::{
        ALL, Api, Discovery, Feed, KeysSignature, Licence, OWN, PAGE_ITEMS, PROTOCOL, Publisher, RecordSchema, Software,
        TOMBSTONE_DAYS,
    },
};
use crate::{
    http::{Problem, caching},
    model::Kind,
    published,
    signing::SCHEMA,
};

/// For how long the document may be kept: a new key must be known soon after it signs.
const KEPT: &str = "public, max-age=300";

/// The discovery document.
pub(super) async fn show(State(outlet): State<Outlet>, headers: HeaderMap) -> Result<Response, Problem> {
    let document = document(&outlet).await?;
    let body = serde_json::to_vec(&document).map_err(|error| Problem::internal(&error))?;
    Ok(answer(&headers, body, "application/json"))
}

/// The dataset in the words of DCAT and schema.org.
pub(super) async fn dataset(State(outlet): State<Outlet>, headers: HeaderMap) -> Response {
    answer(&headers, described(&outlet.publisher).to_string().into_bytes(), "application/ld+json")
}

fn answer(headers: &HeaderMap, body: Vec<u8>, media: &'static str) -> Response {
    let version = caching::Version { etag: caching::etag_of_bytes(&body), changed_at: None };
    let mut response = caching::respond::<Problem>(headers, &version, media, || Ok(body.into()));
    response.headers_mut().insert(http::header::CACHE_CONTROL, http::HeaderValue::from_static(KEPT));
    response
}

async fn document(outlet: &Outlet) -> Result<Discovery, Problem> {
    let head = published::head(&outlet.db, &outlet.clock).await?;
    let publisher = &outlet.publisher;
    let kinds = |kinds: &[Kind]| kinds.iter().map(|kind| kind.as_str().to_owned()).collect::<Vec<_>>();
    let (keys, kid, sig) = outlet.signer.sign_keys();
    let scopes = [(OWN, "federation/v1/changes"), (ALL, "federation/v1/changes?scope=all")];
    let scopes = if outlet.is_aggregator { &scopes[..] } else { &scopes[..1] };
    Ok(Discovery {
        protocol: PROTOCOL.to_owned(),
        versions: vec!["1.0".to_owned()],
        origin: publisher.origin.clone(),
        level: 2,
        publisher: Publisher { name: publisher.name.clone(), gss: publisher.gss.iter().cloned().collect() },
        software: Software { name: "fingerpost".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        epoch: head.epoch,
        api: Api { oruk_v3: Some(publisher.origin.clone()), openapi: Some(publisher.address("openapi.json")) },
        feeds: scopes
            .iter()
            .map(|(scope, path)| Feed {
                scope: (*scope).to_owned(),
                kinds: kinds(&Kind::RECORDS),
                url: publisher.address(path),
                format: "rpde-1.0+fed".to_owned(),
                min_poll_seconds: 60,
                recommended_poll_seconds: 900,
                page_items: PAGE_ITEMS,
                tombstone_days: TOMBSTONE_DAYS,
            })
            .collect(),
        checkpoint: Some(publisher.address("federation/v1/checkpoint")),
        snapshot: Some(publisher.address("federation/v1/snapshot")),
        digest: Some(publisher.address("federation/v1/digest")),
        ping: Some(publisher.address("federation/v1/ping")),
        status: Some(publisher.address("federation/v1/status")),
        schemas: vec![RecordSchema { id: SCHEMA.to_owned(), kinds: kinds(&Kind::RECORDS) }],
        license: Licence { url: publisher.licence.to_string(), attribution: attribution(&publisher.name) },
        keys,
        keys_sig: vec![KeysSignature { kid, sig }],
        moved_from: outlet.moved.iter().filter(|moved| moved.to == publisher.origin).cloned().collect(),
    })
}

/// What to say where our records are shown.
fn attribution(name: &str) -> String {
    format!("Contains information from {name}")
}

/// The dataset as JSON-LD: `dcat:Dataset` and schema.org's `Dataset` at once.
pub fn described(publisher: &super::Publisher) -> Value {
    let address = |path: &str| publisher.address(path).to_string();
    let description = format!(
        "Organisations, services, locations and events that help people, published by {} in Open Referral UK 3.0.",
        publisher.name
    );
    let distribution = |name: &str, url: String, format: &str| {
        json!({
            "@type": ["DataDownload", "dcat:Distribution"], "name": name, "contentUrl": url, "encodingFormat": format,
            "dcat:accessURL": {"@id": url}, "dcat:mediaType": format
        })
    };
    json!({
        "@context": {"@vocab": "https://schema.org/", "dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/"},
        "@type": ["Dataset", "dcat:Dataset"],
        "@id": address("federation/v1/dataset"),
        "name": publisher.name,
        "dct:title": publisher.name,
        "description": description,
        "dct:description": description,
        "url": publisher.origin,
        "license": publisher.licence,
        "dct:license": {"@id": publisher.licence},
        "publisher": {"@type": "Organization", "name": publisher.name, "url": publisher.origin},
        "isAccessibleForFree": true,
        "distribution": [
            distribution("Change feed (RPDE 1.0)", address("federation/v1/changes"), "application/vnd.openactive.rpde+json; version=1"),
            distribution("Services, one per line", address("services?format=ndjson&full=true"), "application/x-ndjson"),
            distribution("Read API (Open Referral UK 3.0)", address("services"), "application/json"),
        ],
    })
}
