//! What the public is shown. It fails closed: without an edition that somebody reviewed and whose
//! review is not overdue there is no checker, and whoever asks is told so and given numbers to ring.
//! A demonstration shows the sample, and says so.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use super::{
    checker::{Checker, Status},
    contacts::{Area, Call, Chooser, Contacts, Line, Trouble, Trust},
    needed::{shown_until, unreachable},
    publish::read,
    store::{self, Part, Publication},
};
use crate::{clock::Clock, db::Database};

/// A checker with its contacts, as it is shown.
#[derive(Clone, Debug)]
pub struct Edition {
    /// The checker.
    pub checker: Checker,
    /// The checker as it was handed in, for other programs.
    pub document: Value,
    /// Its contacts.
    pub contacts: Contacts,
    /// Which of them may be shown.
    pub trust: Trust,
    /// The day on which somebody reviewed it; none for the sample.
    pub reviewed_on: Option<NaiveDate>,
}

impl Edition {
    /// Whether it is the sample, which nobody has reviewed.
    pub fn is_sample(&self) -> bool {
        self.reviewed_on.is_none()
    }

    /// Chooses contacts for somebody who is here and asks at this moment.
    pub fn chooser<'a>(&'a self, area: Option<&'a Area>, now: DateTime<Utc>) -> Chooser<'a> {
        Chooser { contacts: &self.contacts, area, today: london_day(now), now: Some(now), trust: self.trust }
    }

    /// Why it is not shown on this day.
    pub fn closed_on(&self, today: NaiveDate) -> Option<Unavailable> {
        if self.is_sample() {
            return None;
        }
        match self.checker.review_by {
            Some(day) if day < today => Some(Unavailable::Overdue(day)),
            None => Some(Unavailable::NotThere),
            Some(_) if self.checker.status != Status::Published => Some(Unavailable::NotThere),
            Some(_) if !unreachable(&self.checker, &self.contacts, today).is_empty() => Some(Unavailable::NumbersOverdue),
            Some(_) => None,
        }
    }

    /// The last day on which it is shown, as far as dates go.
    pub fn shown_until(&self, today: NaiveDate) -> Option<NaiveDate> {
        shown_until(&self.checker, &self.contacts, today)
    }

    fn sample() -> Result<Self, Unavailable> {
        let body = Part::Checker.starting();
        let edition = Self {
            checker: read(Part::Checker, body).map_err(|_| Unavailable::NotThere)?,
            document: serde_json::from_str(body).map_err(|_| Unavailable::NotThere)?,
            contacts: starting_contacts(),
            trust: Trust::Everything,
            reviewed_on: None,
        };
        Ok(edition)
    }

    fn of(publication: &Publication) -> Result<Self, Unavailable> {
        Ok(Self {
            checker: read(Part::Checker, &publication.checker).map_err(|_| Unavailable::NotThere)?,
            document: serde_json::from_str(&publication.checker).map_err(|_| Unavailable::NotThere)?,
            contacts: read(Part::Contacts, &publication.contacts).map_err(|_| Unavailable::NotThere)?,
            trust: Trust::Checked,
            reviewed_on: Some(london_day(publication.published_at)),
        })
    }
}

/// Lines about what somebody needs, at most: more are not rung.
const MOST_ABOUT_NEEDS: usize = 4;

/// The day that it is in London at that moment.
pub(super) fn london_day(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&chrono_tz::Europe::London).date_naive()
}

fn starting_contacts() -> Contacts {
    read(Part::Contacts, Part::Contacts.starting()).expect("the starting contacts are tested")
}

/// Why there is no checker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// None was published, or it cannot be read.
    NotThere,
    /// It was taken away.
    Withdrawn,
    /// It should have been reviewed again by this day.
    Overdue(NaiveDate),
    /// A number that it needs was not checked again in time.
    NumbersOverdue,
    /// The database does not answer, so nobody knows.
    OutOfReach,
}

