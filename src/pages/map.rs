//! Where results are, as a picture that the server draws: nobody else is asked. The list says the same in
//! words; the numbers on the map are those of the list.
//!
//! Where the council names a map server, a button shows the same map with that server's pictures of streets.
//! Nobody's browser asks that server for anything before they press it.

use std::f64::consts::{PI, TAU};

use maud::{Markup, html};

use super::{
    brand::Brand,
    language::{as_written, say, weave},
    listing::Listing,
    search_form::{Asked, button},
};
use crate::{config::MapTiles, geo::Point, http::Parameters};

/// The field of a form that asks for streets, and what it says.
const STREETS: (&str, &str) = ("map", "streets");

/// Size of the picture.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 260.0;
/// Room around the outermost places.
const EDGE: f64 = 24.0;
/// The smallest stretch of ground that is shown, in metres: two doors beside each other are no map.
const LEAST: f64 = 800.0;
const METRES_IN_A_MILE: f64 = 1_609.344;
/// Half the way through the earth, in metres.
const EARTH: f64 = 6_371_000.0;
/// Further north, and south, the projection stretches beyond measure.
const MOST_NORTH: f64 = 85.0;
/// Side of a picture of a map server. They are twice as wide in fact, so that they are sharp.
const TILE: f64 = 128.0;
/// The nearest that most map servers have pictures of.
const NEAREST: u32 = 18;

/// A place on the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spot {
    x: f64,
    y: f64,
}

/// How ground becomes picture: as maps on the web do it (Mercator), so that pictures of a map server fit.
#[derive(Clone, Copy, Debug)]
struct Frame {
    /// The middle, in radians east and in radians north as the projection stretches them.
    middle: (f64, f64),
    /// Points of the picture for a radian.
    scale: f64,
    /// Metres on the ground for a radian, here.
    ground: f64,
}

/// A point as the projection has it, in radians east and north.
fn projected(point: Point) -> (f64, f64) {
    let latitude = point.latitude.clamp(-MOST_NORTH, MOST_NORTH).to_radians();
    (point.longitude.to_radians(), latitude.tan().asinh())
}

impl Frame {
    /// A frame around all of these; none where there are none.
    fn around(points: &[Point]) -> Option<Self> {
        let projected: Vec<(f64, f64)> = points.iter().copied().map(projected).collect();
        let ends = |of: fn(&(f64, f64)) -> f64| {
            let values = projected.iter().map(of);
            Some((values.clone().reduce(f64::min)?, values.reduce(f64::max)?))
        };
        let (west, east) = ends(|(east, _)| *east)?;
        let (south, north) = ends(|(_, north)| *north)?;
        let middle = (f64::midpoint(west, east), f64::midpoint(south, north));
        let ground = EARTH / middle.1.cosh();
        let scale = ((HEIGHT - 2.0 * EDGE) / (north - south).max(LEAST / ground))
            .min((WIDTH - 2.0 * EDGE) / (east - west).max(LEAST / ground));
        Some(Self { middle, scale, ground })
    }

    /// The same as far away as pictures of a map server are made for, which show a little more around.
    fn for_tiles(self) -> (Self, u32) {
        let zoom = zoom_within(self.scale);
        (Self { scale: world(zoom) / TAU, ..self }, zoom)
    }

    fn spot(&self, point: Point) -> Spot {
        let (east, north) = projected(point);
        Spot { x: WIDTH / 2.0 + (east - self.middle.0) * self.scale, y: HEIGHT / 2.0 - (north - self.middle.1) * self.scale }
    }

