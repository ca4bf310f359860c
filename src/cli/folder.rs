//! A folder for as long as a command runs.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::ids;

/// A folder of our own below the system's temporary folder, removed when it is dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// A new one, of which only its owner sees what is in it. `what` it is for stands in its name.
    pub(super) fn new(what: &str) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("fingerpost-{what}-{}", ids::fresh().simple()));
        let mut builder = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self(folder))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing to do about it when it fails; it is in the temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
