//! Polygons on whole numbers of 1e-5 degrees, and whether a point lies in them.

use crate::geo::Point;

/// Units in a degree: one is a metre, about.
pub(super) const UNITS: f64 = 1e5;
/// The coarsest grid that polygons are brought to, as a power of two: 1.3 degrees.
pub(super) const COARSEST: u8 = 17;

/// A corner, in units east and north.
pub(super) type Corner = (i32, i32);
/// Corners in order; the last is joined to the first, which does not stand there twice.
pub(super) type Ring = Vec<Corner>;

/// An outer ring, and the rings of its holes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Polygon {
    pub(super) rings: Vec<Ring>,
    west: i32,
    south: i32,
    east: i32,
    north: i32,
}

/// Polygons, any of which may hold a point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shapes {
    pub(super) polygons: Vec<Polygon>,
    /// The grid that all the corners stand on, as a power of two in units.
    pub(super) grid: u8,
}

/// A corner at so many degrees; none when there is no such place.
#[expect(clippy::cast_possible_truncation, reason = "18 million fits")]
pub(super) fn corner(longitude: f64, latitude: f64) -> Option<Corner> {
    let point = Point::new(latitude, longitude)?;
    Some(((point.longitude * UNITS).round() as i32, (point.latitude * UNITS).round() as i32))
}

impl Polygon {
    /// None when nothing is left of the outer ring; holes of which nothing is left are filled.
    pub(super) fn new(rings: impl IntoIterator<Item = Ring>) -> Option<Self> {
        let mut rings = rings.into_iter().map(tidy);
        let outer = rings.next().filter(|ring| ring.len() >= 3)?;
        let (mut west, mut south) = outer[0];
        let (mut east, mut north) = outer[0];
        for (x, y) in &outer {
            (west, east) = (west.min(*x), east.max(*x));
            (south, north) = (south.min(*y), north.max(*y));
        }
        let rings = std::iter::once(outer).chain(rings.filter(|ring| ring.len() >= 3)).collect();
        Some(Self { rings, west, south, east, north })
    }

    /// The same with its corners on a grid of `step` units.
    fn on_grid(self, step: i32) -> Option<Self> {
        let snap = |n: i32| (n + step / 2).div_euclid(step) * step;
        Self::new(self.rings.into_iter().map(|ring| ring.into_iter().map(|(x, y)| (snap(x), snap(y))).collect()))
    }

    /// By the even-odd rule: a point is inside when a line from it to the east crosses the rings an
    /// odd number of times. An edge belongs to what lies east and north of it.
    fn contains(&self, x: f64, y: f64) -> bool {
        let (west, south, east, north) =
            (f64::from(self.west), f64::from(self.south), f64::from(self.east), f64::from(self.north));
        if x < west || x > east || y < south || y > north {
            return false;
        }
        let mut inside = false;
        for ring in &self.rings {
            let mut before = ring[ring.len() - 1];
            for corner in ring {
                let ((x1, y1), (x2, y2)) = (float(before), float(*corner));
                if (y1 > y) != (y2 > y) && x < x1 + (y - y1) / (y2 - y1) * (x2 - x1) {
                    inside = !inside;
                }
                before = *corner;
            }
        }
        inside
    }
}

fn float((x, y): Corner) -> (f64, f64) {
    (f64::from(x), f64::from(y))
}

/// Without corners that add nothing: repeated ones, and those on a straight line between two others.
fn tidy(ring: Ring) -> Ring {
    let mut tidy: Ring = Vec::with_capacity(ring.len());
    let away = |from: Corner, to: Corner| (i64::from(to.0) - i64::from(from.0), i64::from(to.1) - i64::from(from.1));
    let on_a_line = |a: Corner, b: Corner, c: Corner| {
        let ((bx, by), (cx, cy)) = (away(a, b), away(a, c));
        bx * cy == by * cx
    };
    for corner in ring {
        while let [.., a, b] = tidy[..] {
            if b != corner && !on_a_line(a, b, corner) {
                break;
            }
            tidy.pop();
        }
        if tidy.last() != Some(&corner) {
            tidy.push(corner);
        }
    }
    while tidy.len() > 1 && tidy.first() == tidy.last() {
        tidy.pop();
    }
    tidy
}

impl Shapes {
    /// These polygons, on the finest grid on which they take no more than `room` bytes.
    pub(super) fn that_fit(mut polygons: Vec<Polygon>, room: usize) -> Self {
        let mut grid = 0;
        loop {
            polygons.sort_unstable();
            polygons.dedup();
            let shapes = Self { polygons, grid };
            if shapes.is_empty() {
                return Self::default();
            }
            if super::bytes::length(&shapes) <= room {
                return shapes;
            }
            polygons = shapes.polygons;
            if grid == COARSEST {
                // Only a file made to harm has so many polygons of this size.
                polygons.truncate(polygons.len() / 2);
                continue;
            }
            grid += 1;
            polygons = polygons.into_iter().filter_map(|polygon| polygon.on_grid(1 << grid)).collect();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.polygons.is_empty()
    }

    /// Whether any of them holds the point.
    pub(super) fn contain(&self, point: Point) -> bool {
        let (x, y) = (point.longitude * UNITS, point.latitude * UNITS);
        self.polygons.iter().any(|polygon| polygon.contains(x, y))
    }
}
