//! What every implementation of `open-directory/1` has to reproduce. The vectors were computed by a
//! program that shares no code with ours, and `docs/federation.md` shows them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use fingerpost::{
    formats, ids,
    model::Kind,
    published::own::digest::{BUCKETS, Bucket, bucket_of, root, weight},
    signing::{self, About, Key, Keyring, Listed, Signer},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not text"))
}

/// A list with something in it: one without would hold nobody to anything.
fn list(value: &Value) -> &[Value] {
    value.as_array().filter(|list| !list.is_empty()).unwrap_or_else(|| panic!("{value} is not a list with anything in it"))
}

fn sha256(message: &[u8]) -> String {
    hex::encode(&Sha256::digest(message)[..])
}

/// A signer that has the newer key of the vectors, and lists both.
fn signer(vectors: &Value) -> Signer {
    signer_with(vectors, 1)
}

/// A signer that has this key of the vectors, and lists it and those before it.
fn signer_with(vectors: &Value, number: usize) -> Signer {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    std::fs::create_dir(&keys).unwrap();
    let key = &list(&vectors["keys"])[number];
    std::fs::write(keys.join("signing.json"), json!({"kid": key["kid"], "seed": key["seed"]}).to_string()).unwrap();
    std::fs::write(keys.join("listed.json"), json!(list(&vectors["key_list"]["keys"])[..=number]).to_string()).unwrap();
    let ring = Keyring::open(folder.path(), DateTime::UNIX_EPOCH).unwrap();
    Signer::new(ring, text(&vectors["origin"]).to_owned(), text(&vectors["licence"]).to_owned())
}

#[test]
fn canonical_json_and_its_hash_are_those_of_the_vectors() {
    let vectors = vectors();
    for vector in list(&vectors["canonical"]) {
        let value = formats::json::parse(text(&vector["json"]).as_bytes()).unwrap();
        let canonical = signing::canonical(&value);
        assert_eq!(String::from_utf8(canonical.clone()).unwrap(), text(&vector["canonical"]), "{}", vector["what"]);
        assert_eq!(signing::hash_of(&canonical), text(&vector["hash"]), "{}", vector["what"]);
    }
}

#[test]
fn keys_have_the_names_and_fingerprints_of_the_vectors() {
    let vectors = vectors();
    for vector in list(&vectors["keys"]) {
        let seed: [u8; 32] = URL_SAFE_NO_PAD.decode(text(&vector["seed"])).unwrap().try_into().unwrap();
        let key = Key::from_seed(seed);
        assert_eq!((key.kid(), key.public().as_str()), (text(&vector["kid"]), text(&vector["x"])));
        assert_eq!(signing::fingerprint(&key.public()).as_deref(), Some(text(&vector["fingerprint"])));
    }
}

#[test]
fn statements_about_records_are_signed_as_in_the_vectors() {
    let vectors = vectors();
    let signer = signer(&vectors);
    let public = signer.keyring().active.public();
    for vector in list(&vectors["records"]) {
        let statement = &vector["statement"];
        let canonical = vector.get("data").map(signing::canonical);
        let kind: Kind = text(&statement["kind"]).parse().unwrap();
        let id: Uuid = text(&statement["id"]).parse().unwrap();
        let changed: DateTime<Utc> = text(&statement["changed"]).parse().unwrap();
        let signed = signer.sign(About {
            kind,
            id,
            epoch: text(&statement["epoch"]),
            position: statement["rev"].as_i64().unwrap(),
            urgent: statement["urgent"] == true,
            changed,
            canonical: canonical.as_deref(),
        });
        let signed: Value = serde_json::from_str(&signed).unwrap();
        assert_eq!(&signed, statement, "{}", vector["what"]);
        let mut unsigned = signed;
        unsigned.as_object_mut().unwrap().remove("sig");
        let message = signing::record_message(&unsigned);
        assert_eq!(sha256(&message), text(&vector["message_sha256"]), "{}", vector["what"]);
        assert!(signing::verifies(&public, &message, text(&statement["sig"])));
    }
}

#[test]
fn the_list_of_keys_and_the_endorsement_are_signed_as_in_the_vectors() {
    let vectors = vectors();
    let origin = text(&vectors["origin"]);
    let keys: Vec<Listed> = serde_json::from_value(vectors["key_list"]["keys"].clone()).unwrap();
    let [old, new] = keys.as_slice() else { panic!("two keys: {keys:?}") };
    let message = signing::endorsement_of(origin, new);
    assert_eq!(String::from_utf8(message.clone()).unwrap(), text(&vectors["endorsement"]["message"]));
    assert!(signing::verifies(&old.x, &message, text(&vectors["endorsement"]["sig"])));
    assert!(!signing::verifies(&new.x, &message, text(&vectors["endorsement"]["sig"])), "nobody vouches for oneself");
    assert_eq!(sha256(&signing::keys_message(origin, &keys)), text(&vectors["key_list"]["message_sha256"]));
    let (_, kid, sig) = signer(&vectors).sign_keys();
    assert_eq!(json!([{"kid": kid, "sig": sig}]), vectors["key_list"]["keys_sig"]);
}

