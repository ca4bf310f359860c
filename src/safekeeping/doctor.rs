//! The doctor: looks at configuration, database, derived files, clock, disk and the running server,
//! and says of each what it found and what to do.

use std::{io, net::SocketAddr, path::Path};

use serde::Serialize;

use crate::{
    config::{self, Config},
    db::{self, Database},
    mail,
    model::Kind,
    outbound, places,
    published::{self, Head, shelf::Shelf},
    search::Search,
};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing to do.
    Good,
    /// It works, but something should be done.
    Careful,
    /// It does not work.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// How bad it is.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do, where something is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<&'static str>,
}

fn good(what: &'static str, found: String) -> Finding {
    Finding { what, verdict: Verdict::Good, found, advice: None }
}

fn careful(what: &'static str, found: String, advice: &'static str) -> Finding {
    Finding { what, verdict: Verdict::Careful, found, advice: Some(advice) }
}

fn bad(what: &'static str, found: String, advice: &'static str) -> Finding {
    Finding { what, verdict: Verdict::Bad, found, advice: Some(advice) }
}

/// Look at everything. `now` is the present moment; without `thorough` the database is only asked
/// whether it answers, which takes no time however large it is.
pub async fn examine(
    config: &Config,
    db: &Database,
    head: &Head,
    now: chrono::DateTime<chrono::Utc>,
    thorough: bool,
) -> Vec<Finding> {
    let mut findings = around(config);
    let (answer, said) = if thorough { (db.check().await, "answers and is intact") } else { (db.ping().await, "answers") };
    findings.push(match answer {
        Ok(()) => good("database", format!("{:?} {said}", db.backend())),
        Err(error) => bad("database", error.to_string(), what_to_do_about(&error)),
    });
    findings.push(clock(db, head, now).await);
    findings.push(records(db).await);
    findings.push(postcodes(db, now).await);
    findings.push(emails(db, now).await);
    findings.push(shelf(&config.data_dir, head, thorough));
    findings.push(index(&config.data_dir, head));
    findings
}

/// What helps where the files of the database are damaged: nothing can be restored into them.
pub const NEW_DATABASE: &str = "stop the server and move the database out of the way (fingerpost.db, fingerpost.db-wal and fingerpost.db-shm in the data folder; with PostgreSQL, name a new database in FINGERPOST_DATABASE_URL); then restore the newest backup with fingerpost restore FILE, and start the server again";

/// What helps where the database cannot be read.
fn what_to_do_about(error: &db::Error) -> &'static str {
    if error.is_damaged() {
        NEW_DATABASE
    } else {
        "check that the database is running and its disk is mounted and not full; then try again"
    }
}

/// Look at what there is to look at without the database, which cannot be opened because of `reason`; `is_damaged` says
/// whether that will not pass.
pub fn examine_without_database(
    config: &Config,
    reason: String,
    is_damaged: bool,
    now: chrono::DateTime<chrono::Utc>,
) -> Vec<Finding> {
    let mut findings = around(config);
    let unreached = "check FINGERPOST_DATABASE_URL and that the database is running";
    findings.push(bad("database", reason, if is_damaged { NEW_DATABASE } else { unreached }));
    findings.push(good("clock", format!("it is {}", crate::clock::rfc3339(now))));
    findings
}

/// Ask a server that listens at `listen` on this machine whether it is ready. That none does is a problem only where one
/// `has_to_run`. One that is not ready yet is none: starting it again would not help.
pub async fn server(listen: SocketAddr, has_to_run: bool) -> Finding {
    const ADVICE: &str = "see what the server's log says and start it again; if it listens elsewhere, set FINGERPOST_LISTEN";
    let address = config::reached_here(listen);
    let found = match outbound::readiness(address).await {
        Ok(200) => return good("server", format!("ready at {address}")),
        Ok(503) => {
            let found = format!("answers at {address}, and is not ready yet");
            return careful("server", found, "wait; /readyz at this address says what for");
        }
        // Port 0 is any free port: which one is known to the server only.
        Err(error) if !has_to_run && (error.kind() == io::ErrorKind::ConnectionRefused || address.port() == 0) => {
            return good("server", format!("none at {address}"));
        }
        Ok(status) => format!("what answers at {address} gives status {status}"),
        Err(error) => format!("no answer at {address}: {error}"),
    };
    if has_to_run { bad("server", found, ADVICE) } else { careful("server", found, ADVICE) }
}

/// What stands around the database.
fn around(config: &Config) -> Vec<Finding> {
    let folder = &config.data_dir;
    let known = [settings(config), data_folder(folder), disk(config), key(folder), removals(folder)];
    unknown_settings(config).into_iter().chain(known).collect()
}

/// Names that no setting has, such as a misspelt one: what was meant is not in force.
fn unknown_settings(config: &Config) -> Option<Finding> {
    let told = |name: &String| match config::perhaps_meant(name) {
        Some(meant) => format!("{name} (perhaps {meant} was meant)"),
        None => name.clone(),
    };
    let names: Vec<String> = config.without_effect.iter().map(told).collect();
    let found = || format!("these have no effect: {}", names.join(", "));
    let advice = "correct the names, or remove them; the guide to settings lists all that there are";
    (!names.is_empty()).then(|| careful("unknown settings", found(), advice))
}

