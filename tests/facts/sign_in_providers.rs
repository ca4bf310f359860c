//! Sign-in at an OpenID Connect provider, over real sockets, and the ways in which one can lie.

use chrono::{Duration, TimeDelta};
use fingerpost::{
    clock::Clock,
    identity::providers::{Callback, Identified, Providers, Refused},
    outbound::{Outbound, Settings},
};
use serde_json::{Value, json};
use url::Url;

use crate::support::{
    noon,
    provider::{CLIENT_SECRET, FakeProvider, Signature, Token, somebody_elses},
};

const CALLBACK: &str = "https://directory.luton.example.org/sign-in/back";

fn outbound(allow: &str) -> Outbound {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Outbound::new(Settings {
        allow_private: allow.split(' ').filter(|net| !net.is_empty()).map(|net| net.parse().unwrap()).collect(),
        user_agent: "a test".to_owned(),
    })
}

fn doors(all: &[(&FakeProvider, &str)], clock: &Clock) -> Providers {
    let settings: Vec<_> = all.iter().map(|(provider, name)| provider.settings(name)).collect();
    Providers::new(&settings, outbound("127.0.0.1/32"), clock.clone(), CALLBACK.parse().unwrap())
}

/// A provider, and the whole way through it.
async fn tried(provider: &FakeProvider) -> Result<Identified, Refused> {
    let providers = doors(&[(provider, "Luton staff")], &Clock::fixed(noon()));
    let begun = providers.begin("Luton staff", "/account").await.unwrap();
    providers.finish(&begun.pending, &provider.sign_in(&begun.redirect)).await
}

/// The refusal when tokens are changed like this before they are signed.
async fn told(change: impl Fn(&mut Value) + Send + 'static) -> Result<Identified, Refused> {
    let provider = FakeProvider::start().await;
    provider.lie(move |token| change(&mut token.claims));
    tried(&provider).await
}

fn code(refused: Result<Identified, Refused>) -> String {
    refused.map_or_else(|refused| refused.code().to_owned(), |identified| format!("{identified:?}"))
}

#[tokio::test]
async fn somebody_signs_in_at_their_councils_door() {
    let provider = FakeProvider::start().await;
    let providers = doors(&[(&provider, "Luton staff")], &Clock::fixed(noon()));
    assert_eq!(providers.names().collect::<Vec<_>>(), ["Luton staff"]);
    let begun = providers.begin("Luton staff", "/account").await.unwrap();
    assert_eq!(begun.pending.return_to, "/account");
    let said = format!("{:?}", begun.pending);
    assert!(!said.contains(begun.redirect.query_pairs().find(|(name, _)| name == "state").unwrap().1.as_ref()), "{said}");
    // It is kept as text meanwhile.
    let pending = serde_json::from_str(&serde_json::to_string(&begun.pending).unwrap()).unwrap();
    let identified = providers.finish(&pending, &provider.sign_in(&begun.redirect)).await.unwrap();
    assert_eq!(
        identified,
        Identified {
            issuer: provider.issuer().to_owned(),
            subject: "user-17".to_owned(),
            email: "amina.officer@luton.gov.uk".parse().unwrap(),
            name: Some("Amina Officer".to_owned()),
            at_home: false,
        }
    );
    assert_eq!(provider.paths(), ["/.well-known/openid-configuration", "/keys", "/token"]);
    let afterwards: Url = "https://directory.luton.example.org/".parse().unwrap();
    let leave = providers.end_session("Luton staff", &afterwards).await.unwrap();
    assert!(
        leave
            .as_str()
            .starts_with(&format!("{}/leave?client_id=fingerpost&post_logout_redirect_uri=https%3A", provider.issuer()))
    );
}

#[tokio::test]
async fn a_token_counts_only_for_us_now_and_for_this_attempt() {
    assert!(told(|_| {}).await.is_ok());
    for change in [
        |claims: &mut Value| claims["nonce"] = json!("another attempt's"),
        |claims: &mut Value| drop(claims.as_object_mut().unwrap().remove("nonce")),
        |claims: &mut Value| claims["aud"] = json!("another-site"),
        |claims: &mut Value| claims["aud"] = json!(["fingerpost", "another-site"]),
        |claims: &mut Value| claims["iss"] = json!("https://accounts.example.org"),
        |claims: &mut Value| claims["exp"] = json!(noon().timestamp() - 1),
        |claims: &mut Value| drop(claims.as_object_mut().unwrap().remove("exp")),
        |claims: &mut Value| claims["at_hash"] = json!("LDktKdoQak3Pk0cnXxCltA"),
    ] {
        let refused = told(change).await;
        assert!(matches!(refused.as_ref().map_err(Refused::code), Err("token" | "code")), "{refused:?}");
    }
}

