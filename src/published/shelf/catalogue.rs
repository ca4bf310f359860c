//! What lies where on the shelf: a compact table in memory, and its form on disk.

use hashbrown::HashTable;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::model::Kind;

/// How many bytes an entry takes on disk.
pub(super) const ENTRY_BYTES: usize = 96;

/// Where one published document lies. About 80 bytes in memory; there may be half a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: Uuid,
    /// Its kind.
    pub kind: Kind,
    /// Whether it is there; otherwise `full` is the reason why it is not.
    pub live: bool,
    /// Whether it says that it cannot be had now (inactive, defunct).
    pub inactive: bool,
    /// Whether it is a record of this directory.
    pub own: bool,
    /// Its position in the order of everything published.
    pub position: i64,
    /// When its content last changed, microseconds since 1970.
    pub changed_at: i64,
    /// What it belongs to, as [`group_of`] numbers it: a service's organization, a term's taxonomy.
    pub group: u64,
    /// The first eight bytes of the SHA-256 of the whole document.
    pub hash: u64,
    /// Where the whole document begins.
    pub full_at: u64,
    /// How long it is, without the line end behind it.
    pub full_length: u32,
    /// Where the brief document begins.
    pub brief_at: u64,
    /// How long it is, without the line end behind it.
    pub brief_length: u32,
}

/// The number by which [`Entry::group`] knows an id: the first eight bytes of its SHA-256. Whole ids would take
/// twice the room, and half an id says nothing where somebody counts them up from one.
pub fn group_of(id: Uuid) -> u64 {
    let hash = Sha256::digest(id.as_bytes());
    u64::from_be_bytes(std::array::from_fn(|at| hash[at]))
}

/// A weak but quick checksum (FNV-1a), against torn and misplaced writes, not against people.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Entry {
    pub(super) fn encode(&self) -> [u8; ENTRY_BYTES] {
        let mut out = [0; ENTRY_BYTES];
        out[..16].copy_from_slice(self.id.as_bytes());
        let flags = u8::from(self.live) | u8::from(self.inactive) << 1 | u8::from(self.own) << 2;
        out[16] = u8::try_from(self.kind.number()).unwrap_or_default();
        out[17] = flags;
        let numbers = [
            self.position.cast_unsigned(),
            self.changed_at.cast_unsigned(),
            self.group,
            self.hash,
            self.full_at,
            self.brief_at,
            u64::from(self.full_length) << 32 | u64::from(self.brief_length),
        ];
        for (slot, number) in out[24..80].chunks_exact_mut(8).zip(numbers) {
            slot.copy_from_slice(&number.to_le_bytes());
        }
        let sum = checksum(&out[..88]);
        out[88..].copy_from_slice(&sum.to_le_bytes());
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; ENTRY_BYTES] = bytes.try_into().ok()?;
        let number = |at: usize| bytes[at..at + 8].try_into().map(u64::from_le_bytes).unwrap_or_default();
        if number(88) != checksum(&bytes[..88]) {
            return None;
        }
        let lengths = number(72);
        Some(Self {
            id: Uuid::from_slice(&bytes[..16]).ok()?,
            kind: Kind::from_number(i16::from(bytes[16]))?,
            live: bytes[17] & 1 != 0,
            inactive: bytes[17] & 2 != 0,
            own: bytes[17] & 4 != 0,
            position: number(24).cast_signed(),
            changed_at: number(32).cast_signed(),
            group: number(40),
            hash: number(48),
            full_at: number(56),
            brief_at: number(64),
            full_length: u32::try_from(lengths >> 32).ok()?,
            brief_length: u32::try_from(lengths & 0xffff_ffff).ok()?,
        })
    }

    /// Bytes on the shelf that it takes, line ends included.
    pub(super) fn size(&self) -> u64 {
        u64::from(self.full_length) + u64::from(self.brief_length) + 2
    }
}

/// Every entry, found by id and listed by kind in order of ids.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    entries: Vec<Entry>,
    by_id: HashTable<u32>,
    order: [Vec<u32>; Kind::PUBLISHED.len()],
}

