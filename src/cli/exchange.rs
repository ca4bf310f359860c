//! `fingerpost import`.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::{Answer, WrongCall, folder::Folder, progress, say, stdout};
use crate::{
    app::App,
    clock::Clock,
    config::Config,
    db::{self, Durability},
    identity::Deed,
    importing::{self, Options, Report},
    model::text::fold,
    published::shelf::Shelf,
    safekeeping,
    search::Search,
};

#[derive(Debug, Args)]
pub(super) struct Import {
    /// A file, a folder, or - for standard input. A folder of HSDS tables is read as one package, any other folder
    /// file by file.
    #[arg(value_name = "FILE|DIR|-", required_unless_present = "needs")]
    from: Option<PathBuf>,
    /// Instead of a file: the list of needs that comes with the program, for a directory without categories of its own.
    /// Everyday words lead to them.
    #[arg(long, conflicts_with_all = ["from", "format", "source", "organisation", "mapping", "suggest_mapping"])]
    needs: bool,
    /// The format of the file.
    #[arg(long, value_enum, default_value = "auto")]
    format: Format,
    /// Change nothing; only report what would happen.
    #[arg(long)]
    dry_run: bool,
    /// Also replace what people have changed here since the last import. Without it their changes are kept, and
    /// the report lists where the file differs. Hidden and withdrawn records stay so either way.
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    answer: Answer,
    /// The source that ids belong to when they are not UUIDs. Needed when two sources both number their records 1,
    /// 2, 3. Give it on every import: the same ids under a different source, or none, are different records.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// For calendars: the organisation that runs the events, by name or record id.
    #[arg(long, value_name = "NAME|ID")]
    organisation: Option<String>,
    /// For spreadsheets: a file that says what the headings mean; --suggest-mapping drafts one.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// For spreadsheets: print a draft mapping, and import nothing.
    #[arg(long, conflicts_with_all = ["mapping", "dry_run", "json", "organisation"])]
    suggest_mapping: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Guess from the first bytes.
    Auto,
    /// JSON: full services, one per line, in a list or as a page of an API; or our own complete export.
    Ndjson,
    /// A spreadsheet with the columns in docs/guides/spreadsheets.md, or with a mapping.
    Csv,
    /// HSDS or Open Referral UK tables, any version: a folder or a zip of CSV files.
    HsdsTabular,
    /// JSON from an Open Referral UK 1 API.
    Oruk1,
    /// A calendar (iCalendar): its events become events here.
    Ical,
}

/// The needs that everyday words lead to: who has only the program has them, too.
const NEEDS: &str = include_str!("../../content/needs.ndjson");
/// What that list is called in a report.
const NEEDS_NAME: &str = "needs.ndjson";

/// One thing to import.
enum Source {
    File(PathBuf),
    Package(PathBuf),
    Needs,
}

impl Source {
    fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Package(path) => path,
            Self::Needs => Path::new(NEEDS_NAME),
        }
    }
}

impl Import {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<bool> {
        if self.suggest_mapping {
            return self.print_mapping();
        }
        let mapping = self.mapping.as_deref().map(read_mapping).transpose()?;
        let ids_of = self.source.as_deref().map(fold).unwrap_or_default();
        if self.source.is_some() && ids_of.is_empty() {
            return Err(WrongCall("--source needs a name containing a letter or a digit".to_owned()).into());
        }
        let sources = self.sources()?;
        // Held until the end: what is in it goes then.
        let aside = self.dry_run.then(|| Folder::new("dry-run")).transpose()?;
        let app = match &aside {
            Some(aside) => {
                App::open_to_look(only_looking(config, aside.path()).await?, Clock::System, Durability::Batched).await?
            }
            None => App::open(config, Clock::System, Durability::Batched).await?,
        };
        let format = match self.format {
            Format::Auto => importing::Format::Auto,
            Format::Ndjson => importing::Format::Ndjson,
            Format::Csv => importing::Format::Csv,
            Format::HsdsTabular => importing::Format::HsdsTabular,
            Format::Oruk1 => importing::Format::Oruk1,
            Format::Ical => importing::Format::Ical,
        };
        let several = sources.len() > 1;
        let mut report = Report::default();
        for source in sources {
            let path = source.path();
            let name = path.file_name().map_or_else(|| "stdin".to_owned(), |name| name.to_string_lossy().into_owned());
            let options = Options {
                format,
                dry_run: self.dry_run,
                source: name.clone(),
                ids_of: ids_of.clone(),
                organisation: self.organisation.clone(),
                mapping: mapping.clone(),
                overwrite: self.overwrite,
            };
            let one = match import(&app, &source, &options).await {
                Err(error) if several && is_of_the_file(&error) || is_refused(&error) => Report::refused(super::chain(&error)),
                outcome => outcome.with_context(|| {
                    let file = path.display();
                    if self.dry_run {
                        format!("the dry run of {file} stopped; nothing was changed")
                    } else {
                        format!("the import of {file} stopped; records imported so far are kept, and it is safe to run it again")
                    }
                })?,
            };
            report.add(if several { one.of_file(&name) } else { one });
        }
        // Of a file that was refused as well.
        report.dry_run = self.dry_run;
        if self.dry_run {
            app.db.close().await?;
        } else {
            let became = format!("{} created, {} updated, {} rejected", report.created, report.updated, report.rejected_total);
            let name = self.from().file_name().map_or_else(|| "stdin".into(), |name| name.to_string_lossy());
            note(&app, Deed::Import, &format!("{name}: {became}")).await?;
            after_changes(&app).await?;
            app.db.sweep_now().await?;
            app.db.settle().await?;
        }
        self.answer.give(&report, || print(&report))?;
        Ok(report.rejected_total == 0)
    }

