//! Lines of bounded length from anything that can be read: one long line never fills the memory.

use std::io::{self, BufRead};

/// The longest line that is taken, in bytes: 4 MiB. An honest full service has about 4 kB.
pub const LONGEST: usize = 4 << 20;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// Number, from 1.
    pub number: u64,
    /// Its bytes without the line end; `None` when it was longer than [`LONGEST`].
    pub bytes: Option<Vec<u8>>,
    /// How many bytes of the input it took, line end included.
    pub length: u64,
}

/// The lines of `input`, blank ones left out but counted.
pub fn lines<R: BufRead>(input: R) -> Lines<R> {
    Lines { input, number: 0 }
}

/// See [`lines`].
#[derive(Debug)]
pub struct Lines<R> {
    input: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// One line, blank or not; `None` at the end.
    fn read(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let mut length = 0_u64;
        let mut too_long = false;
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let end = memchr::memchr(b'\n', chunk);
            let taken = end.map_or(chunk.len(), |at| at + 1);
            if taken == 0 && length == 0 {
                return Ok(None);
            }
            too_long = too_long || bytes.len() + taken > LONGEST;
            if too_long {
                bytes = Vec::new();
            } else {
                bytes.extend_from_slice(&chunk[..end.unwrap_or(taken)]);
            }
            let finished = end.is_some() || taken == 0;
            self.input.consume(taken);
            length += taken as u64;
            if finished {
                break;
            }
        }
        self.number += 1;
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        Ok(Some(Line { number: self.number, bytes: (!too_long).then_some(bytes), length }))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut skipped = 0;
        loop {
            match self.read().transpose()? {
                Ok(line) if line.bytes.as_ref().is_some_and(|bytes| bytes.iter().all(u8::is_ascii_whitespace)) => {
                    skipped += line.length;
                }
                Ok(line) => return Some(Ok(Line { length: line.length + skipped, ..line })),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8]) -> Vec<(u64, Option<usize>)> {
        lines(io::BufReader::with_capacity(7, input))
            .map(|line| line.unwrap())
            .map(|line| (line.number, line.bytes.map(|b| b.len())))
            .collect()
    }

    #[test]
    fn blank_lines_are_counted_but_not_given() {
        assert_eq!(read(b"one\r\n\n  \nfour"), [(1, Some(3)), (4, Some(4))]);
    }

    #[test]
    fn a_line_without_end_takes_no_memory_and_the_next_is_read() {
        let mut input = vec![b'x'; LONGEST + 10];
        input.extend(b"\nshort\n");
        assert_eq!(read(&input), [(1, None), (2, Some(5))]);
    }
}