impl Unavailable {
    /// The reason, to whoever asks.
    pub fn said(self) -> &'static str {
        match self {
            Self::NotThere => "the questions have not been reviewed yet",
            Self::Withdrawn => "the questions have been taken down for now",
            Self::Overdue(_) => "the questions are due for review",
            Self::NumbersOverdue => "the phone numbers are due to be checked",
            Self::OutOfReach => "something is broken on our side",
        }
    }
}

/// Numbers to ring about one thing that cannot wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Its name for programs and for addresses of this part of a page.
    pub id: Option<String>,
    /// What is wrong.
    pub title: Option<String>,
    /// Whom to ring, the first first. Never empty.
    pub lines: Vec<Line>,
    /// Whether the number of their council would be among them if it were known where somebody is.
    pub wants_the_place: bool,
    /// Whether the number of their council should be among them, and is not known.
    pub lacks_the_council: bool,
}

impl Numbers {
    fn of(trouble: &Trouble, chooser: &Chooser<'_>) -> Option<Self> {
        let lines: Vec<Line> = chooser.lines(&trouble.call).into_iter().cloned().collect();
        (!lines.is_empty()).then(|| Self {
            id: Some(trouble.id.clone()),
            title: Some(trouble.title.clone()),
            lines,
            wants_the_place: chooser.would_know_better(&trouble.call),
            lacks_the_council: chooser.lacks_the_council(&trouble.call),
        })
    }
}

/// The edition that was last read, and its number.
type Held = Option<(i64, Arc<Edition>)>;

/// The self-help that a server gives. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SelfHelp {
    /// Where editions are.
    pub db: Database,
    /// The time.
    pub clock: Clock,
    demo: bool,
    latest: Arc<Mutex<Held>>,
    sample: Arc<Mutex<Option<Arc<Edition>>>>,
}

impl SelfHelp {
    /// The self-help of this directory. `demo` shows the sample where nothing is published.
    pub fn new(db: Database, clock: Clock, demo: bool) -> Self {
        Self { db, clock, demo, latest: Arc::default(), sample: Arc::default() }
    }

    /// The moment that it is now.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The day that it is now.
    pub fn today(&self) -> NaiveDate {
        london_day(self.now())
    }

    /// What the public is shown now.
    /// # Errors
    /// Why there is nothing to show.
    pub async fn in_force(&self) -> Result<Arc<Edition>, Unavailable> {
        match self.published().await {
            Ok(Some(edition)) => match edition.closed_on(self.today()) {
                None => Ok(edition),
                Some(reason) => Err(reason),
            },
            Ok(None) if self.demo => self.sample(),
            Ok(None) => Err(Unavailable::NotThere),
            Err(unavailable) => Err(unavailable),
        }
    }

    /// Numbers to ring where there is no checker: those of the latest edition unless it was taken away,
    /// perhaps because of a wrong number, else those that Fingerpost comes with; only what was checked
    /// and is not overdue. 999 is not among them, because every page says it anyway.
    pub async fn numbers(&self) -> Vec<Line> {
        let (contacts, trust) = self.contacts_to_ring().await;
        let calls: Vec<Call> =
            contacts.troubles.iter().flat_map(|trouble| &trouble.call).chain(&contacts.always).cloned().collect();
        let lines = self.chooser_of(&contacts, trust, None).lines(&calls);
        lines.into_iter().filter(|line| !line.is_emergency()).cloned().collect()
    }

    /// The same by what is wrong, the worst first, and last without a title those that stand under none of it.
    pub async fn numbers_by_trouble(&self) -> Vec<Numbers> {
        let (contacts, trust) = self.contacts_to_ring().await;
        let chooser = self.chooser_of(&contacts, trust, None);
        let mut all: Vec<Numbers> = contacts.troubles.iter().filter_map(|trouble| Numbers::of(trouble, &chooser)).collect();
        let is_there = |line: &&Line| all.iter().flat_map(|numbers| &numbers.lines).any(|there| there.id == line.id);
        let others = chooser.lines(&contacts.always).into_iter().filter(|line| !line.is_emergency() && !is_there(line));
        let others: Vec<Line> = others.cloned().collect();
        if !others.is_empty() {
            all.push(Numbers { id: None, title: None, lines: others, wants_the_place: false, lacks_the_council: false });
        }
        all
    }

