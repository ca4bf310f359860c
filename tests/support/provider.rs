//! A sign-in provider over real sockets: discovery, keys, token endpoint with PKCE and single-use
//! codes, and a place where a test says how it lies.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ed25519_dalek::{Signer as _, SigningKey};
use fingerpost::{config::SignInProvider, identity::providers::Callback};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{
    noon,
    peer::{HostilePeer, Reply, Seen},
};

/// What the provider was told at its front door, by the code that it gave out.
struct Attempt {
    nonce: String,
    challenge: String,
    callback: String,
}

/// A token before it is signed, and how.
pub struct Token {
    pub header: Value,
    pub claims: Value,
    /// What signs it.
    pub signature: Signature,
}

/// What signs a token.
pub enum Signature {
    /// A key of which the other half may be published.
    Key(Box<SigningKey>),
    /// A secret that both sides know.
    Secret(&'static str),
    /// Nothing.
    None,
}

type Lie = Box<dyn Fn(&mut Token) + Send>;

#[derive(Default)]
struct Kept {
    attempts: Mutex<HashMap<String, Attempt>>,
    lie: Mutex<Option<Lie>>,
    metadata: Mutex<Value>,
    key: Mutex<u8>,
    user_info: Mutex<Value>,
}

/// A provider that answers until it is dropped.
pub struct FakeProvider {
    peer: HostilePeer,
    kept: Arc<Kept>,
    issuer: String,
}

pub const CLIENT: &str = "fingerpost";
pub const CLIENT_SECRET: &str = "a secret: of ours";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

impl FakeProvider {
    pub async fn start() -> Self {
        let kept = Arc::new(Kept::default());
        *kept.key.lock().unwrap() = 1;
        let script = {
            let kept = kept.clone();
            move |seen: &Seen| answer(&kept, seen)
        };
        let peer = HostilePeer::start(script).await;
        let issuer = peer.url("").as_str().trim_end_matches('/').to_owned();
        *kept.metadata.lock().unwrap() = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "userinfo_endpoint": format!("{issuer}/me"),
            "jwks_uri": format!("{issuer}/keys"),
            "end_session_endpoint": format!("{issuer}/leave"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
        });
        Self { peer, kept, issuer }
    }

    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What the settings would say of it.
    pub fn settings(&self, name: &str) -> SignInProvider {
        SignInProvider {
            name: name.to_owned(),
            issuer: self.issuer.clone(),
            client_id: CLIENT.to_owned(),
            client_secret: Some(CLIENT_SECRET.to_owned()),
            domains: vec![],
        }
    }

    /// Change every token from now on before it is signed.
    pub fn lie(&self, lie: impl Fn(&mut Token) + Send + 'static) {
        *self.kept.lie.lock().unwrap() = Some(Box::new(lie));
    }

    /// Say something else about itself.
    pub fn say(&self, member: &str, value: Value) {
        self.kept.metadata.lock().unwrap()[member] = value;
    }

    /// What it tells whoever asks with an access token.
    pub fn user_info(&self, told: Value) {
        *self.kept.user_info.lock().unwrap() = told;
    }

    /// Sign with another key from now on.
    pub fn rotate(&self, seed: u8) {
        *self.kept.key.lock().unwrap() = seed;
    }

    /// The paths that it was asked for, in order.
    pub fn paths(&self) -> Vec<String> {
        self.peer.paths()
    }

    /// A browser comes here by `redirect`, somebody signs in, and this is what it brings back.
    pub fn sign_in(&self, redirect: &Url) -> Callback {
        let asked: HashMap<String, String> = redirect.query_pairs().into_owned().collect();
        assert!(redirect.as_str().starts_with(&format!("{}/authorize?", self.issuer)), "{redirect}");
        assert_eq!((asked["response_type"].as_str(), asked["client_id"].as_str()), ("code", CLIENT));
        assert_eq!(asked["code_challenge_method"], "S256");
        assert!(asked["scope"].split(' ').any(|scope| scope == "email"));
        let mut attempts = self.kept.attempts.lock().unwrap();
        let code = format!("code-{}", attempts.len());
        attempts.insert(
            code.clone(),
            Attempt {
                nonce: asked["nonce"].clone(),
                challenge: asked["code_challenge"].clone(),
                callback: asked["redirect_uri"].clone(),
            },
        );
        Callback { code: Some(code), state: Some(asked["state"].clone()), iss: None, error: None }
    }
}

fn answer(kept: &Kept, seen: &Seen) -> Reply {
    match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", "/.well-known/openid-configuration") => Reply::json(kept.metadata.lock().unwrap().to_string()),
        ("GET", "/keys") => {
            let seed = *kept.key.lock().unwrap();
            let x = URL_SAFE_NO_PAD.encode(key(seed).verifying_key().as_bytes());
            let key = json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": format!("key-{seed}"), "x": x});
            Reply::json(json!({"keys": [key]}).to_string())
        }
        ("POST", "/token") => token(kept, seen).unwrap_or_else(|error| {
            let Reply::Full { headers, body, .. } = Reply::json(json!({"error": error}).to_string()) else { unreachable!() };
            Reply::Full { status: 400, headers, body }
        }),
        ("GET", "/me") if seen.header("authorization") == Some("Bearer an access token") => {
            Reply::json(kept.user_info.lock().unwrap().to_string())
        }
        _ => Reply::status(404),
    }
}

fn token(kept: &Kept, seen: &Seen) -> Result<Reply, &'static str> {
    let form: HashMap<String, String> = url::form_urlencoded::parse(&seen.body).into_owned().collect();
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(CLIENT), encoded(CLIENT_SECRET))));
    if seen.header("authorization") != Some(&basic) || seen.header("content-type") != Some("application/x-www-form-urlencoded") {
        return Err("invalid_client");
    }
    // A code is good once.
    let attempt = kept.attempts.lock().unwrap().remove(&form["code"]).ok_or("invalid_grant")?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    if challenge != attempt.challenge || form["redirect_uri"] != attempt.callback || form["grant_type"] != "authorization_code" {
        return Err("invalid_grant");
    }
    let seed = *kept.key.lock().unwrap();
    let issuer = kept.metadata.lock().unwrap()["issuer"].clone();
    let mut token = Token {
        header: json!({"alg": "EdDSA", "kid": format!("key-{seed}")}),
        claims: json!({
            "iss": issuer, "sub": "user-17", "aud": CLIENT, "nonce": attempt.nonce,
            "iat": noon().timestamp(), "exp": noon().timestamp() + 300,
            "email": "Amina.Officer@Luton.gov.uk", "email_verified": true, "name": "Amina Officer",
        }),
        signature: Signature::Key(Box::new(key(seed))),
    };
    if let Some(lie) = &*kept.lie.lock().unwrap() {
        lie(&mut token);
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&token.header), part(&token.claims));
    let signature = match token.signature {
        Signature::Key(key) => URL_SAFE_NO_PAD.encode(key.sign(text.as_bytes()).to_bytes()),
        Signature::Secret(secret) => {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
            mac.update(text.as_bytes());
            URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
        }
        Signature::None => String::new(),
    };
    let id_token = format!("{text}.{signature}");
    Ok(Reply::json(json!({"access_token": "an access token", "token_type": "Bearer", "id_token": id_token}).to_string()))
}

/// The signature of somebody else.
pub fn somebody_elses() -> Signature {
    Signature::Key(Box::new(key(99)))
}