    fn print_mapping(&self) -> anyhow::Result<bool> {
        if self.from().is_dir() {
            return Err(WrongCall("--suggest-mapping drafts the mapping of one spreadsheet, not of a folder".to_owned()).into());
        }
        let name = self.from().file_name().map_or_else(|| "stdin".into(), |name| name.to_string_lossy());
        let draft = importing::suggest_mapping(open(self.from())?.0, &name)
            .with_context(|| format!("cannot read {}", self.from().display()))?;
        write!(stdout(), "{draft}")?;
        Ok(true)
    }

    /// What stands in the call, or what our own list is called.
    fn from(&self) -> &Path {
        self.from.as_deref().unwrap_or(Path::new(NEEDS_NAME))
    }

    fn sources(&self) -> anyhow::Result<Vec<Source>> {
        let from = self.from();
        if self.needs {
            return Ok(vec![Source::Needs]);
        }
        if !from.is_dir() {
            return Ok(vec![Source::File(from.to_path_buf())]);
        }
        let cannot = || format!("cannot read the folder {}", from.display());
        let is_package = match self.format {
            Format::HsdsTabular => true,
            Format::Auto => importing::is_package(from).with_context(cannot)?,
            _ => false,
        };
        if is_package {
            return Ok(vec![Source::Package(from.to_path_buf())]);
        }
        let known = |file: &PathBuf| {
            let endings = ["ndjson", "jsonl", "json", "csv", "tsv", "zip", "ics"];
            file.extension().is_some_and(|end| endings.iter().any(|known| end.eq_ignore_ascii_case(known)))
        };
        let mut files: Vec<PathBuf> =
            fs::read_dir(from).with_context(cannot)?.filter_map(|entry| Some(entry.ok()?.path())).filter(known).collect();
        files.sort();
        if files.is_empty() {
            let reason = format!("{} contains no .ndjson, .json, .csv, .tsv, .zip or .ics file", from.display());
            return Err(WrongCall(reason).into());
        }
        Ok(files.into_iter().map(Source::File).collect())
    }
}

/// The settings of a dry run, which looks at what is there and makes nothing where nothing is: that is made `aside`. A
/// database that would have to be changed first is refused.
async fn only_looking(mut config: Config, aside: &Path) -> anyhow::Result<Config> {
    if config.database_file().is_some_and(|file| !file.exists()) {
        config.database_url = format!("sqlite:{}", aside.join("fingerpost.db").display()).into();
    } else if !db::is_up_to_date(&config.database_url).await? {
        return Err(anyhow::anyhow!(
            "the database is empty or was last used by an older version, and a dry run changes nothing: run fingerpost doctor first, which brings it up to date"
        ));
    }
    aside.clone_into(&mut config.data_dir);
    Ok(config)
}

/// A file or stdin, and how many bytes it has.
fn open(path: &Path) -> anyhow::Result<(Box<dyn BufRead + Send>, Option<u64>)> {
    if path.as_os_str() == "-" {
        return Ok((Box::new(BufReader::new(io::stdin())), None));
    }
    let input = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let length = input.metadata()?.len();
    Ok((Box::new(BufReader::with_capacity(1 << 18, input)), Some(length)))
}

async fn import(app: &App, source: &Source, options: &Options) -> anyhow::Result<Report> {
    let (outcome, bar) = match source {
        Source::File(path) => {
            let (input, length) = open(path)?;
            let bar = progress(length, "bytes");
            (app.importer().run(input, options, |until| bar.set_position(until)).await, bar)
        }
        Source::Needs => {
            let bar = progress(Some(NEEDS.len() as u64), "bytes");
            (app.importer().run(NEEDS.as_bytes(), options, |until| bar.set_position(until)).await, bar)
        }
        Source::Package(folder) => {
            let bar = progress(None, "bytes");
            (app.importer().run_folder(folder.clone(), options, |until| bar.set_position(until)).await, bar)
        }
    };
    bar.finish_and_clear();
    Ok(outcome?)
}

