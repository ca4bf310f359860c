//! Reading from the shelf: one document, pages of a list, everything that belongs to something.

use std::{collections::HashMap, ops::Range, os::unix::fs::FileExt as _};

use uuid::Uuid;

use super::{Entry, Error, Form, Found, Kind, Position, Shelf, are_long, files::Inner, group_of, pieces::first_piece};

impl Shelf {
    /// How far it has followed.
    pub fn position(&self) -> Position {
        Position(self.read().position)
    }

    /// The state of everything that is here: two answers made of the same state are the same.
    pub fn state(&self) -> (String, Position) {
        let inner = self.read();
        (inner.epoch.clone(), Position(inner.position))
    }

    /// How many records are there, of one kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.read().catalogue.of(kind).len()
    }

    /// How many entries it has in all, and bytes on disk.
    pub fn size(&self) -> (usize, u64) {
        let inner = self.read();
        (inner.catalogue.len(), inner.full.length + inner.brief.length)
    }

    /// What is known about `id`, without its bytes.
    pub fn look_up(&self, id: Uuid) -> Option<Entry> {
        self.read().catalogue.get(id).copied()
    }

    /// The document under `id`, or why it is gone.
    /// # Errors
    /// When the disk fails.
    pub fn get(&self, id: Uuid, form: Form) -> Result<Option<Found>, Error> {
        let inner = self.read();
        let Some(entry) = inner.catalogue.get(id) else { return Ok(None) };
        let form = if entry.live { form } else { Form::Full };
        let (at, length) = entry.span(form);
        let mut bytes = vec![0; length as usize];
        inner.file(form).read_exact_at(&mut bytes, at).map_err(|error| self.disk(error))?;
        Ok(Some(Found { entry: *entry, bytes }))
    }

    /// Append documents `range` of the order of `kind` to `out`, each with `separator` behind it; nothing where they
    /// [`are_long`]. Gives how many there are in all, and the entries of the range.
    /// # Errors
    /// When the disk fails.
    pub fn page(
        &self,
        kind: Kind,
        range: Range<usize>,
        form: Form,
        separator: u8,
        out: &mut Vec<u8>,
    ) -> Result<(usize, Vec<Entry>), Error> {
        let inner = self.read();
        let (total, entries) = entries_in(&inner, kind, range);
        if !are_long(&entries, form) {
            inner.copy(&entries, form, separator, out).map_err(|error| self.disk(error))?;
        }
        Ok((total, entries))
    }

    /// The same without the documents.
    pub fn entries(&self, kind: Kind, range: Range<usize>) -> (usize, Vec<Entry>) {
        entries_in(&self.read(), kind, range)
    }

    /// The entries of these documents, as far as they are there, without their bytes.
    pub fn entries_of(&self, ids: &[Uuid]) -> Vec<Entry> {
        let inner = self.read();
        ids.iter().filter_map(|id| inner.catalogue.get(*id)).filter(|entry| entry.live).copied().collect()
    }

    /// Append these documents, as far as they are there, to `out`, each with `separator` behind it.
    /// # Errors
    /// When the disk fails.
    pub fn these(&self, ids: &[Uuid], form: Form, separator: u8, out: &mut Vec<u8>) -> Result<Vec<Entry>, Error> {
        let inner = self.read();
        let entries: Vec<Entry> =
            ids.iter().filter_map(|id| inner.catalogue.get(*id)).filter(|entry| entry.live).copied().collect();
        inner.copy(&entries, form, separator, out).map_err(|error| self.disk(error))?;
        Ok(entries)
    }

    /// Append the first piece of up to `most` documents of `kind` with ids above `after` to `out`, one a line.
    /// # Errors
    /// When the disk fails.
    pub fn lines_after(
        &self,
        kind: Kind,
        after: Option<Uuid>,
        most: usize,
        form: Form,
        out: &mut Vec<u8>,
    ) -> Result<Vec<Entry>, Error> {
        let inner = self.read();
        let from = after.map_or(0, |id| inner.catalogue.after(kind, id));
        let mut entries: Vec<Entry> =
            inner.catalogue.of(kind)[from..].iter().take(most).map(|at| *inner.catalogue.at(*at)).collect();
        entries.truncate(first_piece(&entries, form));
        inner.copy(&entries, form, b'\n', out).map_err(|error| self.disk(error))?;
        Ok(entries)
    }

    /// Up to `most` entries of `kind` with ids above `after`, in order.
    pub fn entries_after(&self, kind: Kind, after: Option<Uuid>, most: usize) -> Vec<Entry> {
        let inner = self.read();
        let from = after.map_or(0, |id| inner.catalogue.after(kind, id));
        inner.catalogue.of(kind)[from..].iter().take(most).map(|at| *inner.catalogue.at(*at)).collect()
    }

    /// The ids of everything of `kind` that belongs to `of`: an organization's services, a
    /// service's places, a taxonomy's terms. In order of ids.
    pub fn belonging_to(&self, kind: Kind, of: Uuid) -> Vec<Uuid> {
        self.belonging_to_each(kind, &[of]).pop().unwrap_or_default()
    }

    /// The same for each of these, which are different ones, in one pass over everything of `kind`.
    pub fn belonging_to_each(&self, kind: Kind, of: &[Uuid]) -> Vec<Vec<Uuid>> {
        let places: HashMap<u64, usize> = of.iter().enumerate().map(|(place, id)| (group_of(*id), place)).collect();
        let mut found = vec![Vec::new(); of.len()];
        let inner = self.read();
        for entry in inner.catalogue.of(kind).iter().map(|at| inner.catalogue.at(*at)) {
            if let Some(place) = places.get(&entry.group) {
                found[*place].push(entry.id);
            }
        }
        found
    }
}

/// How many documents of `kind` there are in all, and the entries of `range` of their order.
fn entries_in(inner: &Inner, kind: Kind, range: Range<usize>) -> (usize, Vec<Entry>) {
    let all = inner.catalogue.of(kind);
    let range = range.start.min(all.len())..range.end.min(all.len());
    (all.len(), all[range].iter().map(|at| *inner.catalogue.at(*at)).collect())
}
