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

/// The lines of `input`, blank ones left out but counted. A line ends with a line feed, a carriage return, or both.
pub fn lines<R: BufRead>(input: R) -> Lines<R> {
    Lines { input, number: 0, behind_a_return: false }
}

/// See [`lines`].
#[derive(Debug)]
pub struct Lines<R> {
    input: R,
    number: u64,
    /// Whether the last line ended with a carriage return: a line feed behind it belongs to that.
    behind_a_return: bool,
}

impl<R: BufRead> Lines<R> {
    /// One line, blank or not; `None` at the end.
    fn read(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let before = self.pass_line_feed()?;
        let mut length = before;
        let mut too_long = false;
        loop {
            let chunk = filled(&mut self.input)?;
            let end = memchr::memchr2(b'\n', b'\r', chunk);
            let taken = end.map_or(chunk.len(), |at| at + 1);
            if taken == 0 && length == before {
                return Ok(None);
            }
            too_long = too_long || bytes.len() + taken > LONGEST;
            if too_long {
                bytes = Vec::new();
            } else {
                bytes.extend_from_slice(&chunk[..end.unwrap_or(taken)]);
            }
            self.behind_a_return = end.is_some_and(|at| chunk[at] == b'\r');
            let finished = end.is_some() || taken == 0;
            self.input.consume(taken);
            length += taken as u64;
            if finished {
                break;
            }
        }
        self.number += 1;
        Ok(Some(Line { number: self.number, bytes: (!too_long).then_some(bytes), length }))
    }

    /// Pass what is left of the end of the last line; how many bytes that was.
    fn pass_line_feed(&mut self) -> io::Result<u64> {
        let is_left = std::mem::take(&mut self.behind_a_return) && filled(&mut self.input)?.first() == Some(&b'\n');
        if is_left {
            self.input.consume(1);
        }
        Ok(u64::from(is_left))
    }
}

/// What can be read next; nothing at the end.
fn filled(input: &mut impl BufRead) -> io::Result<&[u8]> {
    while let Err(error) = input.fill_buf() {
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    input.fill_buf()
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
    fn a_carriage_return_ends_a_line_alone_or_with_a_line_feed() {
        assert_eq!(read(b"one\r\rthree\r\nfour\r\n\rsix\r\n"), [(1, Some(3)), (3, Some(5)), (4, Some(4)), (6, Some(3))]);
        let whole = b"eleven\r\none\r";
        assert_eq!(lines(&whole[..]).map(|line| line.unwrap().length).sum::<u64>(), 12);
        assert_eq!(read(whole), [(1, Some(6)), (2, Some(3))], "the pair may be cut in two where reading pauses");
    }

    #[test]
    fn a_line_without_end_takes_no_memory_and_the_next_is_read() {
        let mut input = vec![b'x'; LONGEST + 10];
        input.extend(b"\nshort\n");
        assert_eq!(read(&input), [(1, None), (2, Some(5))]);
    }
}
