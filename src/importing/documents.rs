//! JSON: one document a line, or a file of values that take several lines (a page of an API, a list, documents).

use std::io::{self, BufRead, Cursor, Read as _};

use serde_json::{Map, Value};

use super::{Format, How, Read, Taken, complete, kinds, nested, said};
use crate::{
    formats::{
        digits::{self, Rounded, Step},
        json::{self, Noted},
        lines, oruk1, page,
    },
    model::{
        Document, Kind,
        apart::apart,
        text::shorten,
        tidy::{self, Dropped},
    },
};

/// A file of values that take several lines is read as a whole; it may have at most so many bytes.
const LARGEST_VALUE: u64 = 256 << 20;

const NOTHING: &str = "the file has no record in it: there is nothing to import";

const BRIEF: &str = "the services on this page are summaries: none has a list of phones, locations or opening hours. Ask the API for full ones (full=true), or for each service by its id";

const TOO_LARGE: &str = "the file is JSON over several lines, and larger than 256 MiB: write each record on a line of its own (for a page of an API: jq -c '.contents[]')";

const MAP: &str = "this is GeoJSON: places on a map, without what a service needs, such as its organisation; ask for the same data as JSON (NDJSON), a spreadsheet (CSV) or tables";

const ABOUT_AN_API: &str = "this tells about an API and holds no data: ask the API for its services (/services?full=true)";

/// Read JSON, whichever way it is written.
pub(super) fn read(mut input: impl BufRead, how: &How, each: &mut impl FnMut(Read) -> bool) -> io::Result<()> {
    let mut start = Vec::new();
    first_line(&mut input, &mut start)?;
    if !takes_several_lines(&start) {
        return read_lines(Cursor::new(start).chain(input), how, each);
    }
    input.by_ref().take(LARGEST_VALUE.saturating_sub(start.len() as u64)).read_to_end(&mut start)?;
    let by_line = |start: &[u8]| how.format == Format::Ndjson || goes_on_line_by_line(start);
    if input.fill_buf()?.is_empty() {
        match page::cut(&start) {
            Ok(pages) => {
                read_pages(&pages, how, each);
                return Ok(());
            }
            Err(_) if by_line(&start) => {}
            Err(malformed) => {
                let reason = format!("not valid JSON: {malformed}");
                each(Read { line: malformed.line, until: start.len() as u64, taken: Err(reason) });
                return Ok(());
            }
        }
    } else if !by_line(&start) {
        each(Read { line: 1, until: start.len() as u64, taken: Err(TOO_LARGE.to_owned()) });
        return Ok(());
    }
    read_lines(Cursor::new(start).chain(input), how, each)
}

/// Whether the first line is not the whole of a value.
fn takes_several_lines(start: &[u8]) -> bool {
    let first = start.trim_ascii_start().split(|byte| *byte == b'\r').next().unwrap_or_default();
    if first.is_empty() {
        return false;
    }
    let is_cut = start.len() > lines::LONGEST && !start.contains(&b'\r');
    json::parse(first).is_err_and(|malformed| malformed.unfinished || is_cut)
}

/// Blank lines and the first other one, as far as a line may be long.
fn first_line(input: &mut impl BufRead, start: &mut Vec<u8>) -> io::Result<()> {
    let most = lines::LONGEST as u64 + 1;
    while start.iter().all(u8::is_ascii_whitespace) && (start.len() as u64) < most {
        if input.by_ref().take(most - start.len() as u64).read_until(b'\n', start)? == 0 {
            break;
        }
    }
    Ok(())
}

/// Whether one of the lines behind the first one is a document of its own: then those before it were only cut short.
/// Lines within a document that is written in several are indented, or end with a comma.
fn goes_on_line_by_line(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.iter().all(u8::is_ascii_whitespace));
    let begins_a_line = lines.next().is_some_and(|first| first.trim_ascii().len() > 1);
    begins_a_line && lines.any(|line| line.starts_with(b"{") && json::parse(line).is_ok())
}