#[tokio::test]
async fn a_token_counts_only_with_the_providers_signature() {
    let provider = FakeProvider::start().await;
    for lie in [
        |token: &mut Token| token.signature = somebody_elses(),
        |token: &mut Token| {
            token.header = json!({"alg": "none"});
            token.signature = Signature::None;
        },
        // A secret that both sides know proves nothing to a third.
        |token: &mut Token| {
            token.header = json!({"alg": "HS256"});
            token.signature = Signature::Secret(CLIENT_SECRET);
        },
        |token: &mut Token| token.signature = Signature::None,
    ] {
        provider.lie(lie);
        assert_eq!(code(tried(&provider).await), "token");
    }
}

#[tokio::test]
async fn an_address_counts_only_when_it_was_verified() {
    assert_eq!(code(told(|claims| claims["email_verified"] = json!(false)).await), "unverified");
    assert_eq!(code(told(|claims| drop(claims.as_object_mut().unwrap().remove("email_verified"))).await), "unverified");
    for no_address in [json!(""), json!("amina"), json!("amina@luton.gov.uk\r\nBcc: x@example.org"), json!("аmina@luton.gov.uk")]
    {
        assert_eq!(code(told(move |claims| claims["email"] = no_address.clone()).await), "no-email");
    }
    // A council's own provider that says nothing of it is believed for the council's own addresses.
    let provider = FakeProvider::start().await;
    let clock = Clock::fixed(noon());
    let own = |domains: &[&str]| {
        let mut settings = provider.settings("Luton staff");
        settings.domains = domains.iter().map(|&domain| domain.to_owned()).collect();
        Providers::new(&[settings], outbound("127.0.0.1/32"), clock.clone(), CALLBACK.parse().unwrap())
    };
    let signs_in = async |providers: Providers| {
        let begun = providers.begin("Luton staff", "/").await.unwrap();
        providers.finish(&begun.pending, &provider.sign_in(&begun.redirect)).await
    };
    provider.lie(|token| drop(token.claims.as_object_mut().unwrap().remove("email_verified")));
    assert!(signs_in(own(&["luton.gov.uk"])).await.is_ok());
    assert_eq!(code(signs_in(own(&["bedford.gov.uk"])).await), "unverified");
    provider.lie(|token| token.claims["email_verified"] = json!(false));
    assert_eq!(code(signs_in(own(&["luton.gov.uk"])).await), "unverified", "what it denies is not believed");
}

#[tokio::test]
async fn an_address_that_is_told_only_when_asked_is_asked_for() {
    let provider = FakeProvider::start().await;
    provider.lie(|token| drop(token.claims.as_object_mut().unwrap().remove("email")));
    provider.user_info(json!({"sub": "user-17", "email": "amina@luton.gov.uk", "email_verified": true}));
    assert_eq!(tried(&provider).await.unwrap().email.as_str(), "amina@luton.gov.uk");
    provider.user_info(json!({"sub": "user-18", "email": "bob@luton.gov.uk", "email_verified": true}));
    assert_eq!(code(tried(&provider).await), "token", "that is somebody else");
    provider.user_info(json!({"sub": "user-17"}));
    assert_eq!(code(tried(&provider).await), "no-email");
}

