//! `fingerpost export`.

use std::{
    fs::{self, Permissions},
    io::{self, BufWriter, Write as _},
    os::unix::fs::{OpenOptionsExt, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::{WrongCall, exchange::note, progress, stdout};
use crate::{
    app::{self, App},
    identity::Deed,
    importing,
    model::Kind,
    publishing::forms,
};

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The format to write.
    #[arg(long, value_enum, default_value = "ndjson")]
    format: ExportFormat,
    /// The list to write.
    #[arg(long, value_enum, default_value_if("format", "ics", "events"), default_value = "services")]
    list: List,
    /// Export everything stored, including private parts, so that import can restore it exactly. NDJSON only.
    #[arg(long)]
    complete: bool,
    /// The file to write (default: standard output).
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// One full document per line.
    Ndjson,
    /// A spreadsheet; cells that could be read as formulas are escaped.
    Csv,
    /// Records with coordinates, for maps.
    Geojson,
    /// A calendar: event series with their exceptions, or the opening hours of services.
    Ics,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum List {
    Services,
    Organizations,
    #[value(name = "service_at_locations")]
    ServiceAtLocations,
    Taxonomies,
    #[value(name = "taxonomy_terms")]
    TaxonomyTerms,
    Locations,
    Events,
}

impl List {
    fn kind(self) -> Kind {
        match self {
            Self::Services => Kind::Service,
            Self::Organizations => Kind::Organization,
            Self::ServiceAtLocations => Kind::ServiceAtLocation,
            Self::Taxonomies => Kind::Taxonomy,
            Self::TaxonomyTerms => Kind::TaxonomyTerm,
            Self::Locations => Kind::Location,
            Self::Events => Kind::Event,
        }
    }
}

impl ExportFormat {
    fn form(self) -> forms::Format {
        match self {
            Self::Ndjson => forms::Format::Ndjson,
            Self::Csv => forms::Format::Csv,
            Self::Geojson => forms::Format::Geojson,
            Self::Ics => forms::Format::Ics,
        }
    }
}

impl Export {
    pub(super) async fn run(self, app: App) -> anyhow::Result<bool> {
        if self.complete && self.format != ExportFormat::Ndjson {
            return Err(WrongCall("--complete can only be written as ndjson".to_owned()).into());
        }
        let (kind, format) = (self.list.kind(), self.format.form());
        if !forms::of_list(kind).contains(&format.name()) {
            let has = forms::of_list(kind).iter().copied().filter(|name| ExportFormat::from_str(name, false).is_ok());
            let has = has.collect::<Vec<_>>().join(", ");
            return Err(WrongCall(format!("this list cannot be written as {}; choose {has}", format.name())).into());
        }
        let Some(file) = &self.out else {
            let mut out = BufWriter::new(stdout());
            self.write(&app, &mut out).await?;
            out.flush()?;
            return Ok(true);
        };
        let mut partial = file.as_os_str().to_owned();
        partial.push(".part");
        let partial = PathBuf::from(partial);
        let written = self.write_file(&app, &partial).await.with_context(|| format!("cannot write {}", file.display()));
        if written.is_err() {
            // What stands in it may be private, and nobody would look for it.
            let _ = fs::remove_file(&partial);
        }
        written?;
        fs::rename(&partial, file).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(true)
    }

    /// Write a file that only its owner may read until it is whole, and for good where it holds everything.
    async fn write_file(&self, app: &App, file: &Path) -> anyhow::Result<()> {
        // One that was left behind may be for others to read.
        if let Err(error) = fs::remove_file(file)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error.into());
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = BufWriter::new(options.open(file)?);
        self.write(app, &mut out).await?;
        let whole = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        if !self.complete {
            whole.set_permissions(Permissions::from_mode(0o644))?;
        }
        Ok(whole.sync_all()?)
    }

    /// Write it; what goes out with everything private is put on record before the first line.
    async fn write(&self, app: &App, out: &mut (impl io::Write + Send)) -> anyhow::Result<()> {
        let bar = progress(None, "records");
        let each = |count: u64| bar.set_position(count);
        if self.complete {
            let file = self.out.as_ref().map_or_else(|| "stdout".to_owned(), |file| file.display().to_string());
            note(app, Deed::Export, &file).await?;
            importing::export::complete(&app.records, out, each).await?;
        } else {
            let base = app::public_url(&app.config, app.config.listen);
            let what = (self.format.form(), self.list.kind());
            forms::export::export(&app.db, what, (&base, &app.config.name), out, each).await?;
        }
        bar.finish_and_clear();
        Ok(())
    }
}
