//! From changed records to published rows: rendered, numbered, signed.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Error, LastModified, Records, Remembered, State,
    scene::{Scene, organization_of},
    scrubs,
};
use crate::{
    db::Transaction,
    model::{Document, Kind},
    parallel::in_parallel,
    published::{
        self, Locked, Position, Published,
        render::{Around, Rendered, render},
    },
    signing::{self, About},
};

/// Why something is published now.
pub(super) struct Cause<'a> {
    /// What a tombstone says.
    pub(super) reason: &'a str,
    /// Whether derived copies must destroy what stood there before.
    pub(super) urgent: bool,
    /// Records of which something was taken out for good: what stands of them is told once more, as
    /// urgent, where nothing else is told of them.
    pub(super) scrubbed: &'a HashSet<Uuid>,
    /// Words that were erased of records: a tombstone that has them says why without them.
    pub(super) erased: &'a [Remembered],
    /// Whether a person has opened a place again.
    pub(super) reopened: bool,
    /// Moments of last change that came along.
    pub(super) last_modified: &'a LastModified,
}

/// What stands of the records that are to be rendered.
struct Standing {
    /// Rows by their ids, those made of the records too.
    rows: HashMap<Uuid, Published>,
    /// What is made of each record, by the record.
    derived: HashMap<Uuid, Vec<Uuid>>,
}

impl Standing {
    async fn of(tx: &Transaction, records: &[Uuid]) -> Result<Self, Error> {
        let asked: HashSet<&Uuid> = records.iter().collect();
        let (mut rows, mut derived) = (HashMap::new(), HashMap::<Uuid, Vec<Uuid>>::new());
        for row in published::made_of(tx, records).await? {
            if let Some(record) = row.derived_from.filter(|record| asked.contains(record)) {
                derived.entry(record).or_default().push(row.id);
            }
            rows.insert(row.id, row);
        }
        Ok(Self { rows, derived })
    }

    /// What the world sees under this id.
    fn live(&self, id: &Uuid) -> Option<&Published> {
        self.rows.get(id).filter(|row| row.live)
    }

    /// What stands of a record: what is made of it, and itself.
    fn of_record<'a>(&'a self, id: &'a Uuid) -> impl Iterator<Item = &'a Published> {
        let derived = self.derived.get(id).map(Vec::as_slice).unwrap_or_default();
        derived.iter().chain([id]).filter_map(|id| self.rows.get(id))
    }

    /// A reader that lags behind sees only what stands now: once urgent, an id stays so, or what was
    /// scrubbed would lie in its files for good because of a harmless edit that came after.
    fn was_urgent(&self, id: &Uuid) -> bool {
        self.rows.get(id).is_some_and(is_urgent)
    }
}

/// A record that is to be rendered: its id, where it comes from, and its document if it is to be seen.
type ToRender = (Uuid, String, Option<Document>);
/// A record that was rendered: its id, where it comes from, and what that gave.
type WasRendered = (Uuid, String, Changed);

impl Records {
    /// Lock the counter, and look which key signs now: keys change under the counter only.
    pub(super) async fn lock(&self, tx: &Transaction) -> Result<Locked, crate::db::Error> {
        let locked = published::lock(tx).await?;
        if let Err(error) = self.signer.look_again() {
            tracing::error!(error = %error, "cannot read the keys again; signing with those that were read before");
        }
        Ok(locked)
    }

    /// Render these records again although nobody has changed them, and publish what has become different; `reason` is
    /// what the tombstone of one says that is no longer to be seen. Where the order stood before, and where it stands now.
    pub(super) async fn republish(
        &self,
        tx: &Transaction,
        ids: &[Uuid],
        reason: &str,
        last_modified: &LastModified,
    ) -> Result<(Position, Position), Error> {
        let cause = Cause { reason, urgent: false, scrubbed: &HashSet::new(), erased: &[], reopened: false, last_modified };
        self.publish(tx, HashMap::new(), ids, &cause).await
    }