fn hash_of(id: Uuid) -> u64 {
    let (a, b) = id.as_u64_pair();
    (a ^ b.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn shelf_of(kind: Kind) -> usize {
    usize::try_from(kind.number()).unwrap_or_default()
}

#[expect(clippy::cast_possible_truncation, reason = "four thousand million records are out of reach")]
fn number_of(at: usize) -> u32 {
    at as u32
}

impl Catalogue {
    pub(super) fn get(&self, id: Uuid) -> Option<&Entry> {
        self.by_id.find(hash_of(id), |at| self.entries[*at as usize].id == id).map(|at| &self.entries[*at as usize])
    }

    /// Everything that is there, of one kind, in order of ids.
    pub(super) fn of(&self, kind: Kind) -> &[u32] {
        &self.order[shelf_of(kind)]
    }

    pub(super) fn at(&self, number: u32) -> &Entry {
        &self.entries[number as usize]
    }

    /// Where in the order of its kind the first id above `id` stands.
    pub(super) fn after(&self, kind: Kind, id: Uuid) -> usize {
        self.of(kind).partition_point(|at| self.at(*at).id <= id)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Put entries in, replacing those with the same ids. Gives what was replaced.
    pub(super) fn put(&mut self, new: &[Entry]) -> Vec<Entry> {
        let mut replaced = Vec::new();
        let mut added: [Vec<u32>; Kind::PUBLISHED.len()] = Default::default();
        let mut removed = false;
        for entry in new {
            let found = self.by_id.find(hash_of(entry.id), |at| self.entries[*at as usize].id == entry.id).copied();
            if let Some(at) = found {
                let old = std::mem::replace(&mut self.entries[at as usize], *entry);
                if old.live && (!entry.live || old.kind != entry.kind) {
                    removed = true;
                }
                if entry.live && (!old.live || old.kind != entry.kind) {
                    added[shelf_of(entry.kind)].push(at);
                }
                replaced.push(old);
            } else {
                let at = number_of(self.entries.len());
                self.entries.push(*entry);
                let entries = &self.entries;
                self.by_id.insert_unique(hash_of(entry.id), at, |at| hash_of(entries[*at as usize].id));
                if entry.live {
                    added[shelf_of(entry.kind)].push(at);
                }
            }
        }
        for (shelf, mut added) in added.into_iter().enumerate() {
            let entries = &self.entries;
            if removed {
                self.order[shelf].retain(|at| entries[*at as usize].live && shelf_of(entries[*at as usize].kind) == shelf);
            }
            added.retain(|at| entries[*at as usize].live);
            if added.is_empty() {
                continue;
            }
            // Mostly sorted already: a merge of two runs, not a sort from nothing.
            self.order[shelf].extend(added);
            self.order[shelf].sort_by_key(|at| entries[*at as usize].id);
            self.order[shelf].dedup();
        }
        replaced
    }

    /// Give back memory that growing left unused.
    pub(super) fn shrink(&mut self) {
        self.entries.shrink_to_fit();
        let entries = &self.entries;
        self.by_id.shrink_to_fit(|at| hash_of(entries[*at as usize].id));
        self.order.iter_mut().for_each(Vec::shrink_to_fit);
    }

    /// Every entry in the order in which lists read them, what is gone last.
    pub(super) fn in_order(&self) -> impl Iterator<Item = &Entry> {
        let live = self.order.iter().flatten().map(|at| self.at(*at));
        live.chain(self.entries.iter().filter(|entry| !entry.live))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(id: u128, live: bool, position: i64) -> Entry {
        Entry {
            id: Uuid::from_u128(id),
            kind: if id.is_multiple_of(2) { Kind::Service } else { Kind::Organization },
            live,
            inactive: false,
            own: true,
            position,
            changed_at: position,
            group: 7,
            hash: 9,
            full_at: 10,
            full_length: 11,
            brief_at: 12,
            brief_length: 13,
        }
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_the_ids_whatever_happens(changes in prop::collection::vec((0_u128..40, any::<bool>()), 0..200), batch in 1_usize..20) {
            let mut catalogue = Catalogue::default();
            let mut expected = std::collections::BTreeMap::new();
            let entries: Vec<Entry> = changes.iter().zip(1..).map(|((id, live), at)| entry(*id, *live, at)).collect();
            for batch in entries.chunks(batch) {
                catalogue.put(batch);
                expected.extend(batch.iter().map(|entry| (entry.id, *entry)));
            }
            for kind in [Kind::Service, Kind::Organization] {
                let listed: Vec<Entry> = catalogue.of(kind).iter().map(|at| *catalogue.at(*at)).collect();
                let wanted: Vec<Entry> = expected.values().filter(|e| e.live && e.kind == kind).copied().collect();
                prop_assert_eq!(listed, wanted);
            }
            for (id, entry) in expected {
                prop_assert_eq!(catalogue.get(id), Some(&entry));
            }
        }
    }

    #[test]
    fn an_entry_survives_the_disk_and_a_damaged_one_does_not() {
        let entry = entry(5, true, 1_764_000_000_000_123);
        let mut bytes = entry.encode();
        assert_eq!(Entry::decode(&bytes), Some(entry));
        bytes[30] ^= 1;
        assert_eq!(Entry::decode(&bytes), None);
    }
}
