//! The sheets that a postcode directory consists of: one CSV file, or those in a folder or a zip.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read as _, Seek as _},
    path::{Path, PathBuf},
};

use super::import::Error;
use crate::formats::archive::{Archive, Limits};

/// The largest directory we know (ONSPD) has 1.4 GB in one file, and the same again in pieces.
const LIMITS: Limits = Limits { entries: 20_000, file_bytes: 4 << 30, all_bytes: 6 << 30 };
/// Folders below the one that was named: `Data/CSV`, `Data/multi_csv`.
const DEEPEST: usize = 4;

/// Give each sheet of `path` to `each`, with its name and how many bytes all of them have, which
/// is a guess where a zip says so of itself.
pub(super) fn each(path: &Path, mut each: impl FnMut(&str, &mut dyn BufRead, u64) -> Result<(), Error>) -> Result<(), Error> {
    let failed = |file: &Path| {
        let file = file.to_path_buf();
        move |source| Error::File { file, source }
    };
    if path.is_dir() {
        let mut files = Vec::new();
        walk(path, DEEPEST, &mut files).map_err(failed(path))?;
        let names = files.iter().filter_map(|file| file.strip_prefix(path).ok()?.to_str().map(str::to_owned)).collect();
        let chosen = chosen(names);
        let all = chosen.iter().map(|name| fs::metadata(path.join(name)).map_or(0, |meta| meta.len())).sum();
        for name in chosen {
            let file = path.join(&name);
            let input = File::open(&file).map_err(failed(&file))?;
            each(&name, &mut BufReader::with_capacity(1 << 18, input), all)?;
        }
        return Ok(());
    }
    let mut input = File::open(path).map_err(failed(path))?;
    let mut start = Vec::new();
    (&mut input).take(4).read_to_end(&mut start).map_err(failed(path))?;
    input.rewind().map_err(failed(path))?;
    if start != b"PK\x03\x04" {
        let all = input.metadata().map_or(0, |meta| meta.len());
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        return each(&name, &mut BufReader::with_capacity(1 << 18, input), all);
    }
    let mut archive = Archive::open(BufReader::new(input), LIMITS)?;
    let chosen = chosen(archive.names().to_vec());
    let all = chosen.iter().fold(0_u64, |sum, name| sum.saturating_add(archive.said_bytes(name)));
    for name in chosen {
        each(&name, &mut BufReader::with_capacity(1 << 18, archive.read(&name)?), all)?;
    }
    Ok(())
}

fn walk(folder: &Path, deep: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_file() && found.len() < LIMITS.entries {
            found.push(entry.path());
        } else if kind.is_dir() && deep > 0 {
            walk(&entry.path(), deep - 1, found)?;
        }
    }
    Ok(())
}

/// Those of a package's files that may hold postcodes: its CSV files, without what only explains
/// them, and without the pieces (`multi_csv`) where the whole is there, too.
fn chosen(mut names: Vec<String>) -> Vec<String> {
    fn in_folder(name: &str, wanted: impl Fn(&str) -> bool) -> bool {
        let mut parts: Vec<&str> = name.split(['/', std::path::MAIN_SEPARATOR]).collect();
        parts.pop();
        parts.into_iter().any(|part| wanted(&part.to_ascii_lowercase()))
    }
    names.retain(|name| {
        Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"))
            && !in_folder(name, |part| part.starts_with("doc") || part.starts_with("user guide") || part == "__macosx")
    });
    let pieces = |name: &String| in_folder(name, |part| part == "multi_csv");
    if names.iter().any(|name| !pieces(name)) {
        names.retain(|name| !pieces(name));
    }
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(names: &[&str]) -> Vec<String> {
        chosen(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn the_whole_goes_before_its_pieces_and_explanations_are_left_alone() {
        let onspd = [
            "Documents/2011 Census Output Area Classification Names and Codes UK.csv",
            "Data/multi_csv/ONSPD_FEB_2026_UK_LU.csv",
            "Data/ONSPD_FEB_2026_UK.csv",
            "User Guide/ONSPD User Guide Feb 2026.pdf",
        ];
        assert_eq!(from(&onspd), ["Data/ONSPD_FEB_2026_UK.csv"]);
        assert_eq!(from(&["multi_csv/B.csv", "multi_csv/A.csv"]), ["multi_csv/A.csv", "multi_csv/B.csv"]);
        let code_point = ["Doc/Code-Point_Open_Column_Headers.csv", "Data/CSV/lu.csv", "Data/CSV/ab.CSV", "Doc/licence.txt"];
        assert_eq!(from(&code_point), ["Data/CSV/ab.CSV", "Data/CSV/lu.csv"]);
    }
}
