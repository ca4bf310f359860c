//! Which councils answer for a place. In most of England one council does everything; elsewhere a
//! district does some things and a county the others.

use serde::{Deserialize, Serialize};

use super::document::{Contacts, Council, Tier};
use crate::places::Precision;

/// First letters of the GSS codes of councils that answer for everything where they are: unitary
/// authorities, metropolitan districts, London boroughs, and all of Wales, Scotland and Northern
/// Ireland.
const WHOLE: [&str; 6] = ["E06", "E08", "E09", "W06", "S12", "N09"];
/// Of those that share the work with a county.
const SHARED: &str = "E07";
/// Of counties.
const COUNTY: &str = "E10";

/// Which half of the work the council with this code does; none where it does all of it.
pub(super) fn tier_of(code: &str) -> Option<Tier> {
    match code.get(..3)? {
        SHARED => Some(Tier::District),
        COUNTY => Some(Tier::County),
        _ => None,
    }
}

/// A part of the United Kingdom, since law and helplines differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Nation {
    /// England.
    England,
    /// Wales.
    Wales,
    /// Scotland.
    Scotland,
    /// Northern Ireland.
    NorthernIreland,
}

impl Nation {
    const ALL: [Self; 4] = [Self::England, Self::Wales, Self::Scotland, Self::NorthernIreland];

    /// Whether a text or line for this jurisdiction is for every nation.
    pub fn all_are_in(jurisdiction: &str) -> bool {
        Self::ALL.iter().all(|nation| nation.is_in(jurisdiction))
    }

    /// The nation that a GSS code belongs to.
    pub fn of(code: &str) -> Option<Self> {
        match code.as_bytes().first() {
            Some(b'E') => Some(Self::England),
            Some(b'W') => Some(Self::Wales),
            Some(b'S') => Some(Self::Scotland),
            Some(b'N') => Some(Self::NorthernIreland),
            _ => None,
        }
    }

    /// Whether a text or line for this jurisdiction is for this nation. No jurisdiction is all.
    pub fn is_in(self, jurisdiction: &str) -> bool {
        let said = jurisdiction.to_lowercase();
        let britain = said.contains("great britain") && self != Self::NorthernIreland;
        let all = said.is_empty() || said.contains("united kingdom") || said.split_whitespace().any(|word| word == "uk");
        all || britain || said.contains(&self.name().to_lowercase())
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::England => "England",
            Self::Wales => "Wales",
            Self::Scotland => "Scotland",
            Self::NorthernIreland => "Northern Ireland",
        }
    }
}

/// The councils of one place, by GSS code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// The council nearest to people: a unitary authority, borough or district.
    pub district: String,
    /// The county, where there is one above the district.
    pub county: Option<String>,
}

impl Council {
    /// Whether somebody can say that they live there and it is clear whose numbers are theirs: of a
    /// county only its districts say that.
    pub fn answers_for_a_place(&self) -> bool {
        !self.code.starts_with(COUNTY)
    }
}

impl Area {
    /// The area of a place that is known so exactly, and lies in areas with these codes. Only a whole
    /// postcode that the imported directory has is exact enough: what lies around the middle of a
    /// sector or an outcode may be another council's, also where the directory does not know it.
    pub fn certain<'a>(precision: Precision, codes: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        if precision == Precision::Postcode { Self::of_codes(codes) } else { None }
    }

    /// The area with these codes. None where they name no council, or several: a guess would give
    /// somebody the wrong number.
    fn of_codes<'a>(codes: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let (mut districts, mut counties) = (Vec::new(), Vec::new());
        for code in codes {
            let is_nowhere = code.ends_with("99999999");
            match code.get(..3) {
                Some(kind) if !is_nowhere && (WHOLE.contains(&kind) || kind == SHARED) => districts.push(code),
                Some(COUNTY) if !is_nowhere => counties.push(code),
                _ => {}
            }
        }
        districts.sort_unstable();
        districts.dedup();
        counties.sort_unstable();
        counties.dedup();
        let [district] = districts[..] else { return None };
        let county = match counties[..] {
            [county] if district.starts_with(SHARED) => Some(county.to_owned()),
            _ => None,
        };
        Some(Self { district: district.to_owned(), county })
    }

    /// The area of a council that somebody chose from the list.
    pub fn of_council(code: &str, contacts: &Contacts) -> Option<Self> {
        let council = contacts.councils.iter().find(|council| council.code == code)?;
        council.answers_for_a_place().then(|| Self { district: council.code.clone(), county: council.county.clone() })
    }

    /// The council here that does what this tier does; none where a county does it and we do not
    /// know which.
    pub fn council_for(&self, tier: Tier, contacts: &Contacts) -> Option<String> {
        let shared = self.district.starts_with(SHARED);
        if tier == Tier::District || !shared {
            return Some(self.district.clone());
        }
        let listed = || contacts.councils.iter().find(|council| council.code == self.district)?.county.clone();
        self.county.clone().or_else(listed)
    }

    /// The nation that it is in.
    pub fn nation(&self) -> Option<Nation> {
        Nation::of(&self.district)
    }
}
