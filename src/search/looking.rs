//! One search: from what is wanted to what is found, less and less strictly while nothing is, and what is checked of
//! each document beside its words.

use std::{ops::Range, sync::Arc};

use chrono::{DateTime, Datelike as _, Utc, Weekday};
use tantivy::{Searcher, TantivyError};

use super::{
    Error, Found, Search, Seen,
    collect::{Between, Checks, Collected, Hits, Judge, OfServices, Order, SaidOfPlaces, Window},
    facts,
    judging::{judge, says_open},
    query::{Builder, Constant, Strictness},
    wanted::{Period, Times, Wanted},
    words::Words,
};
use crate::{model::Kind, places::Coverage, published::shelf::group_of};

/// Days of the week in the order in which they are counted.
const WEEK: [Weekday; 7] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

/// Columns that are counted for facets: those that documents of the kind have themselves. What is asked of
/// the service of a place stands with the service, so it is not counted for the place.
fn facets(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Service | Kind::Event => &["term", "tongue", "delivery", "mark", "source", "status"],
        Kind::Location => &["term", "tongue", "source"],
        Kind::Organization => &["term", "source"],
        Kind::ServiceAtLocation | Kind::Taxonomy | Kind::TaxonomyTerm => &["source"],
    }
}

impl Search {
    /// What is wanted, and how many have each value where `count` asks for that.
    pub(super) fn look(
        &self,
        kind: Kind,
        wanted: &Wanted,
        now: DateTime<Utc>,
        range: Range<usize>,
        count: bool,
    ) -> Result<Found, Error> {
        let (searcher, words) = (self.searcher(), self.words());
        let mut wanted = wanted.clone();
        // A place of a service carries only the service's brief form: what is asked of the service
        // is asked of the service itself.
        let mut found = Found::default();
        let mut services = None;
        if kind == Kind::ServiceAtLocation {
            let of_service = wanted.take_service_part();
            if !of_service.is_everything() {
                let of = self.run(&searcher, &words, Kind::Service, &of_service, now, usize::MAX, false, None, &mut found)?;
                let rank = |at: i64| if of.ranked { at } else { 0 };
                let ranks = of.hits.iter().zip(0..).map(|(hit, at)| (group_of(hit.id), rank(at))).collect();
                // What is so at one of its places only is not so at the others.
                let mut said = Vec::new();
                for (field, value, everywhere) in of_service.said_of_places() {
                    let of = self.run(&searcher, &words, Kind::Service, &everywhere, now, usize::MAX, false, None, &mut found)?;
                    let everywhere = of.hits.iter().map(|hit| group_of(hit.id)).collect();
                    said.push(SaidOfPlaces { field, value, everywhere });
                }
                services = Some(Arc::new(OfServices { ranks, said }));
            }
        }
        let collected = self.run(&searcher, &words, kind, &wanted, now, range.end, count, services.as_ref(), &mut found)?;
        found.total = collected.total;
        found.hits = collected.hits.into_iter().skip(range.start).collect();
        found.counts = collected.counts;
        Ok(found)
    }

