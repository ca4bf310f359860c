//! Rows of a postcode directory: which column means what, and what a row says.
//!
//! A row stands on one line. Columns are found by their headings, of which every edition of ONSPD
//! has its own; Code-Point Open and the simplest files have none and are known by their first row.

use serde::Serialize;

use super::packed::Micro;
use crate::{
    geo::{Point, grid},
    model::{
        values::Refused,
        whereabouts::{Outcode, Postcode, Whereabouts, has_the_form_of_a_postcode},
    },
};

/// What kind of postcode directory it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// The ONS Postcode Directory.
    Onspd,
    /// Code-Point Open by Ordnance Survey.
    CodePointOpen,
    /// Postcode or outcode, latitude, longitude and perhaps GSS codes.
    Simple,
}

impl Format {
    /// What people call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Onspd => "ONS Postcode Directory",
            Self::CodePointOpen => "Code-Point Open",
            Self::Simple => "simple CSV",
        }
    }
}

/// Which column means what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) format: Format,
    /// Whether the first row is a heading.
    pub(super) headed: bool,
    name: usize,
    position: Position,
    ended: Option<usize>,
    areas: Vec<usize>,
}

#[derive(Debug, PartialEq, Eq)]
enum Position {
    /// Latitude and longitude.
    Degrees(usize, usize),
    /// Easting and northing on the British National Grid.
    Grid(usize, usize),
}

/// What a row says.
#[derive(Debug, PartialEq)]
pub(super) enum Row {
    /// Where a postcode is.
    Postcode(Postcode, Micro),
    /// Where the centre of an outcode is.
    Outcode(Outcode, Micro),
    /// Nothing to keep, for a reason that needs no repair.
    Skipped(&'static str),
}

pub(super) const NO_LONGER_IN_USE: &str = "no longer in use";
pub(super) const WITHOUT_A_POSITION: &str = "without a position";
pub(super) const WITHOUT_A_PLACE: &str = "special ones without a position (BFPO, GIR 0AA)";
pub(super) const REPEATED: &str = "repeated";

impl Columns {
    /// What the columns mean, by the first row; none when that is no row of a postcode directory.
    pub(super) fn of(first: &[&str]) -> Option<Self> {
        Self::headed(first).or_else(|| Self::code_point(first)).or_else(|| Self::plain(first))
    }

    fn headed(first: &[&str]) -> Option<Self> {
        const NAMES: [&str; 9] = ["pcds", "pcd8", "pcd7", "pcd", "pcd2", "postcode", "post code", "postal code", "outcode"];
        let headings: Vec<String> = first.iter().map(|cell| cell.to_ascii_lowercase()).collect();
        let column = |names: &[&str]| names.iter().find_map(|name| headings.iter().position(|heading| heading == name));
        let pair = |first: &[&str], second: &[&str]| column(first).zip(column(second));
        let degrees = pair(&["lat", "latitude"], &["long", "longitude", "lng", "lon"]);
        let metres =
            pair(&["oseast1m", "east1m", "eastings", "easting"], &["osnrth1m", "north1m", "nrth1m", "northings", "northing"]);
        let name = column(&NAMES)?;
        let position = degrees
            .map(|(latitude, longitude)| Position::Degrees(latitude, longitude))
            .or(metres.map(|(easting, northing)| Position::Grid(easting, northing)))?;
        let format = match headings[name].as_str() {
            heading if heading.starts_with("pcd") => Format::Onspd,
            _ if column(&["positional_quality_indicator"]).is_some() => Format::CodePointOpen,
            _ => Format::Simple,
        };
        let areas = (0..headings.len()).filter(|at| names_an_area(&headings[*at])).collect();
        Some(Self { format, headed: true, name, position, ended: column(&["doterm", "terminated"]), areas })
    }

    /// Postcode, quality, easting, northing, country, two of the health service, county, district, ward.
    fn code_point(first: &[&str]) -> Option<Self> {
        let fits = first.len() == 10
            && has_the_form_of_a_postcode(first[0])
            && first[1..4].iter().all(|cell| !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit()));
        fits.then(|| Self {
            format: Format::CodePointOpen,
            headed: false,
            name: 0,
            position: Position::Grid(2, 3),
            ended: None,
            areas: vec![4, 7, 8, 9],
        })
    }