fn read_lines(input: impl BufRead, how: &How, each: &mut impl FnMut(Read) -> bool) -> io::Result<()> {
    let (mut until, mut last, mut any) = (0, 0, false);
    for line in lines::lines(input) {
        let line = line?;
        until += line.length;
        last = line.number;
        let mut give = |taken: Result<Taken, String>| {
            any |= taken.as_ref().map_or(true, |taken| taken.main.is_some() || !taken.parts.is_empty());
            each(Read { line: last, until, taken })
        };
        let goes_on = match &line.bytes {
            None => give(Err(format!("the line is longer than {} MiB", lines::LONGEST >> 20))),
            Some(bytes) => take_line(bytes, how, &mut give),
        };
        if !goes_on {
            return Ok(());
        }
    }
    if !any {
        each(Read { line: last, until, taken: Err(NOTHING.to_owned()) });
    }
    Ok(())
}

/// One line: a document, or a page of them.
fn take_line(bytes: &[u8], how: &How, give: &mut impl FnMut(Result<Taken, String>) -> bool) -> bool {
    let Noted { mut value, rounded } = match json::parse_noting(bytes) {
        Ok(noted) => noted,
        Err(malformed) => return give(Err(format!("not valid JSON: {malformed}"))),
    };
    let pages = page::pages_of(value.get("total_pages"), value.get("totalPages"));
    let (under, documents, besides) = match &mut value {
        Value::Object(members) => {
            let holds = |name: &str| members.get(name).filter(|held| !held.is_null()).map(Value::is_array);
            match page::list_in(holds) {
                Some(name) => (name, members.remove(name), lists_of_objects(members)),
                None => return take_all(Noted { value, rounded }, how, give),
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => ("", Some(value), Vec::new()),
        _ => return give(take(Noted { value, rounded }, how)),
    };
    let Some(Value::Array(documents)) = documents else { return true };
    let has_list = |one: &Value| one.as_object().is_some_and(|members| members.values().any(Value::is_array));
    if !under.is_empty() && !documents.is_empty() && !documents.iter().any(has_list) {
        return give(Err(BRIEF.to_owned()));
    }
    if let Some(told) = about_page(documents.len(), pages, under, &besides)
        && !give(Ok(told))
    {
        return false;
    }
    documents.into_iter().enumerate().all(|(at, value)| {
        let place = (!under.is_empty()).then(|| Step::Member(under.to_owned())).into_iter().chain([Step::Item(at)]);
        let noted = Noted { value, rounded: digits::below(&rounded, &place.collect::<Vec<_>>()) };
        take_all(noted, how, &mut |taken: Result<Taken, String>| give(within(taken, &format!("{under}[{at}]"))))
    })
}

/// Members that hold lists of objects.
fn lists_of_objects(members: &Map<String, Value>) -> Vec<String> {
    let lists =
        members.iter().filter(|(_, held)| held.as_array().is_some_and(|items| items.first().is_some_and(Value::is_object)));
    lists.map(|(name, _)| name.clone()).collect()
}

fn read_pages(pages: &[page::Page<'_>], how: &How, each: &mut impl FnMut(Read) -> bool) {
    let goes_on = pages.iter().all(|page| read_page(page, how, each));
    if goes_on && pages.iter().all(|page| page.documents.is_empty()) {
        each(Read { line: 1, until: 0, taken: Err(NOTHING.to_owned()) });
    }
}

fn read_page(page: &page::Page<'_>, how: &How, each: &mut impl FnMut(Read) -> bool) -> bool {
    let from_an_api = page.under.is_some_and(|under| !under.is_empty());
    if let Some(first) = page.documents.first()
        && from_an_api
        && !page.documents.iter().any(|one| memchr::memchr(b'[', one.bytes).is_some())
    {
        return each(Read { line: first.line, until: first.end as u64, taken: Err(BRIEF.to_owned()) });
    }
    if let Some(under) = page.under
        && let Some(told) = about_page(page.documents.len(), page.pages, under, &page.besides)
        && !each(Read { line: page.line, until: 0, taken: Ok(told) })
    {
        return false;
    }
    page.documents.iter().enumerate().all(|(at, one)| {
        let mut give = |taken: Result<Taken, String>| {
            let taken = match page.under {
                Some(under) => within(taken, &format!("{under}[{at}]")),
                None => taken,
            };
            each(Read { line: one.line, until: one.end as u64, taken })
        };
        match json::parse_noting(one.bytes) {
            Ok(noted) => take_all(noted, how, &mut give),
            Err(malformed) => give(Err(format!("not valid JSON: {malformed}"))),
        }
    })
}

/// What is to be told of a page as a whole: that there is nothing on it, that there are others, that something else
/// lies beside it.
fn about_page(documents: usize, pages: Option<u64>, under: &str, besides: &[String]) -> Option<Taken> {
    let left = |path: &str, reason: String| Dropped { path: path.to_owned(), reason };
    let page = match (documents, pages) {
        (0, _) => Some(left(under, "the list is empty: there is nothing in it to import".to_owned())),
        (_, Some(pages)) if pages > 1 => {
            Some(left(under, format!("this is one page of {pages}; only what is on it was imported")))
        }
        _ => None,
    };
    let beside = |name: &String| {
        left(&shorten(name, 60), format!("is a list beside {under:?}, so it was not imported: send it as a file of its own"))
    };
    let dropped: Vec<Dropped> = page.into_iter().chain(besides.iter().map(beside)).collect();
    (!dropped.is_empty()).then(|| Taken { dropped, ..Taken::default() })
}

/// Say of everything in the report in which document of a page it stands.
fn within(taken: Result<Taken, String>, place: &str) -> Result<Taken, String> {
    let mut taken = taken.map_err(|reason| format!("{place}: {reason}"))?;
    for dropped in &mut taken.dropped {
        dropped.path = format!("{place}.{}", dropped.path);
    }
    Ok(taken)
}

/// One document, and behind an organisation the services that stand in it.
fn take_all(Noted { mut value, rounded }: Noted, how: &How, give: &mut impl FnMut(Result<Taken, String>) -> bool) -> bool {
    let Some(nested::Within { services, told }) = nested::services_of(&mut value) else {
        return give(take(Noted { value, rounded }, how));
    };
    let of_a_service = |one: &Rounded| matches!(&*one.path, [Step::Member(name), ..] if name == nested::SERVICES);
    let (of_services, rounded) = rounded.into_iter().partition(of_a_service);
    let organization = Noted { value, rounded };
    let organization =
        telling_of_numbers(Kind::Organization, "", organization, |value| take_itself(Kind::Organization, value, how));
    let organization = organization.map(|mut taken| {
        taken.dropped.extend(told);
        taken
    });
    let mut of_services = digits::by_item(of_services, nested::SERVICES);
    give(organization)
        && services.into_iter().enumerate().all(|(at, value)| {
            let noted = Noted { value, rounded: of_services.remove(&at).unwrap_or_default() };
            give(within(take(noted, how), &format!("{}[{at}]", nested::SERVICES)))
        })
}

/// One document, and what is to be told of its numbers.
fn take(noted: Noted, how: &How) -> Result<Taken, String> {
    let (kind, under) = if noted.rounded.is_empty() { (Kind::Service, "") } else { kind_of(&noted.value) };
    telling_of_numbers(kind, under, noted, |value| take_whole(value, how))
}

fn telling_of_numbers(
    kind: Kind,
    under: &str,
    Noted { mut value, rounded }: Noted,
    take: impl FnOnce(Value) -> Result<Taken, String>,
) -> Result<Taken, String> {
    let told = digits::keep(kind, &mut value, under, &rounded);
    let mut taken = take(value)?;
    taken.dropped.extend(told.into_iter().map(|told| told.about));
    Ok(taken)
}

/// The kind of a document, and the member under which it stands in a line of our own complete export.
fn kind_of(value: &Value) -> (Kind, &'static str) {
    let Some(members) = value.as_object() else { return (Kind::Service, "") };
    let said = members.get("kind").filter(|_| members.contains_key("document"));
    match said.and_then(Value::as_str).and_then(|kind| kind.parse().ok()) {
        Some(kind) => (kind, "document"),
        None => (kinds::of(members).unwrap_or(Kind::Service), ""),
    }
}

/// A record of our own complete export, or a full service of somebody's feed.
fn take_whole(value: Value, how: &How) -> Result<Taken, String> {
    match &value {
        Value::Object(members) if members.contains_key("kind") && members.contains_key("document") => complete::take(value),
        Value::Object(_) if how.format == Format::Oruk1 || oruk1::is_older(&value) => take_older(value, how),
        Value::Object(members) => match no_record(members) {
            Some(reason) => Err(reason),
            None => take_itself(kinds::of(members)?, value, how),
        },
        _ => Err("expected a JSON object: one full service per line".to_owned()),
    }
}

/// Why an object is no record at all, where it is known as something else or shows nothing of one.
fn no_record(members: &Map<String, Value>) -> Option<String> {
    const SHOWS_ONE: [&str; 6] = ["id", "name", "description", "organization", "organization_id", "status"];
    let has = |name: &str| members.get(name).is_some_and(|held| !held.is_null());
    if matches!(members.get("type").and_then(Value::as_str), Some("FeatureCollection" | "Feature")) {
        return Some(MAP.to_owned());
    }
    if SHOWS_ONE.into_iter().any(has) {
        return None;
    }
    if ["openapi", "swagger", "openapi_url"].into_iter().any(has) {
        return Some(ABOUT_AN_API.to_owned());
    }
    let holds_others = |held: &Value| held.is_object() || held.as_array().is_some_and(|items| items.iter().any(Value::is_object));
    let names: Vec<String> = members
        .iter()
        .filter(|(_, held)| holds_others(held))
        .take(5)
        .map(|(name, _)| format!("{:?}", shorten(name, 60)))
        .collect();
    let reason = "this is no record: it has neither id nor name. If the records stand within";
    (!names.is_empty()).then(|| format!("{reason} {}, send that list alone, or one record per line", names.join(" or ")))
}

/// A full service with everything nested.
pub(super) fn take_service(value: Value, how: &How) -> Result<Taken, String> {
    take_itself(Kind::Service, value, how)
}

/// A document that a line is about, with what is nested in it.
fn take_itself(kind: Kind, mut value: Value, how: &How) -> Result<Taken, String> {
    kinds::forget(&mut value);
    let tidied = tidy::tidy(kind, value, tidy::Names::Ours(&how.ids_of)).map_err(|refused| said(&refused))?;
    let mut taken = Taken { dropped: tidied.dropped, source_ids: tidied.source_ids, ..Taken::default() };
    taken.dropped.extend(tidied.supposed);
    taken.main(apart(Document::from_value(kind, tidied.value)?)?);
    taken.dropped.extend(taken.main.as_ref().map(|draft| &draft.document).map(without_places).unwrap_or_default());
    taken.finish();
    Ok(taken)
}

/// Links of a service that lead to no place: nobody sees them.
fn without_places(document: &Document) -> Vec<Dropped> {
    let Document::Service(service) = document else { return Vec::new() };
    let links = service.service_at_locations.iter().enumerate().filter(|(_, link)| link.location_id.is_none());
    let reason = "names no location; it is not shown";
    links.map(|(at, _)| Dropped { path: format!("service_at_locations[{at}]"), reason: reason.to_owned() }).collect()
}

/// A service of an Open Referral UK 1 API.
fn take_older(value: Value, how: &How) -> Result<Taken, String> {
    let upgraded = oruk1::service(value);
    let mut taken = take_service(upgraded.value, how)?;
    for term in upgraded.terms.into_iter().rev() {
        take_term(term, how, &mut taken);
    }
    taken.dropped.extend(upgraded.dropped);
    Ok(taken)
}

/// A wider term that came along becomes a record before those that refer to it.
fn take_term(term: Value, how: &How, taken: &mut Taken) {
    match tidy::tidy(Kind::TaxonomyTerm, term, tidy::Names::Ours(&how.ids_of)) {
        Ok(tidied) => {
            let ids = tidied.source_ids;
            if let Ok(wider_term) = Document::from_value(Kind::TaxonomyTerm, tidied.value) {
                let mut wider = Taken::default();
                wider.parts(apart(wider_term).unwrap_or_default());
                for draft in &mut wider.parts {
                    let id = draft.document.id();
                    draft.source_id = ids.iter().find(|(known, _)| *known == id).map(|(_, raw)| raw.clone());
                }
                taken.parts.splice(0..0, wider.parts);
            }
            taken.dropped.extend(tidied.dropped);
        }
        Err(refused) => taken.dropped.push(refused),
    }
}

/// A record that stands alone, such as an organisation without services, as parts of nothing.
pub(super) fn take_record(kind: Kind, value: Value, how: &How) -> Result<Taken, String> {
    let tidied = tidy::tidy(kind, value, tidy::Names::Ours(&how.ids_of)).map_err(|refused| said(&refused))?;
    let mut taken = Taken { dropped: tidied.dropped, source_ids: tidied.source_ids, ..Taken::default() };
    taken.dropped.extend(tidied.supposed);
    match Document::from_value(kind, tidied.value)? {
        Document::Service(_) | Document::Event(_) => return Err(format!("a {kind} cannot be imported on its own")),
        document => taken.parts(apart(document)?),
    }
    taken.finish();
    Ok(taken)
}
