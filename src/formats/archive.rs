//! Files inside a zip, read without unpacking anything to disk, and without trusting what the zip
//! says of itself: bytes are counted as they come out. Refused as a whole are zips with names that
//! lead elsewhere, links, encrypted files, two files of one name, or more than the caller allows.

use std::{
    collections::HashMap,
    io::{self, Read, Seek},
};

use zip::{ZipArchive, result::ZipError};

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

/// Why a zip, or a file in it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not a zip, or a damaged one, or packed in a way that is not known here.
    #[error("cannot read the zip: {0}")]
    Unreadable(#[from] ZipError),
    /// It has too much in it.
    #[error("the zip has {found} files in it, more than {limit}")]
    TooMany {
        /// How many.
        found: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// A file that is refused, and with it the zip.
    #[error("the zip is refused: its file {name:?} {reason}")]
    Refused {
        /// Its name, cut where it is long.
        name: String,
        /// Why.
        reason: &'static str,
    },
    /// There is no such file.
    #[error("the zip has no file {0:?}")]
    Missing(String),
}

/// A zip that was looked over.
#[derive(Debug)]
pub struct Archive<R> {
    zip: ZipArchive<R>,
    names: Vec<String>,
    indexes: HashMap<String, usize>,
    limits: Limits,
    left: u64,
}

impl<R: Read + Seek> Archive<R> {
    /// Look a zip over.
    /// # Errors
    /// When it is not a zip, or has something in it that is refused.
    pub fn open(input: R, limits: Limits) -> Result<Self, Error> {
        let zip = ZipArchive::new(input)?;
        if zip.len() > limits.entries {
            return Err(Error::TooMany { found: zip.len(), limit: limits.entries });
        }
        let mut names = Vec::new();
        let mut indexes = HashMap::new();
        for index in 0..zip.len() {
            let entry = zip.by_index_data(index)?;
            let name = entry.name()?.into_owned();
            let wrong = [
                (leads_elsewhere(&name), "has a name that leads out of the zip"),
                (entry.is_symlink(), "is a link"),
                (entry.encrypted(), "is encrypted"),
            ];
            if let Some((_, reason)) = wrong.into_iter().find(|(is_wrong, _)| *is_wrong) {
                return Err(refused(&name, reason));
            }
            if entry.is_dir() {
                continue;
            }
            if indexes.insert(name.clone(), index).is_some() {
                return Err(refused(&name, "is there twice"));
            }
            names.push(name);
        }
        if zip.has_duplicate_names() {
            return Err(refused("", "is there twice"));
        }
        Ok(Self { zip, names, indexes, limits, left: limits.all_bytes })
    }

    /// Names of its files, with their folders, as they stand in it.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many bytes a file has unpacked, as the zip says of itself: for a progress bar, no more.
    pub fn said_bytes(&self, name: &str) -> u64 {
        self.indexes.get(name).and_then(|index| self.zip.by_index_data(*index).ok()).map_or(0, |entry| entry.size())
    }

    /// Read one of its files. Reading fails when more bytes come out than the limits allow, or the
    /// file is damaged.
    /// # Errors
    /// When there is no such file, or it is packed in a way that is not known here.
    pub fn read(&mut self, name: &str) -> Result<impl Read + '_, Error> {
        let index = *self.indexes.get(name).ok_or_else(|| Error::Missing(name.to_owned()))?;
        let file = self.zip.by_index(index)?;
        Ok(Counted { inner: file, file_left: self.limits.file_bytes, all_left: &mut self.left })
    }
}

/// Stops when more comes out than is allowed.
struct Counted<'a, R> {
    inner: R,
    file_left: u64,
    all_left: &'a mut u64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let bytes = count as u64;
        if bytes > self.file_left || bytes > *self.all_left {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "more comes out of the zip than is allowed"));
        }
        self.file_left -= bytes;
        *self.all_left -= bytes;
        Ok(count)
    }
}

fn refused(name: &str, reason: &'static str) -> Error {
    Error::Refused { name: name.chars().take(200).collect(), reason }
}

fn leads_elsewhere(name: &str) -> bool {
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
        assert_eq!(read(&mut archive, "c.csv").unwrap_err(), "the zip has no file \"c.csv\"");
    }

    #[test]
    fn a_name_that_leads_elsewhere_refuses_the_zip() {
        for name in ["../a.csv", "/etc/passwd", "a/../../b", "C:a.csv", "a\\..\\b"] {
            assert!(why(zip(&[(name, b"x")])).contains("leads out of the zip"), "{name}: {}", why(zip(&[(name, b"x")])));
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
        assert!(read(&mut open(bytes.clone()).unwrap(), "a.csv").unwrap_err().contains("more comes out of the zip"));
        // Its directory says that it holds 10 bytes.
        let directory = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        bytes[directory + 24..directory + 28].copy_from_slice(&10_u32.to_le_bytes());
        assert!(read(&mut open(bytes).unwrap(), "a.csv").is_err());
        let mut together = open(zip(&[("a", &[b'0'; 900]), ("b", &[b'1'; 900])])).unwrap();
        assert_eq!(read(&mut together, "a").unwrap().len(), 900);
        assert!(read(&mut together, "b").is_err(), "all together are limited, too");
    }

    #[test]
    fn more_files_than_allowed_are_refused() {
        let names: Vec<String> = (0..6).map(|n| n.to_string()).collect();
        let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
        assert_eq!(why(zip(&files)), "the zip has 6 files in it, more than 5");
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
