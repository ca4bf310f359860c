//! British National Grid to latitude and longitude.
//!
//! The grid is turned into degrees on the Airy 1830 ellipsoid and from there, by one Helmert
//! transformation, into WGS 84. Source of formulas and constants: Ordnance Survey, A guide to
//! coordinate systems in Great Britain, annexes A, B and C and section 6.6. Within about 5 metres
//! of Ordnance Survey's own exact transformation (a table of 15 MB, OSTN15) wherever people live:
//! a postcode's position stands for some fifteen addresses, so that is enough here.

use super::Point;

struct Ellipsoid {
    /// Half of the longer axis, in metres.
    a: f64,
    /// Half of the shorter axis, in metres.
    b: f64,
}

impl Ellipsoid {
    fn eccentricity_squared(&self) -> f64 {
        1.0 - (self.b * self.b) / (self.a * self.a)
    }
}

const AIRY: Ellipsoid = Ellipsoid { a: 6_377_563.396, b: 6_356_256.909 };
const WGS84: Ellipsoid = Ellipsoid { a: 6_378_137.0, b: 6_356_752.314_245 };

const SCALE: f64 = 0.999_601_271_7;
const TRUE_ORIGIN_LATITUDE: f64 = 49.0;
const TRUE_ORIGIN_LONGITUDE: f64 = -2.0;
const FALSE_EASTING: f64 = 400_000.0;
const FALSE_NORTHING: f64 = -100_000.0;

/// The point at so many metres east and north on the British National Grid; none outside of it.
///
/// ```
/// // The Royal Observatory, Greenwich: half a metre of grid is less than its precision.
/// let point = fingerpost::geo::grid::british(538_890.0, 177_320.0).unwrap();
/// assert!((point.latitude - 51.4778).abs() < 0.0001 && (point.longitude + 0.0014).abs() < 0.0001);
/// ```
pub fn british(easting: f64, northing: f64) -> Option<Point> {
    if !(0.0..=700_000.0).contains(&easting) || !(0.0..=1_300_000.0).contains(&northing) {
        return None;
    }
    let (latitude, longitude) = on_airy(easting, northing);
    let (latitude, longitude) = to_wgs84(latitude, longitude);
    Point::new(latitude.to_degrees(), longitude.to_degrees())
}

/// Annex C.2: the transverse Mercator projection undone, in radians.
fn on_airy(easting: f64, northing: f64) -> (f64, f64) {
    let origin = TRUE_ORIGIN_LATITUDE.to_radians();
    let north = northing - FALSE_NORTHING;
    let mut latitude = origin;
    let mut missing = north;
    // Each step takes what is missing along the meridian; four are enough anywhere in Britain.
    for _ in 0..10 {
        latitude += missing / (AIRY.a * SCALE);
        missing = north - meridian_arc(latitude, origin);
        if missing.abs() < 0.000_01 {
            break;
        }
    }
    let e2 = AIRY.eccentricity_squared();
    let (sin, cos, tan) = (latitude.sin(), latitude.cos(), latitude.tan());
    let nu = AIRY.a * SCALE / (1.0 - e2 * sin * sin).sqrt();
    let rho = AIRY.a * SCALE * (1.0 - e2) * (1.0 - e2 * sin * sin).powf(-1.5);
    let eta2 = nu / rho - 1.0;
    let (t2, t4, t6) = (tan.powi(2), tan.powi(4), tan.powi(6));
    let east = easting - FALSE_EASTING;
    // The numerals are those of the guide.
    let vii = tan / (2.0 * rho * nu);
    let viii = tan / (24.0 * rho * nu.powi(3)) * (5.0 + 3.0 * t2 + eta2 - 9.0 * t2 * eta2);
    let ix = tan / (720.0 * rho * nu.powi(5)) * (61.0 + 90.0 * t2 + 45.0 * t4);
    let x = 1.0 / (cos * nu);
    let xi = 1.0 / (6.0 * cos * nu.powi(3)) * (nu / rho + 2.0 * t2);
    let xii = 1.0 / (120.0 * cos * nu.powi(5)) * (5.0 + 28.0 * t2 + 24.0 * t4);
    let xiia = 1.0 / (5040.0 * cos * nu.powi(7)) * (61.0 + 662.0 * t2 + 1320.0 * t4 + 720.0 * t6);
    (
        latitude - vii * east.powi(2) + viii * east.powi(4) - ix * east.powi(6),
        TRUE_ORIGIN_LONGITUDE.to_radians() + x * east - xi * east.powi(3) + xii * east.powi(5) - xiia * east.powi(7),
    )
}

/// Metres along the meridian from `from` to `to`.
fn meridian_arc(to: f64, from: f64) -> f64 {
    let n = (AIRY.a - AIRY.b) / (AIRY.a + AIRY.b);
    let (n2, n3) = (n * n, n * n * n);
    let (difference, sum) = (to - from, to + from);
    AIRY.b
        * SCALE
        * ((1.0 + n + 1.25 * n2 + 1.25 * n3) * difference - (3.0 * n + 3.0 * n2 + 2.625 * n3) * difference.sin() * sum.cos()
            + (1.875 * n2 + 1.875 * n3) * (2.0 * difference).sin() * (2.0 * sum).cos()
            - 35.0 / 24.0 * n3 * (3.0 * difference).sin() * (3.0 * sum).cos())
}

