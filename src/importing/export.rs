//! Writing everything out that is kept, in the form that import takes back exactly. What is public
//! is written by `publishing::forms::export`.

use std::io::Write;

use super::CompleteLine;
use crate::{model::Kind, published, records::Records};

/// Rows that are read at once.
const ROWS: u64 = 500;

/// Why an export stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Database(#[from] crate::db::Error),
    /// The records.
    #[error(transparent)]
    Records(#[from] crate::records::Error),
    /// What is written to.
    #[error("cannot write the export: {0}")]
    Write(#[from] std::io::Error),
    /// A document.
    #[error("a stored document cannot be read: {0}")]
    Document(serde_json::Error),
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        if error.is_io() { Self::Write(error.into()) } else { Self::Document(error) }
    }
}

/// Everything that is kept, one private record a line, in the order of kinds and ids: importing it
/// into an empty directory and exporting that gives the same bytes again.
/// # Errors
/// When the database or the writing fails.
pub async fn complete(records: &Records, out: &mut impl Write, mut progress: impl FnMut(u64)) -> Result<(), Error> {
    let mut count = 0;
    for kind in Kind::RECORDS {
        let mut after = None;
        loop {
            let page = records.by_kind(kind, after, ROWS).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            let ids: Vec<_> = page.iter().map(|stored| stored.id).collect();
            let snapshot = records.database().snapshot().await?;
            let moments: std::collections::HashMap<_, _> = published::current(&snapshot, &ids)
                .await?
                .into_iter()
                .filter(|row| row.live)
                .map(|row| (row.id, row.changed_at))
                .collect();
            snapshot.roll_back().await?;
            for stored in page {
                let last_modified = moments.get(&stored.id).copied();
                serde_json::to_writer(&mut *out, &CompleteLine::of(stored, last_modified)?)?;
                out.write_all(b"\n")?;
                count += 1;
            }
            progress(count);
        }
    }
    Ok(())
}
