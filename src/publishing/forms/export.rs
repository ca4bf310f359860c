//! `fingerpost export`: what is public, read from the database, in the forms that the API has.

use std::{collections::HashMap, io::Write};

use url::Url;
use uuid::Uuid;

use super::{Format, Writer, write::wants};
use crate::{
    db::Database,
    model::Kind,
    published::{self, Published},
};

/// Rows that are read at once.
const ROWS: u64 = 500;

/// Why an export stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Database(#[from] crate::db::Error),
    /// What is written to.
    #[error("cannot write the export: {0}")]
    Write(#[from] std::io::Error),
}

/// Write everything of `kind` that is public to `out`, in order of ids, for the directory `name` that
/// the world reaches at `base`. `progress` hears how many were read.
/// # Errors
/// When the database or the writing fails.
pub async fn export(
    db: &Database,
    (format, kind): (Format, Kind),
    (base, name): (&Url, &str),
    out: &mut impl Write,
    mut progress: impl FnMut(u64),
) -> Result<(), Error> {
    let mut writer = Writer::new(format, kind, base, name);
    out.write_all(&writer.begin())?;
    let (mut after, mut count) = (None, 0);
    loop {
        let page = published::by_kind(db, kind, after, ROWS).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        let live: Vec<&Published> = page.iter().filter(|row| row.live).collect();
        let beside = beside(db, format, &live).await?;
        let documents = live.iter().map(|row| (row.kind, row.full.as_bytes()));
        out.write_all(&writer.add(documents, &|id| beside.get(&id).map(|row| row.full.clone().into_bytes())))?;
        count += live.len() as u64;
        progress(count);
    }
    out.write_all(&writer.end())?;
    Ok(())
}

/// The other documents that `rows` need in this format: in a calendar the events that services stand for, and
/// then the places that those have moved to.
async fn beside(db: &Database, format: Format, rows: &[&Published]) -> Result<HashMap<Uuid, Published>, Error> {
    let mut found: HashMap<Uuid, Published> = HashMap::new();
    let mut wanted: Vec<Uuid> = rows.iter().flat_map(|row| wants(format, row.kind, row.full.as_bytes())).collect();
    while !wanted.is_empty() {
        let snapshot = db.snapshot().await?;
        let read = published::current(&snapshot, &wanted).await?;
        snapshot.roll_back().await?;
        let new: Vec<Published> = read.into_iter().filter(|row| row.live && !found.contains_key(&row.id)).collect();
        wanted = new.iter().flat_map(|row| wants(format, row.kind, row.full.as_bytes())).collect();
        found.extend(new.into_iter().map(|row| (row.id, row)));
    }
    Ok(found)
}
