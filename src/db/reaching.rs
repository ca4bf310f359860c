//! Whether a database can be used, and if not, why. A pool of connections would only say that a server timed out, or that
//! SQLite cannot open a file.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::{
    fs::{Access, access},
    io::Errno,
};
use sea_orm::{
    DbErr, RuntimeErr, SqlxError,
    sqlx::{ConnectOptions as _, Connection as _, postgres::PgConnectOptions, sqlite::SqliteConnectOptions},
};
use tokio::time::{Instant, timeout_at};

use super::{Context as _, Error};

/// Between two tries.
const BREATH: Duration = Duration::from_millis(500);

/// Wait until the database at `url` answers, at most for `limit`. What waiting does not help with, such as a wrong
/// password, is told at once.
/// # Errors
/// When it does not, with what the last try gave.
pub async fn reach(url: &str, limit: Duration) -> Result<(), Error> {
    if !url.starts_with("postgres") {
        return Ok(());
    }
    let options: PgConnectOptions = url.parse().map_err(conn).context("cannot read the address of the database")?;
    let deadline = Instant::now() + limit;
    let mut waits = false;
    loop {
        let refused = match timeout_at(deadline, options.connect()).await {
            Ok(Ok(connection)) => return connection.close().await.map_err(conn).context("cannot close the database"),
            Ok(Err(SqlxError::Io(error))) => at(&options, &error),
            Ok(Err(refused)) => refused,
            Err(_) => at(&options, &io::ErrorKind::TimedOut.into()),
        };
        if !may_pass(&refused) || Instant::now() + BREATH > deadline {
            return Err(conn(refused)).context("cannot open the database that FINGERPOST_DATABASE_URL names");
        }
        if !waits {
            tracing::warn!(error = %refused, seconds = limit.as_secs(), "the database does not answer yet; trying again");
            waits = true;
        }
        tokio::time::sleep(BREATH).await;
    }
}

/// Whether the SQLite database at `url` can be written, or made. SQLite opens a file that it may only read, such as one that
/// root has made: every change then fails, long after the start.
/// # Errors
/// When it cannot, with the file or folder that is in the way.
pub(super) fn ensure_writable(url: &str) -> Result<(), Error> {
    if url.contains(":memory:") || url.contains("mode=") {
        return Ok(());
    }
    let options: SqliteConnectOptions = url.parse().map_err(conn).context("cannot read the address of the database")?;
    match obstacle(options.get_filename()) {
        None => Ok(()),
        Some(problem) => Err(DbErr::Conn(RuntimeErr::Internal(problem))).context("cannot open the database"),
    }
}

/// What keeps us from writing a database's file, or those that SQLite has beside it.
fn obstacle(file: &Path) -> Option<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = |end: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let folder = (folder.to_path_buf(), Access::WRITE_OK | Access::EXEC_OK);
    let files = ["", "-wal", "-shm"].map(beside).into_iter().filter(|file| file.exists());
    let files = files.map(|file| (file, Access::READ_OK | Access::WRITE_OK));
    std::iter::once(folder).chain(files).find_map(|(path, needed)| {
        let error = access(&path, needed).err()?;
        let advice = if error == Errno::NOENT {
            "make this folder, or change FINGERPOST_DATABASE_URL"
        } else {
            "it has to belong to the user that the server runs as; run commands as that user, too, and not as root"
        };
        Some(format!("{}: {error}; {advice}", path.display()))
    })
}

/// What was wrong with the way to a server, and where that is.
fn at(options: &PgConnectOptions, error: &io::Error) -> SqlxError {
    let place = format!("{}:{}", options.get_host(), options.get_port());
    SqlxError::Io(io::Error::new(error.kind(), format!("{place}: {error}")))
}

fn conn(error: SqlxError) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}

/// Whether a server that is just starting may answer so.
fn may_pass(refused: &SqlxError) -> bool {
    match refused {
        SqlxError::Io(_) => true,
        SqlxError::Database(said) => said.code().is_some_and(|code| code == "57P03"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_cannot_be_written_is_told_with_its_file_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("fingerpost.db");
        assert_eq!(obstacle(&file), None, "it can be made");
        std::fs::write(&file, "").unwrap();
        assert_eq!(obstacle(&file), None);
        let said =
            ensure_writable(&format!("sqlite:{}", folder.path().join("not there/a.db").display())).unwrap_err().to_string();
        assert!(said.contains("/not there: No such file") && said.contains("make this folder"), "{said}");
        // Root may write whatever it likes.
        if !rustix::process::geteuid().is_root() {
            for only_readable in [beside_it(&file, "-wal"), file] {
                std::fs::write(&only_readable, "").unwrap();
                std::fs::set_permissions(&only_readable, std::os::unix::fs::PermissionsExt::from_mode(0o444)).unwrap();
                let said = obstacle(&folder.path().join("fingerpost.db")).unwrap();
                assert!(said.contains("Permission denied") && said.contains("run commands as that user"), "{said}");
                std::fs::set_permissions(&only_readable, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
            }
        }
    }

    fn beside_it(file: &Path, end: &str) -> PathBuf {
        PathBuf::from(format!("{}{end}", file.display()))
    }
}
