use serde_json::{Value, json};

use super::*;

fn area(fields: &Value) -> ServiceArea {
    let mut area = json!({"id": "8e1f0c9d-2b3a-4c5d-8e6f-7a8b9c0d1e2f"});
    area.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_value(area).unwrap()
}

/// Every coverage of these tests goes through its bytes and comes back the same.
fn of(areas: &[Value]) -> Coverage {
    let coverage = Coverage::of(&areas.iter().map(area).collect::<Vec<_>>());
    let bytes = coverage.encode();
    assert!(bytes.len() <= MOST_BYTES, "{} bytes", bytes.len());
    assert_eq!(Coverage::decode(&bytes).as_ref(), Some(&coverage));
    coverage
}

fn shape(extent: &str) -> Coverage {
    of(&[json!({"extent": extent, "extent_type": "geojson"})])
}

fn at(text: &str) -> Place {
    Place { at: Some(text.parse().unwrap()), ..Place::default() }
}

fn point(latitude: f64, longitude: f64) -> Place {
    Place { point: Point::new(latitude, longitude), ..Place::default() }
}

fn within(text: &str, areas: &[&str]) -> Place {
    Place { areas: areas.iter().map(|code| (*code).to_owned()).collect(), ..at(text) }
}

#[test]
fn a_code_covers_the_places_that_lie_in_its_area() {
    for luton in [
        json!({"uri": "http://statistics.data.gov.uk/id/statistical-geography/E06000032"}),
        json!({"uri": "https://statistics.data.gov.uk/doc/statistical-geography/e06000032?lang=en"}),
        json!({"uri": "https://findthatpostcode.uk/areas/E06000032.html"}),
        json!({"extent": "E06000032", "extent_type": "text"}),
        json!({"name": "Luton (E06000032)"}),
    ] {
        let coverage = of(std::slice::from_ref(&luton));
        assert!(coverage.covers(&within("LU1 2AA", &["E05002192", "E06000032", "E92000001"])), "{luton}");
        assert_eq!(coverage.decides(&within("LU6 1AA", &["E06000056", "E92000001"])), Some(false), "{luton}");
        assert_eq!(coverage.decides(&at("LU1 2AA")), None, "nothing is known of the place's areas: {luton}");
    }
}

#[test]
fn a_name_alone_decides_nothing() {
    let coverage = of(&[json!({"name": "Luton", "description": "E06000032 and LU1", "extent": "Luton and around"})]);
    assert!(coverage.is_empty());
    assert_eq!(coverage.encode(), [0_u8; 0]);
    assert_eq!(coverage.decides(&at("LU1 2AA")), None);
}

#[test]
fn beginnings_of_postcodes_cover_what_begins_with_them() {
    let coverage = of(&[json!({"extent": "LU1, SG18 9, MK41 7AA"}), json!({"name": "AL"}), json!({"service_area": "W1"})]);
    for inside in ["LU1 2AA", "LU1", "SG18 9AA", "MK41 7AA", "AL1 1AA", "AL10", "W1A 1AA", "W1"] {
        assert_eq!(coverage.decides(&at(inside)), Some(true), "{inside}");
    }
    for outside in ["LU11 1AA", "LU2", "SG18 8AA", "MK41 7AB", "W10 1AA", "WA1 1AA", "L1 2AA"] {
        assert_eq!(coverage.decides(&at(outside)), Some(false), "{outside}");
    }
    assert!(coverage.covers(&at("SG18")), "a part of the outcode is covered");
    assert_eq!(coverage.decides(&point(51.9, -0.4)), None, "a point has no postcode");
}

#[test]
fn nations_cover_every_postcode_in_them() {
    let england = of(&[json!({"name": "England"})]);
    assert!(england.covers(&at("LU1 2AA")) && england.covers(&within("LU1 2AA", &["E92000001"])));
    assert!(!england.covers(&at("G1 1AA")) && !england.covers(&at("BT1 1AA")) && !england.covers(&at("JE2 3QA")));
    assert!(england.covers(&at("SY10 7AA")), "some of SY is in England");
    assert!(!england.covers(&within("SY10 7AA", &["W06000023", "W92000004"])), "this one is not, and it is known");
    let kingdom = of(&[json!({"uri": "http://statistics.data.gov.uk/id/statistical-geography/K02000001"})]);
    for inside in ["LU1 2AA", "BT1 1AA", "ZE1 0AA", "CF10 1AA"] {
        assert!(kingdom.covers(&at(inside)), "{inside}");
    }
    assert!(kingdom.covers(&point(51.9, -0.4)));
    assert!(!kingdom.covers(&at("GY1 1AA")), "the Crown dependencies are not in the kingdom");
    assert_eq!(england.decides(&point(51.9, -0.4)), None);
}

const SQUARE_WITH_A_HOLE: &str = r#"{"type":"Polygon","coordinates":[
    [[-0.5,51.8],[-0.3,51.8],[-0.3,52.0],[-0.5,52.0],[-0.5,51.8]],
    [[-0.45,51.85],[-0.35,51.85],[-0.35,51.95],[-0.45,51.95],[-0.45,51.85]]]}"#;

