//! Rows of many tables, joined by id into full documents.

mod hang;
mod objects;

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{Problem, Table, known};
use crate::{
    formats::oruk1::{self, markup, parts},
    model::{Kind, tidy::Dropped},
};
use objects::{attached, finish, list, name_program, number_apart, put_nested, text_for, under};

type Object = Map<String, Value>;

/// At most so many rows belong to one: what is joined stands in memory as a document.
const MOST_CHILDREN: usize = 10_000;

/// A row: which table, which row of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Row {
    table: usize,
    row: usize,
}

/// A row that belongs to another, and the list there that it goes into.
#[derive(Clone, Copy, Debug)]
struct Child {
    row: Row,
    list: &'static str,
}

/// Where a part of a document comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its path in the document, such as `phones[0]`.
    pub path: String,
    /// The file.
    pub file: String,
    /// The line of the file, from 1.
    pub line: u64,
}

/// A document, joined.
#[derive(Debug)]
pub struct Joined {
    /// The document, as today's standard nests it.
    pub value: Value,
    /// The file of its own row.
    pub file: String,
    /// The line of its own row, from 1.
    pub line: u64,
    /// Where its parts come from.
    pub parts: Vec<Part>,
    /// Organizations and places that are nested in it, to be told to [`Join::given`] when it was taken.
    pub nested: Vec<Row>,
    /// What of it was not taken.
    pub problems: Vec<Dropped>,
}

/// The tables of a package, and which row belongs to which.
#[derive(Debug)]
pub struct Join {
    tables: Vec<Table>,
    /// Rows by the name of their table and their id.
    ids: HashMap<&'static str, HashMap<Box<str>, Row>>,
    children: HashMap<Row, Vec<Child>>,
    problems: Vec<Problem>,
    /// Organizations and places that some document has already given.
    given: HashSet<Row>,
    /// Places that some service has, whether it was taken or not.
    linked_places: HashSet<Row>,
    /// Ids of programs that some service names.
    named_programs: HashSet<Box<str>>,
}

impl Join {
    pub(super) fn new(tables: Vec<Table>, problems: Vec<Problem>) -> Self {
        let mut join = Self {
            tables,
            ids: HashMap::new(),
            children: HashMap::new(),
            problems,
            given: HashSet::new(),
            linked_places: HashSet::new(),
            named_programs: HashSet::new(),
        };
        join.index();
        join.attach();
        join
    }

    fn rows(&self) -> impl Iterator<Item = Row> {
        self.tables.iter().enumerate().flat_map(|(table, of)| (0..of.rows.len()).map(move |row| Row { table, row }))
    }