fn removals(folder: &Path) -> Finding {
    match super::backup::kept_scrubs(folder) {
        Ok(known) => good("removals", format!("{} in scrubs.ndjson", known.len())),
        Err(error) => bad(
            "removals",
            error.to_string(),
            "copy scrubs.ndjson again from where it came; without it a restored backup may publish what was withheld",
        ),
    }
}

fn settings(config: &Config) -> Finding {
    match &config.public_url {
        None => careful(
            "settings",
            "FINGERPOST_PUBLIC_URL is not set".to_owned(),
            "set it to the public address of this directory; links and signatures contain it",
        ),
        Some(url) if url.scheme() == "http" && !matches!(url.host_str(), Some("localhost" | "127.0.0.1")) => careful(
            "settings",
            format!("FINGERPOST_PUBLIC_URL is {url}"),
            "put a web server with a certificate in front of it and use https, as the standard requires",
        ),
        Some(url) => good("settings", format!("reached as {url}")),
    }
}

fn data_folder(folder: &Path) -> Finding {
    let probe = folder.join(".doctor");
    match std::fs::write(&probe, b"x").and_then(|()| std::fs::remove_file(&probe)) {
        Ok(()) => good("data folder", format!("{} is writable", folder.display())),
        Err(error) => bad(
            "data folder",
            format!("{}: {error}", folder.display()),
            "make the user that runs fingerpost the owner of the folder",
        ),
    }
}

fn disk(config: &Config) -> Finding {
    let folder = &config.data_dir;
    // The database may be on a disk of its own.
    let folder_of_database = config.database_file().and_then(Path::parent).filter(|folder| folder.is_dir());
    let free_in = |folder: &Path| rustix::fs::statvfs(folder).map(|room| room.f_bavail.saturating_mul(room.f_frsize));
    let free =
        free_in(folder).and_then(|free| Ok(folder_of_database.map(free_in).transpose()?.map_or(free, |other| other.min(free))));
    match free {
        Ok(free) => room(free, taken(config)),
        Err(error) => careful("disk", error.to_string(), "check that the disk with the data folder is mounted"),
    }
}

/// How many bytes the database, where it is a file, and what is made from it take.
fn taken(config: &Config) -> u64 {
    let size = |file: &Path| std::fs::metadata(file).map_or(0, |meta| if meta.is_file() { meta.len() } else { 0 });
    let derived = ["shelf", "index"].iter().filter_map(|name| std::fs::read_dir(config.data_dir.join(name)).ok()).flatten();
    let derived: u64 = derived.flatten().map(|file| size(&file.path())).sum();
    config.database_file().map_or(0, size) + derived
}

/// Whether so many free bytes are enough beside so many that are taken.
fn room(free: u64, taken: u64) -> Finding {
    /// A backup, a large import or a restore of the smallest directory fits.
    const LITTLE: u64 = 1 << 30;
    const NEXT_TO_NOTHING: u64 = 64 << 20;
    const WHY: &str = "free some space: a restore, or building the published bytes and the search index again, may need as much again as they and the database take, and at least 1 GiB";
    let found = format!("{} MiB free; the database and what is made from it take {} MiB", free >> 20, taken >> 20);
    if free < NEXT_TO_NOTHING {
        bad("disk", found, "free some space now: once the disk is full nothing can be saved")
    } else if free < taken.max(LITTLE) {
        careful("disk", found, WHY)
    } else {
        good("disk", found)
    }
}

fn key(folder: &Path) -> Finding {
    let file = folder.join("keys").join("signing.json");
    match std::fs::metadata(&file) {
        Err(_) => careful("signing key", "none yet".to_owned(), "start fingerpost once; it creates one"),
        Ok(meta) => {
            let mode = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o777;
            let found = format!("{} has mode {mode:o}", file.display());
            if mode & 0o077 == 0 {
                good("signing key", found)
            } else {
                bad(
                    "signing key",
                    found,
                    "run chmod 600 on it; if others could have read it, create a new key with fingerpost keys rotate",
                )
            }
        }
    }
}

/// Compare the clock with the latest change. Positions say nothing of it: they only begin with a moment.
async fn clock(db: &Database, head: &Head, now: chrono::DateTime<chrono::Utc>) -> Finding {
    const A_MINUTE: i64 = 60;
    let changed = match published::changed_last(db).await {
        Ok(changed) => changed,
        Err(error) => return bad("clock", error.to_string(), "fix the database first (see above)"),
    };
    let began = crate::clock::moment(head.began.0);
    let ahead = (changed.map_or(began, |at| at.max(began)) - now).num_seconds();
    let found = format!("it is {}", crate::clock::rfc3339(now));
    if ahead > A_MINUTE {
        return careful(
            "clock",
            format!("{found}, {ahead} seconds before the latest change"),
            "set the clock (NTP); nothing is lost, but times on pages are wrong until then",
        );
    }
    good("clock", found)
}

