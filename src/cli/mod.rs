//! The commands. Results go to stdout, progress and logs to stderr; 0 means that it did what was
//! asked, 1 that it did not, 2 that the call was wrong, 141 that nobody read its results to the end.
//! With `--json` there is one document on stdout in any case: where there is no result, it says why.

mod answer;
mod bars;
mod beginnings;
mod calling;
mod checker;
mod demo;
mod directory;
mod exchange;
mod export;
mod folder;
mod input;
mod keys;
mod mail;
mod peer;
mod postcodes;
mod proposal;
mod record;
mod serve;
mod settings_trail;
mod texts;
mod token;
mod user;
mod words;

use std::{
    ffi::OsString,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use self::{
    answer::{Answer, is_left_unread, say, stdout},
    bars::{at_work, progress},
};
use crate::{
    app::App,
    clock::Clock,
    config::{self, Config, LogFormat},
    db::{self, Durability, Transaction},
    identity::Deed,
    model::holidays::{self, Nation},
    records,
    safekeeping::{self, doctor::NEW_DATABASE},
};

/// An open directory of services that help people before a crisis.
#[derive(Debug, Parser)]
#[command(name = "fingerpost", version, about, max_term_width = 100, arg_required_else_help = true)]
struct Arguments {
    /// Settings file (default: ./fingerpost.toml if it exists). FINGERPOST_… environment variables override it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server. On SIGTERM it finishes requests in progress, then stops.
    Serve,
    /// Run two neighbouring demo directories, on PORT and PORT+1. Leaves nothing behind.
    Demo(demo::Demo),
    /// Import a directory: Open Referral UK or HSDS as JSON or tables, our own complete export, spreadsheets or
    /// calendars.
    Import(exchange::Import),
    /// Export everything public or, with --complete, everything that is stored.
    Export(export::Export),
    /// Work on one record: show it, withdraw it, hide its place, erase a contact.
    Record(record::Record),
    /// Import the positions of postcodes.
    Postcodes(postcodes::Postcodes),
    /// Follow neighbouring directories: add, approve, pull, hold, release, remove.
    Peer(peer::Peers),
    /// Changes waiting for someone to decide, such as those from a peer under review.
    Proposal {
        #[command(subcommand)]
        what: proposal::Proposals,
        #[command(flatten)]
        answer: Answer,
    },
    /// People with a role across the whole directory: add, list, remove.
    User {
        #[command(subcommand)]
        what: user::Users,
        #[command(flatten)]
        answer: Answer,
    },
    /// Access tokens for programs that read or write for an organisation: create, list, revoke.
    Token {
        #[command(subcommand)]
        what: token::Tokens,
        #[command(flatten)]
        answer: Answer,
    },
    /// Emails that came back after the mail server had accepted them.
    Mail {
        #[command(subcommand)]
        what: mail::Mails,
        #[command(flatten)]
        answer: Answer,
    },
    /// The keys that sign published records.
    Keys {
        #[command(subcommand)]
        what: keys::Keys,
        #[command(flatten)]
        answer: Answer,
    },
    /// Rebuild the derived files from the database: the published bytes and the search index.
    Reindex {
        #[command(flatten)]
        answer: Answer,
    },
    /// Everyday words: what people type, and the needs they mean by it.
    #[command(subcommand)]
    Words(words::Words),
    /// The support checker: import, test, publish, withdraw.
    #[command(subcommand)]
    Checker(checker::Checkers),
    /// Guides, notices and pages about the site, in the council's own words.
    #[command(subcommand)]
    Texts(texts::Commands),
    /// Back up everything to FILE; the server can keep running.
    Backup {
        /// Where to write the backup; the file must not exist yet.
        file: PathBuf,
        #[command(flatten)]
        answer: Answer,
    },
    /// Replace everything with the contents of a backup.
    Restore {
        /// A file made by `fingerpost backup`.
        file: PathBuf,
        #[command(flatten)]
        answer: Answer,
    },
    /// Check settings, database, derived files, clock, disk and the running server, and say what to do.
    Doctor(directory::Doctor),
    /// Print the current settings, with secrets hidden.
    Config {
        #[command(flatten)]
        answer: Answer,
    },
    /// Write the JSON Schemas and the `OpenAPI` document into ./schema.
    Schema {
        /// Only check whether they are up to date (exit 1 if not).
        #[arg(long)]
        check: bool,
        /// The folder to write them to.
        #[arg(long, default_value = "schema", value_name = "DIR")]
        out: PathBuf,
        #[command(flatten)]
        answer: Answer,
    },
    /// Run one job now.
    Run {
        /// The job to run.
        #[arg(value_enum)]
        job: directory::Job,
        #[command(flatten)]
        answer: Answer,
    },
}

/// Run the command that the words of a call name; the first of them is the program.
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = words.into_iter().collect();
    // Behind -- nothing is an option.
    let as_json = words.iter().take_while(|word| *word != "--").any(|word| word == "--json");
    let arguments = match Arguments::try_parse_from(&words) {
        Ok(arguments) => arguments,
        Err(error) => return not_understood(&error, as_json),
    };
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
        .and_then(|runtime| runtime.block_on(dispatch(arguments)));
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if is_left_unread(&error) => ExitCode::from(128 + SIGPIPE),
        Err(error) => {
            let mut said = chain(&error);
            if is_of_damage(&error) {
                said = format!("{said}. What to do: {NEW_DATABASE}");
            }
            // Whoever closed stderr does not want to know.
            let _ = writeln!(io::stderr(), "fingerpost: {said}");
            if as_json {
                Answer::refuse(code_of(&error), &said);
            }
            let wrong_call = error.is::<crate::config::Error>() || error.is::<WrongCall>();
            ExitCode::from(if wrong_call { 2 } else { 1 })
        }
    }
}