/// Whether a file was refused for what is in it, such as a zip that is broken or could harm.
fn is_refused(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(importing::Error::Read(error)) if error.kind() == io::ErrorKind::InvalidData)
}

/// Whether an import stopped because of its file, so that others may go on.
fn is_of_the_file(error: &anyhow::Error) -> bool {
    error.is::<io::Error>() || matches!(error.downcast_ref(), Some(importing::Error::Read(_)))
}

fn read_mapping(file: &Path) -> anyhow::Result<importing::Mapping> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read the mapping {}", file.display()))?;
    importing::Mapping::parse(&text).map_err(|reason| WrongCall(format!("the mapping {}: {reason}", file.display())).into())
}

/// Derived files that no server keeps up are removed when something in them may have to go, and
/// the list of scrubs is kept beside the database.
pub(super) async fn after_changes(app: &App) -> anyhow::Result<()> {
    if !app.records.remembered().await?.is_empty() {
        discard_derived(app)?;
    }
    safekeeping::keep_scrubs(&app.records, &app.config.data_dir).await?;
    Ok(())
}

/// Remove the derived files, unless a server keeps them up.
pub(super) fn discard_derived(app: &App) -> anyhow::Result<()> {
    if Shelf::discard(&app.config.data_dir)? {
        Search::discard(&app.config.data_dir)?;
    }
    Ok(())
}

/// The report for people.
fn print(report: &Report) -> io::Result<()> {
    const SHOWN: usize = 20;
    let verb = if report.dry_run { "would be" } else { "were" };
    say!(
        "{} {verb} created, {} updated, {} unchanged, {} rejected",
        report.created,
        report.updated,
        report.unchanged,
        report.rejected_total
    )?;
    for (kind, counts) in &report.records {
        say!(
            "  {:<20} {:>7} created {:>7} updated {:>7} unchanged",
            kind.as_str(),
            counts.created,
            counts.updated,
            counts.unchanged
        )?;
    }
    for rejected in report.rejected.iter().take(SHOWN) {
        say!("rejected line {}: {}", rejected.line, rejected.reason)?;
    }
    for left in report.dropped.iter().take(SHOWN) {
        say!("left out of line {}: {} {}", left.line, left.dropped.path, left.dropped.reason)?;
    }
    for waiting in report.personal.iter().take(SHOWN) {
        say!(
            "not shown until confirmed, line {}: {} has {} (fingerpost record confirm-contact {} {})",
            waiting.line,
            waiting.personal.name,
            waiting.personal.reason,
            waiting.personal.record,
            waiting.personal.contact
        )?;
    }
    for telling in report.in_words.iter().take(SHOWN) {
        say!(
            "everybody can read, line {}: {} has {} in {}. If that must not be: fingerpost record erase-words {} 'the number or address' --why '…'",
            telling.line,
            telling.words.name,
            telling.words.reason,
            telling.words.path,
            telling.words.record
        )?;
    }
    if report.exposed_total > 0 {
        let (how_many, show) = match (report.exposed_total, report.dry_run) {
            (1, false) => ("1 listing that helps people in danger shows".to_owned(), "its exact address"),
            (1, true) => ("1 listing that helps people in danger would show".to_owned(), "its exact address"),
            (many, false) => (format!("{many} listings that help people in danger show"), "their exact addresses"),
            (many, true) => (format!("{many} listings that help people in danger would show"), "their exact addresses"),
        };
        say!("warning: {how_many} everybody {show}. If that must not be, hide the place as below; exact says that it may be")?;
    }
    for exposed in report.exposed.iter().take(SHOWN) {
        say!(
            "exact address shown, line {}: {} ({}) (fingerpost record place {} --policy withheld|on-request|exact --why '…')",
            exposed.line,
            exposed.name,
            exposed.because,
            exposed.record
        )?;
    }
    let shown = |total: u64| total > SHOWN as u64;
    let totals =
        [report.rejected_total, report.dropped_total, report.personal_total, report.in_words_total, report.exposed_total];
    if totals.into_iter().any(shown) {
        let [rejected, dropped, personal, in_words, exposed] = totals;
        say!(
            "(only the first {SHOWN} of each are shown: {rejected} rejected, {dropped} left out, {personal} waiting, {in_words} in words, {exposed} with an exact address; use --json for more)"
        )?;
    }
    say!("{:.1} seconds", report.seconds)
}

/// Put on record what was done on the server with all records at once.
pub(super) async fn note(app: &App, what: Deed, detail: &str) -> anyhow::Result<()> {
    let identity = app.identity();
    let tx = identity.write().await?;
    identity.note(&tx, "command line", what, "", detail, None).await?;
    Ok(tx.commit().await?)
}