/// Section 6.6, with its signs turned round: from OSGB36 to WGS 84, in radians.
fn to_wgs84(latitude: f64, longitude: f64) -> (f64, f64) {
    let (tx, ty, tz) = (446.448, -125.157, 542.060);
    let scale = 1.0 - 20.4894e-6;
    let seconds = |s: f64| (s / 3600.0).to_radians();
    let (rx, ry, rz) = (seconds(0.1502), seconds(0.2470), seconds(0.8421));
    let (x, y, z) = cartesian(&AIRY, latitude, longitude);
    let x2 = tx + scale * x - rz * y + ry * z;
    let y2 = ty + rz * x + scale * y - rx * z;
    let z2 = tz - ry * x + rx * y + scale * z;
    geodetic(&WGS84, x2, y2, z2)
}

/// Annex B.1, at height 0.
fn cartesian(on: &Ellipsoid, latitude: f64, longitude: f64) -> (f64, f64, f64) {
    let e2 = on.eccentricity_squared();
    let nu = on.a / (1.0 - e2 * latitude.sin().powi(2)).sqrt();
    (nu * latitude.cos() * longitude.cos(), nu * latitude.cos() * longitude.sin(), (1.0 - e2) * nu * latitude.sin())
}

/// Annex B.2; the height is of no use here.
fn geodetic(on: &Ellipsoid, x: f64, y: f64, z: f64) -> (f64, f64) {
    let e2 = on.eccentricity_squared();
    let p = x.hypot(y);
    let mut latitude = z.atan2(p * (1.0 - e2));
    for _ in 0..6 {
        let nu = on.a / (1.0 - e2 * latitude.sin().powi(2)).sqrt();
        latitude = (z + e2 * nu * latitude.sin()).atan2(p);
    }
    (latitude, y.atan2(x))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, easting, northing, latitude, longitude of test points that Ordnance Survey publishes
    /// with OSTN15. Contains OS data © Crown copyright 2016.
    const OS_TEST_POINTS: [(&str, f64, f64, f64, f64); 14] = [
        ("TP01 St Mary's, Scilly", 91_492.146, 11_318.804, 49.922_263_94, -6.299_777_52),
        ("TP02 Lizard Point", 170_370.718, 11_572.405, 49.960_061_38, -5.203_046_10),
        ("TP03 Plymouth", 250_359.811, 62_016.569, 50.438_858_26, -4.108_645_64),
        ("TP04 St Catherine's Point", 449_816.371, 75_335.861, 50.575_636_65, -1.297_822_77),
        ("TP05 Southampton", 438_710.920, 114_792.250, 50.931_279_38, -1.450_514_34),
        ("TP06 Nash Point", 292_184.870, 168_003.465, 51.400_782_20, -3.551_283_49),
        ("TP07 North Foreland, east of Greenwich", 639_821.835, 169_565.858, 51.374_470_26, 1.444_547_30),
        ("TP08 Brislington", 362_269.991, 169_978.690, 51.427_547_43, -2.544_076_18),
        ("TP09 Lambeth", 530_624.974, 178_388.464, 51.489_365_65, -0.119_925_57),
        ("TP10 Carmarthen", 241_124.584, 220_332.641, 51.858_908_96, -4.308_524_77),
        ("TP11 Colchester", 599_445.590, 225_722.826, 51.894_366_37, 0.897_243_27),
        ("TP12 Droitwich", 389_544.190, 261_912.153, 52.255_293_82, -2.154_586_14),
        ("TP20 Leeds", 422_242.186, 433_818.701, 53.800_215_20, -1.663_791_68),
        ("TP30 Inverness", 267_056.768, 846_176.972, 57.486_250_01, -4.219_263_99),
    ];

    #[test]
    fn the_published_test_points_are_met_within_five_metres() {
        for (name, easting, northing, latitude, longitude) in OS_TEST_POINTS {
            let off = british(easting, northing).unwrap().metres_to(Point::new(latitude, longitude).unwrap());
            assert!(off < 5.0, "{name}: {off:.1} m");
        }
    }

    #[test]
    fn the_guides_worked_example_comes_out() {
        // Annex C: 52° 39' 27.2531" N, 1° 43' 4.5177" E on the Airy ellipsoid.
        let (latitude, longitude) = on_airy(651_409.903, 313_177.270);
        assert!((latitude.to_degrees() - (52.0 + 39.0 / 60.0 + 27.2531 / 3600.0)).abs() < 1e-8);
        assert!((longitude.to_degrees() - (1.0 + 43.0 / 60.0 + 4.5177 / 3600.0)).abs() < 1e-8);
    }

    #[test]
    fn outside_of_the_grid_there_is_nothing() {
        for (easting, northing) in [(-1.0, 0.0), (0.0, 1_300_001.0), (f64::NAN, 0.0), (f64::INFINITY, 5.0)] {
            assert_eq!(british(easting, northing), None);
        }
    }
}
