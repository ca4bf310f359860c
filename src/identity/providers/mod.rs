//! Sign-in at somebody else's door: a council's Entra ID, Google, GOV.UK One Login, or any other
//! provider that speaks OpenID Connect.
//!
//! The way is the authorization code with PKCE, state and nonce. [`Providers::begin`] says where the
//! browser goes, and what has to be remembered meanwhile; [`Providers::finish`] takes what the browser
//! brings back, and gives somebody's address only when everything fits: the state is the one that was
//! given out, the answer comes from the provider that was asked (RFC 9207), the token is signed by it,
//! for us, now, for this attempt, and the address is one that the provider has verified.
//!
//! All requests go through `outbound`, whose guards hold for what a provider says of itself, too.
//! Not here: cookies, sessions, and whose address it is.

mod provider;

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use openidconnect::{
    AuthenticationFlow, AuthorizationCode, CsrfToken, EndUserEmail, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, Scope,
    core::{CoreIdTokenClaims, CoreResponseType, CoreUserInfoClaims},
};
use serde::{Deserialize, Serialize};
use url::Url;

use self::provider::{Known, Provider};
use super::{Email, path_of_ours};
use crate::{clock::Clock, config::SignInProvider, outbound::Outbound};

/// How long somebody has for signing in there.
const PENDING: Duration = Duration::minutes(15);

/// Where a sign-in begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Where the browser goes.
    pub redirect: Url,
    /// What has to be there when it comes back: kept on the server, found by a cookie, used once.
    pub pending: Pending,
}

/// A sign-in under way. It holds secrets: never in a page, a cookie or a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The name of the provider.
    pub provider: String,
    /// Where to go afterwards: a path of ours.
    pub return_to: String,
    begun_at: DateTime<Utc>,
    state: String,
    nonce: String,
    verifier: String,
}

/// Not its secrets.
impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a sign-in at {} since {}", self.provider, self.begun_at)
    }
}

/// What the browser brings back, as the query of the address that it comes to.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Callback {
    /// The code, to be exchanged for a token.
    pub code: Option<String>,
    /// The state that was given out.
    pub state: Option<String>,
    /// Who answers, where the provider says so.
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// Somebody, on a provider's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// Who says so.
    pub issuer: String,
    /// What the provider calls them; with `issuer` the same for ever.
    pub subject: String,
    /// Their address, which the provider has verified.
    pub email: Email,
    /// Their name, as they gave it there.
    pub name: Option<String>,
    /// Whether the provider answers for the domain of their address.
    pub at_home: bool,
}

/// Why nobody was signed in. [`Refused::code`] is stable: the audit trail counts by it.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is no such provider.
    #[error("sign-in provider {0:?} does not exist")]
    NoProvider(String),
    /// It does not answer, or not as a provider should.
    #[error("the sign-in provider cannot be used: {0}")]
    Unreachable(String),
    /// Whoever was there did not want to, or was not let in.
    #[error("the sign-in was not completed: {0}")]
    Declined(String),
    /// It took too long.
    #[error("the sign-in took too long; start again")]
    Expired,
    /// The answer does not belong to this browser's attempt.
    #[error("this response does not belong to the sign-in that you started here; start again")]
    Foreign,
    /// Another provider answers than the one that was asked.
    #[error("the response comes from a different provider; start again")]
    OtherIssuer,
    /// The code was not taken.
    #[error("the provider rejected the authorisation code: {0}")]
    Code(String),
    /// What it says is not signed by it, for us, now and for this attempt.
    #[error("the provider's response cannot be trusted: {0}")]
    Token(String),
    /// It knows no address.
    #[error("the provider did not supply an email address")]
    NoEmail,
    /// It has not verified the address.
    #[error("the provider has not verified the email address")]
    Unverified,
}

impl Refused {
    /// A name that does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoProvider(_) => "no-provider",
            Self::Unreachable(_) => "unreachable",
            Self::Declined(_) => "declined",
            Self::Expired => "expired",
            Self::Foreign => "foreign",
            Self::OtherIssuer => "other-issuer",
            Self::Code(_) => "code",
            Self::Token(_) => "token",
            Self::NoEmail => "no-email",
            Self::Unverified => "unverified",
        }
    }
}

/// The providers that the settings name. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Providers {
    all: Arc<[Provider]>,
    outbound: Outbound,
    clock: Clock,
    callback: Url,
}

impl Providers {
    /// The providers of the settings. `callback` is the address of ours that browsers come back to; each
    /// provider has to be told it.
    pub fn new(settings: &[SignInProvider], outbound: Outbound, clock: Clock, callback: Url) -> Self {
        Self { all: settings.iter().cloned().map(Provider::new).collect(), outbound, clock, callback }
    }

