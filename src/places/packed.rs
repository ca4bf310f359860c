//! The postcodes of one sector in one value, as it stands in the database.
//!
//! First come the combinations of areas that its postcodes lie in (number as u16, then for each its
//! length as u16 and its text), then for each postcode, in order of its last two letters, twelve
//! bytes: the letters, latitude and longitude in millionths of a degree (i32), and which combination
//! it has (u16). Numbers are big-endian. A sector has 400 postcodes at most, so this has some 5 kB;
//! one row is written for every 160 postcodes, and one read finds both a postcode and its sector.

/// A position in millionths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Micro {
    pub(super) latitude: i32,
    pub(super) longitude: i32,
}

/// A postcode of a sector: its last two letters, where it is, the areas it lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit<'a> {
    pub(super) letters: [u8; 2],
    pub(super) at: Micro,
    pub(super) areas: &'a str,
}

const ENTRY: usize = 12;

/// Pack units that stand in order of their letters.
pub(super) fn pack(units: &[Unit<'_>]) -> Vec<u8> {
    let mut combinations: Vec<&str> = units.iter().map(|unit| unit.areas).collect();
    combinations.sort_unstable();
    combinations.dedup();
    let number = |n: usize| u16::try_from(n).unwrap_or(u16::MAX).to_be_bytes();
    let mut out = Vec::with_capacity(2 + units.len() * ENTRY + combinations.iter().map(|text| text.len() + 2).sum::<usize>());
    out.extend(number(combinations.len()));
    for text in &combinations {
        out.extend(number(text.len()));
        out.extend(text.as_bytes());
    }
    for unit in units {
        out.extend(unit.letters);
        out.extend(unit.at.latitude.to_be_bytes());
        out.extend(unit.at.longitude.to_be_bytes());
        out.extend(number(combinations.binary_search(&unit.areas).unwrap_or(usize::MAX)));
    }
    out
}

/// The postcode with these last two letters. Bytes that [`pack`] did not make have none.
pub(super) fn find(packed: &[u8], letters: [u8; 2]) -> Option<Unit<'_>> {
    let (combinations, entries) = parts(packed)?;
    let entry = entries.chunks_exact(ENTRY).find(|entry| entry.starts_with(&letters))?;
    let (at, which) = (micro(&entry[2..10])?, u16::from_be_bytes(entry[10..].try_into().ok()?));
    Some(Unit { letters, at, areas: combinations.get(usize::from(which))? })
}

fn parts(packed: &[u8]) -> Option<(Vec<&str>, &[u8])> {
    let (count, mut rest) = number(packed)?;
    let mut combinations = Vec::new();
    for _ in 0..count {
        let (length, from) = number(rest)?;
        let (text, after) = from.split_at_checked(usize::from(length))?;
        combinations.push(std::str::from_utf8(text).ok()?);
        rest = after;
    }
    Some((combinations, rest))
}

fn number(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (head, rest) = bytes.split_first_chunk()?;
    Some((u16::from_be_bytes(*head), rest))
}

fn micro(bytes: &[u8]) -> Option<Micro> {
    let (latitude, longitude) = bytes.split_first_chunk()?;
    Some(Micro { latitude: i32::from_be_bytes(*latitude), longitude: i32::from_be_bytes(longitude.try_into().ok()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(letters: [u8; 2], latitude: i32, longitude: i32, areas: &str) -> Unit<'_> {
        Unit { letters, at: Micro { latitude, longitude }, areas }
    }

    #[test]
    fn what_was_packed_is_found_again() {
        let units = [
            unit(*b"AA", 51_878_700, -420_000, "E05000001 E06000032"),
            unit(*b"AB", 51_878_800, 420_000, "E05000002 E06000032"),
            unit(*b"ZZ", -1, 0, ""),
        ];
        let packed = pack(&units);
        for unit in &units {
            assert_eq!(find(&packed, unit.letters).as_ref(), Some(unit));
        }
        assert_eq!(find(&packed, *b"XX"), None);
        assert_eq!(find(&pack(&[]), *b"AA"), None);
        assert_eq!(find(&[], *b"AA"), None);
    }

    proptest::proptest! {
        #[test]
        fn damaged_bytes_are_never_more_than_not_found(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80)) {
            let _ = find(&bytes, *b"AA");
        }
    }
}
