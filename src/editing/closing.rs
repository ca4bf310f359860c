//! Closing, pausing and opening listings with one tap: one of them, or all of an organisation.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Became, Editing, Error, Submission, Write, decide::person_of, letters, risk::closed_until, say_closed_until};
use crate::{
    db::Transaction,
    identity::{Action, Actor},
    mail,
    model::{Document, Kind, ServiceStatus, event::EventStatus, occurrences::last_end},
    records::State,
};

/// Whether something is there for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Open,
    /// Not until this day.
    Until(NaiveDate),
    /// Not any more.
    Closed,
}

impl Standing {
    fn why(self) -> &'static str {
        match self {
            Self::Open => "open again",
            Self::Until(_) => "closed for now",
            Self::Closed => "closed for good",
        }
    }

    /// The document as it says so. False where it is of a kind that is never open.
    fn put_into(self, document: &mut Document) -> bool {
        match document {
            Document::Service(service) => {
                let more =
                    service.alert.take().map(|alert| closed_until(&alert).map_or(alert.clone(), |(_, more)| more.to_owned()));
                let more = more.filter(|more| !more.is_empty());
                (service.status, service.alert) = match self {
                    Self::Open => (ServiceStatus::Active, more),
                    Self::Until(day) => (ServiceStatus::TemporarilyClosed, Some(say_closed_until(day, more.as_deref()))),
                    Self::Closed => (ServiceStatus::Inactive, more),
                };
                true
            }
            Document::Event(event) => {
                event.status = match self {
                    Self::Open => EventStatus::Scheduled,
                    Self::Until(_) => EventStatus::Postponed,
                    Self::Closed => EventStatus::Cancelled,
                };
                true
            }
            _ => false,
        }
    }
}

/// Whether a listing says that it is there for people.
pub fn is_open(document: &Document) -> bool {
    match document {
        Document::Service(service) => service.status == ServiceStatus::Active,
        Document::Event(event) => event.status == EventStatus::Scheduled,
        _ => true,
    }
}

impl Editing {
    /// Say of a listing that it is closed, or open again. Nothing else of it changes.
    /// # Errors
    /// [`Error::NotFound`] when it is none that can be closed; otherwise as [`Editing::submit`].
    pub async fn stand(&self, actor: &Actor, id: Uuid, standing: Standing) -> Result<Became, Error> {
        let sight = self.look(actor, id).await?;
        let mut document = sight.document;
        if !standing.put_into(&mut document) {
            return Err(Error::NotFound(id));
        }
        let write = Write { document, expected_revision: Some(sight.stored.kept.revision) };
        self.submit(actor, Submission { writes: vec![write], why: standing.why().to_owned(), ..Submission::default() }).await
    }

    /// The public listings of an organisation that can be closed: its services, and its events that are not over.
    /// # Errors
    /// When the database fails, or a record is damaged.
    pub async fn public_listings(&self, organisation: Uuid) -> Result<Vec<(i64, Document)>, Error> {
        let now = self.records.clock().now();
        let mut all = Vec::new();
        for stored in self.records.referring_to(organisation).await? {
            if stored.state != State::Published || !stored.origin.is_empty() {
                continue;
            }
            let document = stored.read()?;
            let counts = match &document {
                Document::Service(service) => service.organization_id.map(Uuid::from) == Some(organisation),
                Document::Event(event) => last_end(event).is_none_or(|end| end > now),
                _ => false,
            };
            if counts {
                all.push((stored.kept.revision, document));
            }
        }
        Ok(all)
    }

    /// Say of everything of an organisation that it is closed, in one transaction. What is closed for a time does
    /// not touch its events: they have days of their own.
    /// # Errors
    /// As [`Editing::submit`]; [`Error::NotFound`] where it is no organisation.
    pub async fn close_all(&self, actor: &Actor, organisation: Uuid, standing: Standing) -> Result<Became, Error> {
        let has_days = |document: &Document| document.kind() == Kind::Event && matches!(standing, Standing::Until(_));
        self.stand_those(actor, organisation, standing, |document| !has_days(document)).await
    }

    /// Say of these listings of an organisation that they are open again, in one transaction. The others stay as they
    /// are: a single one may have been closed or cancelled for a reason of its own.
    /// # Errors
    /// As [`Editing::close_all`].
    pub async fn open_these(&self, actor: &Actor, organisation: Uuid, these: &[Uuid]) -> Result<Became, Error> {
        self.stand_those(actor, organisation, Standing::Open, |document| these.contains(&document.id())).await
    }

    async fn stand_those(
        &self,
        actor: &Actor,
        organisation: Uuid,
        standing: Standing,
        is_meant: impl Fn(&Document) -> bool,
    ) -> Result<Became, Error> {
        let sight = self.look(actor, organisation).await?;
        if sight.stored.kind != Kind::Organization {
            return Err(Error::NotFound(organisation));
        }
        let mut writes = Vec::new();
        for (revision, mut document) in self.public_listings(organisation).await? {
            if !is_meant(&document) {
                continue;
            }
            if standing.put_into(&mut document) {
                writes.push(Write { document, expected_revision: Some(revision) });
            }
        }
        self.submit(actor, Submission { writes, why: standing.why().to_owned(), ..Submission::default() }).await
    }

    /// Somebody as history names them, with what they keep and no right beyond that: for what a letter's link lets
    /// them do.
    /// # Errors
    /// When the database fails.
    pub async fn keeper(&self, known_as: &str) -> Result<Option<Actor>, Error> {
        let Some(person) = person_of(known_as) else { return Ok(None) };
        Ok(Some(Actor::person(person, None, self.identity.memberships(person).await?)))
    }

    /// Tell those who decide that a protected listing is marked as closed: nobody who looks for it finds it now.
    pub(super) async fn tell_of_closing(&self, tx: &Transaction, actor: &Actor, closed: &[(Uuid, String)]) -> Result<(), Error> {
        if closed.is_empty() {
            return Ok(());
        }
        for officer in self.identity.officers().await?.into_iter().filter(|one| one.may(Action::Decide)) {
            if Some(officer.id) == actor.person_id() {
                continue;
            }
            for (id, name) in closed {
                let letter = letters::closed(&officer.email, (*id, name.as_str()), &self.about.public_url, &self.about.name);
                mail::queue(tx, &letter, self.records.clock().now()).await?;
            }
        }
        Ok(())
    }
}
