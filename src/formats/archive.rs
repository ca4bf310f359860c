//! Files inside a zip from strangers, read without unpacking anything to disk, and without trusting
//! what the zip says of itself: bytes are counted as they come out. Refused as a whole are zips with
//! names that lead elsewhere, links, encrypted files, two files of one name, or more than the caller
//! allows; and whatever turns out to be a bomb.

use std::{
    collections::HashMap,
    io::{self, Read, Seek, SeekFrom},
};

use zip::{CompressionMethod, ZipArchive, result::ZipError};

use crate::model::text::shorten;

/// What a zip may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Files and folders in it.
    pub entries: usize,
    /// Bytes of one file, unpacked.
    pub file_bytes: u64,
    /// Bytes of all the files that are read, unpacked.
    pub all_bytes: u64,
}

/// How many times its packed size a file may unpack to, once it is past [`HARMLESS`]. Tables of text
/// come to 10 or 20; a bomb of zeros to 1,000.
const RATIO: u64 = 200;
/// A file of at most so many unpacked bytes is no bomb, however well it was packed.
const HARMLESS: u64 = 8 << 20;
/// Bytes with which each entry begins in the directory of a zip.
const ENTRY: &[u8] = b"PK\x01\x02";

/// Why a zip, or a file in it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not a zip, or a damaged one.
    #[error("cannot read the zip: {0}")]
    Unreadable(#[from] ZipError),
    /// The disk.
    #[error("cannot read the zip: {0}")]
    Disk(#[from] io::Error),
    /// It has too much in it.
    #[error("the zip contains more than {0} files")]
    TooMany(usize),
    /// A file that is refused, and with it the zip.
    #[error("the zip is rejected: its file {name:?} {reason}")]
    Refused {
        /// Its name, cut where it is long.
        name: String,
        /// Why.
        reason: String,
    },
    /// Two files of one name, of which only one could be read.
    #[error("the zip is rejected: two of its files have the same name")]
    Twice,
    /// There is no such file.
    #[error("the zip does not contain {0:?}")]
    Missing(String),
}

/// Whether a file begins as a zip does.
pub fn is_zip(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06")
}

/// A zip that was looked over.
#[derive(Debug)]
pub struct Archive<R> {
    zip: ZipArchive<R>,
    names: Vec<String>,
    indexes: HashMap<String, usize>,
    limits: Limits,
    left: u64,
    length: u64,
}

impl<R: Read + Seek> Archive<R> {
    /// Look a zip over.
    /// # Errors
    /// When it is not a zip, or has something in it that is refused.
    pub fn open(mut input: R, limits: Limits) -> Result<Self, Error> {
        // Counted before the directory is read into memory: five million entries fit into 256 MiB.
        let length = input.seek(SeekFrom::End(0))?;
        input.rewind()?;
        if entries(&mut input, limits.entries)? > limits.entries {
            return Err(Error::TooMany(limits.entries));
        }
        let zip = ZipArchive::new(input)?;
        if zip.len() > limits.entries {
            return Err(Error::TooMany(limits.entries));
        }
        let mut names = Vec::new();
        let mut indexes = HashMap::new();
        for index in 0..zip.len() {
            let entry = zip.by_index_data(index)?;
            let name = entry.name()?.into_owned();
            let special = entry.unix_mode().is_some_and(|mode| !matches!(mode & 0o170_000, 0 | 0o100_000 | 0o040_000));
            let wrong = [
                (leads_elsewhere(&name), "has a path that leads outside the zip"),
                (entry.is_symlink() || special, "is a link or a device"),
                (entry.encrypted(), "is encrypted: send it without a password"),
            ];
            if let Some((_, reason)) = wrong.into_iter().find(|(is_wrong, _)| *is_wrong) {
                return Err(refused(&name, reason));
            }
            if entry.is_dir() {
                continue;
            }
            if indexes.insert(name.clone(), index).is_some() {
                return Err(refused(&name, "appears twice"));
            }
            names.push(name);
        }
        if zip.has_duplicate_names() {
            return Err(Error::Twice);
        }
        Ok(Self { zip, names, indexes, limits, left: limits.all_bytes, length })
    }

    /// Names of its files, with their folders, as they stand in it.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many bytes a file has unpacked, as the zip says of itself: for a progress bar, no more.
    pub fn said_bytes(&self, name: &str) -> u64 {
        self.indexes.get(name).and_then(|index| self.zip.by_index_data(*index).ok()).map_or(0, |entry| entry.size())
    }

    /// Unpack these files once and throw them away: a bomb then goes off where nothing stands. That
    /// costs a fraction of what reading tables does, and counts for nothing in what may still be read.
    /// # Errors
    /// When one of them cannot be read to its end.
    pub fn try_out(&mut self, names: &[String]) -> Result<(), Error> {
        let left = self.left;
        for name in names {
            io::copy(&mut self.read(name)?, &mut io::sink()).map_err(|error| match error.get_ref() {
                Some(inner) if inner.is::<TooMuch>() => refused(name, &inner.to_string()),
                _ => refused(name, &format!("cannot be unpacked: {error}")),
            })?;
        }
        self.left = left;
        Ok(())
    }

    /// Read one of its files. Reading fails when more bytes come out than the limits allow, or the
    /// file is damaged.
    /// # Errors
    /// When there is no such file, or it is packed in a way that is not known here.
    pub fn read(&mut self, name: &str) -> Result<impl Read + '_, Error> {
        let index = *self.indexes.get(name).ok_or_else(|| Error::Missing(name.to_owned()))?;
        let method = self.zip.by_index_data(index)?.compression();
        if !matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(refused(
                name,
                &format!("is compressed as {method:?}, which is not supported: use an ordinary zip (deflate)"),
            ));
        }
        let file = self.zip.by_index(index)?;
        let ratio_left = file.compressed_size().min(self.length).saturating_mul(RATIO).max(HARMLESS);
        Ok(Counted { inner: file, file_left: self.limits.file_bytes, ratio_left, all_left: &mut self.left })
    }
}

