//! An entity as a whole: its members one by one, what it cannot stand without, and its own id.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Around, Dropped, Refusal, Tidier, at, join, repairs, single::describe};
use crate::{
    ids,
    model::{
        shape::{self, Entity, Shape},
        text,
    },
};

impl Tidier<'_> {
    /// `parent` is the nearest entity around this one: a part without an id gets one derived from there and from
    /// what it says.
    pub(super) fn entity(
        &mut self,
        entity: &Entity,
        value: Value,
        path: &str,
        parent: Option<Around<'_>>,
    ) -> Result<Value, Dropped> {
        let Value::Object(mut object) = value else {
            return Err(at(path, format!("expected {} as an object, found {}", entity.name, describe(&value))));
        };
        for (field, reason) in repairs::suppositions(&entity.name, &object) {
            self.supposed.push(at(&join(path, field), reason));
        }
        repairs::apply(&entity.name, &mut object);
        self.name_unknown_blanks(entity, &object, path);
        let id = self.own_id(entity, &mut object, parent);
        let linked = linked(entity, &object, parent);
        let (mut kept, mut refused, mut unfit) = (Map::new(), None, Vec::new());
        let faults_before = self.dropped.len();
        for (name, value) in object {
            let here = join(path, &name);
            if name == "id" && id.is_some() {
                kept.insert(name, value);
                continue;
            }
            let Some(field) = entity.fields.get(&name) else {
                kept.extend(self.unknown(entity, &name, value, &here));
                continue;
            };
            let shape = linked.as_ref().filter(|_| name == "link_id").unwrap_or(&field.shape);
            let taken = self.value(shape, value, &here, id.map(|id| Around { id, entity: &entity.name, field: &name }));
            match taken {
                Ok(value) => {
                    kept.insert(name, value);
                }
                Err(Refusal::Blank) => {}
                Err(Refusal::Because(reason)) if field.required || repairs::decides(&entity.name, &name) => {
                    self.refuse(Dropped { path: here, reason }, &mut refused)?;
                    unfit.push(name);
                }
                Err(Refusal::Because(reason)) => {
                    let strictest = strictest(&name);
                    let taken =
                        strictest.map(|word| format!("; it is treated as {word:?}, so that nothing is revealed by mistake"));
                    kept.extend(strictest.map(|word| (name, Value::from(word))));
                    self.dropped.push(Dropped { path: here, reason: reason + &taken.unwrap_or_default() });
                }
                Err(Refusal::Inside(inside)) if field.required => {
                    self.refuse(inside, &mut refused)?;
                    unfit.push(name);
                }
                Err(Refusal::Inside(inside)) => self.dropped.push(inside),
            }
        }
        self.refuse_what_is_missing(entity, &kept, &unfit, path, &mut refused)?;
        self.settle_contradictions(entity, &mut kept, path, &mut refused)?;
        if parent.is_some()
            && refused.is_none()
            && self.dropped.len() > faults_before
            && kept.keys().all(|name| matches!(&**name, "id" | "service_id"))
        {
            // What was dropped says why; an id alone says nothing to anybody.
            return Err(at(path, format!("nothing is left of {}", with_article(&entity.name))));
        }
        refused.map_or(Ok(Value::Object(kept)), Err)
    }

    /// Required members that are neither there nor have been refused already.
    fn refuse_what_is_missing(
        &mut self,
        entity: &Entity,
        kept: &Map<String, Value>,
        unfit: &[String],
        path: &str,
        refused: &mut Option<Dropped>,
    ) -> Result<(), Dropped> {
        let missing: Vec<&str> = entity
            .fields
            .iter()
            .filter(|(name, field)| field.required && !kept.contains_key(*name) && !unfit.contains(*name))
            .map(|(name, _)| name.as_str())
            .collect();
        if !missing.is_empty() {
            let (is, it) = if missing.len() == 1 { ("is", "it") } else { ("are", "them") };
            let reason = format!("{} {is} missing; {} needs {it}", missing.join(" and "), with_article(&entity.name));
            self.refuse(at(path, reason), refused)?;
        }
        Ok(())
    }

    /// Members that cannot both be true: one goes, or the entity does not stand.
    fn settle_contradictions(
        &mut self,
        entity: &Entity,
        kept: &mut Map<String, Value>,
        path: &str,
        refused: &mut Option<Dropped>,
    ) -> Result<(), Dropped> {
        for name in repairs::contradictions(&entity.name, kept) {
            if name.refuses || entity.fields.get(name.field).is_some_and(|field| field.required) {
                self.refuse(at(&join(path, name.field), name.reason.into_owned()), refused)?;
                continue;
            }
            if kept.remove(name.field).is_some() {
                self.dropped.push(at(&join(path, name.field), name.reason.into_owned()));
            }
        }
        Ok(())
    }

    /// Something that an entity cannot stand with: the first is why it does not, and the others stand beside it where
    /// all of them are wanted.
    fn refuse(&mut self, fault: Dropped, refused: &mut Option<Dropped>) -> Result<(), Dropped> {
        match refused {
            _ if !self.goes_on => return Err(fault),
            None => *refused = Some(fault),
            Some(_) => self.dropped.push(fault),
        }
        Ok(())
    }

    /// The entity's own id, made where it is missing, so that its parts can be named after it.
    fn own_id(&mut self, entity: &Entity, object: &mut Map<String, Value>, parent: Option<Around<'_>>) -> Option<Uuid> {
        let field = entity.fields.get("id")?;
        let given = object.get("id").and_then(|value| self.value(&field.shape, value.clone(), "id", None).ok());
        let id = if let Some(id) = given.as_ref().and_then(Value::as_str).and_then(|text| Uuid::try_parse(text).ok()) {
            id
        } else {
            let around = parent?;
            object.remove("id");
            if entity.name == "service_at_location" {
                self.link_id(around.id, object)
            } else {
                ids::derived(around.id, &format!("{}\n{}", around.field, Value::Object(object.clone())))
            }
        };
        object.insert("id".to_owned(), Value::String(id.to_string()));
        Some(id)
    }

    /// What the link of a service to a place is called that has no id: it is made of those two, and of nothing else that
    /// the link says. How much of the place may be told is remembered by it, and has to hold when the hours change. Where
    /// several differ and lead to the same place, they are numbered.
    fn link_id(&mut self, service: Uuid, link: &Map<String, Value>) -> Uuid {
        let first = ids::derived(service, &format!("service_at_location\n{}", named_place(link)));
        let said = Value::Object(link.clone());
        let known = self.links.entry(first).or_default();
        let number = known.iter().position(|other| *other == said).unwrap_or(known.len());
        if number == known.len() {
            known.push(said);
        }
        if number == 0 { first } else { ids::derived(first, &number.to_string()) }
    }
}

