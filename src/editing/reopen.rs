//! Opening again what was closed until a day that has come.

use crate::{
    model::{Document, Kind, ServiceStatus},
    records::{self, Caller, Draft, Entrance, LastModified, State, Stored},
};

use super::{Editing, Error, risk::closed_until};

/// Services that are read in one go.
const PAGE: u64 = 500;

impl Editing {
    /// Say of our own services that were closed until a day that they are open, once it has come. Gives how
    /// many there were. Can be run as often and as late as one likes.
    /// # Errors
    /// When the database fails; what was opened until then stays open.
    pub async fn reopen(&self) -> Result<usize, Error> {
        let caller = Caller {
            name: "the directory".to_owned(),
            why: "reopened: the planned reopening date has come".to_owned(),
            entrance: Entrance::Person,
        };
        let mut opened = 0;
        let mut after = None;
        loop {
            let page = self.records.by_kind(Kind::Service, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(opened) };
            after = Some(last.id);
            for stored in page.iter().filter(|stored| stored.origin.is_empty() && stored.state == State::Published) {
                let Some(draft) = self.opened(stored)? else { continue };
                match self.records.save_now(&caller, vec![draft], &LastModified::new()).await {
                    Ok(_) => opened += 1,
                    // Somebody edits it at this moment: the next run looks again.
                    Err(records::Error::Stale { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }

    /// The service as it is when it is open; nothing where it is not the day.
    fn opened(&self, stored: &Stored) -> Result<Option<Draft>, Error> {
        let Document::Service(mut service) = stored.read()? else { return Ok(None) };
        let today = self.records.clock().now().with_timezone(&chrono_tz::Europe::London).date_naive();
        let said = service.alert.as_deref().and_then(closed_until);
        let Some((_, more)) = said.filter(|(day, _)| service.status == ServiceStatus::TemporarilyClosed && *day <= today) else {
            return Ok(None);
        };
        service.alert = (!more.is_empty()).then(|| more.to_owned());
        service.status = ServiceStatus::Active;
        Ok(Some(Draft {
            source_id: stored.source_id.clone(),
            expected_revision: Some(stored.kept.revision),
            ..Draft::new(Document::Service(service))
        }))
    }
}
