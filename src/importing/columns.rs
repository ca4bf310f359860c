//! The columns of a spreadsheet, and how a row becomes a service. The table here is what
//! `docs/guides/spreadsheets.md` documents, what import reads and what the CSV export writes.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{
    How, Taken, Vocabulary, cells, documents,
    mapping::{Mapped, Mapping},
};
use crate::{
    ids,
    model::{languages, personal, text::fold, tidy, whereabouts::Postcode},
};

/// A column: its name, the other names under which people send it, and what stands in it.
#[derive(Debug)]
pub struct Column {
    /// Name, as the export writes it.
    pub name: &'static str,
    /// Other headings that mean it, folded.
    pub also: &'static [&'static str],
    /// What stands in it, with an example.
    pub meaning: &'static str,
}

/// Every column, in the order of the export. Only `organisation` and `service` have to be there.
pub const COLUMNS: &[Column] = &[
    Column {
        name: "id",
        also: &["service id", "ref", "reference", "uuid"],
        meaning: "Identifier of the service: any text that stays the same. Made from the names if missing.",
    },
    Column {
        name: "organisation",
        also: &[
            "organization",
            "organisation name",
            "organization name",
            "name of organisation",
            "org",
            "provider",
            "group",
            "group name",
            "charity",
        ],
        meaning: "Name of the organisation. Required.",
    },
    Column {
        name: "organisation_description",
        also: &["organization description", "about the organisation", "about organisation", "about the group", "about us"],
        meaning: "What the organisation is.",
    },
    Column {
        name: "service",
        also: &["service name", "name", "name of service", "activity", "project", "title"],
        meaning: "Name of the service. Required.",
    },
    Column {
        name: "description",
        also: &[
            "service description",
            "what do you do",
            "what you do",
            "details",
            "about",
            "about the service",
            "what is it",
            "what happens",
        ],
        meaning: "What the service does.",
    },
    Column {
        name: "email",
        also: &["email address", "e mail", "e mail address", "contact email"],
        meaning: "Email address for the service.",
    },
    Column {
        name: "phone",
        also: &["telephone", "phone number", "tel", "telephone number", "contact number", "contact phone", "phone s", "phones"],
        meaning: "Phone numbers, separated by / or ;. A name in brackets after a number makes it a contact.",
    },
    Column {
        name: "website",
        also: &["web", "url", "web site", "web address", "website address", "link"],
        meaning: "Web page of the service.",
    },
    Column {
        name: "address_1",
        also: &["address", "address 1", "address line 1", "street", "venue", "where"],
        meaning: "First line of the address.",
    },
    Column { name: "address_2", also: &["address line 2"], meaning: "Second line of the address." },
    Column { name: "city", also: &["town", "town city", "town or city", "city town"], meaning: "Town." },
    Column { name: "county", also: &["state province"], meaning: "County." },
    Column { name: "postcode", also: &["post code", "postal code"], meaning: "Postcode, such as LU1 2AA." },
    Column { name: "latitude", also: &["lat"], meaning: "Degrees north." },
    Column { name: "longitude", also: &["lon", "long", "lng"], meaning: "Degrees east." },
    Column {
        name: "days",
        also: &["day", "days open", "which days", "when", "opening days", "day s"],
        meaning: "Days: Mon-Fri; Tues & Thurs; 1st Saturday.",
    },
    Column {
        name: "opens_at",
        also: &["opens", "start", "start time", "opening time", "from", "open"],
        meaning: "Opening time: 09:30, 9.30am, noon.",
    },
    Column {
        name: "closes_at",
        also: &["closes", "end", "end time", "closing time", "finish", "until", "to", "close"],
        meaning: "Closing time.",
    },
    Column {
        name: "cost",
        also: &["price", "fee", "fees", "charge", "how much", "cost s"],
        meaning: "Cost: free, £2.50, or a description.",
    },
    Column {
        name: "minimum_age",
        also: &["min age", "age from", "age", "ages", "age group", "age range"],
        meaning: "Youngest age, or both: 5 - 11; over 55.",
    },
    Column { name: "maximum_age", also: &["max age", "age to"], meaning: "Oldest age." },
    Column {
        name: "eligibility",
        also: &["who for", "who is it for", "who can use it", "for whom", "who can come", "eligibility criteria"],
        meaning: "Who can use it.",
    },
    Column {
        name: "languages",
        also: &["language", "languages spoken", "other languages"],
        meaning: "Languages, separated by commas.",
    },
    Column {
        name: "needs",
        also: &["need", "needs use codes", "categories", "category", "needs codes", "topics"],
        meaning: "Needs by code or name, separated by ;.",
    },
    Column {
        name: "status",
        also: &["open or closed", "current", "status open closed"],
        meaning: "active, inactive, defunct or temporarily closed.",
    },
];

