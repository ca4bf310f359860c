//! The audit trail: who signed in, was let do what, decided what. Written in the transaction of its
//! cause, never changed, forgotten after a time that is a setting.

mod deed;
mod store;

use std::net::IpAddr;

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{Error, Identity};
use crate::db::Transaction;

pub use deed::Deed;

/// A line of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Names it; later ones sort behind earlier ones.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Who, as history names them.
    pub who: String,
    /// What was done, as [`Deed::as_str`] calls it.
    pub what: String,
    /// To which record, person or thing, if to one.
    pub to: String,
    /// More, in plain words. No secrets, no words of residents.
    pub detail: String,
    /// From what kind of network: never a whole address.
    pub from: String,
}

/// Which lines somebody looks for: those that are all of this.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    /// By this person, or about this person or record.
    pub about: Option<String>,
    /// By one of these, or about one of these.
    pub who: Option<Vec<String>>,
    /// What was done, as [`Deed::as_str`] calls it.
    pub what: Option<&'static str>,
    /// To one of these.
    pub to: Option<Vec<String>>,
}

impl Identity {
    /// Note something. Gives the id of the line.
    /// # Errors
    /// When the database fails.
    pub async fn note(
        &self,
        tx: &Transaction,
        who: &str,
        what: Deed,
        to: &str,
        detail: &str,
        from: Option<IpAddr>,
    ) -> Result<Uuid, Error> {
        let entry = Entry {
            id: crate::ids::fresh(),
            at: self.clock.now(),
            who: who.to_owned(),
            what: what.as_str().to_owned(),
            to: to.to_owned(),
            detail: detail.to_owned(),
            from: from.map(network).unwrap_or_default(),
        };
        store::put(tx, &entry).await?;
        Ok(entry.id)
    }

    /// The newest lines, at most `limit`: all, or those of one person or record; older than `before`.
    /// # Errors
    /// When the database fails.
    pub async fn audit(&self, about: Option<&str>, before: Option<Uuid>, limit: u64) -> Result<Vec<Entry>, Error> {
        self.audit_of(&Sought { about: about.map(str::to_owned), ..Sought::default() }, before, limit).await
    }

    /// The newest lines that somebody looks for, at most `limit`, older than `before`.
    /// # Errors
    /// When the database fails.
    pub async fn audit_of(&self, sought: &Sought, before: Option<Uuid>, limit: u64) -> Result<Vec<Entry>, Error> {
        Ok(store::newest(self.db.reader(), sought, before, limit).await?)
    }

    /// Forget lines about signing in that are older than the first, all others that are older than the
    /// second; how many.
    /// # Errors
    /// When the database fails.
    pub async fn tidy_audit(&self, tx: &Transaction, sign_ins: Duration, others: Duration) -> Result<u64, Error> {
        let now = self.clock.now();
        let signing_in = Deed::SIGNING_IN.map(Deed::as_str);
        Ok(store::forget(tx, &signing_in, now - sign_ins).await? + store::forget(tx, &[], now - others).await?)
    }

    /// Take an address out of what lines say.
    pub(super) async fn forget_in_audit(&self, tx: &Transaction, address: &str) -> Result<(), Error> {
        Ok(store::forget_words(tx, address).await?)
    }
}

/// The network that an address is in, coarse enough to name no household: `203.0.113.0/24`, `2001:db8::/32`.
fn network(address: IpAddr) -> String {
    let length = if address.is_ipv4() { 24 } else { 32 };
    ipnet::IpNet::new(address, length).map(|net| net.trunc().to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_network_of_an_address_is_kept() {
        assert_eq!(network("203.0.113.77".parse().unwrap()), "203.0.113.0/24");
        assert_eq!(network("2001:db8:1:2::3".parse().unwrap()), "2001:db8::/32");
    }
}
