//! What the pages of people who are signed in share: who they are, the forms that they send, the answer
//! that nobody may keep.

mod fields;

use std::net::IpAddr;

use axum::{
    extract::{
        self, FromRequest, FromRequestParts, Multipart, OriginalUri, Request,
        multipart::{Field, MultipartError},
    },
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderMap, Method, StatusCode, Uri, header, request::Parts};
use maud::{Markup, html};
use serde::de::DeserializeOwned;
use url::Url;

pub(super) use self::fields::Fields;
use super::{
    Site, layout,
    layout::{For, Page},
    unfinished,
};
use crate::{
    editing::Editing,
    formats::picture,
    http::{
        Problem, Proxies,
        visitor::{self, FORM_TOKEN, Presented},
    },
    identity::{Action, Actor, Identity, Passkeys, Person, Secret, Session, Subject, can, providers::Providers},
    model::text,
    quality::Quality,
    views::Views,
};

/// Forms of people are at most so many bytes.
const LARGEST_FORM: usize = 256 << 10;
/// Forms with a file are at most so many bytes. More than a file may have, so that its page can say so.
pub(super) const LARGEST_UPLOAD: usize = 32 << 20;
/// The field that says for whom a form was made. It proves nothing: it keeps what one person wrote from being shown
/// to the next.
pub(super) const FORM_OF: &str = "form_of";
/// Fields of a form.
const MOST_FIELDS: usize = 2_000;

/// What the pages of people are made from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The site around them.
    pub site: Site,
    /// What they do.
    pub editing: Editing,
    /// What keeps listings right.
    pub quality: Quality,
    /// How often listings are looked at.
    pub views: Views,
    /// Other people's doors.
    pub providers: Providers,
    /// How browsers are asked for passkeys, where they can be.
    pub passkeys: Option<Passkeys>,
    /// Networks whose word about a client is believed.
    pub proxies: Proxies,
}

impl Desk {
    pub(super) fn identity(&self) -> &Identity {
        self.editing.identity()
    }

    /// A page for somebody who is signed in.
    pub(super) fn answer(&self, headers: &HeaderMap, signed: &Signed, page: Result<Page, Problem>) -> Response {
        let page = page.unwrap_or_else(|problem| super::errors::page(&problem));
        let page = Page { unkept: true, audience: signed.audience(), ..page };
        layout::answer(&self.site, headers, Ok(page))
    }

    /// The client that a request comes from.
    pub(super) fn client(&self, parts: &Parts) -> IpAddr {
        visitor::client(&parts.extensions, &parts.headers, &self.proxies)
    }
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) person: Person,
    pub(super) session: Session,
    pub(super) actor: Actor,
    /// Under which licence it is published what they write.
    pub(super) licence: Url,
    secret: Secret,
}

impl Signed {
    async fn read(headers: &HeaderMap, desk: &Desk) -> Result<Option<Self>, Problem> {
        let Some(secret) = Presented::read(headers).session else { return Ok(None) };
        let found =
            desk.identity().signed_in(&secret).await.map_err(|error| Problem::from(crate::editing::Error::from(error)))?;
        let licence = desk.site.brand.licence.clone();
        Ok(found.map(|(person, session, actor)| Self { person, session, actor, licence, secret }))
    }

    /// Whether they may do something to the directory as a whole.
    pub(super) fn may(&self, action: Action) -> bool {
        can(&self.actor, action, &Subject::Directory)
    }

