//! Pages whose contents are too long to be held in memory together: they are read while they are sent. What changes
//! meanwhile is sent as it is by then, and what goes is left out; the next answer has another `ETag`.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::try_unfold;
use uuid::Uuid;

use super::{documents, forms};
use crate::published::shelf::{Entry, Error, Form, Shelf, in_pieces};

/// So many organizations are read at once with their services.
const ORGANIZATIONS: usize = 10;
/// So many ids are written at once.
const IDS: usize = 1_000;

/// What stands on the page.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    /// Documents in this form.
    Documents(Form),
    /// Whole organizations with their services.
    OrganizationsWithServices,
    /// Ids and moments.
    Ids,
}

/// The body of a page: what stands before its contents, these, and what stands behind them.
pub(super) fn body(shelf: Arc<Shelf>, of: Of, before: String, contents: &[Entry], behind: String) -> Body {
    let pieces: Vec<Vec<Entry>> = match of {
        Of::Documents(form) => in_pieces(contents, form).map(<[Entry]>::to_vec).collect(),
        Of::OrganizationsWithServices => contents.chunks(ORGANIZATIONS).map(<[Entry]>::to_vec).collect(),
        Of::Ids => contents.chunks(IDS).map(<[Entry]>::to_vec).collect(),
    };
    let (before, behind) = (before.into_bytes(), Some(behind));
    let sending = Sending { shelf, of, before, pieces: pieces.into_iter(), behind, begun: false };
    Body::from_stream(try_unfold(sending, |sending| async move {
        let step = tokio::task::spawn_blocking(move || sending.step()).await.map_err(std::io::Error::other)?;
        let step = step.map_err(std::io::Error::other)?;
        Ok::<_, std::io::Error>(step.map(|(bytes, sending)| (Bytes::from(bytes), sending)))
    }))
}

/// A page that is being sent.
struct Sending {
    shelf: Arc<Shelf>,
    of: Of,
    before: Vec<u8>,
    pieces: std::vec::IntoIter<Vec<Entry>>,
    behind: Option<String>,
    /// Whether a document was sent.
    begun: bool,
}

impl Sending {
    /// The next bytes, and how it goes on; `None` at the end.
    fn step(mut self) -> Result<Option<(Vec<u8>, Self)>, Error> {
        let mut out = std::mem::take(&mut self.before);
        let Some(piece) = self.pieces.next() else {
            let Some(behind) = self.behind.take() else { return Ok(None) };
            out.extend_from_slice(behind.as_bytes());
            return Ok(Some((out, self)));
        };
        let start = out.len();
        if self.begun {
            out.push(b',');
        }
        let documents_from = out.len();
        match self.of {
            Of::Documents(form) => {
                let ids: Vec<Uuid> = piece.iter().map(|entry| entry.id).collect();
                self.shelf.these(&ids, form, b',', &mut out)?;
            }
            Of::OrganizationsWithServices => {
                out = documents::with_their_services(&self.shelf, &piece, usize::MAX, out)?.0;
            }
            Of::Ids => out.extend(piece.iter().flat_map(|entry| (forms::minimal(entry) + ",").into_bytes())),
        }
        if out.len() > documents_from {
            // The comma behind the last one.
            out.pop();
            self.begun = true;
        } else {
            out.truncate(start);
        }
        Ok(Some((out, self)))
    }
}