    #[expect(clippy::too_many_arguments, reason = "each is a part of one question")]
    fn run(
        &self,
        Seen { searcher, opened }: &Seen,
        words: &Words,
        kind: Kind,
        wanted: &Wanted,
        now: DateTime<Utc>,
        keep: usize,
        count: bool,
        services: Option<&Arc<OfServices>>,
        found: &mut Found,
    ) -> Result<Collected, Error> {
        let builder = Builder { fields: &self.fields, searcher, words };
        let mut collected = Collected::default();
        let mut next = Some(Strictness::AllWords);
        while let Some(strictness) = next {
            let with_all = collected.total;
            let built = builder.build(kind, wanted, strictness)?;
            let mut checks = self.checks(searcher, kind, wanted, now)?;
            checks.services = services.cloned();
            checks.kind = built.scored.then(|| facts::kind_number(kind));
            let order = match (&checks, built.scored) {
                (Checks { near: Some(_), .. }, _) => Order::Distance,
                (_, true) => Order::Relevance,
                (Checks { window: Some(_), .. }, _) => Order::Start,
                (Checks { services: Some(_), .. }, _) => Order::Service,
                _ => Order::Id,
            };
            // From coordinates the nearest is first, whoever it is for.
            let is_at_a_place = wanted.home.is_some() || wanted.roughly;
            let for_them = if order == Order::Distance && is_at_a_place { built.for_them.clone() } else { Vec::new() };
            let week = if count { &WEEK[..] } else { &[] };
            let days: Vec<Judge> = week.iter().map(|day| self.judge_times(Times::on(*day), now)).collect();
            let mut usual_days = Vec::new();
            for day in days.iter().filter(|_| kind == Kind::ServiceAtLocation) {
                usual_days.push(says_open(searcher, kind, day.clone())?);
            }
            let event_days = (count && kind == Kind::Event).then(|| checks.window.unwrap_or_else(|| self.all_dates(now)));
            let hits = Hits {
                order,
                danger_first: built.danger_first,
                counted: built.counted,
                for_them,
                keep,
                checks,
                opened: opened.clone(),
                facets: if count { facets(kind) } else { &[] },
                days,
                usual_days,
                event_days,
            };
            collected = searcher.search_with_statistics_provider(&built.query, &hits, &Constant(self.fields))?;
            collected.ranked = built.scored;
            next = built.softer(strictness, collected.total, wanted.relaxed);
            if !built.understood.words.is_empty() || !built.understood.needs.is_empty() || !wanted.text.is_empty() {
                found.understood = built.understood;
                found.marked = built.marked;
                found.understood.with_all = with_all;
            }
        }
        Ok(collected)
    }

    fn checks(&self, searcher: &Searcher, kind: Kind, wanted: &Wanted, now: DateTime<Utc>) -> Result<Checks, TantivyError> {
        let mut checks = Checks::default();
        if let Some(at) = wanted.modified_after {
            checks.whole.push(Between { field: "changed", least: at.timestamp_micros(), most: i64::MAX, or_missing: false });
        }
        if let Some(day) = wanted.checked_since {
            checks.whole.push(Between {
                field: "checked",
                least: day.num_days_from_ce().into(),
                most: i64::MAX,
                or_missing: false,
            });
        }
        if let Some((from, to)) = wanted.ages {
            // A limit that is not said is none.
            checks.numbers.push(Between { field: "youngest", least: f64::MIN, most: to, or_missing: true });
            checks.numbers.push(Between { field: "oldest", least: from, most: f64::MAX, or_missing: true });
        }
        let mut judges = Vec::new();
        if let Some(times) = wanted.times.filter(|_| kind != Kind::Event) {
            judges.push(self.judge_times(times, now));
        }
        if wanted.open_now {
            let question = format!("open {}", facts::minutes(now));
            judges.push(self.judge_hours(question, move |hours| hours.is_open(now)));
        }
        for judge in judges {
            checks.hours.push(says_open(searcher, kind, judge)?);
        }
        if let Some(place) = &wanted.covers {
            let outcode = place.at.as_ref().map(|at| at.outcode().to_owned()).unwrap_or_default();
            let place = place.clone();
            checks.covers =
                Some((judge(move |bytes| Coverage::decode(bytes).and_then(|coverage| coverage.decides(&place))), outcode));
        }
        if wanted.window.is_some() || (kind == Kind::Event && wanted.times.is_some()) {
            let (from, until) = wanted.window.unwrap_or((now, now + self.horizon));
            let times = wanted.times.filter(|_| kind == Kind::Event);
            checks.window = Some(Period { from, until, times }.into());
        }
        checks.near = wanted.near.map(|point| (point, wanted.proximity));
        checks.roughly = wanted.roughly;
        checks.home = wanted.home.clone().map(|place| judge(move |bytes| Coverage::decode(bytes)?.decides(&place)));
        Ok(checks)
    }

    /// The time of which the dates of events are known, from `now` on.
    fn all_dates(&self, now: DateTime<Utc>) -> Window {
        Period { from: now, until: now + self.horizon, times: None }.into()
    }
}
