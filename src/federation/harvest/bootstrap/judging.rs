//! The records of a file, judged beside whoever writes those before them. What that gives is not known here yet: so no
//! record may stand in a piece and in the one before it, and in an honest file none stands twice at all.

use std::collections::HashSet;

use super::super::{super::peers::Report, End, Harvester, Run, apply::Plan, event::Items};
use crate::model::Kind;

/// Who judges, by what a pull believes and by what is here.
pub(super) struct Judge {
    harvester: Harvester,
    /// What the pull believes. It reports nothing and moves nowhere.
    run: Run,
    /// What the piece before told of, which may still be being written.
    before: HashSet<(Kind, String)>,
}

impl Judge {
    /// One who believes what `run` does.
    pub(super) fn of(harvester: &Harvester, run: &Run) -> Self {
        let believes = Run {
            vocabulary: run.vocabulary.clone(),
            shared: run.shared.clone(),
            ..Run::none(run.peer.clone(), run.lease, Report::default())
        };
        Self { harvester: harvester.clone(), run: believes, before: HashSet::new() }
    }

    /// What a piece comes to; none where it tells of a record twice, or of one that the piece before told of.
    pub(super) async fn judge(&mut self, items: Items) -> Option<Result<Plan, End>> {
        let mut told = HashSet::with_capacity(items.len());
        for event in items.iter().flatten() {
            let record = (event.kind, event.id.clone());
            if self.before.contains(&record) || !told.insert(record) {
                return None;
            }
        }
        self.before = told;
        Some(self.harvester.judge(&mut self.run, items).await)
    }
}
