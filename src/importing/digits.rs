//! Numbers that have more digits than a number can keep: where text is meant, such as an id, the digits are the text;
//! a member that nobody knows is told in the report.

use serde_json::Value;

use super::kinds;
use crate::{
    formats::digits::{Rounded, Step, path_of},
    model::{
        Kind,
        shape::{self, Shape},
        text::shorten,
        tidy::Dropped,
    },
};

/// Keep the digits in `document` where they are text, and give what has to be told of the others.
pub(super) fn keep(document: &mut Value, rounded: &[Rounded]) -> Vec<Dropped> {
    if rounded.is_empty() {
        return Vec::new();
    }
    let (kind, within) = kind_of(document);
    let mut told = Vec::new();
    for one in rounded {
        let inside = if within { one.path.strip_prefix(&[Step::Member("document".to_owned())]) } else { Some(&*one.path) };
        let shape = inside.and_then(|path| shape_at(kind, path));
        if matches!(shape, Some(Shape::Number { .. })) {
            // Numbers of the standard are doubles.
            continue;
        }
        let is_text = matches!(shape, Some(Shape::Id(_) | Shape::Text { .. } | Shape::Choice(_) | Shape::Formatted(_)));
        let digits = shorten(&one.written, 60);
        let reason = if is_text || shape.is_none() && is_id(&one.path) {
            put(document, one);
            format!("is the number {digits}; taken as text")
        } else {
            format!(
                "the number {digits} has more digits than a number can keep, so it was rounded; to keep them all, send it as text, in quotation marks"
            )
        };
        told.push(Dropped { path: path_of(&one.path), reason });
    }
    told
}

/// Of the numbers of a page, those in the document at this place of the list `under`, as they stand there.
pub(super) fn inside(rounded: &[Rounded], under: &str, at: usize) -> Vec<Rounded> {
    let mut way: Vec<Step> = Vec::new();
    way.extend((!under.is_empty()).then(|| Step::Member(under.to_owned())));
    way.push(Step::Item(at));
    let inside =
        |one: &Rounded| Some(Rounded { path: one.path.strip_prefix(way.as_slice())?.to_vec(), written: one.written.clone() });
    rounded.iter().filter_map(inside).collect()
}

/// The kind of a document, and whether it is in a line of our own complete export.
fn kind_of(document: &Value) -> (Kind, bool) {
    let Some(members) = document.as_object() else { return (Kind::Service, false) };
    let said = members.get("kind").filter(|_| members.contains_key("document"));
    match said.and_then(Value::as_str).and_then(|kind| kind.parse().ok()) {
        Some(kind) => (kind, true),
        None => (kinds::of(members).unwrap_or(Kind::Service), false),
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
    use crate::formats::{digits::path_of, json::parse_noting};

    #[test]
    fn digits_are_kept_where_they_are_text_and_told_where_nobody_knows_what_they_are() {
        let long = "12345678901234567890123";
        let text = format!(
            r#"{{"id": {long}, "name": "Tea", "minimum_age": 18.000000000000000001, "alternate_name": {long}, "phones": [{{"number": {long}}}], "local": {{"count": [1, {long}]}}}}"#
        );
        let mut noted = parse_noting(text.as_bytes()).unwrap();
        let told = keep(&mut noted.value, &noted.rounded);
        assert_eq!(
            told.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(),
            ["id", "alternate_name", "phones[0].number", "local.count[1]"]
        );
        assert!(told[3].reason.contains("so it was rounded"), "{told:?}");
        assert_eq!((&noted.value["id"], &noted.value["phones"][0]["number"]), (&json!(long), &json!(long)));
        let page = parse_noting(format!(r#"{{"contents": [{{}}, {{"a": {long}}}]}}"#).as_bytes()).unwrap();
        assert_eq!(inside(&page.rounded, "contents", 1).iter().map(|one| path_of(&one.path)).collect::<Vec<_>>(), ["a"]);
        assert_eq!(inside(&page.rounded, "contents", 0), []);
    }
}
