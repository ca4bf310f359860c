//! Lines that go in together.

use super::Read;

/// Records in one transaction, about.
const BATCH: usize = 1_500;
/// Bytes of the file in one transaction, about: 8 MiB, so that long lines do not fill the memory.
const BATCH_BYTES: u64 = 8 << 20;

/// Lines that are saved together.
#[derive(Default)]
pub(super) struct Batch {
    reads: Vec<Read>,
    records: usize,
    /// How many bytes of the file it takes.
    bytes: u64,
    /// How many bytes of the file had been read when its last line was added.
    until: u64,
}

impl Batch {
    /// Add a line; gives the batch when it is full.
    pub(super) fn add(&mut self, one: Read) -> Option<Vec<Read>> {
        self.records += one.taken.as_ref().map_or(1, |taken| taken.parts.len() + 1);
        self.bytes += one.until.saturating_sub(self.until);
        self.until = self.until.max(one.until);
        self.reads.push(one);
        (self.records >= BATCH || self.bytes >= BATCH_BYTES).then(|| {
            (self.records, self.bytes) = (0, 0);
            std::mem::take(&mut self.reads)
        })
    }

    /// What is left, behind the last batch that was full.
    pub(super) fn rest(self) -> Vec<Read> {
        self.reads
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::importing::Taken;

    /// How many lines each batch has, of so many lines with so many bytes each.
    fn batches(lines: u64, bytes: u64) -> Vec<usize> {
        let mut batch = Batch::default();
        let read = |line| Read { line, until: line * bytes, taken: Ok(Taken::default()) };
        let mut sizes: Vec<usize> = (1..=lines).filter_map(|line| batch.add(read(line))).map(|full| full.len()).collect();
        sizes.push(batch.reads.len());
        sizes
    }

    #[test]
    fn a_batch_of_long_lines_has_few_of_them() {
        assert_eq!(batches(2_000, 4_000), [1_500, 500]);
        assert_eq!(batches(5, 4 << 20), [2, 2, 1]);
        assert_eq!(batches(1_501, 0), [1_500, 1], "where the place in the file is not known");
    }
}
