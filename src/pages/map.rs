//! Where results are, as a picture that the server draws: no tiles, nobody else is asked. The list
//! says the same in words; the numbers on the map are those of the list.

use maud::{Markup, html};

use super::{language::say, listing::Listing};
use crate::geo::Point;

/// Size of the picture.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 260.0;
/// Room around the outermost places.
const EDGE: f64 = 24.0;
/// The smallest stretch of ground that is shown, in metres: two doors beside each other are no map.
const LEAST: f64 = 800.0;
const METRES_IN_A_MILE: f64 = 1_609.344;
const METRES_IN_A_DEGREE: f64 = 111_195.0;

/// A place on the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spot {
    x: f64,
    y: f64,
}

/// How ground becomes picture.
#[derive(Clone, Copy, Debug)]
struct Frame {
    middle: Point,
    /// Of a degree of longitude here, beside one of latitude.
    narrowing: f64,
    /// Points of the picture for a metre.
    scale: f64,
}

impl Frame {
    /// A frame around all of these; none where there are none.
    fn around(points: &[Point]) -> Option<Self> {
        let ends = |of: fn(&Point) -> f64| {
            let values = points.iter().map(of);
            Some((values.clone().reduce(f64::min)?, values.reduce(f64::max)?))
        };
        let (south, north) = ends(|point| point.latitude)?;
        let (west, east) = ends(|point| point.longitude)?;
        let middle = Point::new(f64::midpoint(south, north), f64::midpoint(west, east))?;
        let narrowing = middle.latitude.to_radians().cos().max(0.01);
        let high = ((north - south) * METRES_IN_A_DEGREE).max(LEAST);
        let wide = ((east - west) * METRES_IN_A_DEGREE * narrowing).max(LEAST);
        let scale = ((HEIGHT - 2.0 * EDGE) / high).min((WIDTH - 2.0 * EDGE) / wide);
        Some(Self { middle, narrowing, scale })
    }

    fn spot(&self, point: Point) -> Spot {
        let east = (point.longitude - self.middle.longitude) * METRES_IN_A_DEGREE * self.narrowing;
        let north = (point.latitude - self.middle.latitude) * METRES_IN_A_DEGREE;
        Spot { x: WIDTH / 2.0 + east * self.scale, y: HEIGHT / 2.0 - north * self.scale }
    }

    /// A round distance that is at most a third as wide as the picture, and how wide it is.
    fn yardstick(&self) -> (&'static str, f64) {
        const STEPS: [(&str, f64); 9] = [
            ("50 miles", 50.0),
            ("20 miles", 20.0),
            ("10 miles", 10.0),
            ("5 miles", 5.0),
            ("2 miles", 2.0),
            ("1 mile", 1.0),
            ("half a mile", 0.5),
            ("a quarter of a mile", 0.25),
            ("200 yards", 200.0 / 1_760.0),
        ];
        let wide = |miles: f64| miles * METRES_IN_A_MILE * self.scale;
        let fits = STEPS.iter().find(|(_, miles)| wide(*miles) <= WIDTH / 3.0);
        let (said, miles) = fits.copied().unwrap_or(("200 yards", 200.0 / 1_760.0));
        (said, wide(miles))
    }
}

/// Results that the frame goes around where they are in order of distance: at least, and at most. What is
/// far away would squeeze the near ones into a dot.
const FRAMED: (usize, usize) = (3, 10);
/// How big a circle is.
const CIRCLE: f64 = 11.0;

/// A map of these results, around where somebody is. None for fewer than two places.
pub(super) fn draw(listings: &[Listing], from: Option<Point>) -> Markup {
    let places: Vec<(usize, Point)> =
        (1..).zip(listings).filter_map(|(number, listing)| Some((number, listing.point?))).collect();
    let framed = if from.is_some() { (places.len() / 2).clamp(FRAMED.0, FRAMED.1) } else { places.len() };
    let points: Vec<Point> = places.iter().take(framed).map(|(_, point)| *point).chain(from).collect();
    let frame = Frame::around(&points).filter(|_| places.len() > 1);
    html! {
        @if let Some(frame) = frame {
            @let here = from.map(|from| frame.spot(from));
            @let spots = apart(here, places.iter().map(|(number, point)| (*number, frame.spot(*point))).collect());
            details class="map" {
                summary { (say("Show these on a map")) }
                svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(say("Map of these results, north at the top. The numbers match the list below, which has the same information in words.")) {
                    // The first lies on top, and where somebody is on everything.
                    @for (number, spot) in spots.iter().rev().filter(|(_, spot)| spot.is_inside()) {
                        circle cx=(format!("{:.1}", spot.x)) cy=(format!("{:.1}", spot.y)) r=(CIRCLE) {}
                        text x=(format!("{:.1}", spot.x)) y=(format!("{:.1}", spot.y + 4.5)) text-anchor="middle" { (number) }
                    }
                    @if let Some(here) = here {
                        path class="here" d=(format!("M{:.1} {:.1}l7 14h-14z", here.x, here.y - 8.0)) {}
                    }
                    (yardstick(&frame))
                }
                @if from.is_some() { p class="small" { (say("The triangle is roughly where you are. Results with no place, a private place or one far away are only in the list.")) } }
                @else { p class="small" { (say("Results with no place, a private place or one far away are only in the list.")) } }
            }
        }
    }
}

