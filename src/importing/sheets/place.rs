//! Where the service of a row is: an address in cells of its own or all in one, or else what there is of it in words.

use serde_json::{Value, json};

use super::row::Row;
use crate::{
    formats::ical::document,
    ids,
    importing::PlaceInWords,
    model::{text::fold, whereabouts::Postcode},
};

impl Row<'_> {
    /// The place, if the row says anything of one. `organisation` tells its halls without a postcode from those of others.
    pub(super) fn place(&mut self, organisation: &str) -> Option<Value> {
        let line = self.text("address_1").or_else(|| self.text("address_2"));
        let (postcode, latitude, longitude) = (self.text("postcode"), self.text("latitude"), self.text("longitude"));
        if [line, postcode, latitude, longitude].iter().all(Option::is_none) {
            for column in ["city", "county"] {
                if let Some(text) = self.columns.written(self.cells, column) {
                    self.drop(column, format!("{text:?} was not imported: there is no address or postcode to go with it"));
                }
            }
            return None;
        }
        let read = postcode.and_then(|text| text.parse::<Postcode>().ok());
        let within = line.filter(|_| postcode.is_none()).and_then(document::address);
        let is_whole = read.is_some() || within.is_some();
        let first_part = within.as_ref().map(|address| address["address_1"].clone());
        let address = match within {
            Some(within) => Some(self.with_further_lines(within, line)),
            None => self.address(line, read.as_ref()),
        };
        // Two halls without a postcode are two places, unless the same organisation names them.
        let which = match &read {
            Some(postcode) => postcode.as_str().to_owned(),
            None => format!("{}\n{}", latitude.unwrap_or_default(), fold(organisation)),
        };
        let key = format!("sheet\n{}\n{which}", fold(line.unwrap_or_default()));
        let id = ids::from_source("", "location", &key);
        if !is_whole {
            self.place_in_words = self.further_words(line).map(|words| PlaceInWords::new(id, &key, words));
        }
        let in_one_cell =
            || -> Value { if address.is_some() { line.into() } else { self.address_in_words(read.as_ref()).into() } };
        let name: Value = first_part.unwrap_or_else(in_one_cell);
        Some(json!({
            "id": id,
            "name": name,
            "latitude": latitude,
            "longitude": longitude,
            "addresses": address.into_iter().collect::<Vec<_>>(),
        }))
    }

    /// An address that stood in one cell, with what other cells say of it.
    fn with_further_lines(&mut self, mut address: Value, line: Option<&str>) -> Value {
        let other = |column| self.columns.written(self.cells, column).filter(|text| Some(*text) != line);
        let (second, town, county) = (other("address_2"), other("city"), other("county"));
        let said = |field: &str| address[field].as_str().map(str::to_owned);
        let (between, last, postcode) = (said("address_2"), said("city").unwrap_or_default(), said("postal_code"));
        let district = postcode.as_deref().and_then(|postcode| postcode.split(' ').next()).unwrap_or_default();
        // What stood last is a line of the address where another cell says the town.
        let line = town.is_some_and(|town| last != district && fold(town) != fold(&last)).then(|| last.clone());
        let second: Vec<String> = between.into_iter().chain(line).chain(second.map(str::to_owned)).collect();
        address["address_2"] = (!second.is_empty()).then(|| second.join(", ")).into();
        address["state_province"] = county.into();
        match town {
            Some(town) => address["city"] = town.into(),
            None if last == district => self.drop("city", no_town(district)),
            None => {}
        }
        address
    }

    /// What a row says of where a place without a postcode is, besides its first line.
    fn further_words(&self, line: Option<&str>) -> Option<Vec<String>> {
        let further = ["address_2", "city", "county", "postcode"].into_iter().filter_map(|column| self.text(column));
        let words: Vec<String> = further.filter(|text| Some(*text) != line).flat_map(PlaceInWords::pieces).collect();
        (!words.is_empty()).then_some(words)
    }

    /// The full address, if there is one. It needs a first line and a postcode.
    fn address(&mut self, line: Option<&str>, postcode: Option<&Postcode>) -> Option<Value> {
        let kept = "so there is no full address; what there is of it is kept as the name of the place";
        match (line, postcode, self.text("postcode")) {
            (Some(line), Some(postcode), _) => Some(json!({
                "address_1": line,
                "address_2": self.text("address_2").filter(|second| *second != line),
                "city": self.town(postcode),
                "state_province": self.text("county"),
                "postal_code": postcode.as_str(),
            })),
            (_, None, Some(text)) => {
                self.drop("postcode", format!("{text:?} is not a UK postcode, {kept}"));
                None
            }
            (Some(_), None, None) => {
                self.drop("address_1", format!("there is no postcode, {kept}"));
                None
            }
            (None, Some(_), _) => {
                self.drop("postcode", format!("there is no first line of an address to go with it, {kept}"));
                None
            }
            (None, None, None) => None,
        }
    }

    /// The town. A county is none, and a line of the address would be told where only the area may be known.
    fn town(&mut self, postcode: &Postcode) -> String {
        if let Some(town) = self.text("city") {
            return town.to_owned();
        }
        let district = postcode.outcode();
        self.drop("city", no_town(district));
        district.to_owned()
    }

    /// However its postcode is written, it is the same place.
    fn address_in_words(&self, postcode: Option<&Postcode>) -> Option<String> {
        let postcode = postcode.map(Postcode::as_str).or_else(|| self.text("postcode"));
        let parts = ["address_1", "address_2", "city", "county"].into_iter().filter_map(|column| self.text(column));
        let words = parts.chain(postcode).collect::<Vec<_>>().join(", ");
        (!words.is_empty()).then_some(words)
    }
}

fn no_town(district: &str) -> String {
    format!("there is no town; {district}, the district of the postcode, is used in its place")
}
