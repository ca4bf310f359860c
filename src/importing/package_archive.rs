//! Zip files from strangers. An archive that could harm is refused as a whole, before anything of
//! it is used: names that lead out of it, links, passwords, archives in archives, and bombs, which
//! are told by the bytes that really come out, never by what a header promises.

use std::io::{BufRead, BufReader, Cursor, Read};

use zip::{CompressionMethod, ZipArchive, result::ZipError};

/// What an archive may hold at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Entries, folders included.
    pub entries: usize,
    /// Unpacked bytes of all entries that are read.
    pub bytes: u64,
    /// How many times its packed size an entry may unpack to, once it is past [`HARMLESS`]. Tables
    /// of text come to 10 or 20; a bomb of zeros to 1,000.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 1_000, bytes: 1 << 30, ratio: 200 }
    }
}

/// An archive itself may have at most so many bytes: it stands in memory.
pub(super) const LARGEST: u64 = 256 << 20;

/// An entry of at most so many unpacked bytes is no bomb, however well it was packed.
const HARMLESS: u64 = 8 << 20;

/// Whether a file begins as a zip does.
pub(super) fn is_zip(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06")
}

/// An archive that was looked through from end to end and does no harm.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// Where the entries stand whose names end in .csv or .json; others are passed over.
    entries: Vec<(usize, String)>,
}

impl<'a> Archive<'a> {
    /// Look through `bytes`: every entry that may be read is unpacked once and thrown away. That
    /// costs a fraction of reading its tables, and a bomb goes off where nothing stands.
    /// # Errors
    /// What is wrong with it.
    pub(super) fn checked(bytes: &'a [u8], limits: Limits) -> Result<Self, String> {
        // Counted before the directory is read into memory: five million entries fit into 256 MiB.
        let listed = memchr::memmem::find_iter(bytes, b"PK\x01\x02").take(limits.entries + 1).count();
        if listed > limits.entries {
            return Err(format!("the archive has more than {} entries", limits.entries));
        }
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| said(&error))?;
        if zip.has_duplicate_names() {
            return Err("the archive has two entries of the same name".to_owned());
        }
        let mut entries = Vec::new();
        for at in 0..zip.len() {
            entries.extend(check(&mut zip, at)?.map(|name| (at, name)));
        }
        let mut left = limits.bytes;
        for (at, name) in &entries {
            let wrong = |reason: String| format!("{name:?} in the archive {reason}");
            let entry = zip.by_index(*at).map_err(|error| wrong(said(&error)))?;
            let packed = entry.compressed_size().min(bytes.len() as u64);
            left -= unpacked(entry, left, packed.saturating_mul(limits.ratio).max(HARMLESS)).map_err(wrong)?;
        }
        Ok(Self { zip, entries })
    }

    /// The paths of its entries.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(_, name)| name.as_str())
    }

    /// Read the entries that are wanted, one after the other: `each` is given the path and the content.
    /// # Errors
    /// What `each` says.
    pub(super) fn each(
        &mut self,
        wanted: impl Fn(&str) -> bool,
        mut each: impl FnMut(&str, &mut dyn BufRead) -> Result<(), String>,
    ) -> Result<(), String> {
        for (at, name) in self.entries.iter().filter(|(_, name)| wanted(name)) {
            let entry = self.zip.by_index(*at).map_err(|error| format!("{name:?} in the archive {}", said(&error)))?;
            each(name, &mut BufReader::new(entry))?;
        }
        Ok(())
    }
}

/// How many bytes come out of `entry`.
fn unpacked(mut entry: impl Read, most: u64, most_of_ratio: u64) -> Result<u64, String> {
    let mut buffer = vec![0; 1 << 16];
    let mut count = 0;
    loop {
        match entry.read(&mut buffer).map_err(|error| format!("cannot be unpacked: {error}"))? {
            0 => return Ok(count),
            more => count += more as u64,
        }
        if count > most_of_ratio {
            return Err(format!("unpacks to over {} MiB from very little, as a bomb does", most_of_ratio >> 20));
        }
        if count > most {
            return Err("goes beyond what an archive may unpack to".to_owned());
        }
    }
}

/// Whether an entry is harmless; its name when it is one to read.
fn check(archive: &mut ZipArchive<Cursor<&[u8]>>, at: usize) -> Result<Option<String>, String> {
    let entry = archive.by_index_raw(at).map_err(|error| said(&error))?;
    let name = entry.name().map_err(|_| "a name in the archive is not text".to_owned())?.into_owned();
    let shown = crate::model::text::shorten(&name, 80);
    let leads_out = name.contains('\0')
        || name.starts_with(['/', '\\'])
        || name.split(['/', '\\']).any(|part| part == "..")
        || name.as_bytes().get(1) == Some(&b':');
    if leads_out {
        return Err(format!("the name {shown:?} leads out of the archive"));
    }
    if entry.is_symlink() || entry.unix_mode().is_some_and(|mode| !matches!(mode & 0o170_000, 0 | 0o100_000 | 0o040_000)) {
        return Err(format!("{shown:?} in the archive is a link or a device, not a file"));
    }
    if entry.encrypted() {
        return Err(format!("{shown:?} in the archive is encrypted: send it without a password"));
    }
    let lower = name.to_lowercase();
    if [".zip", ".gz", ".tgz", ".7z", ".rar", ".bz2", ".xz"].iter().any(|end| lower.ends_with(end)) {
        return Err(format!("{shown:?} is an archive in the archive: send its contents"));
    }
    // What macOS adds beside each file, and hidden files, are nobody's data.
    let hidden = lower.split('/').any(|part| part.starts_with('.') || part == "__macosx");
    let read_here = [".csv", ".json"].iter().any(|end| lower.ends_with(end));
    if entry.is_dir() || hidden || !read_here {
        return Ok(None);
    }
    let method = entry.compression();
    if !matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated) {
        return Err(format!("{shown:?} in the archive is packed as {method:?}, which is not read here: use plain zip (deflate)"));
    }
    Ok(Some(name))
}

