//! What Prometheus is told of each peer: how the database has it at the moment of asking, so that it is
//! true also of peers that are held, and of what commands have done beside the server.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::peers;
use crate::db::{self, Database};

/// One gauge of one peer; the labels after its name.
type Gauge = (&'static str, String, i64);

/// The gauges of every peer, as Prometheus reads them.
/// # Errors
/// When the database fails.
pub async fn gauges(db: &Database, now: DateTime<Utc>) -> Result<String, db::Error> {
    let mut all: Vec<Gauge> = Vec::new();
    let followed = peers::all(db).await?;
    for peer in &followed {
        // A series that stands twice spoils the whole answer to some monitors.
        let is_shared = followed.iter().any(|other| other.id != peer.id && other.name == peer.name);
        let name = escaped(&if is_shared { format!("{} ({})", peer.name, peer.id) } else { peer.name.clone() });
        let mut tell = |gauge, value| all.push((gauge, format!("peer=\"{name}\""), value));
        if let Some(at) = peer.succeeded_at {
            tell("federation_last_success_timestamp_seconds", at.timestamp());
        }
        tell("federation_lag_seconds", (now - peer.succeeded_at.unwrap_or(peer.added_at)).num_seconds().max(0));
        tell("federation_lag_positions", (peer.cursor.head - peer.cursor.after).max(0));
        let held = peers::held_for_people(db, peer.id).await?.len();
        tell("federation_held_deletes", i64::try_from(held).unwrap_or(i64::MAX));
        for (code, many) in peers::quarantined_by_code(db, peer.id).await? {
            all.push(("federation_quarantined", format!("peer=\"{name}\",reason=\"{}\"", escaped(&code)), many));
        }
    }
    all.sort();
    let mut text = String::new();
    let mut before = "";
    for (gauge, labels, value) in &all {
        if std::mem::replace(&mut before, gauge) != *gauge {
            let _ = writeln!(text, "# TYPE {gauge} gauge");
        }
        let _ = writeln!(text, "{gauge}{{{labels}}} {value}");
    }
    Ok(text)
}

/// A value of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