    /// Postcode or outcode, latitude, longitude, codes.
    fn plain(first: &[&str]) -> Option<Self> {
        let fits = first.len() >= 3
            && first[0].parse::<Whereabouts>().is_ok()
            && first[1..3].iter().all(|cell| cell.parse::<f64>().is_ok());
        fits.then(|| Self {
            format: Format::Simple,
            headed: false,
            name: 0,
            position: Position::Degrees(1, 2),
            ended: None,
            areas: (3..first.len()).collect(),
        })
    }

    /// What a row says.
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(&self, cells: &[&str]) -> Result<Row, String> {
        let cell = |at: usize| cells.get(at).copied().unwrap_or_default();
        if self.ended.is_some_and(|at| !cell(at).is_empty()) {
            return Ok(Row::Skipped(NO_LONGER_IN_USE));
        }
        let name = cell(self.name);
        if name.is_empty() {
            return Err("has no postcode".to_owned());
        }
        let at = match name.parse::<Whereabouts>() {
            Ok(at) => at,
            Err(_) if has_the_form_of_a_postcode(name) => return Ok(Row::Skipped(WITHOUT_A_PLACE)),
            Err(Refused(reason)) => return Err(format!("{} {reason}", shown(name))),
        };
        let Some(position) = self.position(cell)? else { return Ok(Row::Skipped(WITHOUT_A_POSITION)) };
        Ok(match at {
            Whereabouts::Postcode(postcode) => Row::Postcode(postcode, position),
            Whereabouts::Outcode(outcode) => Row::Outcode(outcode, position),
        })
    }

    /// None where the row says that the position is not known.
    fn position<'a>(&self, cell: impl Fn(usize) -> &'a str) -> Result<Option<Micro>, String> {
        let number = |what: &str, text: &str| {
            text.parse::<f64>()
                .ok()
                .filter(|n| n.is_finite())
                .ok_or_else(|| format!("its {what} {} is not a number", shown(text)))
        };
        let both = match self.position {
            Position::Degrees(a, b) => [("latitude", cell(a)), ("longitude", cell(b))],
            Position::Grid(a, b) => [("easting", cell(a)), ("northing", cell(b))],
        };
        if both.iter().all(|(_, text)| text.is_empty()) {
            return Ok(None);
        }
        let [first, second] = both.map(|(what, text)| number(what, text));
        let (first, second) = (first?, second?);
        // Both directories write a place that is not known as zeros; ONSPD also as 99.999999 north.
        let unknown = (first.abs() < 1e-9 && second.abs() < 1e-9)
            || (matches!(self.position, Position::Degrees(..)) && (99.0..100.0).contains(&first));
        if unknown {
            return Ok(None);
        }
        let point = match self.position {
            Position::Degrees(..) => Point::new(first, second),
            Position::Grid(..) => grid::british(first, second),
        };
        let [(a, _), (b, _)] = both;
        point
            .filter(|point| point.is_in_uk())
            .map(|point| Some(micro(point)))
            .ok_or_else(|| format!("its {a} {first} and {b} {second} are not in the British Isles"))
    }

    /// The cells that may hold codes of areas.
    pub(super) fn areas<'a>(&self, cells: &'a [&'a str]) -> impl Iterator<Item = &'a str> + Clone {
        self.areas.iter().filter_map(|at| cells.get(*at).copied())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "180 million fits")]
fn micro(point: Point) -> Micro {
    Micro { latitude: (point.latitude * 1e6).round() as i32, longitude: (point.longitude * 1e6).round() as i32 }
}

fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(40).collect::<String>())
}