    /// The numbers for somebody whose words were understood as these needs, who is here if that is certain: those of
    /// the first need first.
    pub async fn numbers_for<'a>(&self, needs: impl IntoIterator<Item = &'a str>, area: Option<&Area>) -> Vec<Numbers> {
        let (contacts, trust) = self.contacts_to_ring().await;
        let chooser = self.chooser_of(&contacts, trust, area);
        let mut troubles: Vec<&Trouble> = Vec::new();
        for need in needs {
            let own = contacts.troubles.iter().filter(|trouble| trouble.needs.iter().any(|own| own == need));
            for trouble in own {
                if !troubles.contains(&trouble) {
                    troubles.push(trouble);
                }
            }
        }
        troubles.into_iter().filter_map(|trouble| Numbers::of(trouble, &chooser)).collect()
    }

    /// The national lines that somebody means who searches for these words: "samaritans".
    pub async fn named(&self, words: &str, area: Option<&Area>) -> Vec<Line> {
        let (contacts, trust) = self.contacts_to_ring().await;
        self.chooser_of(&contacts, trust, area).named(words).into_iter().cloned().collect()
    }

    /// Whom to ask where nothing is listed: lines about these needs, then whoever knows what help there is.
    pub async fn to_ask(&self, needs: &[&str], area: Option<&Area>) -> Vec<Line> {
        let (contacts, trust) = self.contacts_to_ring().await;
        let chooser = self.chooser_of(&contacts, trust, area);
        let mut lines: Vec<&Line> = chooser.about(needs).into_iter().take(MOST_ABOUT_NEEDS).collect();
        for line in chooser.front_desk() {
            if !lines.iter().any(|there| there.id == line.id) {
                lines.push(line);
            }
        }
        lines.into_iter().cloned().collect()
    }

    /// What the council with this code is called, as far as the contacts say.
    pub async fn council_called(&self, code: &str) -> Option<String> {
        self.contacts_to_ring().await.0.council(code).map(|council| council.name.clone())
    }

    /// The contacts that are in use, and what of them may be given. A demonstration gives the numbers of its made-up
    /// councils here as it does in the checker: each page of it says that they are made up.
    async fn contacts_to_ring(&self) -> (Contacts, Trust) {
        match self.published().await {
            Ok(Some(edition)) => (edition.contacts.clone(), Trust::Checked),
            Ok(None) if self.demo => (starting_contacts(), Trust::Everything),
            _ => (starting_contacts(), Trust::Checked),
        }
    }

    fn chooser_of<'a>(&self, contacts: &'a Contacts, trust: Trust, area: Option<&'a Area>) -> Chooser<'a> {
        let now = self.now();
        Chooser { contacts, area, today: london_day(now), now: Some(now), trust }
    }

    /// The latest edition; none where there is none.
    async fn published(&self) -> Result<Option<Arc<Edition>>, Unavailable> {
        let out_of_reach = |error: crate::db::Error| {
            tracing::warn!(error = %error, "cannot read the support checker, so it is not shown");
            Unavailable::OutOfReach
        };
        let number = match store::latest(&self.db).await.map_err(out_of_reach)? {
            None => return Ok(None),
            Some((_, true)) => return Err(Unavailable::Withdrawn),
            Some((number, false)) => number,
        };
        let held = self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, edition)) = held.filter(|(known, _)| *known == number) {
            return Ok(Some(edition));
        }
        let found = store::publication(&self.db, Some(number)).await.map_err(out_of_reach)?;
        let edition = Arc::new(Edition::of(&found.ok_or(Unavailable::NotThere)?)?);
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some((number, edition.clone()));
        Ok(Some(edition))
    }

    fn sample(&self) -> Result<Arc<Edition>, Unavailable> {
        let mut held = self.sample.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(edition) = &*held {
            return Ok(edition.clone());
        }
        let edition = Arc::new(Edition::sample()?);
        *held = Some(edition.clone());
        Ok(edition)
    }
}
