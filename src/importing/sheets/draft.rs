//! A draft of the mapping file of a spreadsheet, for a person to look through: made of its headings and, where they do
//! not say, of what its cells look like.

use std::{
    collections::HashMap,
    fmt::Write as _,
    io::{self, BufRead},
};

use super::{
    cells,
    columns::{self, COLUMNS, Column},
    hours,
    mapping::IGNORE,
    phones,
};
use crate::{
    formats::sheet,
    importing::{Format, guess, unreadable},
    model::{
        text::{clean, fold, shorten},
        values::EmailAddress,
        whereabouts::Postcode,
    },
};

/// Rows that are looked at.
const LOOKED_AT: usize = 200;

/// Draft a mapping file for a sheet called `name`. Nothing is imported.
/// # Errors
/// When the sheet cannot be read, or is none.
pub fn suggest(mut input: impl BufRead, name: &str) -> io::Result<String> {
    if let Some(reason) = no_sheet(input.fill_buf()?) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
    }
    let mut rows = sheet::read(input)?;
    let mut top: Vec<_> = rows.by_ref().take(super::TOP).collect();
    let below = top.split_off(super::headings_at(&top, has_what_is_required).saturating_add(1).min(top.len()));
    let heading = match top.pop() {
        Some(Ok(heading)) => heading.cells,
        Some(Err(bad)) => return Err(io::Error::new(io::ErrorKind::InvalidData, bad.reason)),
        None => return Err(io::Error::new(io::ErrorKind::InvalidData, "the sheet is empty")),
    };
    let cells = below.into_iter().chain(rows).take(LOOKED_AT).filter_map(Result::ok).map(|row| row.cells);
    let cells: Vec<Vec<String>> = cells.collect();
    let matched = columns::matched(&heading);
    let mut by_place: HashMap<usize, (&'static str, &'static str)> =
        matched.at.iter().map(|(name, place)| (*place, (*name, ""))).collect();
    for (place, name) in &matched.doubles {
        by_place.insert(*place, (IGNORE, name));
    }
    for place in 0..heading.len() {
        let known: Vec<&str> = by_place.values().map(|(name, _)| *name).collect();
        if let Some(name) =
            (!by_place.contains_key(&place)).then(|| by_content(&cells, place)).flatten().filter(|name| !known.contains(name))
        {
            by_place.insert(place, (name, "judging by its cells"));
        }
    }
    Ok(written(name, &heading, &cells, &by_place))
}

fn written(
    name: &str,
    heading: &[String],
    cells: &[Vec<String>],
    by_place: &HashMap<usize, (&'static str, &'static str)>,
) -> String {
    let name = clean(name).replace(['\n', '\t'], " ");
    let mut out = format!(
        "# What each heading of {name} means: a column, or \"{IGNORE}\".\n# Nothing has been imported yet. Check this, then run: fingerpost import {name} --mapping FILE\n#\n"
    );
    for column in COLUMNS {
        let _ = writeln!(out, "#   {:<26}{}", column.name, column.meaning);
    }
    out.push_str("\n[columns]\n");
    let folded: Vec<String> = heading.iter().map(|cell| fold(cell)).collect();
    for (place, title) in heading.iter().enumerate() {
        let clear = !folded[place].is_empty() && folded.iter().filter(|other| **other == folded[place]).count() == 1;
        let key = if clear { quoted(title) } else { format!("\"#{}\"", place + 1) };
        let (column, why) = by_place.get(&place).copied().unwrap_or((IGNORE, ""));
        let mut about: Vec<String> = Vec::new();
        if !clear {
            about.push(if title.is_empty() { "(no heading)".to_owned() } else { format!("(headed {})", quoted(title)) });
        }
        match (column, why) {
            (IGNORE, "") => {}
            (IGNORE, other) => about.push(format!("(also looks like {other})")),
            (_, "") => {}
            (_, why) => about.push(format!("({why})")),
        }
        about.push(samples(cells, place));
        let line = format!("{key} = \"{column}\"");
        let _ = writeln!(out, "{}", format!("{line:<44} # {}", about.join(" ").trim()).trim_end_matches([' ', '#']));
    }
    let found = |name: &str| by_place.values().any(|(column, _)| *column == name);
    out.push_str("\n# The same in every row, instead of a column.\n[constants]\n");
    for required in columns::REQUIRED.iter().filter(|name| !found(name)) {
        let _ = writeln!(out, "# {required} = \"…\"    # no heading names it, and every row needs one");
    }
    if !found("county") {
        out.push_str("# county = \"Bedfordshire\"\n");
    }
    out.push_str("\n# What an empty cell means.\n[defaults]\n# status = \"active\"\n");
    out
}

/// Two or three of the cells, so that a person sees what stands there.
fn samples(cells: &[Vec<String>], place: usize) -> String {
    let mut found: Vec<String> = Vec::new();
    for cell in cells.iter().filter_map(|row| row.get(place)).filter(|cell| !cells::is_nothing(cell)) {
        let sample = shorten(&clean(cell).split_whitespace().collect::<Vec<_>>().join(" "), 30);
        if !found.contains(&sample) {
            found.push(sample);
        }
        if found.len() == 2 {
            break;
        }
    }
    found.join("; ")
}

