//! The columns of a spreadsheet, and where they stand in one. The table here is what
//! `docs/guides/spreadsheets.md` documents, what import reads and what the CSV export writes.

use std::collections::HashMap;

use super::{
    cells::is_nothing,
    mapping::{Mapped, Mapping},
};
use crate::model::{
    text::{fold, shorten},
    tidy::Dropped,
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

/// Every column, in the order of the export, and behind those what only import reads. Only `organisation` and
/// `service` have to be there.
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
        also: &[
            "telephone",
            "phone number",
            "tel",
            "telephone number",
            "tel no",
            "telephone no",
            "phone no",
            "contact number",
            "contact phone",
            "phone s",
            "phones",
        ],
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
    Column {
        name: "opening_hours",
        also: &[
            "opening times",
            "hours of opening",
            "times of opening",
            "open times",
            "open hours",
            "days and times",
            "day and time",
            "days times",
            "day time",
            "dates and times",
            "when and what time",
            "session times",
            "hours",
            "times",
            "time",
        ],
        meaning: "All of it in one cell: Mon-Fri 9am-5pm; Sat 10am - 12 noon.",
    },
];

/// Names that mean something else within longer headings: "out of hours phone", "response times".
const WHOLE_HEADINGS: [&str; 3] = ["hours", "times", "time"];

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
        // "Start date" is no time of the day.
        let is_date = wanted.split(' ').any(|word| matches!(word, "date" | "dates"));
        let within = |name: &str| {
            name.len() > 3
                && (!is_date || name.contains("date"))
                && !WHOLE_HEADINGS.contains(&name)
                && format!(" {wanted} ").contains(&format!(" {name} "))
        };
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
    headings: Vec<String>,
}

impl Columns {
    /// Find the columns by the headings. Gives those that nobody knows as well: they are left out of every row.
    pub(super) fn read(headings: &[String]) -> Result<(Self, Vec<Dropped>), String> {
        let Matched { at, doubles } = matched(headings);
        if let Some((place, name)) = doubles.first() {
            return Err(format!("two columns both mean {name}: the second one has the heading {:?}", headings[*place]));
        }
        for required in REQUIRED {
            if !at.contains_key(required) {
                return Err(format!(
                    "no heading names the column for the {required}; the headings understood are: {}. A mapping can say what \
                     other headings mean, or name one {required} for every row (--suggest-mapping)",
                    names()
                ));
            }
        }
        let unknown =
            headings.iter().enumerate().filter(|(place, heading)| !heading.is_empty() && !at.values().any(|at| at == place));
        let unknown = unknown.map(|(_, heading)| Dropped { path: shorten(heading, 60), reason: UNKNOWN.to_owned() }).collect();
        Ok((Self { mapped: Mapped { at, ..Mapped::default() }, headings: headings.to_vec() }, unknown))
    }

    /// Find the columns as a mapping says. Gives the headings that it does not mention as well.
    pub(super) fn mapped(headings: &[String], mapping: &Mapping) -> Result<(Self, Vec<Dropped>), String> {
        let mut mapped = mapping.apply(headings)?;
        let unmentioned = std::mem::take(&mut mapped.unmentioned);
        Ok((Self { mapped, headings: headings.to_vec() }, unmentioned))
    }

    /// What stands in the cell of a row itself.
    pub(super) fn written<'a>(&self, cells: &'a [String], column: &str) -> Option<&'a str> {
        let cell = self.mapped.at.get(column).and_then(|place| cells.get(*place)).map(String::as_str);
        cell.filter(|cell| !is_nothing(cell))
    }

    /// What a row has in this column, be it what the mapping says of every row or of empty cells.
    pub(super) fn cell<'a>(&'a self, cells: &'a [String], column: &str) -> Option<&'a str> {
        if let Some(constant) = self.mapped.constants.get(column) {
            return Some(constant);
        }
        self.written(cells, column).or_else(|| self.mapped.defaults.get(column).map(String::as_str))
    }

    /// Make a row fit to be read: as wide as the headings, without cells that cannot be kept. Gives what is to be
    /// told of that.
    pub(super) fn fit(&self, cells: &mut [String]) -> Result<Vec<Dropped>, String> {
        self.not_too_wide(cells)?;
        let mut told: Vec<Dropped> = self.too_narrow(cells).into_iter().collect();
        for (place, cell) in cells.iter_mut().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let heading = self.headings.get(place).filter(|heading| !heading.is_empty());
            let column = self.mapped.at.iter().find(|(_, at)| **at == place).map(|(name, _)| *name);
            let path = heading.map_or_else(|| format!("column {}", place + 1), |heading| shorten(heading, 60));
            if column.is_some() && cell.contains('\0') {
                cell.clear();
                let reason = "the cell contains a null character (U+0000), which is not shown in a spreadsheet and cannot be stored: type the cell anew";
                if column.is_some_and(|column| REQUIRED.contains(&column)) {
                    return Err(format!("{path}: {reason}"));
                }
                told.push(Dropped { path, reason: reason.to_owned() });
            } else if heading.is_none() && column.is_none() {
                let reason = format!("has no heading, so {:?} was not imported", shorten(cell, 60));
                told.push(Dropped { path, reason });
            }
        }
        Ok(told)
    }

    /// Where a row has more cells, some of them are not where they belong.
    fn not_too_wide(&self, cells: &[String]) -> Result<(), String> {
        let (found, width) = (cells.len(), self.headings.len());
        if cells.iter().skip(width).all(String::is_empty) {
            return Ok(());
        }
        Err(format!("has {found} cells under {width} headings; text with a comma in it needs quotation marks around it"))
    }

    /// Where it has fewer, those that are missing count as empty, and perhaps something was cut off.
    fn too_narrow(&self, cells: &[String]) -> Option<Dropped> {
        let width = self.headings.iter().rposition(|heading| !heading.is_empty()).map_or(0, |last| last + 1);
        let first = self.headings.get(cells.len()).filter(|_| cells.len() < width)?;
        let from = if first.is_empty() { String::new() } else { format!(", from {:?} on", shorten(first, 60)) };
        let reason = format!("the row has {} cells under {width} headings; the missing ones count as empty{from}", cells.len());
        Some(Dropped { path: "cells".to_owned(), reason })
    }
}

const UNKNOWN: &str =
    "is not a heading that is understood, so the column was not imported; a mapping can say what it means (--suggest-mapping)";

/// Every column's name.
pub(super) fn names() -> String {
    COLUMNS.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
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
