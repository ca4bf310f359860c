//! A row of a sheet as a full service.

use serde_json::{Map, Value, json};

use super::{
    cells::{self, Days},
    columns::{self, Columns},
    hours::{self, Session},
    phones,
};
use crate::{
    ids,
    importing::{How, PlaceInWords, Taken, Vocabulary, documents},
    model::{
        contact::has_lost_its_zero,
        languages, personal,
        text::fold,
        tidy::{self, Dropped},
        values::EmailAddress,
        whereabouts::Postcode,
    },
};

/// What is said of a need where the directory has not been given any.
const NO_TERMS: &str =
    "is not a term here: there are none yet; fingerpost import --needs brings ours, and then import this again";

/// A row as a service.
pub(super) fn take(columns: &Columns, mut cells: Vec<String>, how: &How) -> Result<Taken, String> {
    let dropped = columns.fit(&mut cells)?;
    let mut row = Row { columns, cells: &cells, dropped, place_in_words: None };
    if is_a_total(columns, &cells) {
        let reason = "is a total of the rows above, so it was not imported".to_owned();
        return Ok(Taken { dropped: vec![Dropped { path: "row".to_owned(), reason }], ..Taken::default() });
    }
    let name = row.text("service").ok_or("service: the name of the service is missing")?;
    let organisation = row.text("organisation").ok_or("organisation: the name of the organisation is missing")?;
    let value = row.service(name, organisation, &how.vocabulary);
    let mut taken = documents::take_service(value, how)?;
    taken.dropped.splice(0..0, row.dropped);
    taken.place_in_words = row.place_in_words;
    Ok(taken)
}

/// Whether a row sums up those above, as spreadsheets do at their end.
fn is_a_total(columns: &Columns, cells: &[String]) -> bool {
    let named = columns::REQUIRED.into_iter().filter_map(|column| columns.written(cells, column));
    let mut words = named.chain(cells.first().map(String::as_str)).map(fold);
    words.any(|word| matches!(word.as_str(), "total" | "totals" | "grand total" | "sub total" | "subtotal"))
}

/// One row, and what of it was not understood.
pub(super) struct Row<'a> {
    pub(super) columns: &'a Columns,
    pub(super) cells: &'a [String],
    dropped: Vec<Dropped>,
    pub(super) place_in_words: Option<PlaceInWords>,
}

