//! Points on the ground and the distance between them.

pub mod grid;

/// A point in WGS 84 degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180; Greenwich is 0 and is as good as any other.
    pub longitude: f64,
}

impl Point {
    /// A point, if both numbers are finite and in range.
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        ((-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude)).then_some(Self { latitude, longitude })
    }

    /// Whether it lies in or around the United Kingdom and its islands: what does not was most likely written the wrong way
    /// round, or is none of ours.
    pub fn is_in_uk(self) -> bool {
        (49.0..=61.5).contains(&self.latitude) && (-9.0..=2.5).contains(&self.longitude)
    }

    /// Great-circle distance in metres (haversine on a sphere of 6,371,008.8 m; within 0.6 %).
    ///
    /// ```
    /// use fingerpost::geo::Point;
    /// let luton = Point::new(51.8787, -0.4200).unwrap();
    /// let dunstable = Point::new(51.8860, -0.5210).unwrap();
    /// assert!((luton.metres_to(dunstable) - 6_980.0).abs() < 30.0);
    /// ```
    pub fn metres_to(self, other: Self) -> f64 {
        const EARTH_RADIUS_METRES: f64 = 6_371_008.8;
        let (a, b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half_lat = ((b - a) / 2.0).sin();
        let half_lon = ((other.longitude - self.longitude).to_radians() / 2.0).sin();
        let h = half_lat * half_lat + a.cos() * b.cos() * half_lon * half_lon;
        2.0 * EARTH_RADIUS_METRES * h.sqrt().min(1.0).asin()
    }
}
