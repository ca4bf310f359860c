//! Data packages: tables in a folder or a zip, joined into services that go through the same door
//! as a line of a feed.
//!
//! Terms come first: they say which places are secret. Each organization and each place comes with
//! the first service that names it, in one transaction, as in a feed; what no service names comes last.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, BufRead, BufReader, Cursor, Read as _},
    path::Path,
};

use super::{How, Read, Taken, documents};
use crate::{
    formats::{
        archive::{self, Archive, Limits},
        tables::{self, Join, Joined, MOST_TEXT, Package, Problem, folder_of},
    },
    model::{Kind, text::shorten, tidy::Dropped},
};

/// What a zip may have: its largest file is all of it.
const LIMITS: Limits = Limits { entries: 1_000, file_bytes: 1 << 30, all_bytes: 1 << 30 };
/// A zip itself may have at most so many bytes: it stands in memory.
const LARGEST: u64 = 256 << 20;
/// A description of a package is no longer than this.
const LONGEST_DESCRIPTION: u64 = 16 << 20;

const ANOTHER_FORM: &str = "is not CSV, so it was not imported: save it as “CSV UTF-8”";

fn refused(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// Read a package that is a zip.
pub(super) fn read_zip(mut input: impl BufRead, how: &How, each: &mut impl FnMut(Read) -> bool) -> io::Result<()> {
    let mut bytes = Vec::new();
    input.by_ref().take(LARGEST).read_to_end(&mut bytes)?;
    if !input.fill_buf()?.is_empty() {
        let reason = format!("the zip is larger than {} MiB: unpack it and import the folder", LARGEST >> 20);
        return Err(refused(reason));
    }
    let mut package = Package::default();
    let unfit = |error: archive::Error| refused(error.to_string());
    let mut archive = Archive::open(Cursor::new(&bytes), LIMITS).map_err(unfit)?;
    if let Some(reason) = an_office_file(archive.names()) {
        return Err(refused(reason.to_owned()));
    }
    if let Some(inner) = archive.names().iter().find(|name| is_archive(name)) {
        return Err(refused(format!(
            "the zip is rejected because its file {:?} is itself an archive: unpack that and send its contents",
            shorten(inner, 80)
        )));
    }
    let names: Vec<String> = archive.names().iter().filter(|name| is_read(name)).cloned().collect();
    archive.try_out(&names).map_err(unfit)?;
    let described = description_of(&names);
    if let Some(name) = described {
        package.describe(name, &description(&mut BufReader::new(archive.read(name).map_err(unfit)?))?);
    }
    for name in tables_of(&names, described, &mut package) {
        package.add(name, &mut BufReader::new(archive.read(name).map_err(unfit)?)).map_err(refused)?;
    }
    for name in archive.names().iter().filter(|name| tables::is_table_in_another_form(name)) {
        package.pass_over(name, ANOTHER_FORM);
    }
    let length = bytes.len() as u64;
    drop(archive);
    drop(bytes);
    give(package.join().map_err(refused)?, length, how, each);
    Ok(())
}

/// Spreadsheets and texts of today are zips, too.
fn an_office_file(names: &[String]) -> Option<&'static str> {
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    if has("xl/workbook.xml") || has("xl/workbook.bin") {
        return Some("this is an Excel workbook (.xlsx): open it, save each sheet as “CSV UTF-8”, and import that");
    }
    if has("content.xml") && has("META-INF/manifest.xml") {
        return Some("this is a file of LibreOffice or the like: open it, save each sheet as CSV in UTF-8, and import that");
    }
    has("word/document.xml")
        .then_some("this is a Word document (.docx): copy the table into a spreadsheet, and save it as “CSV UTF-8”")
}

fn is_archive(name: &str) -> bool {
    let lower = name.to_lowercase();
    [".zip", ".gz", ".tgz", ".7z", ".rar", ".bz2", ".xz"].iter().any(|end| lower.ends_with(end))
}

/// Sheets and descriptions, without hidden files and what macOS adds beside each file.
fn is_read(name: &str) -> bool {
    let lower = name.to_lowercase();
    let hidden = lower.split('/').any(|part| part.starts_with('.') || part == "__macosx");
    !hidden && [".csv", ".json"].iter().any(|end| lower.ends_with(end))
}