    /// Lock the counter, render everything that shows the changed records, and publish it. Where the
    /// order stood before, and where it stands now.
    pub(super) async fn publish(
        &self,
        tx: &Transaction,
        changed: HashMap<Uuid, (String, State, Document)>,
        touched: &[Uuid],
        cause: &Cause<'_>,
    ) -> Result<(Position, Position), Error> {
        let mut locked = self.lock(tx).await?;
        let began = locked.position();
        // Not before the lock: whoever asks what changed since the latest moment that they know would miss what is published
        // behind that, and says an earlier one.
        let now = self.clock.now();
        let Scene { dirty, around } = self.gather(tx, changed, touched, cause, now).await?;
        let ids: Vec<Uuid> = dirty.keys().copied().collect();
        let standing = Standing::of(tx, &ids).await?;
        let order = in_order(dirty);
        let scrubbed = scrubbed_here_or_in_the_organization(&order, cause.scrubbed);
        let all = in_parallel(order, |one| render_again(one, &around, &standing, cause));
        let owners = owners(tx, &all, &standing).await?;
        let next: Vec<(Position, Next)> = all
            .into_iter()
            .flat_map(|one| next_of(one, &standing, &owners, (&scrubbed, cause.erased)))
            .map(|next| (locked.take(), next))
            .collect();
        let epoch = locked.epoch().to_owned();
        let rows = in_parallel(next, |(position, next)| match next {
            Next::Shown(one, record, origin, changed_at) => {
                let numbered = Numbered { epoch: &epoch, position, urgent: cause.urgent || standing.was_urgent(&one.id) };
                self.row(&numbered, one, record, origin, changed_at)
            }
            Next::Gone(row) => self.tombstone(&epoch, position, row, (cause, now)),
            Next::Again(row) => self.again(&epoch, position, row),
        });
        if cause.urgent {
            // What has to be destroyed may stand in what their origins signed as well.
            let foreign: Vec<Uuid> = rows.iter().filter(|row| !row.origin.is_empty()).map(|row| row.id).collect();
            published::evidence::blank(tx, &foreign).await?;
        }
        // One number each, in the order in which they were taken.
        Ok((began, published::write(tx, locked, &rows, &standing.rows).await?))
    }

    fn row(&self, numbered: &Numbered<'_>, one: Rendered, record: Uuid, origin: String, changed_at: DateTime<Utc>) -> Published {
        let statement = one.canonical.as_deref().map(|canonical| {
            self.signer.sign(About {
                kind: one.kind,
                id: one.id,
                epoch: numbered.epoch,
                position: numbered.position.0,
                urgent: numbered.urgent,
                changed: changed_at,
                canonical: Some(canonical),
            })
        });
        Published {
            id: one.id,
            kind: one.kind,
            position: numbered.position,
            live: true,
            urgent: numbered.urgent,
            origin,
            derived_from: one.derived.then_some(record),
            full: one.full,
            brief: one.brief,
            statement,
            changed_at,
            reason: None,
        }
    }

    fn tombstone(&self, epoch: &str, position: Position, row: Published, (cause, now): (&Cause<'_>, DateTime<Utc>)) -> Published {
        let own_record = row.origin.is_empty() && row.derived_from.is_none();
        let statement = own_record.then(|| {
            self.signer.sign(About {
                kind: row.kind,
                id: row.id,
                epoch,
                position: position.0,
                urgent: cause.urgent || row.urgent,
                changed: now,
                canonical: None,
            })
        });
        Published {
            position,
            live: false,
            urgent: cause.urgent || row.urgent,
            full: String::new(),
            brief: String::new(),
            statement,
            changed_at: now,
            reason: Some(cause.reason.to_owned()),
            ..row
        }
    }
}

/// The number that something gets, and whether what stood there before has to be destroyed.
struct Numbered<'a> {
    epoch: &'a str,
    position: Position,
    urgent: bool,
}

/// Whether everybody was told before that nothing earlier may be kept of it. After a restore only the
/// statement still says so.
fn is_urgent(row: &Published) -> bool {
    row.urgent || row.statement.as_deref().is_some_and(signing::is_urgent)
}

/// Something that gets a number.
enum Next {
    /// A document, the record that it is made of, where that comes from, and its moment.
    Shown(Rendered, Uuid, String, DateTime<Utc>),
    /// What stood there before it went.
    Gone(Published),
    /// What stands there, be it a tombstone, and what was told before it has to be destroyed.
    Again(Published),
}

/// The order of numbers inside one transaction is the order of kinds, then of ids, so that the same import
/// gives the same order again.
fn in_order(dirty: HashMap<Uuid, (String, Option<Document>)>) -> Vec<ToRender> {
    let mut order: Vec<ToRender> = dirty.into_iter().map(|(id, (origin, document))| (id, origin, document)).collect();
    order.sort_unstable_by_key(|(id, _, document)| (document.as_ref().map_or(Kind::ServiceAtLocation, Document::kind), *id));
    order
}

/// What was taken out of an organization stood in its services as well.
fn scrubbed_here_or_in_the_organization(order: &[ToRender], scrubbed: &HashSet<Uuid>) -> HashSet<Uuid> {
    let is_scrubbed = |(id, _, document): &&ToRender| {
        let organization = document.as_ref().and_then(organization_of);
        [Some(*id), organization].into_iter().flatten().any(|id| scrubbed.contains(&id))
    };
    order.iter().filter(is_scrubbed).map(|(id, _, _)| *id).collect()
}