    /// Who sends a request, or where they have to go before they may.
    async fn here(parts: &Parts, desk: &Desk) -> Result<Result<Self, &'static str>, Response> {
        let found =
            Self::read(&parts.headers, desk).await.map_err(|problem| layout::answer(&desk.site, &parts.headers, Err(problem)))?;
        let Some(signed) = found else { return Ok(Err(SIGN_IN)) };
        Ok(match signed.owes(desk, asked(parts).path()) {
            Some(first) => Err(first),
            None => Ok(Self { actor: signed.actor.asking_from(desk.client(parts)), ..signed }),
        })
    }

    /// Where they have to go before they may see this page.
    fn owes(&self, desk: &Desk, path: &str) -> Option<&'static str> {
        let decides = path == "/moderation" || path.starts_with("/moderation/");
        if decides && desk.passkeys.is_some() && self.actor.owes_second_step() {
            return Some("/sign-in/passkey");
        }
        // Whoever was made a member on the server, or before an invitation said what they agree to.
        let keeps = path.starts_with("/account/listings/") && !self.actor.memberships().is_empty();
        (keeps && self.person.role.is_none() && self.person.terms_at.is_none()).then_some("/account/terms")
    }

    /// That a form is one of ours, made for this session.
    async fn proved(&self, desk: &Desk, headers: &HeaderMap, path: &str, fields: &Fields) -> Result<(), Response> {
        let public_url = &desk.site.directory.public_url;
        if visitor::comes_from_us(headers, public_url) && visitor::form_token(&self.secret).is(fields.text(FORM_TOKEN)) {
            return Ok(());
        }
        if fields.text(FORM_OF) == self.person.id.to_string() && visitor::surely_comes_from_us(headers, public_url) {
            // It is from before they signed in again. Nothing of it is done; what they wrote is shown to them.
            let sent = fields.sent_to(path);
            return Err(Box::pin(unfinished::show_again(desk, headers, self, &sent, StatusCode::FORBIDDEN)).await);
        }
        let why = "this form did not come from one of our pages, or is too old; open the page again";
        Err(desk.answer(headers, self, Err(Problem::forbidden(why))))
    }

    fn token(&self) -> String {
        visitor::form_token(&self.secret).as_str().to_owned()
    }

    fn audience(&self) -> For {
        For::Signed { form: self.token(), officer: self.may(Action::SeeQueue), owing: self.actor.owes_second_step() }
    }

    /// The fields that prove that a form is ours, and say for whom it was made.
    pub(super) fn proof(&self) -> Markup {
        html! {
            input type="hidden" name=(FORM_TOKEN) value=(self.token());
            input type="hidden" name=(FORM_OF) value=(self.person.id);
        }
    }
}

/// What stands in the address of a page. One that cannot be read, such as half an id, is the address of no
/// page.
#[derive(Debug)]
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Desk> for Path<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Response> {
        match extract::Path::from_request_parts(parts, desk).await {
            Ok(extract::Path(read)) => Ok(Self(read)),
            Err(_) => {
                Err(layout::answer(&desk.site, &parts.headers, Err(Problem::not_found("there is no such page".to_owned()))))
            }
        }
    }
}

impl FromRequestParts<Desk> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Response> {
        Self::here(parts, desk).await?.map_err(|first| off_to(first, &where_asked(parts)))
    }
}

const SIGN_IN: &str = "/sign-in";

/// The address that was asked for.
fn asked(parts: &Parts) -> Uri {
    parts.extensions.get::<OriginalUri>().map_or_else(|| parts.uri.clone(), |uri| uri.0.clone())
}

/// The page on which somebody was: what a form was sent to is not always one.
fn where_asked(parts: &Parts) -> String {
    let asked = asked(parts);
    if parts.method == Method::GET {
        return asked.path_and_query().map_or_else(|| asked.path(), http::uri::PathAndQuery::as_str).to_owned();
    }
    unfinished::page_of(asked.path())
}

/// Off to what has to be done first, and from there `back`.
fn off_to(first: &str, back: &str) -> Response {
    let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", back).finish();
    Redirect::to(&format!("{first}?{query}")).into_response()
}

/// A form that somebody who is signed in has sent, proved to be ours.
#[derive(Debug)]
pub(super) struct Posted {
    pub(super) signed: Signed,
    pub(super) fields: Fields,
    pub(super) headers: HeaderMap,
}

