//! What becomes different because time passes: an event whose last date is over, a series of
//! single dates of which the next come within reach. The records stay; what is published of them
//! is rendered again.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{Error, LastModified, NOT_PUBLISHED, Records, State, publish, read};
use crate::{
    model::{Document, Event, Kind, Service},
    published::{self, projection, render::projected_service_id},
};

/// How many events are looked at, and rendered again, in one go.
const BATCH: u64 = 200;

impl Records {
    /// Render these records again, as things are now, and publish what has become different:
    /// nothing, where nothing has. Gives how much that was.
    /// # Errors
    /// When the database fails.
    pub async fn refresh(&self, ids: &[Uuid]) -> Result<u64, Error> {
        let tx = self.db.write().await?;
        let brought = LastModified::new();
        let cause = publish::Cause {
            reason: NOT_PUBLISHED,
            urgent: false,
            scrubbed: &HashSet::new(),
            erased: &[],
            reopened: false,
            last_modified: &brought,
        };
        let (began, position) = self.publish(&tx, HashMap::new(), ids, &cause).await?;
        tx.commit().await?;
        // Each that is published takes one number.
        Ok(position.0.abs_diff(began.0))
    }

    /// Find the events of which something else would be published now, only because time has
    /// passed, and refresh them. Gives how many there were.
    /// # Errors
    /// When the database fails, or a record is damaged.
    pub async fn refresh_events(&self) -> Result<usize, Error> {
        let mut refreshed = 0;
        let mut after = None;
        loop {
            let page = self.by_kind(Kind::Event, after, BATCH).await?;
            let Some(last) = page.last() else { return Ok(refreshed) };
            after = Some(last.id);
            let mut events = Vec::with_capacity(page.len());
            for stored in page.iter().filter(|stored| stored.state == State::Published) {
                if let Document::Event(event) = read(stored)? {
                    events.push(*event);
                }
            }
            let aged = self.aged(&events).await?;
            if !aged.is_empty() {
                self.refresh(&aged).await?;
            }
            refreshed += aged.len();
        }
    }

    /// Those of the events that are published, and would be published differently now.
    async fn aged(&self, events: &[Event]) -> Result<Vec<Uuid>, Error> {
        let now = self.clock.now();
        let ids: Vec<Uuid> = events.iter().map(|event| projected_service_id(event.id.into())).collect();
        let snapshot = self.db.snapshot().await?;
        let rows = published::current(&snapshot, &ids).await?;
        snapshot.roll_back().await?;
        let standing: HashMap<Uuid, String> = rows.into_iter().filter(|row| row.live).map(|row| (row.id, row.full)).collect();
        let has_aged = |(event, id): &(&Event, Uuid)| {
            let service = standing.get(id).and_then(|full| serde_json::from_str::<Service>(full).ok());
            service.is_some_and(|service| projection::has_aged(event, &service, now))
        };
        Ok(events.iter().zip(ids).filter(has_aged).map(|(event, _)| event.id.into()).collect())
    }
}
