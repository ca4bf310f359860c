//! Who was quicker: a listing was changed while somebody had its form open.

use uuid::Uuid;

use crate::{
    editing::Error,
    pages::desk::{Desk, Signed},
};

/// Who has changed a listing while its form was open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meanwhile {
    /// Nobody has.
    Nobody,
    /// Only whoever has the form open, in another tab say.
    Oneself,
    /// Others have, too.
    SomebodyElse,
}

impl Meanwhile {
    /// Who has changed a record since this version of it.
    pub(super) async fn since(desk: &Desk, signed: &Signed, record: Uuid, revision: i64) -> Result<Self, Error> {
        let me = signed.actor.known_as();
        let versions = desk.editing.records().history(record).await?;
        let mut later = versions.iter().filter(|version| version.kept.revision > revision).peekable();
        let own = later.peek().is_some() && later.all(|version| version.kept.changed_by == me);
        Ok(if own { Self::Oneself } else { Self::SomebodyElse })
    }

    /// What is said of it.
    pub(super) fn words(self) -> Option<&'static str> {
        match self {
            Self::Nobody => None,
            Self::Oneself => Some("You have changed this listing in the meantime, in another tab, window or device."),
            Self::SomebodyElse => Some("Someone else has changed this listing in the meantime."),
        }
    }
}
