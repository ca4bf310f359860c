//! Pure work on every core.

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

/// Below this, waking other threads takes longer than the work.
const WORTH_THREADS: usize = 64;

/// `each` of `items`, in order, on every core where it pays. For pure work; the caller waits for it.
pub fn in_parallel<T: Send, R: Send>(items: Vec<T>, each: impl Fn(T) -> R + Send + Sync) -> Vec<R> {
    if items.len() < WORTH_THREADS {
        return items.into_iter().map(each).collect();
    }
    items.into_par_iter().map(each).collect()
}