fn is_sheet(name: &str) -> bool {
    name.to_lowercase().ends_with(".csv")
}

/// The description that counts: the one that lies highest, beside the tables if there are several.
fn description_of(names: &[String]) -> Option<&str> {
    let top = folder_of_tables(names);
    let rank = |name: &&String| (name.matches('/').count(), folder_of(name) != top);
    names.iter().filter(|name| tables::is_description(name)).min_by_key(rank).map(String::as_str)
}

/// The tables of a package: what lies in the folders of the files that its description names, or else in the folder
/// that holds the services. What lies elsewhere is older, or nobody's, and it is said that it was not read.
fn tables_of<'a>(names: &'a [String], description: Option<&str>, package: &mut Package) -> Vec<&'a str> {
    let sheets: Vec<&str> = names.iter().map(String::as_str).filter(|name| is_sheet(name)).collect();
    let described = description.map(|name| package.described_among(&sheets, name)).unwrap_or_default();
    let mut folders: BTreeSet<&str> = described.into_iter().map(folder_of).collect();
    if folders.is_empty() {
        folders.insert(folder_of_tables(names));
    }
    let (tables, elsewhere): (Vec<&str>, Vec<&str>) = sheets.into_iter().partition(|name| folders.contains(folder_of(name)));
    for name in elsewhere {
        package.pass_over(name, "lies in another folder than the services, so it was not imported");
    }
    tables
}

/// The folder that holds the tables: the first one with services in it, or else with any table.
fn folder_of_tables(names: &[String]) -> &str {
    let rank = |name: &&String| (name.matches('/').count(), !name.to_lowercase().contains("service"));
    let tables = names.iter().filter(|name| tables::is_table(name));
    let described = names.iter().filter(|name| tables::is_description(name));
    let sheets = names.iter().filter(|name| is_sheet(name));
    tables.min_by_key(rank).or(described.min_by_key(rank)).or(sheets.min_by_key(rank)).map_or("", |name| folder_of(name))
}

fn description(content: &mut dyn BufRead) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    content.take(LONGEST_DESCRIPTION).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a folder is a package.
/// # Errors
/// When the folder cannot be read.
pub(super) fn is_package(folder: &Path) -> io::Result<bool> {
    let names = names(folder, "")?;
    Ok(tables::is_package(names.iter().map(String::as_str)))
}

/// Names of what is in a folder of a package, with that folder before them; none where there is no such folder.
fn names(package: &Path, within: &str) -> io::Result<Vec<String>> {
    let mut folder = package.to_path_buf();
    for part in within.split('/').filter(|part| !part.is_empty()) {
        folder.push(part);
        match folder.symlink_metadata() {
            Ok(found) if found.is_dir() => {}
            Ok(found) if found.is_symlink() => return Err(refused(format!("{within} is a link, not a folder"))),
            _ => return Ok(Vec::new()),
        }
    }
    let before = if within.is_empty() { String::new() } else { format!("{within}/") };
    let named = |entry: io::Result<fs::DirEntry>| -> io::Result<String> {
        Ok(format!("{before}{}", entry?.file_name().to_string_lossy()))
    };
    let mut names: Vec<String> = fs::read_dir(folder)?.map(named).collect::<io::Result<_>>()?;
    names.sort();
    Ok(names)
}

