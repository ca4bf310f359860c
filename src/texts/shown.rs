//! What the public sees now, held in memory: every page carries some of it.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use chrono::{DateTime, NaiveDate, Utc};
use maud::Markup;

use super::{
    markdown::to_html,
    starting::starting,
    store::{self, Error, Standing, Version},
    text::{Kind, Slug, Text},
};
use crate::{
    clock::Clock,
    db::{Database, Transaction},
};

/// How old what is held may be before the database is asked whether there is more.
const OLDEST: Duration = Duration::from_secs(2);

/// Pages that every page links to. When a council takes its own words away, those that Fingerpost comes with stand there
/// again: no link leads nowhere, and the accessibility statement is prescribed.
const LINKED: [&str; 3] = ["accessibility", "privacy", "listing-policy"];

/// A text as pages show it.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What it is called.
    pub slug: Slug,
    /// The text.
    pub text: Text,
    /// Its body as HTML.
    pub html: Markup,
    /// The day on which it was published; none for a text that Fingerpost comes with.
    pub published_on: Option<NaiveDate>,
}

impl Prepared {
    /// A text on its page, in the directory called `name`.
    pub fn new(slug: Slug, text: Text, name: &str, published_on: Option<NaiveDate>) -> Self {
        let html = to_html(&text.body.replace("{name}", name));
        Self { slug, text, html, published_on }
    }

    /// Whether somebody should have reviewed it again before `today`.
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        self.text.review_by.is_some_and(|day| day < today)
    }
}

/// Everything that the public sees.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    texts: BTreeMap<Slug, Prepared>,
}

impl Shown {
    /// A text of a kind by its name.
    pub fn get(&self, kind: Kind, slug: &str) -> Option<&Prepared> {
        let slug: Slug = slug.parse().ok()?;
        self.texts.get(&slug).filter(|found| found.text.kind == kind)
    }

    /// The guides, by title.
    pub fn guides(&self) -> Vec<&Prepared> {
        let mut guides: Vec<_> = self.texts.values().filter(|found| found.text.kind == Kind::Guide).collect();
        guides.sort_by_key(|guide| guide.text.title.to_lowercase());
        guides
    }

    /// The guides about any of these needs, by title.
    pub fn guides_for(&self, needs: &[String]) -> Vec<&Prepared> {
        let about = |guide: &&Prepared| guide.text.needs.iter().any(|need| needs.contains(need));
        self.guides().into_iter().filter(about).collect()
    }

    /// The notices that stand at `now`, the loudest first. `outcode` leaves out those for elsewhere.
    pub fn notices(&self, now: DateTime<Utc>, outcode: Option<&str>) -> Vec<&Prepared> {
        let here = |text: &Text| outcode.is_none_or(|outcode| text.places.has(outcode));
        let stands = |text: &Text| text.kind == Kind::Notice && text.stands(now) && here(text);
        let mut notices: Vec<_> = self.texts.values().filter(|found| stands(&found.text)).collect();
        notices.sort_by_key(|notice| notice.text.level);
        notices
    }
}

#[derive(Debug)]
struct Held {
    versions: u64,
    asked: Option<Instant>,
    shown: Arc<Shown>,
}

/// The texts of a directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Texts {
    db: Database,
    clock: Clock,
    name: Arc<str>,
    demo: bool,
    held: Arc<RwLock<Held>>,
}

impl Texts {
    /// The texts of the directory called `name`. `demo` shows the guides that Fingerpost comes with.
    pub fn new(db: Database, clock: Clock, name: &str, demo: bool) -> Self {
        let shown = Arc::new(shown(&[], name, demo));
        let held = Arc::new(RwLock::new(Held { versions: 0, asked: None, shown }));
        Self { db, clock, name: name.into(), demo, held }
    }

