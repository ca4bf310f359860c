//! One provider: what the settings say of it, what it says of itself, and its checks.

use std::{
    error::Error as StdError,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Duration, Utc};
use http::{HeaderMap, header};
use openidconnect::{
    AccessTokenHash, AdditionalProviderMetadata, AsyncHttpClient, AuthType, ClaimsVerificationError, ClientId, ClientSecret,
    DiscoveryError, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, ProviderMetadata, RedirectUrl, RequestTokenError, SignatureVerificationError,
    StandardErrorResponse, TokenResponse as _,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreErrorResponseType, CoreGrantType,
        CoreIdTokenClaims, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
        CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType, CoreTokenResponse,
    },
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::Refused;
use crate::{
    config::SignInProvider,
    outbound::{self, Ask, Limits, Outbound},
};

/// How long it is believed what a provider has said of itself.
const FRESH: Duration = Duration::hours(1);
/// New keys are looked for this often at most, whatever tokens come.
const NEW_KEYS: Duration = Duration::minutes(1);
/// Signatures that only the provider can make. Those with a shared secret, and none at all, are not
/// among them.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 6] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What is said of a provider beyond the basics.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct More {
    end_session_endpoint: Option<Url>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for More {}

type Metadata = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

pub(super) type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

#[derive(Debug)]
pub(super) struct Provider {
    settings: SignInProvider,
    known: Mutex<Option<(DateTime<Utc>, Arc<Metadata>)>>,
}

/// A provider, and what it says of itself.
pub(super) struct Known<'a> {
    settings: &'a SignInProvider,
    metadata: Arc<Metadata>,
}

impl Provider {
    pub(super) fn new(settings: SignInProvider) -> Self {
        Self { settings, known: Mutex::default() }
    }

    pub(super) fn name(&self) -> &str {
        &self.settings.name
    }

    pub(super) fn client_id(&self) -> &str {
        &self.settings.client_id
    }

    /// Whether addresses in `domain` are the provider's own.
    pub(super) fn answers_for(&self, domain: &str) -> bool {
        self.settings.domains.iter().any(|own| own.eq_ignore_ascii_case(domain))
    }

    /// What it says of itself: as it was known, where that is not too old.
    pub(super) async fn known(&self, outbound: &Outbound, now: DateTime<Utc>) -> Result<Known<'_>, Refused> {
        self.known_for(FRESH, outbound, now).await
    }

    /// What it says of itself now, because it may have new keys: as it was known where it was asked just before, since
    /// anybody can bring an answer under a key that nobody knows.
    pub(super) async fn known_anew(&self, outbound: &Outbound, now: DateTime<Utc>) -> Result<Known<'_>, Refused> {
        self.known_for(NEW_KEYS, outbound, now).await
    }

    async fn known_for(&self, good_for: Duration, outbound: &Outbound, now: DateTime<Utc>) -> Result<Known<'_>, Refused> {
        let before = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, metadata)) = before
            && now - at < good_for
        {
            return Ok(Known { settings: &self.settings, metadata });
        }
        let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(|error| Refused::Unreachable(error.to_string()))?;
        let asked = Through(outbound);
        let found = Metadata::discover_async(issuer, &asked).await;
        let metadata = Arc::new(found.map_err(|error: DiscoveryError<_>| Refused::Unreachable(chain(&error)))?);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, metadata.clone()));
        Ok(Known { settings: &self.settings, metadata })
    }
}

impl Known<'_> {
    pub(super) fn issuer(&self) -> &str {
        self.metadata.issuer().as_str()
    }

    pub(super) fn end_session(&self) -> Option<&Url> {
        self.metadata.additional_metadata().end_session_endpoint.as_ref()
    }

    /// Whether it puts its name into every answer. Source: RFC 9207, section 3.
    pub(super) fn always_says_who_answers(&self) -> bool {
        self.metadata.additional_metadata().authorization_response_iss_parameter_supported
    }

    pub(super) fn client(&self, callback: &Url) -> Client {
        let secret = self.settings.client_secret.clone().map(ClientSecret::new);
        let client = CoreClient::from_provider_metadata(
            Metadata::clone(&self.metadata),
            ClientId::new(self.settings.client_id.clone()),
            secret,
        );
        // Without a word of it, the standard's default. Source: OpenID Connect Discovery 1.0, section 3.
        let methods = self.metadata.token_endpoint_auth_methods_supported();
        let only_in_body = methods.is_some_and(|methods| !methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        client
            .set_auth_type(if only_in_body { AuthType::RequestBody } else { AuthType::BasicAuth })
            .set_redirect_uri(RedirectUrl::from_url(callback.clone()))
    }
}