/// Read a package that is a folder.
pub(super) fn read_folder(folder: &Path, how: &How, each: &mut impl FnMut(Read) -> bool) -> io::Result<()> {
    let mut names = names(folder, "")?;
    let mut package = Package::default();
    let mut length = 0;
    let open = |name: &str| {
        let path = folder.join(name);
        // Whoever made the package does not say which other files of this machine are read.
        if path.symlink_metadata()?.is_file() {
            Ok(BufReader::new(File::open(path)?.take(MOST_TEXT + 1)))
        } else {
            Err(refused(format!("{name} is a link or a folder, not a file")))
        }
    };
    let described = description_of(&names).map(str::to_owned);
    if let Some(name) = &described {
        package.describe(name, &description(&mut open(name)?)?);
    }
    for within in package.folders().iter().filter(|within| !within.is_empty()) {
        names.extend(self::names(folder, within)?);
    }
    for name in names.iter().filter(|name| tables::is_table_in_another_form(name)) {
        package.pass_over(name, ANOTHER_FORM);
    }
    for name in tables_of(&names, described.as_deref(), &mut package) {
        let mut content = open(name)?;
        package.add(name, &mut content).map_err(refused)?;
        let read = MOST_TEXT + 1 - content.get_ref().limit();
        if read > MOST_TEXT {
            return Err(refused(format!("{name} is larger than {} MiB: send it in parts, or as NDJSON", MOST_TEXT >> 20)));
        }
        length += read;
    }
    give(package.join().map_err(refused)?, length, how, each);
    Ok(())
}

/// Hand out what was joined. `length` is what the package weighs, for the progress bar.
fn give(mut join: Join, length: u64, how: &How, each: &mut impl FnMut(Read) -> bool) {
    let several = join.has_services_in_several_files();
    for problem in join.take_problems() {
        if !each(told(problem, several)) {
            return;
        }
    }
    for (kind, joined) in join.terms() {
        if !each(record(kind, joined, 0, how)) {
            return;
        }
    }
    let services = join.service_rows();
    for (at, row) in services.iter().enumerate() {
        let joined = join.service(*row);
        let nested = joined.nested.clone();
        let until = length * (at as u64 + 1) / services.len() as u64;
        let read = service(joined, until, several, how);
        if read.taken.is_ok() {
            join.given(&nested);
        }
        if !each(read) {
            return;
        }
    }
    let further = join
        .further_organizations()
        .map(|joined| record(Kind::Organization, joined, length, how))
        .chain(join.further_locations().map(|joined| record(Kind::Location, joined, length, how)))
        .chain(join.locations_left_out().map(|problem| Read { until: length, ..told(problem, several) }));
    for read in further {
        if !each(read) {
            return;
        }
    }
}

/// What was not taken. Where services stand in `several` files, it is said in which one.
fn told(problem: Problem, several: bool) -> Read {
    let Problem { file, line, reason, rejected } = problem;
    let taken = if rejected {
        Err(if several && line > 0 { format!("{file}: {reason}") } else { reason })
    } else {
        Ok(Taken { dropped: vec![Dropped { path: file, reason }], ..Taken::default() })
    };
    Read { line, until: 0, taken }
}

fn service(joined: Joined, until: u64, several: bool, how: &How) -> Read {
    let (file, line) = (joined.file, joined.line);
    let of_the_row = |dropped: &mut Dropped| {
        if several {
            dropped.reason = format!("{} ({file}, line {line})", dropped.reason);
        }
    };
    let taken = documents::take_service(joined.value, how).map(|mut taken| {
        for dropped in &mut taken.dropped {
            let holds =
                |path: &str| dropped.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
            match joined.parts.iter().filter(|part| holds(&part.path)).max_by_key(|part| part.path.len()) {
                Some(part) => dropped.reason = format!("{} ({}, line {})", dropped.reason, part.file, part.line),
                None => of_the_row(dropped),
            }
        }
        let problems = taken.dropped.len();
        taken.dropped.extend(joined.problems);
        taken.dropped[problems..].iter_mut().for_each(of_the_row);
        taken.whole_parts = true;
        taken
    });
    let taken = taken.map_err(|reason| if several { format!("{file}: {reason}") } else { reason });
    Read { line, until, taken }
}

/// A record that stands alone. Its line is one of its own file, so everything names the file.
fn record(kind: Kind, joined: Joined, until: u64, how: &How) -> Read {
    let file = joined.file;
    let taken = documents::take_record(kind, joined.value, how).map_err(|reason| format!("{file}: {reason}")).map(|mut taken| {
        taken.dropped.extend(joined.problems);
        taken.whole_parts = true;
        for dropped in &mut taken.dropped {
            dropped.path = format!("{file}: {}", dropped.path);
        }
        taken
    });
    Read { line: joined.line, until, taken }
}