/// Whether a column holds codes of county, division, district, ward, parish, country, region or
/// health board: "oslaua" in old editions of ONSPD, "laua" in some, "lad23cd" in new ones.
fn names_an_area(heading: &str) -> bool {
    const KINDS: [&str; 11] = ["cty", "ced", "laua", "lad", "ward", "wd", "parish", "parncp", "ctry", "rgn", "icb"];
    const CODE_POINT: [&str; 4] = ["country_code", "admin_county_code", "admin_district_code", "admin_ward_code"];
    // Of lists that others have made of the two.
    const IN_WORDS: [&str; 4] = ["county code", "district code", "ward code", "parish code"];
    let without_year = heading.strip_suffix("cd").map(|rest| rest.trim_end_matches(|c: char| c.is_ascii_digit()));
    let stem = heading.strip_prefix("os").unwrap_or(heading);
    KINDS.contains(&stem)
        || without_year.is_some_and(|stem| KINDS.contains(&stem) || stem == "par")
        || CODE_POINT.contains(&heading)
        || IN_WORDS.contains(&heading)
        || heading == "gss"
        || heading.starts_with("gss_code")
        || heading == "gss code"
}

/// Whether `text` is a GSS code that means an area: a letter of its country and eight digits, not
/// one of the codes for "none" (E99999999).
pub(in crate::places) fn is_area_code(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() == 9
        && bytes.next().is_some_and(|first| b"EWSNKLMJ".contains(&first))
        && bytes.all(|byte| byte.is_ascii_digit())
        && !text.ends_with("99999999")
}