impl FromRequest<Desk> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        // The whole form first: who they are is asked when it is about to be acted upon.
        let fields = Fields::read(&parts.headers, body).await;
        let signed = match Signed::here(&parts, desk).await? {
            Ok(signed) => signed,
            Err(first) => {
                let kept = match &fields {
                    Ok(fields) => unfinished::keep(desk, &parts.headers, asked(&parts).path(), fields).await,
                    Err(_) => None,
                };
                return Err(off_to(first, &kept.unwrap_or_else(|| where_asked(&parts))));
            }
        };
        let refuse = |problem| desk.answer(&parts.headers, &signed, Err(problem));
        let fields = match fields {
            Ok(fields) => fields,
            Err(problem) => return Err(refuse(problem)),
        };
        signed.proved(desk, &parts.headers, asked(&parts).path(), &fields).await?;
        Ok(Self { signed, fields, headers: parts.headers })
    }
}

/// A form with a file that somebody who is signed in has sent, proved to be ours.
#[derive(Debug)]
pub(super) struct Uploaded {
    pub(super) signed: Signed,
    pub(super) fields: Fields,
    /// The bytes of the field `file`; none where nothing was chosen. Of one that is too large only as many as
    /// show that it is.
    pub(super) file: Vec<u8>,
    pub(super) headers: HeaderMap,
}

impl FromRequest<Desk> for Uploaded {
    type Rejection = Response;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let (headers, path) = (parts.headers.clone(), asked(&parts).path().to_owned());
        let signed = match Signed::here(&parts, desk).await? {
            Ok(signed) => signed,
            Err(first) => {
                let back = where_asked(&parts);
                let shown = Presented::read(&headers);
                // Nothing is read of what somebody sends who was never signed in here. The file is to be chosen again.
                let kept = if shown.session.is_some() && shown.browser.is_some() {
                    match Self::read(Request::from_parts(parts, body), desk, 0).await {
                        Ok((fields, _)) => unfinished::keep(desk, &headers, &path, &fields).await,
                        Err(_) => None,
                    }
                } else {
                    None
                };
                return Err(off_to(first, &kept.unwrap_or(back)));
            }
        };
        let refuse = |problem| desk.answer(&headers, &signed, Err(problem));
        let request = Request::from_parts(parts, body);
        let (fields, file) = Self::read(request, desk, picture::LARGEST_FILE + 1).await.map_err(refuse)?;
        signed.proved(desk, &headers, &path, &fields).await?;
        Ok(Self { signed, fields, file, headers })
    }
}

impl Uploaded {
    /// The fields of a form, and as many bytes of its file.
    async fn read(request: Request, desk: &Desk, most_of_file: usize) -> Result<(Fields, Vec<u8>), Problem> {
        let unread = |_| {
            Problem::bad_request(format!("the form could not be read; the file may be larger than {} MB", LARGEST_UPLOAD >> 20))
        };
        let mut form = Multipart::from_request(request, desk)
            .await
            .map_err(|_| Problem::bad_request("this is not a form with a file upload".to_owned()))?;
        let (mut fields, mut file) = (Fields::default(), Vec::new());
        while let Some(field) = form.next_field().await.map_err(unread)? {
            let name = field.name().unwrap_or_default().to_owned();
            let is_file = name == "file";
            let most = if is_file { most_of_file } else { LARGEST_FORM + 1 };
            let bytes = beginning(field, most).await.map_err(unread)?;
            if is_file {
                file = bytes;
            } else if fields.0.len() < MOST_FIELDS {
                fields.add(&name, text::clean(&String::from_utf8_lossy(&bytes)));
            }
        }
        Ok((fields, file))
    }
}

/// The first `most` bytes of a field; the rest is read and dropped.
async fn beginning(mut field: Field<'_>, most: usize) -> Result<Vec<u8>, MultipartError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await? {
        let room = most.saturating_sub(bytes.len()).min(chunk.len());
        bytes.extend_from_slice(&chunk[..room]);
    }
    Ok(bytes)
}

/// Send a browser on after a form, so that reloading sends nothing again.
pub(super) fn go_to(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, path), (header::CACHE_CONTROL, "no-store")]).into_response()
}

/// The answer where an address is right and the method is not.
pub(super) async fn method_not_allowed(axum::extract::State(desk): axum::extract::State<Desk>, headers: HeaderMap) -> Response {
    layout::answer(&desk.site, &headers, Err(Problem::method_not_allowed()))
}
