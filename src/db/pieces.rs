//! How many ids or rows go into one statement, and which of them together.

use uuid::Uuid;

/// The most in one statement. A statement that writes a row of twelve columns takes some kilobyte a row as long as
/// it is remembered.
const MOST: usize = 128;
/// Up to here each number has a statement of its own.
const EACH: usize = 8;

/// Cut into pieces that are handed to the database with a statement each: as many as there are up to [`EACH`], and
/// then powers of two. So there are few statements that differ in nothing but the number of their rows, and each
/// is prepared once and remembered.
pub(crate) fn pieces<T>(all: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = all;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at_checked(length(rest.len())).filter(|(piece, _)| !piece.is_empty())?;
        rest = after;
        Some(piece)
    })
}

/// Ids in the order in which the database keeps them, each once: those of one piece lie beside each other, so each page of
/// its trees is read once and not for every piece.
pub(crate) fn in_order(ids: &[Uuid]) -> Vec<Uuid> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// How many of `left` go next.
fn length(left: usize) -> usize {
    match left {
        ..=EACH => left,
        _ => MOST.min(1 << left.ilog2()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_and_few_lengths_are_used() {
        for many in [0, 1, 7, 8, 9, 127, 128, 129, 500, 1_000] {
            let all: Vec<usize> = (0..many).collect();
            let lengths: Vec<usize> = pieces(&all).map(<[usize]>::len).collect();
            assert_eq!(pieces(&all).flatten().copied().collect::<Vec<_>>(), all);
            assert!(lengths.iter().all(|one| (1..=8).contains(one) || [16, 32, 64, 128].contains(one)), "{lengths:?}");
        }
        assert_eq!(pieces(&[0; 300]).map(<[i32]>::len).collect::<Vec<_>>(), [128, 128, 32, 8, 4]);
    }

    #[test]
    fn ids_that_lie_together_are_asked_for_together_and_each_once() {
        let [a, b, c] = [1, 2, 3].map(Uuid::from_u128);
        assert_eq!(in_order(&[c, a, b, a]), [a, b, c]);
    }
}
