//! The floors: a module uses what stands above it in `lib.rs`, never what stands below, and the
//! capabilities of floor 4 never use one another.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

/// Modules in floor order, and the floor of each, as `lib.rs` lists them.
fn floors() -> Vec<(String, usize)> {
    let mut floor = 0;
    let mut modules = Vec::new();
    for line in fs::read_to_string("src/lib.rs").unwrap().lines() {
        if let Some(rest) = line.strip_prefix("// floor ") {
            floor = rest.split(':').next().unwrap().parse().unwrap();
        } else if let Some(name) = line.strip_prefix("pub mod ") {
            modules.push((name.trim_end_matches(';').to_owned(), floor));
        }
    }
    modules
}

fn sources(path: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// The files of a module: its own, and those of the folder of its name.
fn files_of(module: &str) -> Vec<std::path::PathBuf> {
    let (file, folder) = (Path::new("src").join(format!("{module}.rs")), Path::new("src").join(module));
    let mut found: Vec<_> = Some(file).into_iter().filter(|file| file.exists()).collect();
    if folder.is_dir() {
        sources(&folder, &mut found);
    }
    assert!(!found.is_empty(), "{module} has no file");
    found
}

/// Every module of ours that a source text names after `crate::`.
fn uses(text: &str) -> Vec<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut start = true;
            for (at, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => start = true,
                    c if start && !c.is_whitespace() => {
                        found.push(word(&group[at..]));
                        start = false;
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            found.push(word(rest));
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

#[test]
fn modules_use_only_what_stands_above_them() {
    let floors = floors();
    assert!(floors.len() > 10, "lib.rs lists its modules under their floors");
    let mut wrong = Vec::new();
    for (at, (module, floor)) in floors.iter().enumerate() {
        for file in files_of(module) {
            for used in uses(&fs::read_to_string(&file).unwrap()) {
                let Some(other) = floors.iter().position(|(name, _)| *name == used) else { continue };
                let neighbour = *floor == 4 && floors[other].1 == 4 && other != at;
                if other > at || neighbour {
                    wrong.push(format!("{} (floor {floor}) uses {used} (floor {})", file.display(), floors[other].1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_orm_stays_in_its_files() {
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    let wrong: Vec<_> = files
        .into_iter()
        .filter(|file| !matches!(file.file_name().and_then(|name| name.to_str()), Some("store.rs")))
        .filter(|file| !file.starts_with("src/db"))
        .filter(|file| fs::read_to_string(file).unwrap().contains("sea_orm::"))
        .collect();
    assert!(wrong.is_empty(), "sea_orm is used only in store.rs files and in src/db: {wrong:?}");
}

#[test]
fn outbound_is_the_only_door_out() {
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    let ways = ["TcpStream::connect", "UdpSocket", "lookup_host", "hyper::client", "client::conn", "client::legacy", "reqwest"];
    let opens = |file: &Path| {
        let text = fs::read_to_string(file).unwrap();
        ways.iter().any(|way| text.contains(way))
    };
    let (door, others): (Vec<_>, Vec<_>) =
        files.into_iter().filter(|file| opens(file)).partition(|file| file.starts_with("src/outbound"));
    assert!(!door.is_empty(), "outbound connects in one of these ways");
    assert!(others.is_empty(), "requests go through src/outbound, which guards them: {others:?}");
}

/// Every file and folder below `path`, folders with a slash at their end.
fn everything(path: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.push(format!("{}/", path.display()));
            everything(&path, found);
        } else {
            found.push(path.display().to_string());
        }
    }
}

#[test]
fn whatever_the_architecture_names_is_there() {
    let page = fs::read_to_string("docs/architecture.md").unwrap();
    let mut there = Vec::new();
    for folder in ["content", "docs", "migrations", "src", "tests"] {
        there.push(format!("{folder}/"));
        everything(Path::new(folder), &mut there);
    }
    let is_path = |word: &&str| {
        (word.contains('/') || Path::new(word).extension().is_some_and(|end| end == "rs"))
            && !word.starts_with('/')
            && !word.contains([' ', '\n', '*', '…'])
    };
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).filter(is_path).collect();
    assert!(named.len() > 100, "{named:?}");
    let missing: Vec<&str> =
        named.into_iter().filter(|name| !there.iter().any(|path| path == name || path.ends_with(&format!("/{name}")))).collect();
    assert!(missing.is_empty(), "docs/architecture.md names what is not there: {missing:?}");
}

#[test]
fn a_use_of_a_lower_floor_would_be_seen() {
    let assembly = files_of("app");
    assert!(assembly.contains(&Path::new("src/app.rs").to_path_buf()) && assembly.len() > 1, "{assembly:?}");
    assert_eq!(
        uses("use crate::{\n    db,\n    model::{Kind, text},\n    records::Records,\n};\nuse crate::cli::x;"),
        ["db", "model", "records", "cli"]
    );
}