/// The cells of a line, trimmed, without their quotation marks. `cells` is used again and again.
pub(super) fn split<'a>(line: &'a str, delimiter: u8, cells: &mut Vec<&'a str>) {
    cells.clear();
    let mut rest = line;
    loop {
        let (cell, after) = match rest.strip_prefix('"').and_then(|quoted| quoted.split_once('"')) {
            // What stands between the closing mark and the delimiter is not of the cell.
            Some((cell, after)) => (cell, memchr::memchr(delimiter, after.as_bytes()).map(|at| &after[at + 1..])),
            None => match memchr::memchr(delimiter, rest.as_bytes()) {
                Some(at) => (&rest[..at], Some(&rest[at + 1..])),
                None => (rest, None),
            },
        };
        cells.push(cell.trim());
        let Some(after) = after else { return };
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(line: &str) -> Vec<&str> {
        let mut cells = Vec::new();
        split(line, b',', &mut cells);
        cells
    }

    fn columns(line: &str) -> Option<Columns> {
        Columns::of(&cells(line))
    }

    fn areas(heading: &str) -> Vec<&str> {
        let cells = cells(heading);
        let columns = Columns::of(&cells).unwrap();
        columns.areas.iter().map(|at| cells[*at]).collect()
    }

    #[test]
    fn lines_are_split_with_and_without_quotation_marks() {
        assert_eq!(cells(r#""LU1 2AA","10",503000,,"a, b" x,c"#), ["LU1 2AA", "10", "503000", "", "a, b", "c"]);
        assert_eq!(cells(""), [""]);
        assert_eq!(cells("a,"), ["a", ""]);
        assert_eq!(cells("\"never closed, it is"), ["\"never closed", "it is"]);
    }

    #[test]
    fn every_edition_of_the_heading_is_known() {
        let old = "pcd,pcd2,pcds,dointr,doterm,oscty,ced,oslaua,osward,parish,usertype,oseast1m,osnrth1m,osgrdind,oshlthau,nhser,ctry,rgn,streg,pcon,eer,teclec,ttwa,pct,itl,statsward,oa01,casward,npark,lsoa01,msoa01,ur01ind,oac01,oa11,lsoa11,msoa11,wz11,sicbl,bua24,ru11ind,oac11,lat,long,lep1,lep2,pfa,imd,calncv,icb,oa21,lsoa21,msoa21";
        assert_eq!(columns(old).unwrap().format, Format::Onspd);
        assert_eq!(areas(old), ["oscty", "ced", "oslaua", "osward", "parish", "ctry", "rgn", "icb"]);
        let new = "pcd7,pcd8,pcds,dointr,doterm,cty25cd,ced25cd,lad25cd,wd25cd,parncp25cd,usrtypind,east1m,north1m,gridind,ctry25cd,rgn25cd,pcon24cd,itl25cd,oa21cd,lsoa21cd,msoa21cd,ruc21ind,oac11ind,lat,long,lep21cd1,pfa23cd,imd20ind,icb26cd";
        assert_eq!(columns(new).unwrap().format, Format::Onspd);
        assert_eq!(areas(new), ["cty25cd", "ced25cd", "lad25cd", "wd25cd", "parncp25cd", "ctry25cd", "rgn25cd", "icb26cd"]);
        assert_eq!(areas("PCD,DOTERM,CTY,LAUA,WARD,LAT,LONG"), ["CTY", "LAUA", "WARD"]);
        assert_eq!(columns("outcode,latitude,longitude,town,country").unwrap().format, Format::Simple);
        assert_eq!(
            columns("LU1 1AA,10,509216,221296,E92000001,E19000003,E18000006,,E06000032,E05002192").unwrap().format,
            Format::CodePointOpen
        );
        let in_words = "Postcode,In Use?,Latitude,Longitude,Easting,Northing,County,District,Ward,District Code,Ward Code,Country,County Code,Introduced,Terminated";
        assert_eq!(
            areas(in_words),
            ["Ward", "District Code", "Ward Code", "County Code"],
            "names of wards are no codes and left alone"
        );
        let ended = "LU1 2AB,No,51.8,-0.4,1,2,,Luton,South,E06000032,E05002192,England,,1980-01-01,2003-12-01";
        assert_eq!(columns(in_words).unwrap().read(&cells(ended)), Ok(Row::Skipped(NO_LONGER_IN_USE)));
        assert_eq!(columns("LU1,51.87,-0.42").unwrap().format, Format::Simple);
        for other in ["name,address", "postcode,name", "1,2,3", "lat,long", "", "Luton,51.8,-0.4"] {
            assert_eq!(columns(other), None, "{other}");
        }
    }

    #[test]
    fn rows_say_where_a_postcode_is_or_why_not() {
        let columns = columns("pcds,doterm,lat,long,lad23cd").unwrap();
        let read = |line: &str| columns.read(&cells(line));
        let at = Micro { latitude: 51_878_700, longitude: -420_000 };
        assert_eq!(read("LU1 2AA,,51.8787,-0.42,E06000032"), Ok(Row::Postcode("LU1 2AA".parse().unwrap(), at)));
        assert_eq!(read("LU1,,51.8787,-0.42"), Ok(Row::Outcode("LU1".parse().unwrap(), at)));
        assert_eq!(read("LU1 2AB,202401,51.8,-0.4"), Ok(Row::Skipped(NO_LONGER_IN_USE)));
        assert_eq!(read("JE2 3AB,,99.999999,0.000000"), Ok(Row::Skipped(WITHOUT_A_POSITION)));
        assert_eq!(read("LU1 2AD,,,"), Ok(Row::Skipped(WITHOUT_A_POSITION)));
        assert_eq!(read("GIR 0AA,,53.4,-2.9"), Ok(Row::Skipped(WITHOUT_A_PLACE)));
        assert!(read("SE10 9NF,,51.4779,0.0").is_ok(), "the Greenwich meridian is a place");
        for (line, reason) in [
            ("LU1 2AA,,north,-0.42", "its latitude \"north\" is not a number"),
            ("LU1 2AA,,-0.42,51.8787", "its latitude -0.42 and longitude 51.8787 are not in the British Isles"),
            ("LU1 2AA,,NaN,inf", "its latitude \"NaN\" is not a number"),
            ("Luton,,51.8,-0.4", "\"Luton\" is not a UK postcode (expected something like LU1 2AA, or its first half, LU1)"),
            (",,51.8,-0.4", "has no postcode"),
            ("LU1 2AA,,51.8", "its longitude \"\" is not a number"),
        ] {
            assert_eq!(read(line), Err(reason.to_owned()), "{line}");
        }
    }

    #[test]
    fn codes_for_nothing_are_no_areas() {
        assert!(is_area_code("E06000032") && is_area_code("K02000001"));
        for other in ["E99999999", "E0600003", "X06000032", "e06000032", "", "E06000O32"] {
            assert!(!is_area_code(other), "{other}");
        }
    }
}
