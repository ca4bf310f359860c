//! What the council looks like: its colour, its logo, how to reach it.

use std::{io, path::Path};

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, header};
use url::Url;

use super::{Site, files, words::CHECKED_FOR_DAYS};
use crate::{
    config::{self, Colour, Config, MapTiles},
    http::{Problem, caching},
};

/// Largest logo, in bytes: it is on every page.
const LARGEST: u64 = 60_000;

/// A council's look.
#[derive(Clone, Debug)]
pub struct Brand {
    /// Licence of the directory's own records.
    pub licence: Url,
    /// A number that people may ring.
    pub phone: Option<String>,
    /// A mailbox that they may write to.
    pub email: Option<String>,
    /// A map server whose pictures somebody may ask for.
    pub(super) tiles: Option<MapTiles>,
    /// Whom to name for them.
    pub(super) tiles_credit: Option<String>,
    /// Code of the council whose area the directory covers.
    pub(super) gss: Option<String>,
    /// A check of a listing is good for so many days.
    pub(super) checked_for: i64,
    style: Option<Dressed>,
    logo: Option<Dressed>,
}

/// A file that browsers load, at an address that changes with it.
#[derive(Clone, Debug)]
struct Dressed {
    address: String,
    kind: &'static str,
    bytes: Vec<u8>,
}

impl Dressed {
    fn new(path: &str, kind: &'static str, bytes: Vec<u8>) -> Self {
        let version = caching::etag_of_bytes(&bytes);
        Self { address: format!("{path}?v={}", version.trim_matches('"')), kind, bytes }
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let version = caching::Version { etag: caching::etag_of_bytes(&self.bytes), changed_at: None };
        let mut response = caching::respond::<Problem>(headers, &version, self.kind, || Ok(self.bytes.clone().into()));
        // A drawing may carry scripts: it is shown as a picture, and opened by itself it may do nothing.
        let alone = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, alone);
        response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }
}

impl Brand {
    /// A directory that has set nothing but its licence.
    #[cfg(test)]
    pub(super) fn plain(licence: Url) -> Self {
        Self {
            licence,
            phone: None,
            email: None,
            tiles: None,
            tiles_credit: None,
            gss: None,
            checked_for: CHECKED_FOR_DAYS,
            style: None,
            logo: None,
        }
    }

    /// The look that the settings say.
    /// # Errors
    /// When the logo cannot be read or used.
    pub fn open(config: &Config) -> Result<Self, config::Error> {
        let logo = config.logo.as_deref().map(logo).transpose()?;
        let style = config.colour.map(|colour| Dressed::new("/assets/brand.css", "text/css; charset=utf-8", sheet(colour)));
        Ok(Self {
            licence: config.licence.clone(),
            phone: config.contact_phone.clone(),
            email: config.contact_email.clone(),
            tiles: config.map_tiles.clone(),
            tiles_credit: config.map_tiles_credit.clone(),
            gss: config.gss.clone(),
            checked_for: CHECKED_FOR_DAYS.max(config.label_days.into()),
            style,
            logo,
        })
    }

    /// The address of the style sheet with the council's colour.
    pub(super) fn style(&self) -> Option<&str> {
        self.style.as_ref().map(|style| &*style.address)
    }

    /// The address of its logo.
    pub(super) fn logo(&self) -> Option<&str> {
        self.logo.as_ref().map(|logo| &*logo.address)
    }
}

/// The colour for the head of pages, and where the page is light for buttons, too. Dark pages keep their
/// buttons, which have to stand out from black.
fn sheet(colour: Colour) -> Vec<u8> {
    format!(
        ":root{{--brand:{colour}}}\n@media (prefers-color-scheme: light){{:root{{--action:{colour}}}}}\n\
         @media (prefers-color-scheme: dark){{:root{{--brand:{}}}}}\n",
        colour.darker()
    )
    .into_bytes()
}

fn logo(file: &Path) -> Result<Dressed, config::Error> {
    let wrong = |problem: String| config::Error::Wrong {
        variable: "FINGERPOST_LOGO".to_owned(),
        name: "logo",
        value: file.display().to_string(),
        problem,
    };
    let unreadable = |error: io::Error| wrong(format!("expected a file that the server can read ({error})"));
    let size = std::fs::metadata(file).map_err(unreadable)?.len();
    if size > LARGEST {
        return Err(wrong(format!("expected at most {LARGEST} bytes, because the logo is on every page; it has {size}")));
    }
    let bytes = std::fs::read(file).map_err(unreadable)?;
    let kind = match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        drawing if std::str::from_utf8(drawing).is_ok_and(|text| text.contains("<svg")) => "image/svg+xml",
        _ => return Err(wrong("expected a picture (SVG, PNG, JPEG or WebP)".to_owned())),
    };
    Ok(Dressed::new("/assets/logo", kind, bytes))
}

/// The style sheet with the council's colour.
pub(super) async fn style(State(site): State<Site>, headers: HeaderMap) -> Response {
    served(site.brand.style.as_ref(), &headers)
}

/// The council's logo.
pub(super) async fn picture(State(site): State<Site>, headers: HeaderMap) -> Response {
    served(site.brand.logo.as_ref(), &headers)
}

fn served(file: Option<&Dressed>, headers: &HeaderMap) -> Response {
    match file {
        Some(file) => file.answer(headers),
        None => files::nothing().into_response(),
    }
}