    fn name(&self, row: Row) -> &'static str {
        self.tables[row.table].known.name
    }

    fn cell(&self, row: Row, column: &str) -> Option<&str> {
        let table = &self.tables[row.table];
        table.cell(row.row, table.column(column))
    }

    fn find(&self, table: &str, id: &str) -> Option<Row> {
        self.ids.get(table)?.get(id).copied()
    }

    fn problem(&self, row: Row, reason: String) -> Problem {
        let table = &self.tables[row.table];
        let rejected = table.known.name == "service";
        Problem { file: table.file.clone(), line: table.rows[row.row].number, reason, rejected }
    }

    /// Rows by their ids. Of two with the same id the first stands.
    fn index(&mut self) {
        let wanted: HashSet<&str> =
            ["service", "organization", "location", "taxonomy", "taxonomy_term", "program", "unit", "eligibility"]
                .into_iter()
                .chain(known::KNOWN.iter().flat_map(|known| known.hangs.iter().map(|hang| hang.on)))
                .chain(known::can_carry("attributes").iter().copied())
                .collect();
        let mut problems = Vec::new();
        let mut ids: HashMap<&'static str, HashMap<Box<str>, Row>> = HashMap::new();
        for row in self.rows().filter(|row| wanted.contains(self.name(*row))) {
            let Some(id) = self.cell(row, "id") else { continue };
            let known = ids.entry(self.name(row)).or_default();
            if let Some(first) = known.get(id) {
                let of = &self.tables[first.table];
                let line = of.rows[first.row].number;
                let of = if first.table == row.table { String::new() } else { format!(" of {}", of.file) };
                problems.push(self.problem(row, format!("the id {id:?} is already used on line {line}{of}; the first is used")));
            } else {
                known.insert(id.into(), row);
            }
        }
        self.ids = ids;
        self.problems.extend(problems);
    }

    /// Whether a row is another one's double.
    fn is_double(&self, row: Row) -> bool {
        self.cell(row, "id").is_some_and(|id| self.find(self.name(row), id).is_some_and(|first| first != row))
    }

    /// What was not taken, and has not been told yet.
    pub fn take_problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }

    /// Remember that these were taken, so that no later document has to bring them again.
    pub fn given(&mut self, rows: &[Row]) {
        self.given.extend(rows);
    }

    /// Taxonomies and terms, which services refer to.
    pub fn terms(&self) -> impl Iterator<Item = (Kind, Joined)> {
        let older = self.older_taxonomy();
        let lists = self.rows_of("taxonomy").filter(move |_| !older).map(|row| (Kind::Taxonomy, self.alone(row)));
        let terms = self.rows_of("taxonomy").filter(move |_| older).chain(self.rows_of("taxonomy_term"));
        lists.chain(terms.map(|row| {
            let mut joined = self.alone(row);
            if let Value::Object(term) = joined.value.take() {
                // A wider term that is nested cannot come out of a table.
                joined.value = parts::term(term, &mut Vec::new()).into();
            }
            (Kind::TaxonomyTerm, joined)
        }))
    }

    /// Whether the table of taxonomies holds terms, as it did before version 3.
    fn older_taxonomy(&self) -> bool {
        let of = |name: &str| self.tables.iter().find(|table| table.known.name == name);
        let names_lists =
            |table: &Table| ["vocabulary", "parent_id", "parent_name"].iter().any(|name| table.column(name).is_some());
        of("taxonomy").is_some_and(names_lists) || of("taxonomy_term").is_none() && of("service_taxonomy").is_some()
    }

    fn rows_of(&self, name: &'static str) -> impl Iterator<Item = Row> {
        self.rows().filter(move |row| self.name(*row) == name && !self.is_double(*row))
    }

    /// Whether services stand in more than one file, so that a line alone does not say which of them is meant.
    pub fn has_services_in_several_files(&self) -> bool {
        self.tables.iter().filter(|table| table.known.name == "service").count() > 1
    }

    /// The rows of services, in their order.
    pub fn service_rows(&self) -> Vec<Row> {
        self.rows_of("service").collect()
    }

    /// Organizations that no service brought along.
    pub fn further_organizations(&self) -> impl Iterator<Item = Joined> {
        self.rows_of("organization").filter(|row| !self.given.contains(row)).map(|row| self.alone(row))
    }

    /// Places where no service is.
    pub fn further_locations(&self) -> impl Iterator<Item = Joined> {
        let free = |row: &Row| !self.given.contains(row) && !self.linked_places.contains(row);
        self.rows_of("location").filter(free).map(|row| self.alone(row))
    }

    /// Places that are left out because their services were not taken: such a place could be one
    /// that nobody may know of.
    pub fn locations_left_out(&self) -> impl Iterator<Item = Problem> {
        let left = |row: &Row| !self.given.contains(row) && self.linked_places.contains(row);
        let reason = "no service at this location was imported, so the location was left out too";
        self.rows_of("location").filter(left).map(|row| self.problem(row, reason.to_owned()))
    }

    fn begin(&self, row: Row) -> Joined {
        let table = &self.tables[row.table];
        Joined {
            value: Value::Null,
            file: table.file.clone(),
            line: table.rows[row.row].number,
            parts: Vec::new(),
            nested: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// A row that stands alone, with what belongs to it.
    fn alone(&self, row: Row) -> Joined {
        let mut joined = self.begin(row);
        let mut object = self.entity(row, "", &mut joined);
        finish(&mut object, "", &mut joined);
        joined.value = object.into();
        joined.problems.extend(markup::to_plain_text(&mut joined.value));
        joined
    }

    /// A service with everything that belongs to it. Its organization and its places are nested
    /// unless they were given before; then their ids say which they are.
    pub fn service(&self, row: Row) -> Joined {
        let mut joined = self.begin(row);
        let mut service = self.entity(row, "", &mut joined);
        self.nest(&mut service, "organization_id", "organization", "", &mut joined);
        let find = |table: &str, id: Option<Value>| self.find(table, id.as_ref().and_then(Value::as_str)?);
        if let Some(program) = find("program", service.get("program_id").cloned()) {
            name_program(&mut service, "program_id");
            let program = self.entity(program, "program", &mut joined);
            put_nested(&mut service, "program", program, "program", &mut joined);
        }
        self.links(&mut service, &mut joined);
        for capacity in list(&mut service, "capacities") {
            if let Some(unit) = find("unit", capacity.remove("unit_id")) {
                capacity.insert("unit".to_owned(), self.alone(unit).value);
            }
        }
        let mut found = oruk1::Found::default();
        oruk1::eligibilities(&mut service, &mut found);
        joined.problems.append(&mut found.dropped);
        finish(&mut service, "", &mut joined);
        joined.value = service.into();
        joined.problems.extend(markup::to_plain_text(&mut joined.value));
        joined
    }

    /// The places of a service.
    fn links(&self, service: &mut Object, joined: &mut Joined) {
        // The oldest packages name one place in the service itself.
        let own_place = service.remove("location_id");
        let mut links = match service.remove("service_at_locations") {
            Some(Value::Array(links)) => links,
            _ => own_place.map(|place| Object::from_iter([("location_id".to_owned(), place)]).into()).into_iter().collect(),
        };
        for (at, link) in links.iter_mut().enumerate() {
            if let Value::Object(link) = link {
                let path = format!("service_at_locations[{at}]");
                self.nest(link, "location_id", "location", &path, joined);
                finish(link, &path, joined);
            }
        }
        if !links.is_empty() {
            service.insert("service_at_locations".to_owned(), links.into());
        }
    }

    /// Nest the record that a column names, unless it was given before.
    fn nest(&self, object: &mut Object, column: &str, table: &'static str, path: &str, joined: &mut Joined) {
        let Some(id) = object.get(column).and_then(Value::as_str) else { return };
        let Some(row) = self.find(table, id) else {
            let reason = format!("the package has no {table} {id:?}; it is only shown if the directory has one");
            joined.problems.push(Dropped { path: under(path, column), reason });
            return;
        };
        if self.given.contains(&row) || joined.nested.contains(&row) {
            return;
        }
        joined.nested.push(row);
        let path = under(path, table);
        let of = &self.tables[row.table];
        joined.parts.push(Part { path: path.clone(), file: of.file.clone(), line: of.rows[row.row].number });
        let mut nested = self.entity(row, &path, joined);
        finish(&mut nested, &path, joined);
        put_nested(object, table, nested, &path, joined);
    }

    /// A row as an object, with the rows that belong to it in its lists. A text where a list belongs is told, and takes the
    /// place of no rows.
    fn entity(&self, row: Row, path: &str, joined: &mut Joined) -> Object {
        let table = &self.tables[row.table];
        let mut object: Object = table.cells(row.row).map(|(name, cell)| (name.to_owned(), cell.into())).collect();
        for hang in table.known.hangs.iter().filter(|hang| !self.is_somebody_elses(row, hang)) {
            object.remove(hang.column);
        }
        number_apart(&mut object, table.known.name);
        if table.known.name == "program" {
            name_program(&mut object, "id");
        }
        (table.known.shape)(&mut object);
        let texts: Vec<String> = object
            .iter()
            .filter(|(name, cell)| cell.is_string() && known::is_list(table.known.name, name))
            .map(|(name, _)| name.clone())
            .collect();
        for name in texts {
            let found = object.remove(&name);
            joined.problems.push(text_for(&under(path, &name), "a list", found.as_ref()));
        }
        for child in self.children.get(&row).into_iter().flatten() {
            let items = object.entry(child.list).or_insert_with(|| Value::Array(Vec::new()));
            let Value::Array(items) = items else { continue };
            let path = format!("{}[{}]", under(path, child.list), items.len());
            let mut part = self.entity(child.row, &path, joined);
            match child.list {
                "attributes" => attached(&mut part, table.known.name),
                "metadata" => drop(part.remove("resource_id")),
                _ => {}
            }
            let of = &self.tables[child.row.table];
            joined.parts.push(Part { path, file: of.file.clone(), line: of.rows[child.row.row].number });
            items.push(part.into());
        }
        object
    }
}