/// The circles moved to where none covers another one or where somebody is, the first staying where they
/// are if they can.
fn apart(here: Option<Spot>, spots: Vec<(usize, Spot)>) -> Vec<(usize, Spot)> {
    let mut placed: Vec<(usize, Spot)> = Vec::new();
    for (number, spot) in spots {
        let taken = || placed.iter().map(|(_, other)| *other).chain(here);
        let is_free = |at: &Spot| taken().all(|other| other.is_apart_from(*at));
        let spot = spot.around().find(is_free).unwrap_or(spot);
        placed.push((number, spot));
    }
    placed
}

impl Spot {
    fn is_inside(self) -> bool {
        (CIRCLE..=WIDTH - CIRCLE).contains(&self.x) && (CIRCLE..=HEIGHT - CIRCLE).contains(&self.y)
    }

    fn is_apart_from(self, other: Self) -> bool {
        (self.x - other.x).hypot(self.y - other.y) >= 2.0 * CIRCLE
    }

    /// This spot, then those in rings around it, the nearest first.
    fn around(self) -> impl Iterator<Item = Self> {
        let rings = (1..=3_u8).flat_map(move |ring| {
            let (far, steps) = (f64::from(ring) * 2.0 * CIRCLE, ring * 6);
            (0..steps).map(move |step| {
                let turn = std::f64::consts::TAU * f64::from(step) / f64::from(steps);
                Self { x: self.x + far * turn.cos(), y: self.y + far * turn.sin() }
            })
        });
        std::iter::once(self).chain(rings.filter(|spot| spot.is_inside()))
    }
}

fn yardstick(frame: &Frame) -> Markup {
    let (said, wide) = frame.yardstick();
    html! {
        path class="scale" d=(format!("M8 {:.1}v4h{wide:.1}v-4", HEIGHT - 10.0)) {}
        text class="scale" x="10" y=(format!("{:.1}", HEIGHT - 12.0)) { (say(said)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(latitude: f64, longitude: f64) -> Point {
        Point::new(latitude, longitude).unwrap()
    }

    #[test]
    fn north_is_up_and_everything_is_inside() {
        let points = [point(51.88, -0.42), point(51.90, -0.40), point(51.86, -0.52)];
        let frame = Frame::around(&points).unwrap();
        let spots = points.map(|point| frame.spot(point));
        assert!(spots[1].y < spots[0].y && spots[2].x < spots[0].x);
        assert!(
            spots.iter().all(|spot| (EDGE - 0.1..=WIDTH - EDGE + 0.1).contains(&spot.x)
                && (EDGE - 0.1..=HEIGHT - EDGE + 0.1).contains(&spot.y))
        );
    }

    #[test]
    fn distances_are_alike_in_every_direction() {
        let frame = Frame::around(&[point(51.8, -0.5), point(52.0, -0.3)]).unwrap();
        let (a, b, c) = (
            frame.spot(point(51.9, -0.4)),
            frame.spot(point(51.9 + 0.01, -0.4)),
            frame.spot(point(51.9, -0.4 + 0.01 / frame.narrowing)),
        );
        assert!(((a.y - b.y) - (c.x - a.x)).abs() < 0.01);
        let (said, wide) = frame.yardstick();
        assert!(wide <= WIDTH / 3.0 && said == "5 miles", "{said} {wide}");
    }

    #[test]
    fn circles_in_one_place_are_all_seen() {
        let here = Spot { x: 180.0, y: 130.0 };
        let spots = apart(None, (1..=9).map(|number| (number, here)).collect());
        assert_ne!(apart(Some(here), vec![(1, here)])[0].1, here, "nor is where somebody is covered");
        assert_eq!(spots[0].1, here, "the first stays");
        for (at, (_, spot)) in spots.iter().enumerate() {
            assert!(spot.is_inside() && spots[..at].iter().all(|(_, other)| (spot.x - other.x).hypot(spot.y - other.y) > 21.9));
        }
    }

    #[test]
    fn one_place_twice_is_not_torn_apart() {
        let frame = Frame::around(&[point(51.88, -0.42), point(51.88, -0.42)]).unwrap();
        assert_eq!(frame.spot(point(51.88, -0.42)), Spot { x: WIDTH / 2.0, y: HEIGHT / 2.0 });
        assert!(Frame::around(&[]).is_none());
    }
}
