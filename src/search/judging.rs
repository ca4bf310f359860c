//! Questions about columns of bytes, such as opening hours: each value of a column is judged once, and what was
//! found is kept for the next search that asks the same.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use tantivy::{Searcher, SegmentReader, TantivyError, columnar::BytesColumn, index::SegmentId};

use uuid::Uuid;

use super::{
    Search,
    collect::{Judge, Open, Passing},
    wanted::Times,
};
use crate::{
    model::{Kind, hours::Hours},
    published::shelf::group_of,
};

/// Verdicts about the values of a column that are kept for the next search: a dozen questions, seven of them
/// for facets, about each of some thirty segments.
const VERDICTS: usize = 384;

/// Which values of a column pass, by segment and question.
pub(super) type Verdicts = Mutex<HashMap<(SegmentId, String), Passing>>;

impl Search {
    /// Judges whether opening hours have something at these times, as the calendar is now.
    pub(super) fn judge_times(&self, times: Times, now: DateTime<Utc>) -> Judge {
        let today = now.with_timezone(&chrono_tz::Europe::London).date_naive();
        let question = format!("{times:?} {today}");
        self.judge_hours(question, move |hours| hours.is_on(times.day, times.from, times.to, today))
    }

    /// Judges opening hours; the verdict about a segment is kept for the next time it is asked.
    pub(super) fn judge_hours(&self, question: String, passes: impl Fn(&Hours) -> bool + Send + Sync + 'static) -> Judge {
        let verdicts = self.verdicts.clone();
        let judge = judge(move |bytes| Hours::decode(bytes).map(|hours| passes(&hours)));
        Arc::new(move |segment, field, column| {
            let key = (segment.segment_id(), format!("{field} {question}"));
            if let Some(known) = verdicts.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
                return known.clone();
            }
            let passing = judge(segment, field, column);
            let mut verdicts = verdicts.lock().unwrap_or_else(PoisonError::into_inner);
            if verdicts.len() >= VERDICTS {
                verdicts.clear();
            }
            verdicts.insert(key, passing.clone());
            passing
        })
    }
}

/// What a judge says of opening hours: for places of services with the usual hours of these.
pub(super) fn says_open(searcher: &Searcher, kind: Kind, judge: Judge) -> Result<Open, TantivyError> {
    let usual = (kind == Kind::ServiceAtLocation).then(|| usual_hours(searcher, &judge)).transpose()?;
    Ok(Open { judge, usual: usual.map(Arc::new) })
}

/// What the usual hours of services say, by the number of the group that their places make.
fn usual_hours(searcher: &Searcher, judge: &Judge) -> Result<HashMap<u64, bool>, TantivyError> {
    const FIELD: &str = "usual_hours";
    let mut said = HashMap::new();
    for segment in searcher.segment_readers() {
        let columns = segment.fast_fields();
        let Some(hours) = columns.bytes(FIELD)? else { continue };
        let (passing, ids) = (judge(segment, FIELD, &hours), [columns.u64("high")?, columns.u64("low")?]);
        for service in segment.doc_ids_alive() {
            let value = hours.term_ords(service).next().and_then(|value| usize::try_from(value).ok());
            let [high, low] = [ids[0].first(service), ids[1].first(service)];
            if let (Some((high, low)), Some(value)) = (high.zip(low), value) {
                said.insert(group_of(Uuid::from_u64_pair(high, low)), passing.get(value).copied().flatten().unwrap_or(false));
            }
        }
    }
    Ok(said)
}

/// Judges each value of a column once.
pub(super) fn judge(passes: impl Fn(&[u8]) -> Option<bool> + Send + Sync + 'static) -> Judge {
    Arc::new(move |_: &SegmentReader, _: &str, column: &BytesColumn| {
        let mut passing = Vec::with_capacity(column.num_terms());
        if let Ok(mut stream) = column.dictionary().stream() {
            while stream.advance() {
                passing.push(passes(stream.key()));
            }
        }
        Arc::new(passing)
    })
}
