//! A write beside what stands: which of its members stand at once, which wait, and what is made of both.

use serde_json::Value;
use uuid::Uuid;

use super::{Became, Editing, Error, Risk, Sight, Write, risk};
use crate::{
    model::{
        Document,
        changes::{self, Change},
    },
    records::{Draft, Edit, State},
};

/// A write beside what stands.
pub(super) struct Compared {
    pub(super) write: Write,
    pub(super) standing: Option<Sight>,
    pub(super) changes: Vec<Change>,
    pub(super) protected: bool,
    /// What the actor has proposed of other members and still waits.
    pub(super) earlier: Vec<Change>,
    /// Whether what the actor has proposed before is about a member that is changed now.
    pub(super) amends: bool,
    /// Whether the actor needs nobody's yes.
    pub(super) at_once: bool,
    /// Whether it is to be seen, if it is not.
    pub(super) publish: bool,
    /// Whether the whole edit waits, whatever the actor might do at once.
    pub(super) all_waits: bool,
}

impl Compared {
    pub(super) fn is_public(&self) -> bool {
        self.standing.as_ref().is_some_and(Sight::is_public)
    }

    /// The listing, where somebody who needs a moderator's yes for what leads somewhere marks one as closed that
    /// people in danger look for.
    pub(super) fn closes_what_is_protected(&self) -> Option<(Uuid, String)> {
        let closes =
            |change: &Change| change.field == "status" && !["active", "scheduled"].iter().any(|open| change.after == *open);
        let told = self.protected && !self.at_once && !self.all_waits && self.is_public() && self.changes.iter().any(closes);
        told.then(|| (self.write.document.id(), self.write.document.name().to_owned()))
    }

    /// Whether nobody else has to agree.
    fn stands_at_once(&self) -> bool {
        self.at_once && !self.all_waits
    }

    /// Whether it waits to be seen for the first time, or again.
    pub(super) fn goes_public(&self) -> bool {
        self.publish && !self.stands_at_once() && !self.is_public()
    }

    fn waits(&self, change: &Change) -> bool {
        let risky = || risk(self.write.document.kind(), self.protected, change) == Risk::High;
        self.is_public() && (self.all_waits || !self.at_once && risky())
    }

    /// Whether something would be seen at once that leads people who may be in danger somewhere. A draft is seen by
    /// nobody; once it comes to light, all of it counts, whoever wrote it and when.
    pub(super) fn needs_a_call(&self) -> bool {
        let leads_somewhere = |change: &Change| risk(self.write.document.kind(), true, change) == Risk::High;
        let is_seen = if self.is_public() { self.changes.iter().any(leads_somewhere) } else { self.publish };
        self.protected && self.stands_at_once() && is_seen
    }

    /// Whether anything of it waits.
    pub(super) fn has_to_wait(&self) -> bool {
        self.goes_public() || self.changes.iter().any(|change| self.waits(change))
    }

    fn draft(&self, document: Document, state: State) -> Draft {
        Draft {
            state,
            source_id: self.standing.as_ref().and_then(|sight| sight.stored.source_id.clone()),
            expected_revision: Some(self.write.expected_revision.unwrap_or_default()),
            ..Draft::new(document)
        }
    }

    pub(super) fn put_into(self, edit: &mut Edit) -> Result<(), Error> {
        let document = || self.write.document.clone();
        if !self.is_public() {
            let state = if self.stands_at_once() && self.publish { State::Published } else { State::Unpublished };
            if self.standing.is_none() || !self.changes.is_empty() || state == State::Published {
                edit.at_once.push(self.draft(document(), state));
            }
            if self.goes_public() {
                edit.waiting.push(self.draft(document(), State::Published));
            }
            return Ok(());
        }
        let (waiting, low): (Vec<&Change>, Vec<&Change>) = self.changes.iter().partition(|change| self.waits(change));
        if !low.is_empty() {
            let now = if waiting.is_empty() {
                document()
            } else {
                let before = self.standing.as_ref().map_or(Ok(Value::Null), |sight| sight.stored.value())?;
                Editing::read(self.write.document.kind(), changes::apply(&before, low))?
            };
            edit.at_once.push(self.draft(now, State::Published));
        }
        let goes_on = !waiting.is_empty() || self.amends && !self.earlier.is_empty();
        if self.amends && !goes_on {
            edit.taken_back.push(self.write.document.id());
        }
        if goes_on {
            // The proposal that waits is replaced, so what it says of other members goes on in this one.
            let wanted = self.write.document.to_value();
            let together = Editing::read(self.write.document.kind(), changes::apply(&wanted, &self.earlier))?;
            edit.waiting.push(self.draft(together, State::Published));
        }
        Ok(())
    }
}

/// What would become of it, added to what becomes of the others.
pub(super) fn tell(one: &Compared, became: &mut Became) {
    let id = one.write.document.id();
    let fields = |waits: bool| -> Vec<String> {
        one.changes.iter().filter(|change| one.waits(change) == waits).map(|change| change.field.clone()).collect()
    };
    if one.goes_public() {
        became.waiting.push((id, fields(false)));
    } else if !one.is_public() && !one.publish {
        became.drafts.push(id);
    } else {
        for (fate, fields) in [(&mut became.published, fields(false)), (&mut became.waiting, fields(true))] {
            if !fields.is_empty() {
                fate.push((id, fields));
            }
        }
    }
}
