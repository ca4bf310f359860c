//! Polygons of KML: each `Polygon` has its rings as `coordinates`, the outer one first. Everything
//! else is passed over, so no XML is parsed beyond the names of tags.

use super::shapes::{Polygon, Ring, corner};

/// The polygons in `text`.
pub(super) fn polygons(text: &str) -> Vec<Polygon> {
    let mut found = Vec::new();
    let mut rings: Option<Vec<Option<Ring>>> = None;
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let Some((tag, content)) = after.split_once('>') else { break };
        rest = content;
        // "kml:Polygon id='1'" has the name "Polygon".
        let name = tag.split(|c: char| c.is_whitespace()).next().unwrap_or_default();
        let closes = name.starts_with('/');
        let name = name.trim_matches('/').rsplit(':').next().unwrap_or_default();
        match (name, closes, &mut rings) {
            ("Polygon", false, _) => rings = Some(Vec::new()),
            ("Polygon", true, Some(collected)) => {
                let whole: Option<Vec<Ring>> = std::mem::take(collected).into_iter().collect();
                found.extend(whole.and_then(Polygon::new));
                rings = None;
            }
            ("coordinates", false, Some(collected)) => collected.push(ring(content.split('<').next().unwrap_or_default())),
            _ => {}
        }
    }
    found
}

/// "longitude,latitude,height longitude,latitude,height …"
fn ring(text: &str) -> Option<Ring> {
    let number = |part: Option<&str>| part?.parse::<f64>().ok();
    text.split_whitespace()
        .map(|position| {
            let mut parts = position.split(',');
            corner(number(parts.next())?, number(parts.next())?)
        })
        .collect()
}
