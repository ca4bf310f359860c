//! The four nations, by name, by code, and by where a postcode lies.

use super::{Place, words::area};

/// Some of England, Wales, Scotland and Northern Ireland.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Nations(u8);

const ENGLAND: u8 = 1;
const WALES: u8 = 2;
const SCOTLAND: u8 = 4;
const NORTHERN_IRELAND: u8 = 8;
const GREAT_BRITAIN: u8 = ENGLAND | WALES | SCOTLAND;
const UNITED_KINGDOM: u8 = GREAT_BRITAIN | NORTHERN_IRELAND;

/// The areas of postcodes that lie in England alone.
const IN_ENGLAND: [&str; 94] = [
    "AL", "B", "BA", "BB", "BD", "BH", "BL", "BN", "BR", "BS", "CB", "CM", "CO", "CR", "CT", "CV", "CW", "DA", "DE", "DH", "DL",
    "DN", "DT", "DY", "E", "EC", "EN", "EX", "FY", "GU", "HA", "HD", "HG", "HP", "HU", "HX", "IG", "IP", "KT", "L", "LA", "LE",
    "LN", "LS", "LU", "M", "ME", "MK", "N", "NE", "NG", "NN", "NR", "NW", "OL", "OX", "PE", "PL", "PO", "PR", "RG", "RH", "RM",
    "S", "SE", "SG", "SK", "SL", "SM", "SN", "SO", "SP", "SR", "SS", "ST", "SW", "TA", "TF", "TN", "TQ", "TR", "TS", "TW", "UB",
    "W", "WA", "WC", "WD", "WF", "WN", "WR", "WS", "WV", "YO",
];

impl Nations {
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn are_all(self) -> bool {
        self.0 == UNITED_KINGDOM
    }

    /// As a number that [`Nations::from_bits`] reads.
    pub(super) fn bits(self) -> u8 {
        self.0
    }

    pub(super) fn from_bits(bits: u8) -> Option<Self> {
        (bits <= UNITED_KINGDOM).then_some(Self(bits))
    }

    pub(super) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(super) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// What a GSS code of a whole country means.
    pub(super) fn by_code(code: &str) -> Option<Self> {
        Some(Self(match code {
            "E92000001" => ENGLAND,
            "W92000004" => WALES,
            "S92000003" => SCOTLAND,
            "N92000002" => NORTHERN_IRELAND,
            "K02000001" => UNITED_KINGDOM,
            "K03000001" => GREAT_BRITAIN,
            "K04000001" => ENGLAND | WALES,
            _ => return None,
        }))
    }

    /// What a name in small letters means.
    pub(super) fn by_name(name: &str) -> Option<Self> {
        Some(Self(match name {
            "england" => ENGLAND,
            "wales" | "cymru" => WALES,
            "scotland" => SCOTLAND,
            "northern ireland" => NORTHERN_IRELAND,
            "united kingdom" | "uk" | "u.k" | "uk-wide" | "uk wide" | "nationwide" => UNITED_KINGDOM,
            "great britain" | "britain" | "gb" => GREAT_BRITAIN,
            _ => return None,
        }))
    }

    /// The nations in which a place may lie: by the codes of its areas, else by the area of its
    /// postcode, of which some lie across a border. None where neither is known.
    pub(super) fn of(place: &Place) -> Option<Self> {
        if !place.areas.is_empty() {
            let nation = |code: &String| match code.as_bytes().first() {
                Some(b'E') => ENGLAND,
                Some(b'W') => WALES,
                Some(b'S') => SCOTLAND,
                Some(b'N') => NORTHERN_IRELAND,
                _ => 0,
            };
            return Some(Self(place.areas.iter().map(nation).fold(0, |all, one| all | one)));
        }
        let at = place.at.as_ref()?;
        Some(Self(match area(at.outcode()) {
            "BT" => NORTHERN_IRELAND,
            "AB" | "DD" | "EH" | "FK" | "G" | "HS" | "IV" | "KA" | "KW" | "KY" | "ML" | "PA" | "PH" | "ZE" => SCOTLAND,
            "CF" | "SA" => WALES,
            "CA" | "DG" | "TD" => ENGLAND | SCOTLAND,
            "CH" | "GL" | "HR" | "LD" | "LL" | "NP" | "SY" => ENGLAND | WALES,
            known if IN_ENGLAND.contains(&known) => ENGLAND,
            // The islands, and what no postcode begins with.
            _ => 0,
        }))
    }
}