/// More comes out of a file than is allowed.
#[derive(Debug, thiserror::Error)]
enum TooMuch {
    #[error("expands to more than is allowed")]
    Bytes,
    #[error("expands implausibly far and looks like a zip bomb")]
    Ratio,
}

/// Stops when more comes out than is allowed.
struct Counted<'a, R> {
    inner: R,
    file_left: u64,
    ratio_left: u64,
    all_left: &'a mut u64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let bytes = count as u64;
        if bytes > self.ratio_left {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, TooMuch::Ratio));
        }
        if bytes > self.file_left || bytes > *self.all_left {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, TooMuch::Bytes));
        }
        self.file_left -= bytes;
        self.ratio_left -= bytes;
        *self.all_left -= bytes;
        Ok(count)
    }
}

/// How often something like the beginning of an entry stands in `input`, counted up to `most` and one.
fn entries(input: &mut impl Read, most: usize) -> io::Result<usize> {
    let mut buffer = vec![0; 1 << 16];
    let (mut kept, mut found) = (0, 0);
    while found <= most {
        let read = input.read(&mut buffer[kept..])?;
        if read == 0 {
            break;
        }
        let filled = kept + read;
        found += memchr::memmem::find_iter(&buffer[..filled], ENTRY).take(most + 1 - found).count();
        // One may begin at the end of what was read; three bytes are too few to be counted twice.
        kept = filled.min(ENTRY.len() - 1);
        buffer.copy_within(filled - kept..filled, 0);
    }
    Ok(found)
}

fn refused(name: &str, reason: &str) -> Error {
    Error::Refused { name: shorten(name, 200), reason: reason.to_owned() }
}