/// A call that cannot be read, or one for help.
fn not_understood(error: &clap::Error, as_json: bool) -> ExitCode {
    // Nobody to tell where it cannot be printed.
    let _ = error.print();
    if as_json && error.use_stderr() {
        let said = error.to_string();
        let said = said.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
        Answer::refuse("wrong-call", &said.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Whether it is the files of the database that are damaged.
fn is_of_damage(error: &anyhow::Error) -> bool {
    let while_restoring = match error.downcast_ref() {
        Some(safekeeping::Error::Records(records::Error::Database(error))) => Some(error),
        _ => None,
    };
    error.downcast_ref::<db::Error>().or(while_restoring).is_some_and(db::Error::is_damaged)
}

/// A name for why a command was not carried out, for programs.
fn code_of(error: &anyhow::Error) -> &str {
    let of_a_file = || error.chain().any(<dyn std::error::Error + 'static>::is::<io::Error>);
    match peer::code_of(error) {
        Some(code) => code,
        None if error.is::<WrongCall>() => "wrong-call",
        None if error.is::<crate::config::Error>() => "wrong-setting",
        None if of_a_file() => "io",
        None => "our-side",
    }
}

/// What the system would have ended the command with, had it written on. Shells add 128.
const SIGPIPE: u8 = 13;

/// A call that makes no sense, although its words could be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct WrongCall(String);

/// Put on record what was done on the server, in the transaction that does it.
async fn on_record(app: &App, tx: &Transaction, what: Deed, to: &str, detail: &str) -> anyhow::Result<()> {
    app.identity().note(tx, "command line", what, to, detail, None).await?;
    Ok(())
}

/// Whether the command did what was asked.
async fn dispatch(arguments: Arguments) -> anyhow::Result<bool> {
    let config = Config::read(arguments.config.as_deref(), environment()?)?;
    start_log(&config)?;
    holidays::observe(config.gss.as_deref().map_or(Nation::EnglandAndWales, Nation::of_area));
    for name in &config.without_effect {
        let meant = config::perhaps_meant(name).map(|meant| format!("; perhaps {meant} was meant")).unwrap_or_default();
        tracing::warn!(setting = name, "this version does not recognise this setting; it has no effect{meant}");
    }
    match arguments.command {
        Command::Serve => serve::serve(config).await,
        Command::Demo(demo) => demo.run(config).await,
        Command::Import(import) => import.run(config).await,
        Command::Export(export) => with(config, |app| export.run(app)).await,
        Command::Record(record) => with(config, |app| record.run(app)).await,
        Command::Postcodes(postcodes) => postcodes.run(config).await,
        Command::Peer(peers) => {
            let durability = peers.durability();
            with_durability(config, durability, |app| Box::pin(peers.run(app))).await
        }
        Command::Proposal { what, answer } => with(config, |app| what.run(app, answer)).await,
        Command::User { what, answer } => with(config, |app| what.run(app, answer)).await,
        Command::Token { what, answer } => with(config, |app| what.run(app, answer)).await,
        Command::Mail { what, answer } => with(config, |app| what.run(app, answer)).await,
        Command::Keys { what, answer } => with(config, |app| what.run(app, answer)).await,
        Command::Reindex { answer } => with(config, async |app| directory::reindex(app, answer).await).await,
        Command::Words(words) => with(config, |app| words.run(app)).await,
        Command::Checker(checkers) => with(config, |app| checkers.run(app)).await,
        Command::Texts(texts) => with(config, |app| texts.run(app)).await,
        Command::Backup { file, answer } => with(config, async |app| directory::backup(app, &file, answer).await).await,
        Command::Restore { file, answer } => with(config, async |app| directory::restore(app, &file, answer).await).await,
        Command::Doctor(doctor) => doctor.run(&config).await,
        Command::Config { answer } => directory::show_config(&config, answer),
        Command::Schema { check, out, answer } => directory::schema(&out, check, answer),
        Command::Run { job, answer } => with(config, |app| directory::run_job(app, job, answer)).await,
    }
}

/// An error with its causes. Some say their cause themselves; nothing is said twice.
fn chain(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if said.is_empty() {
            said = cause;
        } else if !said.ends_with(&cause) {
            said = format!("{said}: {cause}");
        }
    }
    said
}

async fn with(config: Config, run: impl AsyncFnOnce(App) -> anyhow::Result<bool>) -> anyhow::Result<bool> {
    with_durability(config, Durability::Full, run).await
}

/// Run a command. What it destroyed is gone from the side files when it ends, even where it failed halfway.
async fn with_durability(
    config: Config,
    durability: Durability,
    run: impl AsyncFnOnce(App) -> anyhow::Result<bool>,
) -> anyhow::Result<bool> {
    let app = App::open(config, Clock::System, durability).await?;
    let db = app.db.clone();
    let done = run(app).await;
    let swept = db.sweep_now().await;
    let done = done?;
    swept?;
    Ok(done)
}

/// The environment, as far as it is text. Of ours all has to be.
#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
fn environment() -> Result<Vec<(String, String)>, WrongCall> {
    let mut found = Vec::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => found.push((name, value)),
            Err(_) if name.starts_with("FINGERPOST_") => return Err(WrongCall(format!("setting {name} is not UTF-8 text"))),
            Err(_) => {}
        }
    }
    Ok(found)
}

fn start_log(config: &Config) -> anyhow::Result<()> {
    use std::io::IsTerminal as _;

    use tracing_subscriber::{EnvFilter, fmt, prelude::*};
    let filter = EnvFilter::try_new(&config.log).map_err(|error| {
        WrongCall(format!(
            "setting FINGERPOST_LOG is {:?}: expected error, warn, info, debug or a tracing filter ({error})",
            config.log
        ))
    })?;
    // The framework tells of every migration that there is nothing to do for.
    let quiet = "sea_orm_migration=warn".parse().context("a constant filter")?;
    let quiet_too = "sqlx=warn".parse().context("a constant filter")?;
    // Of a log that nobody reads any more nothing can be told: trying to is a panic.
    let registry = tracing_subscriber::registry().with(filter.add_directive(quiet).add_directive(quiet_too));
    let started = match config.log_format {
        LogFormat::Json => registry.with(fmt::layer().log_internal_errors(false).json().with_writer(io::stderr)).try_init(),
        LogFormat::Text => registry
            .with(
                fmt::layer()
                    .log_internal_errors(false)
                    .with_target(false)
                    .with_ansi(io::stderr().is_terminal())
                    .with_writer(io::stderr),
            )
            .try_init(),
    };
    started.context("cannot start the log")
}
