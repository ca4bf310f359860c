//! The logo of an organisation: a change like any other, which a moderator looks at.

use uuid::Uuid;

use super::{Became, Call, Editing, Error, Sight, Submission, Write};
use crate::{
    formats::{address, picture::Picture},
    http::Fault,
    identity::{Action, Actor},
    model::{Document, Organization},
};

/// Pictures that somebody may send within an hour.
const PICTURES: i32 = 20;
/// The longest text that stands for a picture, in characters.
const LONGEST_ALT: usize = 200;

/// Where a picture of a record is to be had, without the host.
pub fn picture_path(record: Uuid, hash: &str, kind: &str) -> String {
    let end = if kind == "image/jpeg" { "jpg" } else { "png" };
    format!("pictures/{record}/{hash}.{end}")
}

/// The record, hash and file name of a picture of ours, where an address names one.
pub fn picture_named(address: &str, public_url: &url::Url) -> Option<(Uuid, String)> {
    let path = address.strip_prefix(public_url.as_str())?.strip_prefix("pictures/")?;
    let (record, name) = path.split_once('/')?;
    let record = record.parse().ok()?;
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.').then(|| (record, name.to_owned()))
}

const MAY_NOT: &str = "you do not have permission to change this organisation";

impl Editing {
    /// Keep a picture that is to be the logo of an organisation, for as long as somebody is at it; its web address.
    /// # Errors
    /// [`Error::Forbidden`], also where they have sent too many; or when the database fails.
    pub async fn keep_logo(&self, actor: &Actor, sight: &Sight, picture: &Picture) -> Result<String, Error> {
        Self::require(actor, Action::Edit, &sight.subject(), MAY_NOT)?;
        let tx = self.identity.write().await?;
        let few = self.identity.within(&tx, "pictures of a person", PICTURES, &actor.known_as()).await?;
        if !few {
            tx.commit().await?;
            return Err(Error::Forbidden("you have sent too many pictures within an hour; try again later"));
        }
        let id = sight.stored.id;
        let hash = self.records.keep_picture(&tx, id, picture).await?;
        tx.commit().await?;
        Ok(address(&self.about.public_url, &picture_path(id, &hash, picture.kind)))
    }

    /// Whether this is the web address of a picture that is kept for an organisation.
    async fn is_kept_for(&self, organisation: Uuid, logo: &str) -> Result<bool, Error> {
        let Some((record, name)) = picture_named(logo, &self.about.public_url) else { return Ok(false) };
        let hash = name.split('.').next().unwrap_or_default();
        Ok(record == organisation && self.records.picture(record, hash).await?.is_some())
    }

    /// Give an organisation a logo that is kept for it, or another text for the one that it has; without `logo` and
    /// `alt`, take its logo away. What becomes of it is decided as for every change.
    /// # Errors
    /// [`Error::Unfit`] without a text for those who cannot see it; otherwise as [`Editing::submit`].
    pub async fn set_logo(
        &self,
        actor: &Actor,
        sight: &Sight,
        logo: Option<&str>,
        alt: Option<&str>,
        called_back: Option<Call>,
    ) -> Result<Became, Error> {
        let id = sight.stored.id;
        let Document::Organization(organisation) = &sight.document else { return Err(Error::NotFound(id)) };
        Self::require(actor, Action::Edit, &sight.subject(), MAY_NOT)?;
        let mut organisation: Organization = (**organisation).clone();
        match alt {
            None => (organisation.logo, organisation.logo_alt) = (None, None),
            Some(alt) => {
                let alt = alt.trim();
                let problem = match alt.chars().count() {
                    0 => Some("say in a few words what the picture shows: it is read to those who cannot see it"),
                    long if long > LONGEST_ALT => Some("is longer than 200 characters"),
                    _ => None,
                };
                if let Some(problem) = problem {
                    return Err(Error::Unfit(vec![Fault { field: "alt".to_owned(), problem: problem.to_owned() }]));
                }
                organisation.logo_alt = Some(alt.to_owned());
            }
        }
        if let Some(logo) = logo {
            if !self.is_kept_for(id, logo).await? {
                let problem = "choose the picture again: it is no longer here".to_owned();
                return Err(Error::Unfit(vec![Fault { field: "file".to_owned(), problem }]));
            }
            organisation.logo = Some(logo.to_owned());
        }
        let document = Document::Organization(Box::new(organisation));
        let write = Write { document, expected_revision: Some(sight.stored.kept.revision) };
        let why = "logo changed".to_owned();
        self.submit(actor, Submission { writes: vec![write], why, called_back, ..Submission::default() }).await
    }
}
