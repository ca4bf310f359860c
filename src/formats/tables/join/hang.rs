//! On which rows of which other tables the rows of a package hang.

use std::collections::HashMap;

use super::{Child, Join, MOST_CHILDREN, Row};
use crate::formats::tables::known::{self, Hang};

impl Join {
    /// Hang every row on what it belongs to.
    pub(super) fn attach(&mut self) {
        let at_place = self.links_by_service_and_place();
        let (mut children, mut problems) = (HashMap::<Row, Vec<Child>>::new(), Vec::new());
        for row in self.rows() {
            match self.belongs_to(row, &at_place) {
                Ok(Some((parent, list))) => {
                    let siblings = children.entry(parent).or_default();
                    if siblings.len() >= MOST_CHILDREN {
                        let reason = format!("belongs to something that {MOST_CHILDREN} other rows already belong to");
                        problems.push(self.problem(row, reason));
                        continue;
                    }
                    siblings.push(Child { row, list });
                    let missing = self.missing_term(row).into_iter().chain(self.missing_contact(row));
                    problems.extend(missing.map(|reason| self.problem(row, reason)));
                }
                Ok(None) => {}
                Err(reason) => problems.push(self.problem(row, reason)),
            }
        }
        self.children = children;
        self.problems.extend(problems);
    }

    /// That a row names a term which is not in the package.
    fn missing_term(&self, row: Row) -> Option<String> {
        let id = self.cell(row, "taxonomy_term_id").or_else(|| self.cell(row, "taxonomy_id"))?;
        let known = ["taxonomy_term", "taxonomy"].iter().any(|table| self.find(table, id).is_some());
        (!known).then(|| format!("the package has no term {id:?}; it is only shown if the directory has one"))
    }

    /// Whether a row belongs to something, and to a contact that is not in the package besides: the number of somebody
    /// of whom nothing is known here is not to be anybody's.
    pub(super) fn is_somebody_elses(&self, row: Row, hang: &Hang) -> bool {
        hang.on == "contact" && self.cell(row, hang.column).is_some_and(|id| self.find(hang.on, id).is_none())
    }

    /// That a row names a contact which is not in the package.
    fn missing_contact(&self, row: Row) -> Option<String> {
        let hang = self.tables[row.table].known.hangs.iter().find(|hang| self.is_somebody_elses(row, hang))?;
        let id = self.cell(row, hang.column)?;
        Some(format!("the package has no contact {id:?}; the number is kept, but only shown if that contact is"))
    }

    /// Older hours name a service and a place instead of the link between them. On the way, notes
    /// all places that some service has, and all programs that one names.
    fn links_by_service_and_place(&mut self) -> HashMap<(Row, Row), Row> {
        let mut at_place = HashMap::new();
        for row in self.rows().filter(|row| self.name(*row) == "service_at_location").collect::<Vec<_>>() {
            let service = self.cell(row, "service_id").and_then(|id| self.find("service", id));
            let place = self.cell(row, "location_id").and_then(|id| self.find("location", id));
            if let Some(place) = place {
                self.linked_places.insert(place);
                if let Some(service) = service {
                    at_place.entry((service, place)).or_insert(row);
                }
            }
        }
        let places: Vec<Row> = self
            .rows()
            .filter(|row| self.name(*row) == "service")
            .filter_map(|row| self.find("location", self.cell(row, "location_id")?))
            .collect();
        self.linked_places.extend(places);
        let services = self.rows().filter(|row| self.name(*row) == "service");
        let programs: Vec<Box<str>> = services.filter_map(|row| self.cell(row, "program_id").map(Box::from)).collect();
        self.named_programs.extend(programs);
        at_place
    }

    /// What a row belongs to, and the list there; nothing for those that stand for themselves.
    fn belongs_to(&self, row: Row, at_place: &HashMap<(Row, Row), Row>) -> Result<Option<(Row, &'static str)>, String> {
        let known = self.tables[row.table].known;
        if let Some((id, entities, list)) = known::linked(known.name) {
            return self.linked_to(row, id, entities, list).map(Some);
        }
        if known.hangs.is_empty() {
            return Ok(None);
        }
        let named = |hang: &Hang| Some((hang.on, self.find(hang.on, self.cell(row, hang.column)?)?));
        let at = |table: &str| known.hangs.iter().filter(|hang| hang.on == table).find_map(named);
        let link =
            at("service").zip(at("location")).and_then(|((_, service), (_, place))| at_place.get(&(service, place)).copied());
        if let (Some(link), None, Some(hang)) = (link, at("service_at_location"), known.hangs.first())
            && hang.on == "service_at_location"
        {
            return Ok(Some((link, hang.list)));
        }
        if let Some(found) = known.hangs.iter().find_map(|hang| Some((named(hang)?.1, hang.list))) {
            return Ok(Some(found));
        }
        let missing: Vec<String> = known
            .hangs
            .iter()
            .filter_map(|hang| Some(format!("{} {:?}", hang.on.replace('_', " "), self.cell(row, hang.column)?)))
            .collect();
        if missing.is_empty() && self.is_a_services_program(row) {
            return Ok(None);
        }
        Err(if missing.is_empty() {
            let columns: Vec<&str> = known.hangs.iter().map(|hang| hang.column).collect();
            format!("does not name what it belongs to ({})", columns.join(", "))
        } else {
            format!("has nothing to belong to: there is no {}", missing.join(", no "))
        })
    }

    /// Whether a row is a program that some service names.
    fn is_a_services_program(&self, row: Row) -> bool {
        let Some(id) = self.cell(row, "id").filter(|_| self.name(row) == "program") else { return false };
        self.named_programs.contains(id)
    }

    /// What a row belongs to that names the id and the table of it.
    fn linked_to(&self, row: Row, id: &str, entities: &[&str], list: &'static str) -> Result<(Row, &'static str), String> {
        let id = self.cell(row, id).ok_or_else(|| format!("does not name what it belongs to ({id})"))?;
        let said = entities.iter().filter_map(|column| self.cell(row, column)).find_map(known::by_name).map(|known| known.name);
        if said == Some("eligibility") {
            let of = self.find("eligibility", id).and_then(|row| self.cell(row, "service_id"));
            if let Some(service) = of.and_then(|id| self.find("service", id)) {
                return Ok((service, list));
            }
        }
        let can_carry = known::can_carry(list);
        let mut tables: Vec<&str> = said.into_iter().filter(|name| can_carry.contains(name)).collect();
        if tables.is_empty() {
            tables.extend(can_carry);
        }
        tables
            .into_iter()
            .find_map(|table| self.find(table, id))
            .map(|row| (row, list))
            .ok_or_else(|| format!("has nothing to belong to: there is no {} {id:?}", said.unwrap_or("record").replace('_', " ")))
    }
}
