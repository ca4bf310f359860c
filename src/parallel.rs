//! Pure work on every core.

/// Below this, starting threads takes longer than the work.
const WORTH_THREADS: usize = 64;

/// `each` of `items`, in order, on every core where it pays. For pure work; the caller waits for it.
pub fn in_parallel<T: Send, R: Send>(items: Vec<T>, each: impl Fn(T) -> R + Sync) -> Vec<R> {
    if items.len() < WORTH_THREADS {
        return items.into_iter().map(each).collect();
    }
    // Asked only now: it reads several files.
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if cores == 1 {
        return items.into_iter().map(each).collect();
    }
    let share = items.len().div_ceil(cores);
    let mut shares: Vec<Vec<T>> = Vec::new();
    let mut items = items.into_iter();
    loop {
        let some: Vec<T> = items.by_ref().take(share).collect();
        if some.is_empty() {
            break;
        }
        shares.push(some);
    }
    std::thread::scope(|scope| {
        let each = &each;
        let running: Vec<_> =
            shares.into_iter().map(|share| scope.spawn(move || share.into_iter().map(each).collect::<Vec<R>>())).collect();
        running.into_iter().flat_map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}
