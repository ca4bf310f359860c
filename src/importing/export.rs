//! Writing a directory out, in the forms that import reads.

use std::io::Write;

use super::{COLUMNS, CompleteLine, cells_of};
use crate::{
    db::Database,
    formats::sheet::Writer,
    model::{Document, Kind},
    published,
    records::Records,
};

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

/// Every public service in full, one a line, in order of ids.
/// # Errors
/// When the database or the writing fails.
pub async fn lines(db: &Database, out: &mut impl Write, progress: impl FnMut(u64)) -> Result<(), Error> {
    each_service(db, progress, |full| {
        out.write_all(full.as_bytes())?;
        Ok(out.write_all(b"\n")?)
    })
    .await
}

/// Every public service as a row of a sheet, in order of ids.
/// # Errors
/// When the database or the writing fails.
pub async fn sheet(db: &Database, out: &mut impl Write, progress: impl FnMut(u64)) -> Result<(), Error> {
    let mut writer = Writer::new(out);
    writer.row(&COLUMNS.iter().map(|column| column.name.to_owned()).collect::<Vec<_>>())?;
    each_service(db, progress, |full| {
        if let Ok(Document::Service(service)) = Document::from_json(Kind::Service, full) {
            writer.row(&cells_of(&service))?;
        }
        Ok(())
    })
    .await?;
    writer.finish()?;
    Ok(())
}

async fn each_service(
    db: &Database,
    mut progress: impl FnMut(u64),
    mut each: impl FnMut(&str) -> Result<(), Error>,
) -> Result<(), Error> {
    let (mut after, mut count) = (None, 0);
    loop {
        let page = published::by_kind(db, Kind::Service, after, ROWS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        for row in page.iter().filter(|row| row.live) {
            each(&row.full)?;
            count += 1;
        }
        progress(count);
    }
}