/// Whether a name leads out of the folder or zip that it is said to be in.
pub(super) fn leads_elsewhere(name: &str) -> bool {
    name.starts_with('/') || name.contains(['\\', '\0', ':']) || name.split('/').any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    const LIMITS: Limits = Limits { entries: 5, file_bytes: 1_000, all_bytes: 1_500 };

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn open(bytes: Vec<u8>) -> Result<Archive<Cursor<Vec<u8>>>, Error> {
        Archive::open(Cursor::new(bytes), LIMITS)
    }

    fn read(archive: &mut Archive<Cursor<Vec<u8>>>, name: &str) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        archive.read(name).map_err(|e| e.to_string())?.read_to_end(&mut out).map_err(|e| e.to_string())?;
        Ok(out)
    }

    fn why(bytes: Vec<u8>) -> String {
        open(bytes).map_or_else(|error| error.to_string(), |_| "taken".to_owned())
    }

    #[test]
    fn files_are_read_by_their_names() {
        let mut archive = open(zip(&[("Data/a.csv", b"one"), ("b.csv", b"two")])).unwrap();
        assert_eq!(archive.names(), ["Data/a.csv", "b.csv"]);
        assert_eq!(read(&mut archive, "b.csv").unwrap(), b"two");
        assert_eq!(read(&mut archive, "Data/a.csv").unwrap(), b"one");
        assert_eq!(read(&mut archive, "c.csv").unwrap_err(), "the zip does not contain \"c.csv\"");
    }

    #[test]
    fn a_name_that_leads_elsewhere_refuses_the_zip() {
        for name in ["../a.csv", "/etc/passwd", "a/../../b", "C:a.csv", "a\\..\\b"] {
            assert!(why(zip(&[(name, b"x")])).contains("leads outside the zip"), "{name}: {}", why(zip(&[(name, b"x")])));
        }
    }

    #[test]
    fn links_and_encrypted_files_refuse_the_zip() {
        let mut linked = ZipWriter::new(Cursor::new(Vec::new()));
        linked.add_symlink("a.csv", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        assert!(why(linked.finish().unwrap().into_inner()).contains("is a link"));
        let mut bytes = zip(&[("a.csv", b"x")]);
        // Bit 0 of the flags, in the local header and in the directory.
        let directory = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        bytes[6] |= 1;
        bytes[directory + 8] |= 1;
        assert!(why(bytes).contains("is encrypted"));
    }

    #[test]
    fn a_bomb_goes_off_at_the_limit_whatever_it_says_of_itself() {
        let mut bytes = zip(&[("a.csv", &[b'0'; 4_000])]);
        assert!(read(&mut open(bytes.clone()).unwrap(), "a.csv").unwrap_err().contains("expands to more than is allowed"));
        // Its directory says that it holds 10 bytes.
        let directory = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        bytes[directory + 24..directory + 28].copy_from_slice(&10_u32.to_le_bytes());
        assert!(read(&mut open(bytes).unwrap(), "a.csv").is_err());
        let mut together = open(zip(&[("a", &[b'0'; 900]), ("b", &[b'1'; 900])])).unwrap();
        assert_eq!(read(&mut together, "a").unwrap().len(), 900);
        assert!(read(&mut together, "b").is_err(), "all together are limited, too");
    }

    #[test]
    fn bombs_are_told_by_what_comes_out_of_how_little() {
        const ROOMY: Limits = Limits { entries: 5, file_bytes: 1 << 30, all_bytes: 1 << 30 };
        let mut bytes = zip(&[("a.csv", &vec![b'0'; 40 << 20]), ("b.csv", b"id\n1\n")]);
        let tried = |bytes: Vec<u8>| {
            let mut archive = Archive::open(Cursor::new(bytes), ROOMY).unwrap();
            let names = archive.names().to_vec();
            archive.try_out(&names).map_err(|error| error.to_string())
        };
        let refused = "the zip is rejected: its file \"a.csv\" expands implausibly far and looks like a zip bomb";
        assert_eq!(tried(bytes.clone()).unwrap_err(), refused);
        let directory = bytes.windows(4).position(|w| w == ENTRY).unwrap();
        bytes[directory + 24..directory + 28].copy_from_slice(&10_u32.to_le_bytes());
        bytes[22..26].copy_from_slice(&10_u32.to_le_bytes());
        assert!(tried(bytes).is_err(), "the header lies");
        assert_eq!(tried(zip(&[("a.csv", b"id\n1\n")])), Ok(()));
    }

    #[test]
    fn what_is_tried_out_counts_for_nothing_afterwards() {
        let mut archive = open(zip(&[("a", &[b'0'; 900]), ("b", &[b'1'; 500])])).unwrap();
        let names = archive.names().to_vec();
        archive.try_out(&names).unwrap();
        assert_eq!((read(&mut archive, "a").unwrap().len(), read(&mut archive, "b").unwrap().len()), (900, 500));
    }

    #[test]
    fn other_ways_of_packing_and_wrong_checksums_are_told() {
        let mut bytes = zip(&[("a.csv", b"id,name\n1,A\n2,B\n3,C\n4,D\n")]);
        let directory = bytes.windows(4).position(|w| w == ENTRY).unwrap();
        bytes[8] = 12;
        bytes[directory + 10] = 12;
        let error = read(&mut open(bytes).unwrap(), "a.csv").unwrap_err();
        assert!(error.contains("use an ordinary zip"), "{error}");
        let mut stored = ZipWriter::new(Cursor::new(Vec::new()));
        stored.start_file("a.csv", SimpleFileOptions::default().compression_method(CompressionMethod::Stored)).unwrap();
        stored.write_all(b"id\n12345\n").unwrap();
        let mut stored = stored.finish().unwrap().into_inner();
        let at = memchr::memmem::find(&stored, b"12345").unwrap();
        stored[at] = b'9';
        let error = open(stored).unwrap().try_out(&["a.csv".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("cannot be unpacked"), "{error}");
    }

    #[test]
    fn entries_are_counted_wherever_a_buffer_ends() {
        for at in [0, 65_532, 65_533, 65_534, 65_535, 65_536, 131_070] {
            let mut bytes = vec![0; 200_000];
            bytes[at..at + 4].copy_from_slice(ENTRY);
            bytes[150_000..150_004].copy_from_slice(ENTRY);
            assert_eq!(entries(&mut bytes.as_slice(), 10).unwrap(), 2, "{at}");
            assert_eq!(entries(&mut bytes.as_slice(), 1).unwrap(), 2, "{at}");
        }
    }

    #[test]
    fn more_files_than_allowed_are_refused() {
        let names: Vec<String> = (0..6).map(|n| n.to_string()).collect();
        let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
        assert_eq!(why(zip(&files)), "the zip contains more than 5 files");
    }

    #[test]
    fn what_is_damaged_is_said_to_be() {
        assert!(why(b"no zip at all".to_vec()).starts_with("cannot read the zip"));
        let mut bytes = zip(&[("a.csv", b"some text that is here")]);
        let at = bytes.windows(4).position(|w| w == b"some").unwrap_or(40);
        bytes[at] ^= 0x55;
        assert!(open(bytes).map_err(|e| e.to_string()).and_then(|mut archive| read(&mut archive, "a.csv")).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(at in 0_usize..400, with in proptest::prelude::any::<u8>()) {
            let mut bytes = zip(&[("Data/a.csv", b"one,two,three"), ("b.csv", &[b'x'; 200])]);
            let at = at % bytes.len();
            bytes[at] = with;
            if let Ok(mut archive) = open(bytes) {
                for name in archive.names().to_vec() {
                    let _ = read(&mut archive, &name);
                }
            }
        }
    }
}