impl Column {
    /// Every heading that means it, folded.
    fn names(&self) -> impl Iterator<Item = String> {
        std::iter::once(fold(&self.name.replace('_', " "))).chain(self.also.iter().map(|name| (*name).to_owned()))
    }
}

/// What every row needs.
pub(super) const REQUIRED: [&str; 2] = ["organisation", "service"];

/// Which heading is taken for which column.
#[derive(Debug, Default)]
pub(super) struct Matched {
    pub(super) at: HashMap<&'static str, usize>,
    /// Headings that mean a column that another one means already.
    pub(super) doubles: Vec<(usize, &'static str)>,
}

/// Find the columns by the headings.
pub(super) fn matched(heading: &[String]) -> Matched {
    let mut found = Matched::default();
    let folded: Vec<String> = heading.iter().map(|cell| fold(&cell.replace('_', " "))).collect();
    for (place, wanted) in folded.iter().enumerate() {
        if let Some(column) = COLUMNS.iter().find(|column| column.names().any(|name| name == *wanted)) {
            if found.at.contains_key(column.name) {
                found.doubles.push((place, column.name));
            } else {
                found.at.insert(column.name, place);
            }
        }
    }
    // "Service / project", "Phone (office)": a heading that has a name within it, the longest first.
    for (place, wanted) in folded.iter().enumerate() {
        if found.at.values().any(|taken| *taken == place) || found.doubles.iter().any(|(double, _)| *double == place) {
            continue;
        }
        let within = |name: &str| name.len() > 3 && format!(" {wanted} ").contains(&format!(" {name} "));
        let fits = COLUMNS
            .iter()
            .filter(|column| !found.at.contains_key(column.name))
            .filter_map(|column| Some((column.names().filter(|name| within(name)).map(|name| name.len()).max()?, column.name)));
        if let Some((_, name)) = fits.max_by_key(|(length, _)| *length) {
            found.at.insert(name, place);
        }
    }
    found
}

/// Which column stands where in a sheet.
#[derive(Debug)]
pub(super) struct Columns {
    mapped: Mapped,
    width: usize,
}

impl Columns {
    /// Find the columns by the heading. Columns that nobody knows are left out of every row.
    pub(super) fn read(heading: &[String]) -> Result<Self, String> {
        let Matched { at, doubles } = matched(heading);
        if let Some((place, name)) = doubles.first() {
            return Err(format!("two columns both mean {name}: the second one has the heading {:?}", heading[*place]));
        }
        for required in REQUIRED {
            if !at.contains_key(required) {
                return Err(format!("no heading names the column for the {required}; the headings understood are: {}", names()));
            }
        }
        Ok(Self { mapped: Mapped { at, ..Mapped::default() }, width: heading.len() })
    }

    /// Find the columns as a mapping says. Gives the headings that it does not mention as well.
    pub(super) fn mapped(heading: &[String], mapping: &Mapping) -> Result<(Self, Vec<tidy::Dropped>), String> {
        let mut mapped = mapping.apply(heading)?;
        let unmentioned = std::mem::take(&mut mapped.unmentioned);
        Ok((Self { mapped, width: heading.len() }, unmentioned))
    }

