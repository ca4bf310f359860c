//! Whether a database server answers, and if not, why. A pool of connections would only say that it timed out.

use std::{io, time::Duration};

use sea_orm::{
    DbErr, RuntimeErr, SqlxError,
    sqlx::{ConnectOptions as _, Connection as _, postgres::PgConnectOptions},
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
            return Err(conn(refused)).context("cannot open the database");
        }
        if !waits {
            tracing::warn!(error = %refused, seconds = limit.as_secs(), "the database does not answer yet; trying again");
            waits = true;
        }
        tokio::time::sleep(BREATH).await;
    }
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
