//! Looking at the files of the shelf from outside, as the doctor does: nothing is written or made, and no lock is
//! held, so that a server may start, write and stop meanwhile.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt as _,
    path::Path,
};

use super::{
    Entry, Error, HEADER, Head, Position, Shelf,
    catalogue::ENTRY_BYTES,
    files::{Inner, newest, read_header, table_name},
};

impl Shelf {
    /// How far the files in `data_dir` have followed, and in which epoch; none where there are none that were
    /// filled to the end.
    pub fn look_at(data_dir: &Path) -> Option<(String, Position)> {
        let folder = data_dir.join("shelf");
        let table = File::open(table_name(&folder, newest(&folder)?)).ok()?;
        let mut header = [0; HEADER];
        table.read_exact_at(&mut header, 0).ok()?;
        let (epoch, filled) = read_header(&header)?;
        let length = table.metadata().ok()?.len();
        if length == HEADER as u64 {
            return Some((epoch, Position(filled)));
        }
        // What was appended since is in order of positions, so the last entry tells how far it goes.
        let mut last = [0; ENTRY_BYTES];
        table.read_exact_at(&mut last, length.checked_sub(ENTRY_BYTES as u64)?).ok()?;
        let last = Entry::decode(&last)?;
        Some((epoch, Position(filled.max(last.position))))
    }

    /// Compare the files in `data_dir` with their hashes. Gives how many documents there are.
    /// # Errors
    /// When they cannot be read, are of another epoch, or are not what was written; where a server writes them
    /// meanwhile, it may only look so.
    pub fn check_files(data_dir: &Path, head: &Head) -> Result<usize, Error> {
        let folder = data_dir.join("shelf");
        let check = || -> io::Result<usize> {
            let whole = Inner::read(&folder, head, false);
            let inner = whole.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "they are damaged"))?;
            let mut documents = 0;
            for entry in inner.catalogue.in_order() {
                inner.check(entry)?;
                documents += usize::from(entry.live);
            }
            Ok(documents)
        };
        check().map_err(|source| Error::Disk { folder: folder.clone(), source })
    }

    /// Whether a server has the files in `data_dir`. To be asked only where they do not look right: the question
    /// takes a part of the lock for a moment, in which no server can start.
    pub fn is_in_use(data_dir: &Path) -> bool {
        let lock = File::open(data_dir.join("shelf").join("lock"));
        lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
    }
}