fn render_again((id, origin, document): ToRender, around: &Around, standing: &Standing, cause: &Cause<'_>) -> WasRendered {
    let at = Moments {
        kept: standing.live(&id).map(|row| row.changed_at),
        new: cause.last_modified.get(&id).copied().unwrap_or(around.now),
    };
    let rendered = match document {
        Some(document) => render_changed(document, around, at, origin.is_empty(), |id| standing.live(id)),
        None => Changed::default(),
    };
    (id, origin, rendered)
}

/// What gets a number of a record: what is different, what of it is gone, and what stands and has to be told
/// once more.
fn next_of(
    (id, origin, rendered): WasRendered,
    standing: &Standing,
    owners: &HashMap<Uuid, Uuid>,
    (scrubbed, erased): (&HashSet<Uuid>, &[Remembered]),
) -> Vec<Next> {
    let different: HashSet<Uuid> = rendered.different.iter().map(|one| one.id).collect();
    let mut next = Vec::with_capacity(different.len());
    for one in rendered.different {
        if owners.get(&one.id).is_some_and(|owner| *owner != id) {
            // Two records must not take the same id from each other again and again.
            tracing::warn!(record.id = %id, taken = %one.id, kind = %one.kind, "this id belongs to another record, so the part is not published");
            continue;
        }
        next.push(Next::Shown(one, id, origin.clone(), rendered.at));
    }
    for row in standing.of_record(&id) {
        let reworded = row.reason.as_deref().and_then(|reason| scrubs::without_erased(id, reason, erased));
        if row.live && !rendered.all.contains(&row.id) {
            next.push(Next::Gone(row.clone()));
        } else if scrubbed.contains(&id) && !different.contains(&row.id) && (reworded.is_some() || !is_urgent(row)) {
            let reason = reworded.or_else(|| row.reason.clone());
            next.push(Next::Again(Published { urgent: true, reason, ..row.clone() }));
        }
    }
    next
}

/// Which record each id belongs to that is to be published: the one that has it, else the first
/// that wants it.
async fn owners(tx: &Transaction, all: &[WasRendered], standing: &Standing) -> Result<HashMap<Uuid, Uuid>, Error> {
    let owner = |row: &Published| (row.id, row.derived_from.unwrap_or(row.id));
    let wanted: Vec<Uuid> = all
        .iter()
        .flat_map(|(_, _, rendered)| &rendered.different)
        .map(|one| one.id)
        .filter(|id| !standing.rows.contains_key(id))
        .collect();
    let mut owners: HashMap<Uuid, Uuid> = standing.rows.values().filter(|row| row.live).map(owner).collect();
    owners.extend(published::current(tx, &wanted).await?.iter().filter(|row| row.live).map(owner));
    for (id, _, rendered) in all {
        for one in &rendered.different {
            owners.entry(one.id).or_insert(*id);
        }
    }
    Ok(owners)
}

/// The moment that stood as the last change, and the one to stand if something is different.
#[derive(Clone, Copy)]
struct Moments {
    kept: Option<DateTime<Utc>>,
    new: DateTime<Utc>,
}

/// What rendering a record gave.
#[derive(Default)]
struct Changed {
    /// Every id that it now stands under.
    all: Vec<Uuid>,
    /// What is different from what stood there.
    different: Vec<Rendered>,
    /// The moment that was written into it.
    at: DateTime<Utc>,
}

/// Render a record, and keep what differs from what stands. Content that did not change keeps its
/// moment of last change, and is not published again.
fn render_changed<'a>(
    document: Document,
    around: &Around,
    at: Moments,
    own: bool,
    standing: impl Fn(&Uuid) -> Option<&'a Published>,
) -> Changed {
    let Some(kept) = at.kept else {
        let different = render(document, around, at.new, own);
        return Changed { all: different.iter().map(|one| one.id).collect(), different, at: at.new };
    };
    let same = |one: &Rendered| {
        standing(&one.id).is_some_and(|row| row.full == one.full && row.brief == one.brief && row.kind == one.kind)
    };
    let first = render(document.clone(), around, kept, own);
    let all = first.iter().map(|one| one.id).collect();
    let mut unchanged: HashSet<Uuid> = first.iter().filter(|one| same(one)).map(|one| one.id).collect();
    // What is made of a record may have changed at another moment than the record itself.
    let others: BTreeSet<DateTime<Utc>> = first
        .iter()
        .filter(|one| !unchanged.contains(&one.id))
        .filter_map(|one| standing(&one.id).map(|row| row.changed_at))
        .filter(|at| *at != kept)
        .collect();
    for other in others {
        unchanged.extend(render(document.clone(), around, other, false).iter().filter(|one| same(one)).map(|one| one.id));
    }
    if unchanged.len() == first.len() {
        return Changed { all, different: Vec::new(), at: kept };
    }
    let different = render(document, around, at.new, own).into_iter().filter(|one| !unchanged.contains(&one.id)).collect();
    Changed { all, different, at: at.new }
}
