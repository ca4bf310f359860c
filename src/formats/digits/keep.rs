//! What becomes of numbers that have more digits than a number can keep: where text is meant, such as an id, the digits
//! are the text; a member that nobody knows is told. Every way into the directory goes through here.

use std::collections::HashMap;

use serde_json::Value;

use super::{Rounded, Step, is_whole, path_of};
use crate::model::{
    Kind,
    shape::{self, Shape},
    text::shorten,
    tidy::Dropped,
};

/// What has to be told of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Where it stands, and what became of it.
    pub about: Dropped,
    /// Whether digits of it are lost; else they were taken as text.
    pub lost: bool,
}

/// Keep the digits where they are text in `value`, which holds a document of this kind under the member `under`, or is
/// one where that is empty. Gives what has to be told, of numbers beside the document too.
pub fn keep(kind: Kind, value: &mut Value, under: &str, rounded: &[Rounded]) -> Vec<Told> {
    let mut told = Vec::new();
    for one in rounded {
        let meaning = meaning(kind, under, one);
        if meaning == Meaning::Double {
            continue;
        }
        let digits = shorten(&one.written, 60);
        let lost = meaning == Meaning::Unknown && !is_whole(&one.written);
        let reason = if lost {
            format!(
                "the number {digits} has more digits than a number can keep, so it was rounded; to keep them all, send it as text, in quotation marks"
            )
        } else {
            put(value, one);
            let why = if meaning == Meaning::Unknown { ", which programs read differently" } else { "" };
            format!("is the number {digits}{why}; taken as text")
        };
        told.push(Told { about: Dropped { path: path_of(&one.path), reason }, lost });
    }
    told
}

/// Write the digits of all these numbers as text, for readers that take text for numbers: then none is lost.
pub fn as_text(value: &mut Value, rounded: &[Rounded]) {
    for one in rounded {
        put(value, one);
    }
}

/// How many of these numbers of a document of this kind are not as they were written, where nothing in it may be
/// changed, because somebody has signed it.
pub fn lost(kind: Kind, rounded: &[Rounded]) -> usize {
    rounded.iter().filter(|one| meaning(kind, "", one) != Meaning::Double).count()
}

/// The numbers that stand below this place, seen from there.
pub fn below(rounded: &[Rounded], place: &[Step]) -> Vec<Rounded> {
    let inside = |one: &Rounded| Some(Rounded { path: one.path.strip_prefix(place)?.to_vec(), written: one.written.clone() });
    rounded.iter().filter_map(inside).collect()
}

/// The numbers that stand in each item of the list under this member, by the number of the item, seen from there. For
/// whoever wants all of them: to look for those of one item takes as long as to look for those of each.
pub fn by_item(rounded: Vec<Rounded>, list: &str) -> HashMap<usize, Vec<Rounded>> {
    let mut found: HashMap<usize, Vec<Rounded>> = HashMap::new();
    for mut one in rounded {
        if let [Step::Member(name), Step::Item(at), ..] = &*one.path
            && name == list
        {
            let at = *at;
            one.path.drain(..2);
            found.entry(at).or_default().push(one);
        }
    }
    found
}

/// What a number is by the schema.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// A number of the standard. These are doubles.
    Double,
    /// Text, such as an id.
    Text,
    /// Nobody knows.
    Unknown,
}

fn meaning(kind: Kind, under: &str, one: &Rounded) -> Meaning {
    let inside = match one.path.split_first() {
        _ if under.is_empty() => Some(&*one.path),
        Some((Step::Member(name), inside)) if name == under => Some(inside),
        _ => None,
    };
    match inside.and_then(|path| shape_at(kind, path)) {
        Some(Shape::Number { .. }) => Meaning::Double,
        Some(Shape::Id(_) | Shape::Text { .. } | Shape::Choice(_) | Shape::Formatted(_)) => Meaning::Text,
        None if is_id(&one.path) => Meaning::Text,
        _ => Meaning::Unknown,
    }
}

/// What stands there in a document of this kind, where it is anything that we know.
fn shape_at(kind: Kind, path: &[Step]) -> Option<&'static Shape> {
    let mut entity = shape::entity(shape::title(kind));
    let mut found: Option<&'static Shape> = None;
    for step in path {
        let shape = match (step, found) {
            (Step::Member(name), _) => &entity?.fields.get(name)?.shape,
            (Step::Item(_), Some(Shape::List(of))) => of.as_ref(),
            (Step::Item(_), _) => return None,
        };
        entity = match shape {
            Shape::Entity(title) => shape::entity(title),
            _ => None,
        };
        found = Some(shape);
    }
    found
}

/// Ids of members that older standards have.
fn is_id(path: &[Step]) -> bool {
    matches!(path.last(), Some(Step::Member(name)) if name == "id" || name.ends_with("_id"))
}

/// Put the digits in the place of the number.
fn put(document: &mut Value, one: &Rounded) {
    let place = one.path.iter().try_fold(document, |value, step| match step {
        Step::Member(name) => value.get_mut(name.as_str()),
        Step::Item(at) => value.get_mut(*at),
    });
    if let Some(place) = place {
        *place = one.written.as_str().into();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::formats::json::parse_noting;

    const LONG: &str = "12345678901234567890123";

    #[test]
    fn digits_are_kept_where_they_are_text_and_told_where_nobody_knows_what_they_are() {
        let text = format!(
            r#"{{"id": {LONG}, "name": "Tea", "minimum_age": 18.000000000000000001, "alternate_name": {LONG}, "phones": [{{"number": {LONG}}}], "local": {{"count": [1, {LONG}]}}}}"#
        );
        let mut noted = parse_noting(text.as_bytes()).unwrap();
        assert_eq!(lost(Kind::Service, &noted.rounded), 4);
        let told = keep(Kind::Service, &mut noted.value, "", &noted.rounded);
        assert_eq!(
            told.iter().map(|one| (one.about.path.as_str(), one.lost)).collect::<Vec<_>>(),
            [("id", false), ("alternate_name", false), ("phones[0].number", false), ("local.count[1]", true)]
        );
        assert!(told[3].about.reason.contains("so it was rounded"), "{told:?}");
        assert_eq!((&noted.value["id"], &noted.value["phones"][0]["number"]), (&json!(LONG), &json!(LONG)));
    }

    #[test]
    fn a_document_may_stand_within_something_else() {
        let page = parse_noting(format!(r#"{{"contents": [{{}}, {{"a": {LONG}}}]}}"#).as_bytes()).unwrap();
        let at = |item| below(&page.rounded, &[Step::Member("contents".to_owned()), Step::Item(item)]);
        assert_eq!(at(1).iter().map(|one| path_of(&one.path)).collect::<Vec<_>>(), ["a"]);
        assert_eq!(at(0), []);
        let by_item = by_item(page.rounded.clone(), "contents");
        assert_eq!((by_item.len(), by_item[&1].clone()), (1, at(1)));
        let mut line = parse_noting(format!(r#"{{"document": {{"name": {LONG}}}, "name": {LONG}}}"#).as_bytes()).unwrap();
        let told = keep(Kind::Service, &mut line.value, "document", &line.rounded);
        assert_eq!(told.iter().map(|one| one.lost).collect::<Vec<_>>(), [false, true]);
        assert_eq!(line.value["document"]["name"], LONG);
    }
}
