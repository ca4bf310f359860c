//! `cargo bench --bench sign -- [SECONDS]`: how many records one core signs, and how many statements it
//! verifies, in a second. Each time is everything that a record takes: canonical JSON, its hash, the
//! statement and the signature; verifying starts from the record as it was parsed. One JSON document.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that cannot run has nothing to say")]

use std::time::{Duration, Instant};

use chrono::DateTime;
use fingerpost::{
    ids,
    model::Kind,
    signing::{About, Keyring, Signer, canonical_of, hash_of, record_message, verifies},
};
use serde_json::{Value, json};

/// A service of about four kilobytes.
fn record(number: usize) -> Value {
    json!({
        "id": ids::from_source("bench", "service", &number.to_string()), "name": format!("Club {number}"), "status": "active",
        "description": "Tea, talk and somebody who listens. ".repeat(40),
        "phones": [{"id": ids::from_source("bench", "phone", &number.to_string()), "number": "01632 960123"}],
        "schedules": (0..6).map(|day| json!({
            "id": ids::from_source("bench", "schedule", &format!("{number} {day}")), "freq": "WEEKLY", "byday": "TU",
            "opens_at": "10:00", "closes_at": "13:00", "description": "Come as you are, and stay for as long as you like. ".repeat(4)
        })).collect::<Vec<_>>(),
        "organization": {"id": ids::from_source("bench", "organization", "holder"), "name": "Holder", "description": "Holds clubs."}
    })
}

/// How often `what` can be done in a second, by one core.
fn rate(length: Duration, mut what: impl FnMut(usize)) -> f64 {
    let (began, mut times) = (Instant::now(), 0_u32);
    while began.elapsed() < length {
        for _ in 0..16 {
            what(usize::try_from(times).unwrap());
            times += 1;
        }
    }
    f64::from(times) / began.elapsed().as_secs_f64()
}

fn main() {
    // Run as a test (`cargo test --benches`) it only shows that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let seconds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(3);
    let length = Duration::from_secs(seconds);
    let folder = tempfile::tempdir().unwrap();
    let ring = Keyring::open(folder.path(), DateTime::UNIX_EPOCH).unwrap();
    let signer = Signer::new(ring, "https://bench.example.org/".to_owned(), "https://licence.example.org/".to_owned());
    let records: Vec<Value> = (0..256).map(record).collect();
    let ids: Vec<uuid::Uuid> = records.iter().map(|record| record["id"].as_str().unwrap().parse().unwrap()).collect();
    let sign = |number: usize| {
        let at = number % records.len();
        let bytes = canonical_of(&records[at]);
        signer.sign(About {
            kind: Kind::Service,
            id: ids[at],
            epoch: "first",
            position: i64::try_from(at).unwrap(),
            urgent: false,
            changed: DateTime::UNIX_EPOCH,
            canonical: Some(&bytes),
        })
    };
    let statements: Vec<Value> = (0..records.len()).map(|number| serde_json::from_str(&sign(number)).unwrap()).collect();
    let key = signer.keyring().active.public();
    let verify = |number: usize| {
        let at = number % records.len();
        let hash = hash_of(&canonical_of(&records[at]));
        let mut unsigned = statements[at].clone();
        let sig = unsigned.as_object_mut().unwrap().remove("sig").unwrap();
        assert!(unsigned["data_hash"] == hash && verifies(&key, &record_message(&unsigned), sig.as_str().unwrap()));
    };
    let size = records.iter().map(|record| canonical_of(record).len()).sum::<usize>() / records.len();
    let signed = rate(length, |number| drop(sign(number)));
    let verified = rate(length, verify);
    println!(
        "{}",
        json!({
            "record_bytes": size, "sign_per_second": signed.round(), "sign_microseconds": (1e7 / signed).round() / 10.0,
            "verify_per_second": verified.round(), "verify_microseconds": (1e7 / verified).round() / 10.0
        })
    );
}