#[test]
fn a_polygon_covers_what_is_inside_and_not_what_is_in_its_holes() {
    let coverage = shape(SQUARE_WITH_A_HOLE);
    assert!(coverage.covers(&point(51.82, -0.4)));
    assert!(!coverage.covers(&point(51.9, -0.4)), "in the hole");
    assert!(!coverage.covers(&point(51.7, -0.4)) && !coverage.covers(&point(51.82, -0.6)));
    assert!(
        coverage.covers(&point(51.8, -0.4)) != coverage.covers(&point(52.0, -0.4)),
        "of two opposite edges one belongs to it"
    );
    assert_eq!(coverage.decides(&at("LU1 2AA")), None, "a postcode without a position");
}

#[test]
fn two_squares_side_by_side_share_no_place_and_miss_none() {
    let square = |west: f64, east: f64| {
        let corners = json!([[west, 51.0], [east, 51.0], [east, 52.0], [west, 52.0], [west, 51.0]]);
        shape(&json!({"type": "Polygon", "coordinates": [corners]}).to_string())
    };
    // The edge between them is the Greenwich meridian.
    let (west, east) = (square(-1.0, 0.0), square(0.0, 1.0));
    for longitude in [-0.000_01, 0.0, 0.000_01, -0.5, 0.5] {
        let place = point(51.5, longitude);
        assert!(west.covers(&place) != east.covers(&place), "{longitude}");
    }
}