    /// A row as a service.
    pub(super) fn take(&self, cells: &[String], how: &How) -> Result<Taken, String> {
        if cells.iter().skip(self.width).any(|cell| !cell.is_empty()) {
            let found = cells.len();
            return Err(format!(
                "has {found} cells under {} headings; text with a comma in it needs quotation marks around it",
                self.width
            ));
        }
        let mut row = Row { columns: self, cells, dropped: Vec::new() };
        let name = row.text("service").ok_or("service: the name of the service is missing")?;
        let organisation = row.text("organisation").ok_or("organisation: the name of the organisation is missing")?;
        let value = row.service(name, organisation, &how.vocabulary);
        let mut taken = documents::take_service(value, how)?;
        taken.dropped.splice(0..0, row.dropped);
        Ok(taken)
    }
}

/// Every column's name.
pub(super) fn names() -> String {
    COLUMNS.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

/// One row, and what of it was not understood.
struct Row<'a> {
    columns: &'a Columns,
    cells: &'a [String],
    dropped: Vec<tidy::Dropped>,
}

impl<'a> Row<'a> {
    fn text(&self, column: &'static str) -> Option<&'a str> {
        let mapped = &self.columns.mapped;
        if let Some(constant) = mapped.constants.get(column) {
            return Some(constant);
        }
        let cell = mapped.at.get(column).and_then(|place| self.cells.get(*place)).map(String::as_str);
        cell.filter(|cell| !cells::is_nothing(cell)).or_else(|| mapped.defaults.get(column).map(String::as_str))
    }

    fn drop(&mut self, column: &str, reason: String) {
        self.dropped.push(tidy::Dropped { path: column.to_owned(), reason });
    }

    /// The row as a full service, in the form in which feeds send it. What is wrong with single
    /// values is found and reported where those are.
    fn service(&mut self, name: &str, organisation: &str, vocabulary: &Vocabulary) -> Value {
        let mut service = Map::new();
        // Ids are made of names, and hold nothing of them: an address must not hide in an id.
        let id = self.text("id").map_or_else(
            || {
                // However it is written, it is the same place.
                let postcode = self.text("postcode").map(|text| match text.parse::<Postcode>() {
                    Ok(postcode) => fold(postcode.as_str()),
                    Err(_) => fold(text),
                });
                let postcode = postcode.unwrap_or_default();
                ids::from_source("", "service", &format!("sheet\n{}\n{}\n{postcode}", fold(organisation), fold(name))).to_string()
            },
            str::to_owned,
        );
        service.insert("id".to_owned(), id.into());
        service.insert("name".to_owned(), name.into());
        // Sheets have no column for it.
        service.insert("status".to_owned(), "active".into());
        service.insert("organization".to_owned(), json!({
            "id": ids::from_source("", "organization", &format!("sheet\n{}", fold(organisation))), "name": organisation, "description": self.text("organisation_description")
        }));
        for (field, column) in [
            ("description", "description"),
            ("email", "email"),
            ("url", "website"),
            ("eligibility_description", "eligibility"),
            ("fees_description", "cost"),
        ] {
            if let Some(text) = self.text(column) {
                service.insert(field.to_owned(), text.into());
            }
        }
        self.status(&mut service);
        self.ages(&mut service);
        self.phones(&mut service);
        if let Some(amount) = self.text("cost").and_then(cells::cost) {
            let option = if amount == 0.0 { "Free" } else { "Everybody" };
            service.insert("cost_options".to_owned(), json!([{"option": option, "currency": "GBP", "amount": amount}]));
        }
        if let Some(languages) = self.text("languages") {
            let list: Vec<Value> = split(languages, &[',', ';', '/'])
                .map(|name| json!({"name": name, "code": languages::known(name).map(|known| known.code)}))
                .collect();
            service.insert("languages".to_owned(), list.into());
        }
        let schedule = self.schedule();
        match self.place(organisation) {
            Some(place) => {
                let link = json!({"location": place, "schedules": schedule.into_iter().collect::<Vec<_>>()});
                service.insert("service_at_locations".to_owned(), json!([link]));
            }
            None => {
                service.insert("schedules".to_owned(), schedule.into_iter().collect::<Vec<_>>().into());
            }
        }
        self.needs(&mut service, vocabulary);
        service.into()
    }

    fn status(&mut self, service: &mut Map<String, Value>) {
        let Some(text) = self.text("status") else { return };
        let word = fold(text);
        if word.starts_with("paused") || word.starts_with("temporarily") || word.starts_with("closed until") {
            service.insert("status".to_owned(), "temporarily closed".into());
            service.insert("alert".to_owned(), text.into());
        } else if ["active", "open", "live", "current", "inactive", "defunct", "closed", "ended"].contains(&word.as_str()) {
            service.insert("status".to_owned(), text.into());
        } else {
            self.drop("status", format!("{text:?} is not a known status; the service is treated as active"));
        }
    }

    fn ages(&mut self, service: &mut Map<String, Value>) {
        let mut limits = (None, None);
        for (column, upper) in [("minimum_age", false), ("maximum_age", true)] {
            let Some(text) = self.text(column) else { continue };
            match cells::ages(text) {
                // A plain number under the heading of the oldest age is that.
                Some((Some(age), None)) if upper => limits.1 = Some(age),
                Some((from, to)) => limits = (from.or(limits.0), to.or(limits.1)),
                None => self.drop(column, format!("{text:?} is not an age (expected 18, 5 - 11 or over 55)")),
            }
        }
        for (field, limit) in [("minimum_age", limits.0), ("maximum_age", limits.1)] {
            if let Some(age) = limit {
                service.insert(field.to_owned(), age.into());
            }
        }
    }

    fn phones(&mut self, service: &mut Map<String, Value>) {
        let Some(text) = self.text("phone") else { return };
        let (found, unread) = cells::phones(text);
        for piece in unread {
            self.drop("phone", format!("{piece:?} is not a phone number"));
        }
        let (mut phones, mut contacts) = (Vec::new(), Vec::new());
        for phone in found {
            match phone.beside {
                Some(name) if personal::is_a_persons_name(&name) => {
                    contacts.push(json!({"name": name, "phones": [{"number": phone.number, "extension": phone.extension}]}));
                }
                beside => phones.push(json!({"number": phone.number, "extension": phone.extension, "description": beside})),
            }
        }
        service.insert("phones".to_owned(), phones.into());
        service.insert("contacts".to_owned(), contacts.into());
    }

    fn needs(&mut self, service: &mut Map<String, Value>, vocabulary: &Vocabulary) {
        let Some(text) = self.text("needs") else { return };
        let mut attributes = Vec::new();
        for need in split(text, &[';', ',', '|']) {
            match vocabulary.term(need) {
                Some(term) => attributes.push(json!({"link_entity": "service", "taxonomy_term_id": term})),
                None => self.drop("needs", format!("{need:?} is neither the code nor the name of a term here")),
            }
            if vocabulary.is_secret(need)
                && let Some(Value::Array(links)) = service.get_mut("service_at_locations")
            {
                for link in links {
                    link["location_policy"] = "withheld".into();
                }
            }
        }
        service.insert("attributes".to_owned(), attributes.into());
    }

    fn schedule(&mut self) -> Option<Value> {
        let (opens, closes) = (self.text("opens_at"), self.text("closes_at"));
        let (opens_at, closes_at) = cells::times(opens.unwrap_or_default(), closes.unwrap_or_default());
        for (column, text, read) in [("opens_at", opens, &opens_at), ("closes_at", closes, &closes_at)] {
            if let (Some(text), None) = (text, read) {
                self.drop(column, format!("{text:?} is not a time (expected 09:30, 9.30am or noon)"));
            }
        }
        let text = self.text("days");
        let days = text.and_then(cells::days);
        if let (Some(text), None) = (text, &days) {
            self.drop("days", format!("{text:?} could not be read as days; it is kept as text"));
        }
        if text.is_none() && opens_at.is_none() && closes_at.is_none() {
            return None;
        }
        Some(json!({
            "freq": days.as_ref().map(|days| days.freq),
            "byday": days.as_ref().map(|days| &days.byday),
            "opens_at": opens_at,
            "closes_at": closes_at,
            "description": text.filter(|_| days.is_none()),
        }))
    }

    fn place(&mut self, organisation: &str) -> Option<Value> {
        let address_1 = self.text("address_1");
        let postcode = self.text("postcode");
        let (latitude, longitude) = (self.text("latitude"), self.text("longitude"));
        if address_1.is_none() && postcode.is_none() && latitude.is_none() {
            return None;
        }
        let read = postcode.map(str::parse::<Postcode>);
        let mut addresses = Vec::new();
        match (address_1, &read) {
            (Some(line), Some(Ok(postcode))) => addresses.push(json!({
                "address_1": line,
                "address_2": self.text("address_2"),
                "city": self.text("city").or_else(|| self.text("county")).unwrap_or(line),
                "state_province": self.text("county"),
                "postal_code": postcode.as_str(),
            })),
            (_, Some(Err(_))) => self.drop(
                "postcode",
                format!("{:?} is not a UK postcode, so there is no full address", postcode.unwrap_or_default()),
            ),
            (Some(_), None) => self.drop(
                "address_1",
                "there is no postcode, so there is no full address; the first line is kept as the name of the place".to_owned(),
            ),
            (None, Some(Ok(_))) => self.drop("postcode", "there is no first line of an address to go with it".to_owned()),
            (None, None) => {}
        }
        // Two halls without a postcode are two places, unless the same organisation names them.
        let which = match read.and_then(Result::ok) {
            Some(postcode) => postcode.as_str().to_owned(),
            None => format!("{}\n{}", latitude.unwrap_or_default(), fold(organisation)),
        };
        Some(json!({
            "id": ids::from_source("", "location", &format!("sheet\n{}\n{which}", fold(address_1.unwrap_or_default()))),
            "name": address_1,
            "latitude": latitude,
            "longitude": longitude,
            "addresses": addresses,
        }))
    }
}

fn split<'a>(text: &'a str, at: &'a [char]) -> impl Iterator<Item = &'a str> {
    text.split(at).map(str::trim).filter(|piece| !piece.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_export_writes_the_columns_that_import_reads() {
        let written: Vec<&str> = crate::formats::rows::SERVICES.iter().map(|column| column.name).collect();
        assert_eq!(COLUMNS.iter().map(|column| column.name).collect::<Vec<_>>(), written);
    }
}
