//! Postcodes as people write them, and service areas as strangers describe them: whatever the bytes,
//! they are read or refused, what is read reads the same again, and a coverage is small and comes
//! back from its bytes as it was.

use fingerpost::{
    geo::Point,
    model::{parts::ServiceArea, whereabouts::Whereabouts},
    places::{Coverage, Place},
};

pub fn check(bytes: &[u8]) {
    let places = [51.9, 52.0].map(|latitude| Place {
        at: "LU1 2AA".parse().ok(),
        point: Point::new(latitude, 0.0),
        areas: vec!["E06000032".to_owned()],
    });
    if let Some(coverage) = Coverage::decode(bytes) {
        assert_eq!(coverage.encode(), bytes, "one coverage has one form");
        for place in &places {
            let _ = coverage.decides(place);
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(at) = text.parse::<Whereabouts>() {
        assert_eq!(at.to_string().parse().as_ref(), Ok(&at));
    }
    let mut area: ServiceArea =
        serde_json::from_str(r#"{"id":"8e1f0c9d-2b3a-4c5d-8e6f-7a8b9c0d1e2f"}"#).expect("an area with nothing but its id");
    area.extent = Some(text.to_owned());
    let coverage = Coverage::of([&area]);
    let encoded = coverage.encode();
    assert!(encoded.len() <= 60_000);
    assert_eq!(Coverage::decode(&encoded).as_ref(), Some(&coverage));
    for place in &places {
        let _ = coverage.covers(place);
    }
}