#[tokio::test]
async fn an_answer_belongs_to_the_browser_that_asked_and_is_good_once() {
    let provider = FakeProvider::start().await;
    let clock = Clock::fixed(noon());
    let providers = doors(&[(&provider, "Luton staff")], &clock);
    let mine = providers.begin("Luton staff", "/").await.unwrap();
    let theirs = providers.begin("Luton staff", "/").await.unwrap();
    let answer = provider.sign_in(&theirs.redirect);
    // Somebody else's answer is put into this browser: its state is not ours.
    assert_eq!(code(providers.finish(&mine.pending, &answer).await), "foreign");
    // Even with our state, their code belongs to their secret.
    let forged = Callback { code: answer.code.clone(), ..provider.sign_in(&mine.redirect) };
    assert_eq!(code(providers.finish(&mine.pending, &forged).await), "code");
    let mut replayed = provider.sign_in(&theirs.redirect);
    replayed.code = provider.sign_in(&theirs.redirect).code;
    assert!(providers.finish(&theirs.pending, &replayed).await.is_ok());
    assert_eq!(code(providers.finish(&theirs.pending, &replayed).await), "code", "a code is good once");
    for broken in [
        Callback::default(),
        Callback { state: None, ..provider.sign_in(&mine.redirect) },
        Callback { code: None, ..provider.sign_in(&mine.redirect) },
    ] {
        assert_eq!(code(providers.finish(&mine.pending, &broken).await), "foreign");
    }
    let declined = Callback { code: None, error: Some("access_denied\u{202e}".to_owned()), ..provider.sign_in(&mine.redirect) };
    let refused = providers.finish(&mine.pending, &declined).await.unwrap_err();
    assert_eq!(refused.to_string(), "the sign-in was not completed: access_denied");
    clock.set(noon() + TimeDelta::minutes(16));
    assert_eq!(code(providers.finish(&mine.pending, &provider.sign_in(&mine.redirect)).await), "expired");
}

#[tokio::test]
async fn one_provider_cannot_answer_for_another() {
    let (honest, hostile) = (FakeProvider::start().await, FakeProvider::start().await);
    let providers = doors(&[(&honest, "Luton staff"), (&hostile, "Elsewhere")], &Clock::fixed(noon()));
    let begun = providers.begin("Elsewhere", "/").await.unwrap();
    let mut answer = hostile.sign_in(&begun.redirect);
    answer.iss = Some(honest.issuer().to_owned());
    assert_eq!(code(providers.finish(&begun.pending, &answer).await), "other-issuer");
    answer.iss = Some(hostile.issuer().to_owned());
    assert!(providers.finish(&begun.pending, &answer).await.is_ok());
    // A provider that always says who answers is not answered for by one that does not.
    honest.say("authorization_response_iss_parameter_supported", json!(true));
    let begun = providers.begin("Luton staff", "/").await.unwrap();
    assert_eq!(code(providers.finish(&begun.pending, &honest.sign_in(&begun.redirect)).await), "other-issuer");
    // A code of one is never taken to the other.
    assert!(!honest.paths().contains(&"/token".to_owned()));
    let liar = FakeProvider::start().await;
    liar.say("issuer", json!(honest.issuer()));
    let refused = doors(&[(&liar, "Liar")], &Clock::fixed(noon())).begin("Liar", "/").await.unwrap_err();
    assert_eq!(refused.code(), "unreachable", "it is not who it says it is");
}

#[tokio::test]
async fn new_keys_are_looked_for_once_a_minute() {
    let provider = FakeProvider::start().await;
    let clock = Clock::fixed(noon());
    let providers = doors(&[(&provider, "Luton staff")], &clock);
    let signs_in = async || {
        let begun = providers.begin("Luton staff", "/").await.unwrap();
        code(providers.finish(&begun.pending, &provider.sign_in(&begun.redirect)).await)
    };
    assert!(signs_in().await.contains("user-17"));
    provider.rotate(2);
    assert_eq!(signs_in().await, "token", "it has just been looked");
    clock.set(noon() + Duration::minutes(2));
    assert!(signs_in().await.contains("user-17"));
    let asked = provider.paths().iter().filter(|path| *path == "/keys").count();
    assert_eq!(asked, 2);
    provider.lie(|token| token.signature = somebody_elses());
    for _ in 0..5 {
        assert_eq!(signs_in().await, "token");
    }
    assert_eq!(provider.paths().iter().filter(|path| *path == "/keys").count(), 2, "nobody makes us ask all the time");
}

#[tokio::test]
async fn providers_are_reached_only_through_the_guarded_door() {
    let provider = FakeProvider::start().await;
    let closed = Providers::new(&[provider.settings("Inside")], outbound(""), Clock::fixed(noon()), CALLBACK.parse().unwrap());
    assert_eq!(closed.begin("Inside", "/").await.unwrap_err().code(), "unreachable");
    assert_eq!(provider.paths(), Vec::<String>::new());
    // What it says of itself leads nowhere else either: 127.0.0.2 is not among the networks that are allowed.
    provider.say("token_endpoint", json!("http://127.0.0.2:9/token"));
    assert_eq!(code(tried(&provider).await), "unreachable");
    assert_eq!(closed.begin("Nobody", "/").await.unwrap_err().code(), "no-provider");
}
