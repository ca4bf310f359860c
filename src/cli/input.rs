//! Texts that commands are given, in files or on standard input.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use anyhow::Context as _;

/// A text from a file, or from standard input where it is called `-`; a longer one than `longest` bytes is refused.
pub(super) fn read_text(file: &Path, longest: u64) -> anyhow::Result<String> {
    let name = file.display();
    let input: Box<dyn io::Read> = if file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).with_context(|| format!("cannot open {name}"))?)
    };
    let mut text = String::new();
    input.take(longest + 1).read_to_string(&mut text).with_context(|| format!("cannot read {name} as UTF-8 text"))?;
    anyhow::ensure!(text.len() as u64 <= longest, "{name} is longer than {} kB", longest >> 10);
    Ok(text)
}