/// A document is signed again as the vector has it; `hidden` is signed and not sent.
fn is_signed_as_in(vector: &Value, domain: &[u8], signer: &Signer, hidden: &Value) {
    let mut statement = vector["document"].clone();
    let members = statement.as_object_mut().unwrap();
    members.remove("sig");
    members.extend(hidden.as_object().cloned().unwrap_or_default());
    let message = [domain, &signing::canonical(&statement)].concat();
    assert_eq!(sha256(&message), text(&vector["message_sha256"]), "{vector}");
    let sealed = signer.seal(domain, statement);
    assert_eq!(sealed["sig"], vector["document"]["sig"], "{vector}");
    assert!(signing::seal_verifies(domain, &sealed, &signer.keyring().listed));
}

#[test]
fn checkpoints_snapshots_moves_and_hops_are_signed_as_in_the_vectors() {
    let vectors = vectors();
    let (old, new) = (signer_with(&vectors, 0), signer(&vectors));
    is_signed_as_in(&vectors["checkpoint"], b"open-directory-checkpoint-v1\n", &new, &Value::Null);
    is_signed_as_in(&vectors["snapshot"], b"open-directory-snapshot-v1\n", &new, &Value::Null);
    for vector in list(&vectors["moves"]) {
        is_signed_as_in(vector, b"open-directory-move-v1\n", &old, &Value::Null);
        let moved: signing::Moved = serde_json::from_value(vector["document"].clone()).unwrap();
        assert!(moved.verifies(&new.keyring().listed), "{vector}");
    }
    for vector in list(&vectors["via"]) {
        is_signed_as_in(vector, b"open-directory-via-v1\n", &new, &json!({"of": vector["of"]}));
    }
}

#[test]
fn the_digest_adds_up_as_in_the_vectors() {
    let digest = &vectors()["digest"];
    let mut buckets = vec![Bucket::default(); BUCKETS];
    let mut both = Bucket::default();
    for item in list(&digest["items"]) {
        let kind: Kind = text(&item["kind"]).parse().unwrap();
        let which = bucket_of(kind, text(&item["id"]).parse().unwrap());
        let weight = weight(text(&item["id"]), item["state"] == "updated", text(&item["data_hash"]));
        assert_eq!((json!(which), hex::encode(weight.value).as_str()), (item["bucket"].clone(), text(&item["value"])), "{item}");
        buckets[usize::from(which)] = buckets[usize::from(which)].plus(&weight);
        both = both.plus(&weight);
    }
    assert_eq!(hex::encode(both.value), text(&digest["sum_of_both"]), "the sum goes round at 2^256");
    assert_eq!(hex::encode(root(&buckets)), text(&digest["root"]));
}

#[test]
fn records_are_called_here_as_in_the_vectors() {
    let vectors = vectors();
    assert_eq!(ids::SOURCE_NAMESPACE.to_string(), text(&vectors["namespace"]));
    for vector in list(&vectors["ids"]) {
        let here = ids::from_source(text(&vector["origin"]), text(&vector["kind"]), text(&vector["id"]));
        assert_eq!(here.to_string(), text(&vector["here"]), "{vector}");
    }
    for vector in list(&vectors["uris"]) {
        assert_eq!(ids::from_uri(text(&vector["uri"])).to_string(), text(&vector["here"]), "{vector}");
    }
}

#[test]
fn the_specification_shows_the_vectors() {
    let specification = std::fs::read_to_string("docs/federation.md").unwrap();
    let vectors = vectors();
    let shown = [
        ("canonical", "hash"),
        ("keys", "x"),
        ("keys", "fingerprint"),
        ("records", "message_sha256"),
        ("ids", "here"),
        ("uris", "here"),
        ("moves", "message_sha256"),
        ("via", "message_sha256"),
    ];
    for (group, member) in shown {
        for vector in list(&vectors[group]) {
            let value = text(&vector[member]);
            assert!(specification.contains(value), "docs/federation.md does not show {value} ({group}, {member})");
        }
    }
    let signatures = list(&vectors["records"]).iter().map(|vector| &vector["statement"]["sig"]);
    let sealed = ["moves", "via"]
        .into_iter()
        .flat_map(|group| list(&vectors[group]))
        .chain([&vectors["checkpoint"], &vectors["snapshot"]]);
    let sealed = sealed.map(|vector| &vector["document"]["sig"]);
    let others = [
        &vectors["endorsement"]["sig"],
        &vectors["key_list"]["keys_sig"][0]["sig"],
        &vectors["digest"]["sum_of_both"],
        &vectors["digest"]["root"],
    ];
    for sig in signatures.chain(sealed).chain(others) {
        assert!(specification.contains(text(sig)), "docs/federation.md does not show {sig}");
    }
}