    /// What they are called, in the order of the settings.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(Provider::name)
    }

    fn find(&self, name: &str) -> Result<&Provider, Refused> {
        self.all.iter().find(|provider| provider.name() == name).ok_or_else(|| Refused::NoProvider(name.to_owned()))
    }

    /// Begin to sign in at the provider called `name`; afterwards it goes on at `return_to`, or where
    /// everybody starts who signs in where that is no path of ours.
    /// # Errors
    /// When there is no such provider, or it does not answer.
    pub async fn begin(&self, name: &str, return_to: &str) -> Result<Begun, Refused> {
        let now = self.clock.now();
        let known = self.find(name)?.known(&self.outbound, now).await?;
        let client = known.client(&self.callback);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let (redirect, state, nonce) = client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let pending = Pending {
            provider: name.to_owned(),
            return_to: path_of_ours(return_to).unwrap_or_default(),
            begun_at: now,
            state: state.secret().clone(),
            nonce: nonce.secret().clone(),
            verifier: verifier.secret().clone(),
        };
        Ok(Begun { redirect, pending })
    }

    /// Finish what [`Providers::begin`] began. Whoever calls it takes `pending` out of its store first:
    /// it is good for one attempt, whether that succeeds or not.
    /// # Errors
    /// Whatever does not fit.
    pub async fn finish(&self, pending: &Pending, callback: &Callback) -> Result<Identified, Refused> {
        let provider = self.find(&pending.provider)?;
        let now = self.clock.now();
        if now - pending.begun_at > PENDING {
            return Err(Refused::Expired);
        }
        if !same(callback.state.as_deref().unwrap_or_default(), &pending.state) {
            return Err(Refused::Foreign);
        }
        let known = provider.known(&self.outbound, now).await?;
        match &callback.iss {
            Some(iss) if *iss != known.issuer() => return Err(Refused::OtherIssuer),
            None if known.always_says_who_answers() => return Err(Refused::OtherIssuer),
            _ => {}
        }
        if let Some(error) = &callback.error {
            return Err(Refused::Declined(crate::model::text::shorten(&crate::model::text::clean(error), 100)));
        }
        let code = callback.code.clone().ok_or(Refused::Foreign)?;
        Box::pin(self.exchange(provider, &known, pending, code)).await
    }

    async fn exchange(
        &self,
        provider: &Provider,
        known: &Known<'_>,
        pending: &Pending,
        code: String,
    ) -> Result<Identified, Refused> {
        let client = known.client(&self.callback);
        let ask = provider::Through(&self.outbound);
        let (now, nonce) = (self.clock.now(), Nonce::new(pending.nonce.clone()));
        let request =
            client.exchange_code(AuthorizationCode::new(code)).map_err(|error| Refused::Unreachable(error.to_string()))?;
        let tokens = request
            .set_pkce_verifier(PkceCodeVerifier::new(pending.verifier.clone()))
            .request_async(&ask)
            .await
            .map_err(provider::exchange_failed)?;
        let claims = match provider::check(&client, &tokens, &nonce, now) {
            // It may have new keys since we looked.
            Err(error) if provider::may_be_a_new_key(&error) => {
                let fresh = provider.known_anew(&self.outbound, now).await?;
                provider::check(&fresh.client(&self.callback), &tokens, &nonce, now)
            }
            checked => checked,
        }
        .map_err(|error| Refused::Token(provider::chain(&error)))?;
        let mut told = Told::from_token(&claims);
        // Some tell the address only to who asks for it.
        if told.email.is_none()
            && let Ok(request) = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
        {
            let info: CoreUserInfoClaims =
                request.request_async(&ask).await.map_err(|error| Refused::Token(provider::chain(&error)))?;
            told = Told::from_user_info(&info);
        }
        let email = told.email(provider)?;
        Ok(Identified {
            at_home: provider.answers_for(email.domain()),
            issuer: known.issuer().to_owned(),
            subject: claims.subject().to_string(),
            email,
            name: told.name.map(|name| crate::model::text::shorten(&crate::model::text::clean(&name), 100)),
        })
    }

    /// Where somebody signs out of the provider as well, and comes back to `afterwards`; none where it
    /// has no such address or does not answer.
    pub async fn end_session(&self, name: &str, afterwards: &Url) -> Option<Url> {
        let provider = self.find(name).ok()?;
        let known = provider.known(&self.outbound, self.clock.now()).await.ok()?;
        let mut url = known.end_session()?.clone();
        url.query_pairs_mut()
            .append_pair("client_id", provider.client_id())
            .append_pair("post_logout_redirect_uri", afterwards.as_str());
        Some(url)
    }
}

/// What a provider tells of somebody.
struct Told {
    email: Option<EndUserEmail>,
    verified: Option<bool>,
    name: Option<String>,
}

impl Told {
    fn from_token(claims: &CoreIdTokenClaims) -> Self {
        let name = claims.name().and_then(|name| name.get(None)).map(|name| name.to_string());
        Self { email: claims.email().cloned(), verified: claims.email_verified(), name }
    }

    fn from_user_info(claims: &CoreUserInfoClaims) -> Self {
        let name = claims.name().and_then(|name| name.get(None)).map(|name| name.to_string());
        Self { email: claims.email().cloned(), verified: claims.email_verified(), name }
    }

    /// The address, where it may be believed: the provider says that it has verified it, or says
    /// nothing of that and the domain is the provider's own.
    fn email(&self, provider: &Provider) -> Result<Email, Refused> {
        let told = self.email.as_ref().ok_or(Refused::NoEmail)?;
        let email: Email = told.parse().map_err(|_| Refused::NoEmail)?;
        match self.verified {
            Some(true) => Ok(email),
            None if provider.answers_for(email.domain()) => Ok(email),
            _ => Err(Refused::Unverified),
        }
    }
}

/// Whether two secrets are the same, in a time that does not tell how much of them is.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A web server moves what it does between threads.
    #[expect(dead_code, reason = "it only has to compile")]
    fn sign_ins_may_move_between_threads(providers: &Providers, pending: &Pending, callback: &Callback) {
        fn moves(_: impl Send) {}
        moves(providers.begin("", ""));
        moves(providers.finish(pending, callback));
        moves(providers.end_session("", &providers.callback));
    }
}