/// What a column holds by what most of its cells look like, where the heading does not say.
fn by_content(cells: &[Vec<String>], place: usize) -> Option<&'static str> {
    type Looks = fn(&str) -> bool;
    const LOOKS: [(&str, Looks); 5] = [
        ("postcode", |cell| cell.parse::<Postcode>().is_ok()),
        ("email", |cell| cell.parse::<EmailAddress>().is_ok()),
        ("website", |cell| cell.starts_with("http://") || cell.starts_with("https://") || cell.starts_with("www.")),
        ("phone", |cell| {
            let (found, unread) = phones::phones(cell);
            unread.is_empty() && found.iter().any(|phone| phone.number.starts_with(['0', '+']) && phone.number.len() >= 10)
        }),
        // "9 - 12" alone may be ages.
        ("opening_hours", |cell| cell.contains(|c: char| c == ':' || c.is_alphabetic()) && hours::sessions(cell).is_some()),
    ];
    let filled: Vec<&str> =
        cells.iter().filter_map(|row| row.get(place)).map(String::as_str).filter(|cell| !cells::is_nothing(cell)).collect();
    let most = |looks: Looks| !filled.is_empty() && filled.iter().filter(|cell| looks(cell)).count() * 5 >= filled.len() * 4;
    let name = LOOKS.into_iter().find(|(_, looks)| most(*looks))?.0;
    COLUMNS.iter().map(|column: &Column| column.name).find(|known| *known == name)
}

/// A key of TOML. What JSON escapes, TOML does as well.
fn quoted(text: &str) -> String {
    serde_json::to_string(&clean(text)).expect("text is JSON")
}

/// Why the file that begins so is no sheet, for which there would be no use of a mapping.
fn no_sheet(start: &[u8]) -> Option<String> {
    let is_json = || {
        let rest = start.trim_ascii_start().get(1..).unwrap_or_default().trim_ascii_start();
        rest.first().is_some_and(|next| matches!(next, b'"' | b'{' | b'[' | b'}' | b']'))
    };
    let what = match guess(start) {
        Format::HsdsTabular => "a zip",
        Format::Ical => "a calendar",
        // A heading may begin with a brace or a bracket.
        Format::Ndjson | Format::Oruk1 if is_json() => "JSON",
        _ => return unreadable::said_of(start).map(str::to_owned),
    };
    Some(format!("a mapping only applies to spreadsheets, and this is {what}: import it without one"))
}

/// Whether these headings do without a mapping.
fn has_what_is_required(heading: &[String]) -> bool {
    let matched = columns::matched(heading);
    columns::REQUIRED.iter().all(|name| matched.at.contains_key(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::mapping::Mapping, *};

    #[test]
    fn a_draft_can_be_used_as_it_is() {
        let sheet = "Group name,What,Notes,Phone,Phone,,Where we are\nGorse Friends,Tea,keep,01632 960123,01632 960124,LU3 9XQ,\"Hall \"\"A\"\"\nhere\"\nLarkspur,Soup,,,,LU3 9XB,\n";
        let draft = suggest(sheet.as_bytes(), "groups.csv").unwrap();
        let lines: Vec<&str> = draft.lines().skip_while(|line| *line != "[columns]").collect();
        insta::assert_snapshot!(lines.join("\n"), @r##"
        [columns]
        "Group name" = "organisation"                # Gorse Friends; Larkspur
        "What" = "ignore"                            # Tea; Soup
        "Notes" = "ignore"                           # keep
        "#4" = "phone"                               # (headed "Phone") 01632 960123
        "#5" = "ignore"                              # (headed "Phone") (also looks like phone) 01632 960124
        "#6" = "postcode"                            # (no heading) (judging by its cells) LU3 9XQ; LU3 9XB
        "Where we are" = "address_1"                 # Hall "A" here

        # The same in every row, instead of a column.
        [constants]
        # service = "…"    # no heading names it, and every row needs one
        # county = "Bedfordshire"

        # What an empty cell means.
        [defaults]
        # status = "active"
        "##);
        let edited = draft.replace("\"What\" = \"ignore\"", "\"What\" = \"service\"");
        let heading: Vec<String> = "Group name,What,Notes,Phone,Phone,,Where we are".split(',').map(str::to_owned).collect();
        let mapped = Mapping::parse(&edited).unwrap().apply(&heading).unwrap();
        assert_eq!(
            (mapped.at["organisation"], mapped.at["service"], mapped.at["postcode"], mapped.unmentioned.len()),
            (0, 1, 5, 0)
        );
    }

    proptest! {
        #[test]
        fn every_draft_is_a_mapping(heading in prop::collection::vec("\\PC{0,12}", 1..8), row in prop::collection::vec("\\PC{0,20}", 0..8)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(&heading).unwrap();
            let mut row = row;
            row.resize(heading.len(), String::new());
            writer.write_record(&row).unwrap();
            let sheet = writer.into_inner().unwrap();
            if let Ok(draft) = suggest(sheet.as_slice(), "\"x\"\n.csv") {
                prop_assert!(Mapping::parse(&draft).is_ok(), "{:?} {draft}", Mapping::parse(&draft));
            }
        }
    }
}