fn said(error: &ZipError) -> String {
    match error {
        ZipError::UnsupportedArchive(reason) => format!("is an archive that is not read here: {reason}"),
        other => format!("cannot be unpacked: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn read(bytes: &[u8], limits: Limits) -> Result<Vec<(String, usize)>, String> {
        let mut found = Vec::new();
        Archive::checked(bytes, limits)?.each(
            |_| true,
            |name, content| {
                let mut text = Vec::new();
                content.read_to_end(&mut text).map_err(|error| error.to_string())?;
                found.push((name.to_owned(), text.len()));
                Ok(())
            },
        )?;
        Ok(found)
    }

    #[test]
    fn tables_are_read_and_the_rest_is_passed_over() {
        let bytes = packed(&[
            ("pkg/services.csv", b"id\n1\n"),
            ("pkg/README.txt", b"hello"),
            ("__MACOSX/pkg/._services.csv", b"x"),
            ("pkg/datapackage.json", b"{}"),
        ]);
        assert!(is_zip(&bytes));
        assert_eq!(
            read(&bytes, Limits::default()).unwrap(),
            [("pkg/services.csv".to_owned(), 5), ("pkg/datapackage.json".to_owned(), 2)]
        );
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in [
            "../services.csv",
            "pkg/../../etc/services.csv",
            "/etc/services.csv",
            "C:\\services.csv",
            "pkg\\..\\..\\services.csv",
        ] {
            let error = read(&packed(&[(name, b"id\n")]), Limits::default()).unwrap_err();
            assert!(error.contains("leads out of the archive"), "{name}: {error}");
        }
    }

    #[test]
    fn links_passwords_and_archives_inside_are_refused() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.add_symlink("services.csv", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        let link = zip.finish().unwrap().into_inner();
        assert!(read(&link, Limits::default()).unwrap_err().contains("is a link"));
        let mut locked = packed(&[("services.csv", b"id\n1\n")]);
        // The flag that says "encrypted", in the local header and in the directory.
        let directory = memchr::memmem::find(&locked, b"PK\x01\x02").unwrap();
        locked[6] |= 1;
        locked[directory + 8] |= 1;
        assert!(read(&locked, Limits::default()).unwrap_err().contains("encrypted"));
        assert!(read(&packed(&[("inner.zip", b"PK")]), Limits::default()).unwrap_err().contains("an archive in the archive"));
    }

    #[test]
    fn bombs_are_told_by_what_comes_out_whatever_the_header_says() {
        let zeros = vec![b'0'; 40 << 20];
        let mut bomb = packed(&[("services.csv", &zeros)]);
        assert!(read(&bomb, Limits::default()).unwrap_err().contains("as a bomb does"));
        let directory = memchr::memmem::find(&bomb, b"PK\x01\x02").unwrap();
        bomb[directory + 24..directory + 28].copy_from_slice(&10_u32.to_le_bytes());
        bomb[22..26].copy_from_slice(&10_u32.to_le_bytes());
        assert!(read(&bomb, Limits::default()).is_err(), "the header lies");
        let many = packed(&[("a.csv", &[b'x'; 600]), ("b.csv", &[b'x'; 600])]);
        assert!(read(&many, Limits { bytes: 1_000, ..Limits::default() }).unwrap_err().contains("\"b.csv\""));
        assert!(read(&many, Limits { entries: 1, ..Limits::default() }).unwrap_err().contains("more than 1 entries"));
    }

    #[test]
    fn what_cannot_be_unpacked_is_an_error() {
        let mut bytes = packed(&[("services.csv", b"id,name\n1,A\n2,B\n3,C\n4,D\n")]);
        assert!(read(&bytes[..bytes.len() - 10], Limits::default()).is_err(), "cut short");
        let directory = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
        bytes[8] = 12;
        bytes[directory + 10] = 12;
        let error = read(&bytes, Limits::default()).unwrap_err();
        assert!(error.contains("use plain zip"), "{error}");
        let mut stored = ZipWriter::new(Cursor::new(Vec::new()));
        stored.start_file("a.csv", SimpleFileOptions::default().compression_method(CompressionMethod::Stored)).unwrap();
        stored.write_all(b"id\n12345\n").unwrap();
        let mut stored = stored.finish().unwrap().into_inner();
        let at = memchr::memmem::find(&stored, b"12345").unwrap();
        stored[at] = b'9';
        assert!(read(&stored, Limits::default()).unwrap_err().contains("cannot be unpacked"), "the checksum is looked at");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0_usize..120, byte in any::<u8>()) {
            let _ = read(&bytes, Limits::default());
            let mut damaged = packed(&[("a.csv", b"id,name\n1,A\n")]);
            let at = at % damaged.len();
            damaged[at] = byte;
            let _ = read(&damaged, Limits::default());
        }
    }
}
