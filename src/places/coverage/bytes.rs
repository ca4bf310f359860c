//! Compiled areas as bytes, and back: small, the same for the same areas, and never trusted.
//!
//! A version, the nations, the codes (a letter and a number), the beginnings of postcodes (a length
//! and text), the grid, and the polygons: how many, how many rings each, how many corners each, and
//! for each corner how far it is from the one before, in steps of the grid. Numbers are written in
//! groups of seven bits, the lowest first; what may be negative alternates around zero.

use std::collections::BTreeSet;

use super::{
    Coverage, MOST_BYTES,
    nations::Nations,
    shapes::{COARSEST, Corner, Polygon, Ring, Shapes, UNITS},
    words::is_prefix,
};
use crate::places::rows::is_area_code;

const VERSION: u8 = 1;
/// What a coverage takes beside its codes, beginnings and polygons.
pub(super) const OVERHEAD: usize = 16;

pub(super) fn encode(coverage: &Coverage) -> Vec<u8> {
    if coverage.is_empty() {
        return Vec::new();
    }
    let mut out = vec![VERSION, coverage.nations.bits()];
    number(coverage.codes.len() as u64, &mut out);
    for code in &coverage.codes {
        out.push(code.as_bytes()[0]);
        number(code[1..].parse().expect("a code is a letter and eight digits"), &mut out);
    }
    number(coverage.prefixes.len() as u64, &mut out);
    for prefix in &coverage.prefixes {
        number(prefix.len() as u64, &mut out);
        out.extend(prefix.as_bytes());
    }
    out.push(coverage.shapes.grid);
    each_number(&coverage.shapes, |n| number(n, &mut out));
    out
}

/// How many bytes polygons take.
pub(super) fn length(shapes: &Shapes) -> usize {
    let mut length = 0;
    each_number(shapes, |n| length += (64 - n.leading_zeros()).div_ceil(7).max(1) as usize);
    length
}

fn each_number(shapes: &Shapes, mut write: impl FnMut(u64)) {
    let mut before: Corner = (0, 0);
    write(shapes.polygons.len() as u64);
    for polygon in &shapes.polygons {
        write(polygon.rings.len() as u64);
        for ring in &polygon.rings {
            write(ring.len() as u64);
            for corner in ring {
                for (to, from) in [(corner.0, before.0), (corner.1, before.1)] {
                    let steps = (i64::from(to) - i64::from(from)) >> shapes.grid;
                    write(((steps << 1) ^ (steps >> 63)).cast_unsigned());
                }
                before = *corner;
            }
        }
    }
}

fn number(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push((n & 0x7F) as u8 | 0x80);
        n >>= 7;
    }
    out.push((n & 0x7F) as u8);
}

pub(super) fn decode(bytes: &[u8]) -> Option<Coverage> {
    if bytes.is_empty() {
        return Some(Coverage::default());
    }
    let mut read = Reader { left: bytes };
    if bytes.len() > MOST_BYTES || read.byte()? != VERSION {
        return None;
    }
    let nations = Nations::from_bits(read.byte()?)?;
    let codes = read.list(2, |read| {
        let code = format!("{}{:08}", char::from(read.byte()?), read.number()?);
        is_area_code(&code).then_some(code)
    })?;
    let prefixes = read.list(2, |read| {
        let length = usize::try_from(read.number()?).ok()?;
        let text = std::str::from_utf8(read.take(length)?).ok()?;
        is_prefix(text).then(|| text.to_owned())
    })?;
    let grid = read.byte().filter(|grid| *grid <= COARSEST)?;
    let mut before = (0, 0);
    let polygons = read.list(8, |read| Polygon::new(read.list(7, |read| read.ring(grid, &mut before))?))?;
    let set = |list: Vec<String>| list.into_iter().collect::<BTreeSet<_>>();
    let coverage = Coverage { codes: set(codes), nations, prefixes: set(prefixes), shapes: Shapes { polygons, grid } };
    // What was written otherwise than by us would not be the same when it is written again.
    (read.left.is_empty() && encode(&coverage) == bytes).then_some(coverage)
}

struct Reader<'a> {
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.left.split_first()?;
        self.left = rest;
        Some(*first)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.left.split_at_checked(length)?;
        self.left = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        let mut n = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(n);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let n = self.number()?;
        Some((n >> 1).cast_signed() ^ -((n & 1).cast_signed()))
    }

    /// As many as the number before them says, of at least `least` bytes each: more than there is
    /// room for are not even begun.
    fn list<T>(&mut self, least: usize, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = usize::try_from(self.number()?).ok().filter(|count| *count <= self.left.len() / least)?;
        (0..count).map(|_| read(self)).collect()
    }

    fn ring(&mut self, grid: u8, before: &mut Corner) -> Option<Ring> {
        self.list(2, |read| {
            let mut next = |from: i32, most: f64| {
                let steps = read.signed().filter(|steps| steps.abs() <= 1 << 32)?;
                let to = i32::try_from(i64::from(from) + (steps << grid)).ok()?;
                // A corner on a coarse grid may lie outside of the world by half a step.
                (f64::from(to).abs() <= most * UNITS + f64::from(1_u32 << grid)).then_some(to)
            };
            *before = (next(before.0, 180.0)?, next(before.1, 90.0)?);
            Some(*before)
        })
    }
}