/// What the identity token among `tokens` says, once it is certain that it was signed by the
/// provider of `client`, for us, for this attempt, and is good at `now`.
pub(super) fn check(
    client: &Client,
    tokens: &CoreTokenResponse,
    nonce: &Nonce,
    now: DateTime<Utc>,
) -> Result<CoreIdTokenClaims, ClaimsVerificationError> {
    let other = |what: &str| ClaimsVerificationError::Other(what.to_owned());
    let token = tokens.id_token().ok_or_else(|| other("the identity token is missing"))?;
    let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS).set_time_fn(move || now);
    let claims = token.claims(&verifier, nonce)?;
    if let Some(expected) = claims.access_token_hash() {
        let key = token.signing_key(&verifier).map_err(ClaimsVerificationError::SignatureVerification)?;
        let algorithm = token.signing_alg().map_err(|_| other("it is not signed"))?;
        let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key);
        if !actual.is_ok_and(|actual| actual == *expected) {
            return Err(other("the access token belongs to a different response"));
        }
    }
    Ok(claims.clone())
}

/// Whether another key than those we know could have signed it.
pub(super) fn may_be_a_new_key(error: &ClaimsVerificationError) -> bool {
    use SignatureVerificationError as S;
    matches!(error, ClaimsVerificationError::SignatureVerification(S::NoMatchingKey | S::AmbiguousKeyId(_) | S::CryptoError(_)))
}

/// Why a code was not exchanged: the provider did not want to, or could not be asked.
pub(super) fn exchange_failed(
    error: RequestTokenError<outbound::Error, StandardErrorResponse<CoreErrorResponseType>>,
) -> Refused {
    match error {
        RequestTokenError::ServerResponse(response) => Refused::Code(cut(response.error().as_ref())),
        RequestTokenError::Request(error) => Refused::Unreachable(error.to_string()),
        other => Refused::Code(chain(&other)),
    }
}

/// An error with its reasons, short enough for a line in the log. Nothing of a token stands in it.
pub(super) fn chain(error: &dyn StdError) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(reason) = source {
        said = format!("{said}: {reason}");
        source = reason.source();
    }
    cut(&said)
}

fn cut(text: &str) -> String {
    crate::model::text::shorten(&crate::model::text::clean(text), 300)
}

/// How the library asks: through our only door. A closure would do as well, but of its futures the
/// compiler cannot see that they may move between threads.
#[derive(Debug)]
pub(super) struct Through<'a>(pub(super) &'a Outbound);

impl<'c> AsyncHttpClient<'c> for Through<'_> {
    type Error = outbound::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, outbound::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(ask(self.0, request))
    }
}

async fn ask(outbound: &Outbound, request: HttpRequest) -> Result<HttpResponse, outbound::Error> {
    let (head, body) = request.into_parts();
    let url: Url = head
        .uri
        .to_string()
        .parse()
        .map_err(|_| outbound::Error::BadUrl { url: head.uri.to_string(), why: "it is not a web address" })?;
    let of =
        |headers: &HeaderMap, name: header::HeaderName| headers.get(name).and_then(|value| Some(value.to_str().ok()?.to_owned()));
    let mut headers = Vec::new();
    for (name, known) in [("authorization", header::AUTHORIZATION), ("content-type", header::CONTENT_TYPE)] {
        headers.extend(of(&head.headers, known).map(|value| (name, value)));
    }
    let body = (head.method == http::Method::POST).then_some(body);
    let limits = Limits { wire: 1 << 20, decoded: 1 << 20, total: std::time::Duration::from_secs(15), ..Limits::default() };
    let answer = outbound.fetch(Ask { headers, body, limits, ..Ask::get(url) }).await?;
    let mut response = HttpResponse::new(answer.body);
    *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or(http::StatusCode::BAD_GATEWAY);
    *response.headers_mut() = answer.headers;
    Ok(response)
}
