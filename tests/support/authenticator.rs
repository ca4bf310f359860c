//! A security key, as `WebAuthn` describes it: makes one ES256 key, signs with it, counts.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Answer;

/// A key on somebody's key ring.
pub struct Authenticator {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    count: u32,
    /// The page that it believes to be on.
    pub origin: String,
    /// Whether its owner was recognised.
    pub verified: bool,
}

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const HAS_KEY: u8 = 0x40;

impl Authenticator {
    pub fn new(origin: &str) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap();
        let id = Sha256::digest(key.public_key().as_ref()).to_vec();
        Self { key, id, count: 0, origin: origin.trim_end_matches('/').to_owned(), verified: true }
    }

    /// What the script would put into the form of `page` to add this key.
    pub fn add(&mut self, page: &Answer) -> String {
        let question = &question(page)["publicKey"];
        let client = self.client("webauthn.create", question);
        let mut data = self.data(question["rp"]["id"].as_str().unwrap(), HAS_KEY);
        data.extend([0; 16]); // a model that does not say what it is
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.public());
        // {"fmt": "none", "attStmt": {}, "authData": …} in CBOR
        let mut object = vec![0xa3];
        text(&mut object, "fmt");
        text(&mut object, "none");
        text(&mut object, "attStmt");
        object.push(0xa0);
        text(&mut object, "authData");
        string(&mut object, &data);
        self.answer(&json!({"attestationObject": encode(&object), "clientDataJSON": encode(&client)}))
    }

    /// What the script would put into the form of `page` to show this key.
    pub fn show(&mut self, page: &Answer) -> String {
        let question = &question(page)["publicKey"];
        let client = self.client("webauthn.get", question);
        let data = self.data(question["rpId"].as_str().unwrap(), 0);
        let signed = [&data[..], &Sha256::digest(&client)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        self.answer(&json!({
            "authenticatorData": encode(&data), "clientDataJSON": encode(&client), "signature": encode(signature.as_ref()),
        }))
    }

    fn answer(&self, response: &Value) -> String {
        json!({"id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key", "response": response}).to_string()
    }

    fn client(&self, kind: &str, question: &Value) -> Vec<u8> {
        json!({"type": kind, "challenge": question["challenge"], "origin": self.origin, "crossOrigin": false})
            .to_string()
            .into_bytes()
    }

    fn data(&mut self, host: &str, more: u8) -> Vec<u8> {
        self.count += 1;
        let flags = PRESENT | if self.verified { VERIFIED } else { 0 } | more;
        [&Sha256::digest(host)[..], &[flags], &self.count.to_be_bytes()].concat()
    }

    /// {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y} in CBOR
    fn public(&self) -> Vec<u8> {
        let point = &self.key.public_key().as_ref()[1..];
        let mut key = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21];
        string(&mut key, &point[..32]);
        key.push(0x22);
        string(&mut key, &point[32..]);
        key
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(0x60 + u8::try_from(text.len()).unwrap());
    out.extend(text.as_bytes());
}

fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(0x59);
    out.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
    out.extend(bytes);
}

/// What the page asks the browser.
fn question(page: &Answer) -> Value {
    let text = page.text();
    let found = text.split("data-question=\"").nth(1).unwrap_or_else(|| panic!("nothing is asked: {text}"));
    serde_json::from_str(&found.split('"').next().unwrap().replace("&quot;", "\"").replace("&amp;", "&")).unwrap()
}