    /// What the public sees, as it is held.
    pub fn shown(&self) -> Arc<Shown> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).shown.clone()
    }

    /// Look whether there is more to see, where that has not been asked a moment ago. When the database
    /// does not answer, what is held stays.
    pub async fn refresh(&self) {
        let fresh = |held: &Held| held.asked.is_some_and(|asked| asked.elapsed() < OLDEST);
        if fresh(&self.held.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        if let Err(error) = self.read(false).await {
            tracing::warn!(error = %error, "cannot read the council's own texts; the previous ones are still shown");
        }
    }

    async fn read(&self, even_if_the_same: bool) -> Result<(), Error> {
        let versions = store::count(&self.db).await?;
        let known = self.held.read().unwrap_or_else(PoisonError::into_inner).versions;
        let shown = if versions == known && !even_if_the_same {
            None
        } else {
            Some(Arc::new(shown(&store::all(&self.db).await?, &self.name, self.demo)))
        };
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.asked = Some(Instant::now());
        if let Some(shown) = shown {
            held.shown = shown;
            held.versions = versions;
        }
        Ok(())
    }

    /// The latest version of a text: what is being worked on.
    /// # Errors
    /// When the database fails.
    pub async fn latest(&self, slug: &Slug) -> Result<Option<Version>, Error> {
        Ok(store::history(&self.db, slug).await?.into_iter().next())
    }

    /// The latest version of every text, and of those that only come with Fingerpost none.
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<(Slug, Text, Option<Version>)>, Error> {
        let mut all: BTreeMap<Slug, (Text, Option<Version>)> = starting().map(|(slug, text)| (slug, (text, None))).collect();
        for version in store::all(&self.db).await? {
            all.insert(version.slug.clone(), (version.text.clone(), Some(version)));
        }
        Ok(all.into_iter().map(|(slug, (text, version))| (slug, text, version)).collect())
    }

    /// The versions of a text, the latest first.
    /// # Errors
    /// When the database fails.
    pub async fn history(&self, slug: &Slug) -> Result<Vec<Version>, Error> {
        store::history(&self.db, slug).await
    }

    /// Keep a version made from number `base` (0 for none) inside a transaction. The public sees it, or
    /// sees it no longer, after [`Texts::changed`].
    /// # Errors
    /// When somebody else has changed the text meanwhile, or the database fails.
    pub async fn save(
        &self,
        tx: &Transaction,
        slug: &Slug,
        text: Text,
        (base, standing): (i64, Standing),
        by: &str,
    ) -> Result<(), Error> {
        let version = Version { number: base + 1, slug: slug.clone(), text, standing, at: self.clock.now(), by: by.to_owned() };
        store::save(tx, &version).await
    }

    /// Read again at once: something was committed here.
    /// # Errors
    /// When the database fails.
    pub async fn changed(&self) -> Result<(), Error> {
        self.read(true).await
    }
}

/// What these versions, in their order, show.
fn shown(versions: &[Version], name: &str, demo: bool) -> Shown {
    let mut texts = BTreeMap::new();
    for (slug, text) in starting().filter(|(_, text)| demo || text.kind == Kind::Page) {
        texts.insert(slug.clone(), Prepared::new(slug, text, name, None));
    }
    for version in versions {
        match version.standing {
            Standing::Draft => {}
            Standing::Published => {
                let day = version.at.with_timezone(&chrono_tz::Europe::London).date_naive();
                let prepared = Prepared::new(version.slug.clone(), version.text.clone(), name, Some(day));
                texts.insert(version.slug.clone(), prepared);
            }
            Standing::Withdrawn => {
                texts.remove(&version.slug);
                let first = starting().find(|(slug, _)| *slug == version.slug && LINKED.contains(&slug.as_str()));
                texts.extend(first.map(|(slug, text)| (slug.clone(), Prepared::new(slug, text, name, None))));
            }
        }
    }
    Shown { texts }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(slug: &str, kind: Kind, standing: Standing) -> Version {
        let text = Text { title: "In our own words".to_owned(), body: "Ring us.".to_owned(), ..Text::new(kind) };
        let at = "2026-11-26T09:00:00Z".parse().unwrap();
        Version { number: 1, slug: slug.parse().unwrap(), text, standing, at, by: "ada@luton.example.org".to_owned() }
    }

    #[test]
    fn a_page_that_every_page_links_to_is_never_gone() {
        let is_ours = |versions: &[Version], slug: &str| {
            shown(versions, "Luton", false).get(Kind::Page, slug).map(|found| found.text.title == "In our own words")
        };
        for (slug, without) in
            [("accessibility", Some(false)), ("privacy", Some(false)), ("listing-policy", Some(false)), ("footer", None)]
        {
            let published = version(slug, Kind::Page, Standing::Published);
            let withdrawn = version(slug, Kind::Page, Standing::Withdrawn);
            assert_eq!(is_ours(std::slice::from_ref(&published), slug), Some(true), "{slug}");
            assert_eq!(is_ours(&[published, withdrawn], slug), without, "{slug}");
        }
        let guide = [version("debts", Kind::Guide, Standing::Withdrawn)];
        assert!(shown(&guide, "Luton", true).get(Kind::Guide, "debts").is_none(), "a guide that is taken away stays away");
    }
}