/// Of what the `link_id` of an attribute is the id: of what it says it is attached to, else of what it stands in. It is
/// named as that is, whatever ids its source has.
fn linked(entity: &Entity, object: &Map<String, Value>, parent: Option<Around<'_>>) -> Option<Shape> {
    if entity.name != "attribute" {
        return None;
    }
    let said = object.get("link_entity").and_then(Value::as_str).map(|said| text::fold(said).replace(' ', "_"));
    let of = said.filter(|said| shape::has(said)).or_else(|| parent.map(|around| around.entity.to_owned()))?;
    Some(Shape::Id(of))
}

/// To which place a link leads: its id at the source, or else all that is said of it.
fn named_place(link: &Map<String, Value>) -> String {
    let place = link.get("location").filter(|place| place.is_object());
    let ids = [place.and_then(|place| place.get("id")), link.get("location_id")];
    let named = ids.into_iter().flatten().find_map(|id| match id {
        Value::String(text) => Some(text.trim().to_lowercase()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    named.or_else(|| place.map(Value::to_string)).unwrap_or_default()
}

/// What stands for words about who may see something that cannot be read: whoever wrote them did not
/// want it told to everybody.
fn strictest(field: &str) -> Option<&'static str> {
    match field {
        // Not "withheld": what is withheld is not kept either, and perhaps it was a slip.
        "location_policy" => Some("on_request"),
        "visibility" => Some("private"),
        _ => None,
    }
}

fn with_article(entity: &str) -> String {
    let article = if entity.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {}", entity.replace('_', " "))
}
