//! The quality board: how good the directory is, for each category and as a whole.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::Duration;
use serde::Serialize;
use uuid::Uuid;

use super::{Error, Owned, Quality, Says, reminders, schedule};
use crate::{
    mail,
    model::{Kind, Service},
    published,
    records::Fresh,
};

/// What was checked within so many days counts as checked.
const CHECKED_WITHIN: Duration = Duration::days(90);
/// What is marked as in need of a check, or left out of searches, within so many days expires soon.
const SOON: Duration = Duration::days(30);
/// After so many reminders without an answer somebody should ring up.
const REMINDERS: usize = 3;
/// Documents that are read at once.
const PAGE: u64 = 500;

/// How things are with some of the listings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Which: a category, or everything.
    pub category: String,
    /// How many there are.
    pub listings: usize,
    /// How many were checked within 90 days.
    pub checked: usize,
    /// How many are marked as in need of a check, or left out of searches, within 30 days, unless somebody checks them.
    pub expiring: usize,
    /// How complete they are, all percents added up.
    #[serde(skip)]
    pub complete: usize,
    /// Of how many nobody has answered three reminders.
    pub unanswered: usize,
    /// Of how many a mailbox of those who keep them does not take letters.
    pub bounced: usize,
    /// How many nobody keeps.
    pub unkept: usize,
}

impl Row {
    /// Of 100 listings, how many were checked within 90 days.
    pub fn percent_checked(&self) -> usize {
        (self.checked * 100).checked_div(self.listings).unwrap_or_default()
    }

    /// How complete they are on average, in percent.
    pub fn percent_complete(&self) -> usize {
        self.complete.checked_div(self.listings).unwrap_or_default()
    }

    fn add(&mut self, one: &One) {
        self.listings += 1;
        self.checked += usize::from(one.checked);
        self.expiring += usize::from(one.expiring);
        self.complete += usize::from(one.score);
        self.unanswered += usize::from(one.unanswered);
        self.bounced += usize::from(one.bounced);
        self.unkept += usize::from(one.unkept);
    }
}

/// What counts of one listing.
struct One {
    checked: bool,
    expiring: bool,
    score: u8,
    unanswered: bool,
    bounced: bool,
    unkept: bool,
}

/// What is not of any category.
const NONE: &str = "Without a category";

impl Quality {
    /// How things are with our own listings: first with all of them, then by category.
    /// # Errors
    /// When the database fails.
    pub async fn board(&self, owned: &[Owned]) -> Result<Vec<Row>, Error> {
        let now = self.clock().now();
        let fresh: HashMap<Uuid, Fresh> = self.records.freshness().await?.into_iter().map(|one| (one.record, one)).collect();
        let limits = self.records.limits();
        let expires = |one: &Fresh| limits.is_some_and(|limits| limits.expires(one.base(), now, SOON));
        let ledger = reminders::ledger(self.db()).await?;
        let mut reminded: HashMap<Uuid, usize> = HashMap::new();
        for ((record, _, base), sent) in &ledger {
            // With another check the reminders begin anew.
            if fresh.get(record).is_some_and(|one| one.base() == *base) {
                let most = reminded.entry(*record).or_default();
                *most = (*most).max(sent.letters);
            }
        }
        let addresses: HashSet<&str> = owned.iter().flat_map(|one| &one.owners).map(|owner| owner.email.as_str()).collect();
        let addresses: Vec<&str> = addresses.into_iter().collect();
        let bounced: BTreeSet<String> =
            mail::bounced(self.db(), &addresses).await?.into_iter().map(|status| schedule::key(&status.to)).collect();
        let keepers: HashMap<Uuid, &Owned> = owned.iter().map(|one| (one.record, one)).collect();
        let mut all = Row { category: "All listings".to_owned(), ..Row::default() };
        let mut by_category: BTreeMap<String, Row> = BTreeMap::new();
        let mut after = None;
        loop {
            let page = published::by_kind(self.db(), Kind::Service, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for row in page.iter().filter(|row| row.live && row.origin.is_empty() && row.derived_from.is_none()) {
                let Ok(service) = serde_json::from_str::<Service>(&row.full) else { continue };
                let kept_by = keepers.get(&row.id);
                let one = One {
                    checked: fresh.get(&row.id).and_then(|one| one.checked_at).is_some_and(|at| now - at <= CHECKED_WITHIN),
                    expiring: fresh.get(&row.id).is_some_and(expires),
                    score: Says::of(&service).score(),
                    unanswered: reminded.get(&row.id).is_some_and(|many| *many >= REMINDERS),
                    bounced: kept_by
                        .is_some_and(|kept| kept.owners.iter().any(|owner| bounced.contains(&schedule::key(&owner.email)))),
                    unkept: kept_by.is_none(),
                };
                all.add(&one);
                for category in categories(&service) {
                    let name = category.clone();
                    by_category.entry(category).or_insert_with(|| Row { category: name, ..Row::default() }).add(&one);
                }
            }
        }
        Ok(std::iter::once(all).chain(by_category.into_values()).collect())
    }
}

fn categories(service: &Service) -> BTreeSet<String> {
    let terms = service.attributes.iter().filter_map(|one| one.taxonomy_term.as_deref());
    let names: BTreeSet<String> = terms.map(|term| term.name.clone()).collect();
    if names.is_empty() { BTreeSet::from([NONE.to_owned()]) } else { names }
}