    /// The pictures that lie behind this frame, each with its column, its row and its upper left corner.
    fn tiles(&self, zoom: u32) -> Vec<(u32, u32, Spot)> {
        // The upper left corner of the frame, from that of the world.
        let left = (self.middle.0 + PI) * self.scale - WIDTH / 2.0;
        let top = (PI - self.middle.1) * self.scale - HEIGHT / 2.0;
        let most = 2_u32.pow(zoom);
        let along = |from: f64, length: f64| {
            (0..most)
                .skip_while(move |at| f64::from(at + 1) * TILE <= from)
                .take_while(move |at| f64::from(*at) * TILE < from + length)
        };
        let rows: Vec<u32> = along(top, HEIGHT).collect();
        let corner = |column: u32, row: u32| Spot { x: f64::from(column) * TILE - left, y: f64::from(row) * TILE - top };
        along(left, WIDTH).flat_map(|column| rows.iter().map(move |row| (column, *row, corner(column, *row)))).collect()
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
        let wide = |miles: f64| miles * METRES_IN_A_MILE / self.ground * self.scale;
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

/// What lies behind the circles.
#[derive(Clone, Debug)]
pub(super) enum Ground<'a> {
    /// Nothing.
    Plain,
    /// Nothing yet: a button offers streets.
    Offered(&'a MapTiles, Markup),
    /// Pictures of streets.
    Streets(&'a MapTiles, &'a str),
}

impl<'a> Ground<'a> {
    /// What this reader sees: streets only where the council names a server and they asked for it, and
    /// never on a page to be kept quiet. `carried` are hidden fields of the form that offers them.
    pub(super) fn of(brand: &'a Brand, asked: &Asked, parameters: &Parameters, carried: &Markup, quiet: bool) -> Self {
        let Some(tiles) = brand.tiles.as_ref().filter(|_| !quiet) else { return Self::Plain };
        let last = |name: &str| parameters.pairs().filter(|(own, _)| *own == name).last().map(|(_, value)| value);
        if last(STREETS.0) == Some(STREETS.1) {
            return Self::Streets(tiles, brand.tiles_credit.as_deref().unwrap_or(tiles.host()));
        }
        let carried = html! {
            (carried)
            @if let Some(page) = last("page") { input type="hidden" name="page" value=(page); }
            input type="hidden" name=(STREETS.0) value=(STREETS.1);
        };
        Self::Offered(tiles, button(asked, &carried, "link", &html! { (say("Show streets behind it")) }))
    }

    /// The server that the page may load pictures from.
    pub(super) fn pictures_from(&self) -> Option<String> {
        if let Self::Streets(tiles, _) = self { Some(tiles.origin().to_owned()) } else { None }
    }
}

/// A map of these results, around where somebody is. None for fewer than two places.
pub(super) fn draw(listings: &[Listing], from: Option<Point>, ground: &Ground<'_>) -> Markup {
    let places: Vec<(usize, Point)> =
        (1..).zip(listings).filter_map(|(number, listing)| Some((number, listing.point?))).collect();
    let framed = if from.is_some() { (places.len() / 2).clamp(FRAMED.0, FRAMED.1) } else { places.len() };
    let points: Vec<Point> = places.iter().take(framed).map(|(_, point)| *point).chain(from).collect();
    let Some(frame) = Frame::around(&points).filter(|_| places.len() > 1) else { return html! {} };
    let (frame, pictures) = match ground {
        Ground::Streets(tiles, _) => {
            let (frame, zoom) = frame.for_tiles();
            let pictures = frame.tiles(zoom).into_iter().map(|(column, row, corner)| (tiles.address(zoom, column, row), corner));
            (frame, pictures.collect::<Vec<_>>())
        }
        Ground::Plain | Ground::Offered(..) => (frame, Vec::new()),
    };
    let here = from.map(|from| frame.spot(from));
    let spots = apart(here, places.iter().map(|(number, point)| (*number, frame.spot(*point))).collect());
    html! {
        details class="map" open[!pictures.is_empty()] {
            summary { (say("Show these on a map")) }
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(say("Map of these results, north at the top. The numbers match the list below, which has the same information in words.")) {
                @for (address, corner) in &pictures {
                    image href=(address) x=(format!("{:.1}", corner.x)) y=(format!("{:.1}", corner.y)) width=(TILE) height=(TILE) {}
                }
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
            @match ground {
                Ground::Plain => {},
                Ground::Offered(tiles, button) => {
                    (button)
                    p class="small" { (weave("The streets come from another server, {host}. It then sees your device’s network address, and roughly which area you look at.", &[("host", as_written(tiles.host()))])) }
                },
                Ground::Streets(_, credit) => p class="small" { (weave("Streets: {credit}.", &[("credit", as_written(credit))])) },
            }
            @if from.is_some() { p class="small" { (say("The triangle is roughly where you are. Results with no place, a private place or one far away are only in the list.")) } }
            @else { p class="small" { (say("Results with no place, a private place or one far away are only in the list.")) } }
        }
    }
}

/// The world's width at this zoom, in points of the picture.
fn world(zoom: u32) -> f64 {
    TILE * f64::from(2_u32.pow(zoom))
}

/// The nearest zoom at which pictures are no larger than this scale asks for.
fn zoom_within(scale: f64) -> u32 {
    (1..=NEAREST).take_while(|zoom| world(*zoom) <= scale * TAU).last().unwrap_or(0)
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
        rect x="4" y=(format!("{:.1}", HEIGHT - 25.0)) width=(format!("{:.1}", wide.max(70.0) + 8.0)) height="22" {}
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
        let narrowing = 51.9_f64.to_radians().cos();
        let (a, b, c) = (
            frame.spot(point(51.9, -0.4)),
            frame.spot(point(51.9 + 0.01, -0.4)),
            frame.spot(point(51.9, -0.4 + 0.01 / narrowing)),
        );
        assert!(((a.y - b.y) - (c.x - a.x)).abs() < 0.01);
        let (said, wide) = frame.yardstick();
        assert!(wide <= WIDTH / 3.0 && said == "5 miles", "{said} {wide}");
    }

    #[test]
    fn pictures_of_a_map_server_lie_where_the_circles_say() {
        // The corner of picture 2042/1356 at zoom 12, by the formula that map servers give.
        let corner = point(51.835_778, -0.527_344);
        let (frame, zoom) = Frame::around(&[point(51.80, -0.60), point(51.88, -0.42)]).unwrap().for_tiles();
        let tiles = frame.tiles(zoom);
        assert!((6..=20).contains(&tiles.len()), "{}", tiles.len());
        let covers = |x: f64, y: f64| {
            tiles.iter().any(|(_, _, at)| (at.x..=at.x + TILE).contains(&x) && (at.y..=at.y + TILE).contains(&y))
        };
        assert!(
            [(0.0, 0.0), (WIDTH, 0.0), (0.0, HEIGHT), (WIDTH, HEIGHT)].iter().all(|(x, y)| covers(*x, *y)),
            "the whole frame"
        );
        let (wide, at) = (2_u32.pow(zoom) / 4096, frame.spot(corner));
        let (_, _, drawn) = tiles.iter().find(|(column, row, _)| (*column, *row) == (2042 * wide, 1356 * wide)).unwrap();
        assert!((drawn.x - at.x).abs() < 0.5 && (drawn.y - at.y).abs() < 0.5, "{drawn:?} {at:?}");
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