impl<'a> Row<'a> {
    pub(super) fn text(&self, column: &str) -> Option<&'a str> {
        self.columns.cell(self.cells, column)
    }

    pub(super) fn drop(&mut self, column: &str, reason: String) {
        self.dropped.push(Dropped { path: column.to_owned(), reason });
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
            ("url", "website"),
            ("eligibility_description", "eligibility"),
            ("fees_description", "cost"),
        ] {
            if let Some(text) = self.text(column) {
                service.insert(field.to_owned(), text.into());
            }
        }
        self.email(&mut service);
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
        let schedules = self.schedules();
        match self.place(organisation) {
            Some(place) => {
                let link = json!({"location": place, "schedules": schedules});
                service.insert("service_at_locations".to_owned(), json!([link]));
            }
            None => {
                service.insert("schedules".to_owned(), schedules.into());
            }
        }
        self.needs(&mut service, vocabulary);
        service.into()
    }

    /// The first address of a cell; a service has one.
    fn email(&mut self, service: &mut Map<String, Value>) {
        let Some(text) = self.text("email") else { return };
        let bare = |piece: &'a str| match piece.split_at_checked("mailto:".len()) {
            Some((scheme, address)) if scheme.eq_ignore_ascii_case("mailto:") => address,
            _ => piece,
        };
        let between = |c: char| c.is_whitespace() || matches!(c, ';' | ',' | '/');
        let mut pieces: Vec<&str> = text.split(between).map(bare).filter(|piece| !piece.is_empty()).collect();
        // What is no address is told where all addresses are checked.
        let first = pieces.iter().position(|piece| piece.parse::<EmailAddress>().is_ok());
        service.insert("email".to_owned(), first.map_or(text, |at| pieces.remove(at)).into());
        if first.is_some() && !pieces.is_empty() {
            let further = pieces.join(" ");
            self.drop("email", format!("{further:?} was not imported: a service has one email address, and the first is used"));
        }
    }

    fn status(&mut self, service: &mut Map<String, Value>) {
        let Some(text) = self.text("status") else { return };
        let word = fold(text);
        let paused = ["paused", "suspended", "on hold", "temporarily", "closed temporarily", "closed until"];
        if paused.iter().any(|begin| word.starts_with(begin)) {
            service.insert("status".to_owned(), "temporarily closed".into());
            service.insert("alert".to_owned(), text.into());
        } else if tidy::is_status(text) {
            service.insert("status".to_owned(), text.into());
        } else {
            // Open is only what is said to be.
            let (status, why) = match word.as_str() {
                "y" | "yes" | "true" => ("active", "is taken as active"),
                "n" | "no" | "false" => ("inactive", "is taken as inactive"),
                _ => ("inactive", "is not a known status; the service is treated as inactive"),
            };
            service.insert("status".to_owned(), status.into());
            self.drop("status", format!("{text:?} {why}"));
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
        let (found, unread) = phones::phones(text);
        for piece in unread {
            self.drop("phone", format!("{piece:?} is not a phone number"));
        }
        // A town or a hall beside a number is where it rings.
        let known = ["service", "organisation", "address_1", "address_2", "city", "county"];
        let known = known.into_iter().filter_map(|column| self.columns.written(self.cells, column)).collect::<Vec<_>>().join(" ");
        let (mut phones, mut contacts) = (Vec::new(), Vec::new());
        for phone in found {
            if has_lost_its_zero(&phone.number) {
                let problem = "looks as if a spreadsheet has taken the 0 from its beginning; it is kept as it stands";
                self.drop("phone", format!("{:?} {problem}", phone.number));
            }
            if phone.fax {
                let fax =
                    json!({"number": phone.number, "extension": phone.extension, "description": phone.beside, "type": "fax"});
                phones.push(fax);
                continue;
            }
            match phone.beside {
                Some(name) if personal::is_somebodys(&name, &known) && cells::days(&name).is_none() => {
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
        let is_known = |need: &str| vocabulary.term(need).is_some() || vocabulary.is_secret(need);
        // "Food / Debt", unless that is what one of them is called.
        let apart = |need: &'a str| if is_known(need) { split(need, &[]) } else { split(need, &['/']) };
        for need in split(text, &[';', ',', '|']).flat_map(apart) {
            match vocabulary.term(need) {
                Some(term) => attributes.push(json!({"link_entity": "service", "taxonomy_term_id": term})),
                None if vocabulary.is_empty() => self.drop("needs", format!("{need:?} {NO_TERMS}")),
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

    /// When it is there, by the columns of days and times. What cannot be read for certain is kept in words.
    fn schedules(&mut self) -> Vec<Value> {
        let mut words: Vec<String> = Vec::new();
        let mut sessions = self.sessions(&mut words);
        let mut days = None;
        if let Some(text) = self.text("days") {
            // "Weds (term time)": the day is known, and whether it holds today is not.
            let in_terms = || {
                let (rest, remark) = hours::terms_apart(text)?;
                Some((cells::days(&rest)?, Some(remark.to_owned())))
            };
            let read = cells::days(text).map(|read| (read, None)).or_else(in_terms);
            match (read, hours::sessions(text)) {
                (Some((read, remark)), _) => {
                    days = Some(read);
                    if let Some(remark) = remark {
                        words.insert(0, remark);
                    }
                }
                // "Tuesdays 10-12", and no times elsewhere.
                (None, Some(read)) if sessions.is_empty() && words.is_empty() => sessions = read,
                _ => {
                    self.drop("days", format!("{text:?} could not be read as days; it is kept as text"));
                    words.insert(0, text.to_owned());
                }
            }
        }
        let remarks = |session: Option<&Session>| {
            let own = session.and_then(|session| session.remark.as_deref());
            let all: Vec<&str> = own.into_iter().chain(words.iter().map(String::as_str)).collect();
            (!all.is_empty()).then(|| all.join("; "))
        };
        let schedule = |days: Option<&Days>, session: Option<&Session>| {
            json!({
                "freq": days.map(|days| days.freq),
                "byday": days.map(|days| &days.byday),
                "opens_at": session.map(|session| &session.opens),
                "closes_at": session.and_then(|session| session.closes.as_ref()),
                "description": remarks(session),
            })
        };
        if sessions.is_empty() {
            let says_something = days.is_some() || !words.is_empty();
            return says_something.then(|| schedule(days.as_ref(), None)).into_iter().collect();
        }
        let is_of_no_day = |session: &Session| session.days.is_none() && !session.is_all_day();
        if self.text("days").is_none() && sessions.iter().any(is_of_no_day) {
            let column =
                ["opens_at", "closes_at"].into_iter().find(|column| self.text(column).is_some()).unwrap_or("opening_hours");
            let reason =
                "nothing says on which days; the hours are shown, and searches for a day or for what is open cannot use them";
            self.drop(column, reason.to_owned());
        }
        // "24 hours" leaves out no day, unless something else is said of days.
        let every_day = self.text("days").is_none().then(cells::every_day);
        let on = |session: &Session| every_day.as_ref().filter(|_| session.is_all_day());
        sessions
            .iter()
            .map(|session| schedule(session.days.as_ref().or(days.as_ref()).or_else(|| on(session)), Some(session)))
            .collect()
    }

    /// The hours in the columns of times; what is not read for certain is added to `words`.
    fn sessions(&mut self, words: &mut Vec<String>) -> Vec<Session> {
        let (opens, closes, all) = (self.text("opens_at"), self.text("closes_at"), self.text("opening_hours"));
        let in_two_columns = closes.is_some() || opens.is_some_and(hours::is_time);
        let in_one = match (opens, all) {
            _ if in_two_columns => None,
            (Some(opens), _) => Some(("opens_at", opens)),
            (None, all) => all.map(|all| ("opening_hours", all)),
        };
        let found = match in_one {
            Some((column, text)) => self.all_in_one(column, text, words),
            None => self.in_two(opens.unwrap_or_default(), closes.unwrap_or_default(), words),
        };
        if let Some(all) = all.filter(|_| in_one.is_none_or(|(column, _)| column != "opening_hours")) {
            // "not in August" beside days and times says more about them; other times contradict them.
            if hours::sessions(all).is_some() {
                let reason = format!("the row has times in other columns as well; {all:?} is kept as text");
                self.drop("opening_hours", reason);
            }
            words.push(all.to_owned());
        }
        found
    }

    /// "10am - 12 noon", "Mon-Fri 9-5": all hours in one cell.
    fn all_in_one(&mut self, column: &str, text: &str, words: &mut Vec<String>) -> Vec<Session> {
        let Some(read) = hours::sessions(text).or_else(|| hours::sessions_with_remarks(text)) else {
            let expected = "expected 10am - 12 noon, or Mon-Fri 9am-5pm; Sat 10:00-12:00";
            self.drop(column, format!("{text:?} could not be read as opening hours; it is kept as text ({expected})"));
            words.push(text.to_owned());
            return Vec::new();
        };
        if read.iter().any(|session| session.closes.is_none()) {
            self.drop(column, format!("{text:?} does not give a closing time; it is kept as text as well"));
            words.push(text.to_owned());
        }
        read
    }

    /// The time of opening in one cell, that of closing in another; each may be empty.
    fn in_two(&mut self, opens: &str, closes: &str, words: &mut Vec<String>) -> Vec<Session> {
        let (opens_at, closes_at) = hours::times(opens, closes);
        let mut doubts = Vec::new();
        for (column, text, read) in [("opens_at", opens, &opens_at), ("closes_at", closes, &closes_at)] {
            if text.is_empty() {
                continue;
            }
            if read.is_none() {
                let doubt = if hours::is_time(text) { "may be in the morning or the afternoon" } else { "is not a time" };
                doubts.push((column, format!("{text:?} {doubt}; it is kept as text (expected 09:30, 9.30am or noon)")));
            } else if opens.is_empty() {
                doubts.push((column, format!("there is no opening time to go with {text:?}; it is kept as text")));
            }
        }
        if !doubts.is_empty() {
            words.push([opens, closes].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" – "));
        }
        for (column, doubt) in doubts {
            self.drop(column, doubt);
        }
        opens_at.map(|opens| Session { days: None, opens, closes: closes_at, remark: None }).into_iter().collect()
    }
}

fn split<'a>(text: &'a str, at: &'a [char]) -> impl Iterator<Item = &'a str> {
    text.split(at).map(str::trim).filter(|piece| !piece.is_empty())
}