#[test]
fn every_geojson_object_with_polygons_is_read() {
    let polygon: Value = serde_json::from_str(SQUARE_WITH_A_HOLE).unwrap();
    let elsewhere = json!([[[1.0, 52.0], [1.1, 52.0], [1.1, 52.1]]]);
    for object in [
        json!({"type": "Feature", "properties": {"coordinates": [1, 2]}, "geometry": polygon}),
        json!({"geometry": polygon, "id": 5, "type": "Feature"}),
        json!({"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": null}, {"type": "Feature", "geometry": polygon}]}),
        json!({"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1, 2]}, polygon]}),
        json!({"type": "MultiPolygon", "coordinates": [elsewhere, polygon["coordinates"]]}),
        // Two polygons over each other do not cancel each other out.
        json!({"type": "MultiPolygon", "coordinates": [polygon["coordinates"], [polygon["coordinates"][0]]]}),
    ] {
        let coverage = shape(&object.to_string());
        assert!(coverage.covers(&point(51.82, -0.4)), "{object}");
        assert!(!coverage.covers(&point(53.0, -0.4)), "{object}");
    }
    assert!(shape(r#"{"type":"Point","coordinates":[-0.4,51.9]}"#).is_empty());
}

#[test]
fn topojson_is_put_together_from_its_arcs() {
    // Two squares that share an arc, in whole numbers; the second runs through it backwards.
    let topology = json!({
        "type": "Topology",
        "transform": {"scale": [0.1, 0.1], "translate": [-0.5, 51.0]},
        "arcs": [[[1, 0], [0, 1]], [[1, 1], [-1, 0], [0, -1], [1, 0]], [[1, 0], [1, 0], [0, 1], [-1, 0]]],
        "objects": {"wards": {"type": "GeometryCollection", "geometries": [
            {"type": "Polygon", "arcs": [[0, 1]]}, {"type": "Polygon", "arcs": [[2, -1]]},
        ]}},
    });
    let coverage = shape(&topology.to_string());
    assert!(coverage.covers(&point(51.05, -0.45)) && coverage.covers(&point(51.05, -0.35)));
    assert!(!coverage.covers(&point(51.15, -0.45)) && !coverage.covers(&point(51.05, -0.25)));
    let missing = r#"{"type":"Topology","arcs":[],"objects":{"a":{"type":"Polygon","arcs":[[0]]}}}"#;
    assert!(shape(missing).is_empty());
}

#[test]
fn kml_is_read_with_its_holes() {
    let kml = r#"<?xml version="1.0"?><kml:kml xmlns:kml="http://www.opengis.net/kml/2.2"><kml:Placemark>
        <kml:Point><kml:coordinates>0,0</kml:coordinates></kml:Point><!-- <Polygon> -->
        <kml:Polygon id="1"><kml:outerBoundaryIs><kml:LinearRing><kml:coordinates>
            -0.5,51.8,0 -0.3,51.8,0
            -0.3,52.0,0 -0.5,52.0,0 -0.5,51.8,0</kml:coordinates></kml:LinearRing></kml:outerBoundaryIs>
        <kml:innerBoundaryIs><kml:LinearRing><kml:coordinates>-0.45,51.85 -0.35,51.85 -0.35,51.95 -0.45,51.95</kml:coordinates>
        </kml:LinearRing></kml:innerBoundaryIs></kml:Polygon></kml:Placemark></kml:kml>"#;
    let coverage = of(&[json!({"extent": kml, "extent_type": "kml"})]);
    assert!(coverage.covers(&point(51.82, -0.4)));
    assert!(!coverage.covers(&point(51.9, -0.4)));
}

#[test]
fn what_cannot_be_a_shape_is_no_shape() {
    let deep = format!(r#"{{"type":"Polygon","coordinates":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for bad in [
        deep.as_str(),
        r#"{"type":"Polygon","coordinates":[[[1e999,1],[2,2],[3,1]]]}"#,
        r#"{"type":"Polygon","coordinates":[[[NaN,1],[2,2],[3,1]]]}"#,
        r#"{"type":"Polygon","coordinates":[[[181,1],[2,2],[3,1]]]}"#,
        r#"{"type":"Polygon","coordinates":[[["1","1"],[2,2],[3,1]]]}"#,
        r#"{"type":"Polygon","coordinates":[[[1,1],[1,1],[1,1]]]}"#,
        r#"{"type":"Polygon","coordinates":"everywhere"}"#,
        r#"{"type":"Polygon"}"#,
        "{",
        "<kml><Polygon><coordinates>here</coordinates></Polygon></kml>",
        "<<<<>>>>",
        "<!--",
    ] {
        assert!(shape(bad).is_empty(), "{bad:.60}");
    }
    let no_outer = r#"{"type":"Polygon","coordinates":[[[500,1],[2,2],[3,1]],[[0,0],[1,0],[1,1]]]}"#;
    assert!(shape(no_outer).is_empty(), "a hole does not become an area");
}

/// A ring around (0, 52) with so many corners, none of them on a line between others.
fn circle(corners: u32, radius: f64) -> Value {
    (0..corners)
        .map(|n| {
            let angle = f64::from(n) / f64::from(corners) * std::f64::consts::TAU;
            let wobble = radius * (1.0 + 0.001 * f64::from(n % 7));
            json!([angle.cos() * wobble, 52.0 + angle.sin() * wobble])
        })
        .collect()
}

#[test]
fn a_boundary_with_many_corners_is_made_coarser_until_it_fits() {
    let coverage = shape(&json!({"type": "Polygon", "coordinates": [circle(80_000, 0.5)]}).to_string());
    assert!(!coverage.is_empty());
    assert!(coverage.covers(&point(52.0, 0.0)) && coverage.covers(&point(52.0, 0.49)) && coverage.covers(&point(52.49, 0.0)));
    assert!(!coverage.covers(&point(52.0, 0.51)) && !coverage.covers(&point(52.4, 0.4)));
}

#[test]
fn too_much_of_anything_is_cut() {
    let squares: Vec<Value> = (0..20_000_i32)
        .map(|n| {
            let (x, y) = (f64::from(n % 150) - 75.0, f64::from(n / 150) / 2.0);
            json!([[[x, y], [x + 40.0, y], [x + 40.0 + y / 9.0, y + 20.0], [x, y + 30.0]]])
        })
        .collect();
    let _ = shape(&json!({"type": "MultiPolygon", "coordinates": squares}).to_string());
    let codes: Vec<String> = (0..5_000).map(|n| format!("E05{n:06}")).collect();
    let units: Vec<String> = (0..9_000).map(|n| format!("LU{} {}AA", n / 10 % 99 + 1, n % 10)).collect();
    let coverage =
        of(&[json!({"extent": codes.join(" ")}), json!({"extent": units.join(",")}), json!({"extent": SQUARE_WITH_A_HOLE})]);
    assert_eq!(coverage.codes.len(), MOST_WORDS);
    assert!(coverage.covers(&point(51.82, -0.4)), "there is always room for shapes");
    assert!(of(&[json!({"extent": " ".repeat(5_000_000)})]).is_empty());
}

proptest::proptest! {
    #[test]
    fn whatever_is_decoded_is_encoded_the_same(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        for bytes in [bytes.clone(), [&[1_u8, 0, 0, 0, 0], &bytes[..]].concat()] {
            if let Some(coverage) = Coverage::decode(&bytes) {
                assert_eq!(coverage.encode(), bytes);
                let _ = coverage.covers(&point(51.9, -0.4));
            }
        }
    }

    #[test]
    fn any_ring_comes_back_and_a_point_far_away_is_outside(
        corners in proptest::collection::vec((-2_000_i32..2_000, -2_000_i32..2_000), 0..40),
    ) {
        let ring: Value = corners.iter().map(|(x, y)| json!([f64::from(*x) / 1e3, 52.0 + f64::from(*y) / 1e3])).collect();
        let coverage = shape(&json!({"type": "Polygon", "coordinates": [ring]}).to_string());
        assert!(!coverage.covers(&point(52.0, 3.0)) && !coverage.covers(&point(55.0, 0.0)));
    }

    #[test]
    fn any_text_is_compiled(extent in "\\PC{0,60}", name in "\\PC{0,30}") {
        let _ = of(&[json!({"extent": extent, "name": name})]);
    }

    #[test]
    fn any_json_is_compiled(extent in "(\\{|\\}|\\[|\\]|,|:|\"type\"|\"Polygon\"|\"coordinates\"|[0-9.]{1,3}){0,30}") {
        let _ = shape(&extent);
    }
}