async fn records(db: &Database) -> Finding {
    let mut counts = Vec::new();
    for kind in Kind::PUBLISHED {
        match published::by_kind(db, kind, None, 1).await {
            Ok(rows) if rows.is_empty() => counts.push(kind.as_str()),
            Ok(_) => {}
            Err(error) => return bad("published", error.to_string(), "fix the database first (see above)"),
        }
    }
    if counts.is_empty() {
        return good("published", "records of every kind".to_owned());
    }
    careful(
        "published",
        format!("no records of: {}", counts.join(", ")),
        "import some records; validators warn about empty lists",
    )
}

fn index(folder: &Path, head: &Head) -> Finding {
    const ADVICE: &str = "run fingerpost reindex to rebuild it; otherwise the server rebuilds it at its next start";
    match Search::look_at(folder) {
        None => careful("search index", "not created yet".to_owned(), ADVICE),
        Some((epoch, _)) if epoch != head.epoch => careful("search index", "from another epoch".to_owned(), ADVICE),
        Some((_, position)) => good("search index", format!("{} behind", (head.position.0 - position.0).max(0))),
    }
}

async fn postcodes(db: &Database, now: chrono::DateTime<chrono::Utc>) -> Finding {
    const WHERE: &str = "fingerpost postcodes import FILE, with the ONS Postcode Directory or Code-Point Open";
    /// The directories come out every three months.
    const OLD_DAYS: i64 = 400;
    match places::imported(db).await {
        Err(error) => bad("postcodes", error.to_string(), "fix the database first (see above)"),
        Ok(None) => careful("postcodes", "none imported: positions are learned from places in the directory".to_owned(), WHERE),
        Ok(Some(imported)) => {
            let found = format!(
                "{} postcodes and {} outcodes from {} ({}), imported on {}",
                imported.postcodes,
                imported.outcodes,
                imported.format,
                imported.source,
                imported.at.format("%-d %B %Y")
            );
            if (now - imported.at).num_days() > OLD_DAYS { careful("postcodes", found, WHERE) } else { good("postcodes", found) }
        }
    }
}

async fn emails(db: &Database, now: chrono::DateTime<chrono::Utc>) -> Finding {
    /// A running server sends within a second, or tries again within an hour.
    const LATE: chrono::Duration = chrono::Duration::hours(2);
    const DAYS: i64 = 7;
    match mail::tally(db, now - chrono::Duration::days(DAYS), now - LATE).await {
        Err(error) => bad("emails", error.to_string(), "fix the database first (see above)"),
        Ok(mail::Tally { late: 0, bounced: 0, given_up: 0 }) => {
            good("emails", format!("none is late, and in the last {DAYS} days none was refused or given up"))
        }
        Ok(mail::Tally { late, bounced, given_up }) => careful(
            "emails",
            format!(
                "{late} waiting for more than {} hours; in the last {DAYS} days {given_up} given up and {bounced} refused by the mail server",
                LATE.num_hours()
            ),
            if late > 0 {
                "run fingerpost run mail to see why they cannot be sent, and fix the mail server or its settings; once that is done they are sent by themselves"
            } else {
                "sign in as an officer and open /moderation: under \"Emails that cannot be delivered\" it lists whom to ask for another address"
            },
        ),
    }
}

fn shelf(folder: &Path, head: &Head, thorough: bool) -> Finding {
    let found = shelf_files(folder, head, thorough);
    // A server that is just writing them keeps them right by itself.
    if found.verdict != Verdict::Good && Shelf::is_in_use(folder) {
        return good("published bytes", "in use by the running server".to_owned());
    }
    found
}

fn shelf_files(folder: &Path, head: &Head, thorough: bool) -> Finding {
    const ADVICE: &str = "run fingerpost reindex to rebuild it; otherwise the server rebuilds it at its next start";
    let what = "published bytes";
    let behind = match Shelf::look_at(folder) {
        None => return careful(what, "not created yet".to_owned(), ADVICE),
        Some((epoch, _)) if epoch != head.epoch => return careful(what, "from another epoch".to_owned(), ADVICE),
        Some((_, position)) => (head.position.0 - position.0).max(0),
    };
    if !thorough {
        return good(what, format!("{behind} behind"));
    }
    match Shelf::check_files(folder, head) {
        Ok(documents) => good(what, format!("{documents} documents checked and intact, {behind} behind")),
        Err(error) => bad(what, error.to_string(), ADVICE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_directory_needs_as_much_room_again_as_it_takes() {
        const GIB: u64 = 1 << 30;
        let verdict = |free, taken| room(free, taken).verdict;
        assert_eq!(verdict(2 * GIB, GIB / 8), Verdict::Good);
        assert_eq!(verdict(GIB / 2, GIB / 8), Verdict::Careful, "the next import may be a large one");
        assert_eq!(verdict(2 * GIB, 5 * GIB), Verdict::Careful);
        assert_eq!(verdict(6 * GIB, 5 * GIB), Verdict::Good);
        assert_eq!(verdict(GIB / 32, 0), Verdict::Bad);
        assert_eq!(room(3 * GIB, GIB).found, "3072 MiB free; the database and what is made from it take 1024 MiB");
    }
}
