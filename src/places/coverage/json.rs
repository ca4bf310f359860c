//! Polygons of `GeoJSON` and `TopoJSON`. Whatever else stands in the text is passed over; a ring with
//! a corner that is no place takes its polygon with it, since a hole must not become an area.

use std::collections::BTreeMap;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::shapes::{Corner, Polygon, Ring, corner};

/// Corners that are put together from arcs: a small `TopoJSON` may use one arc a million times.
const MOST_CORNERS: usize = 500_000;

/// Numbers in lists in lists, as deep as the parser allows.
#[derive(Debug, Default)]
enum Nest {
    #[default]
    Nothing,
    Number(f64),
    List(Vec<Nest>),
}

impl Nest {
    fn list(&self) -> &[Nest] {
        if let Self::List(list) = self { list } else { &[] }
    }

    fn number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }
}

impl<'de> Deserialize<'de> for Nest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Nest;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("anything")
            }
            fn visit_f64<E>(self, number: f64) -> Result<Nest, E> {
                Ok(Nest::Number(number))
            }
            #[expect(clippy::cast_precision_loss, reason = "degrees and numbers of arcs are small")]
            fn visit_i64<E>(self, number: i64) -> Result<Nest, E> {
                Ok(Nest::Number(number as f64))
            }
            #[expect(clippy::cast_precision_loss, reason = "degrees and numbers of arcs are small")]
            fn visit_u64<E>(self, number: u64) -> Result<Nest, E> {
                Ok(Nest::Number(number as f64))
            }
            fn visit_unit<E>(self) -> Result<Nest, E> {
                Ok(Nest::Nothing)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Nest, E> {
                Ok(Nest::Nothing)
            }
            fn visit_str<E>(self, _: &str) -> Result<Nest, E> {
                Ok(Nest::Nothing)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Nest, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = seq.next_element()? {
                    list.push(item);
                }
                Ok(Nest::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Nest, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Nest::Nothing)
            }
        }
        from.deserialize_any(Any)
    }
}

/// Any object of either format.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object {
    #[serde(rename = "type")]
    kind: String,
    coordinates: Nest,
    geometry: Option<Box<Object>>,
    geometries: Option<Vec<Object>>,
    features: Option<Vec<Object>>,
    objects: Option<BTreeMap<String, Object>>,
    arcs: Nest,
    transform: Option<Transform>,
}

/// How whole numbers of a `TopoJSON` become degrees.
#[derive(Debug, Deserialize)]
struct Transform {
    scale: [f64; 2],
    translate: [f64; 2],
}

/// The polygons in `text`; none when it is neither format.
pub(super) fn polygons(text: &str) -> Vec<Polygon> {
    let Ok(object) = serde_json::from_str::<Object>(text) else { return Vec::new() };
    let mut found = Vec::new();
    if object.kind == "Topology" {
        let arcs = arcs(&object);
        let mut left = MOST_CORNERS;
        for object in object.objects.iter().flat_map(BTreeMap::values) {
            collect(object, &|object| &object.arcs, &mut |ring| ring_of_arcs(ring, &arcs, &mut left), &mut found);
        }
    } else {
        collect(&object, &|object| &object.coordinates, &mut ring_of_corners, &mut found);
    }
    found
}

/// The polygons of an object and of those inside it.
fn collect(
    object: &Object,
    nest: &impl Fn(&Object) -> &Nest,
    ring: &mut impl FnMut(&Nest) -> Option<Ring>,
    found: &mut Vec<Polygon>,
) {
    let mut polygon = |rings: &Nest| rings.list().iter().map(&mut *ring).collect::<Option<Vec<Ring>>>().and_then(Polygon::new);
    match object.kind.as_str() {
        "Polygon" => found.extend(polygon(nest(object))),
        "MultiPolygon" => found.extend(nest(object).list().iter().filter_map(polygon)),
        _ => {}
    }
    let inside = object.geometry.as_deref().into_iter().chain(object.geometries.iter().flatten());
    for object in inside.chain(object.features.iter().flatten()) {
        collect(object, nest, ring, found);
    }
}

fn ring_of_corners(ring: &Nest) -> Option<Ring> {
    ring.list().iter().map(|position| pair(position).and_then(|(x, y)| corner(x, y))).collect()
}

fn pair(position: &Nest) -> Option<(f64, f64)> {
    match position.list() {
        [x, y, ..] => x.number().zip(y.number()),
        _ => None,
    }
}

/// The arcs of a topology; none for one that has a corner which is no place.
fn arcs(topology: &Object) -> Vec<Option<Vec<Corner>>> {
    let arc = |arc: &Nest| {
        let mut sum = (0.0, 0.0);
        arc.list()
            .iter()
            .map(|position| {
                let (x, y) = pair(position)?;
                let Some(transform) = &topology.transform else { return corner(x, y) };
                sum = (sum.0 + x, sum.1 + y);
                corner(sum.0 * transform.scale[0] + transform.translate[0], sum.1 * transform.scale[1] + transform.translate[1])
            })
            .collect()
    };
    topology.arcs.list().iter().map(arc).collect()
}

/// A ring is a list of arcs by number; one that is run through backwards has its number's complement.
fn ring_of_arcs(ring: &Nest, arcs: &[Option<Vec<Corner>>], left: &mut usize) -> Option<Ring> {
    let mut corners = Vec::new();
    for number in ring.list() {
        #[expect(clippy::cast_possible_truncation, reason = "what does not fit names no arc")]
        let number = number.number()? as i64;
        let backwards = number < 0;
        let arc = arcs.get(usize::try_from(if backwards { !number } else { number }).ok()?)?.as_deref()?;
        *left = left.checked_sub(arc.len())?;
        if backwards {
            corners.extend(arc.iter().rev());
        } else {
            corners.extend(arc);
        }
    }
    Some(corners)
}
