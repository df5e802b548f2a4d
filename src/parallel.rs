//! Doing the same to many things, on as many threads as the machine runs at once.
//!
//! The threads are started for it: one of a pool would take up other work while it waits, which
//! may want a lock that its caller holds.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::error::Result;

/// Fewer things than this are not worth a thread.
const SHARE_MIN: usize = 2_048;

/// What `make` gives for each of `items`, in their order.
///
/// # Errors
/// The first error in that order.
pub(crate) fn try_map<T: Send, U: Send>(
    items: Vec<T>,
    make: impl Fn(T) -> Result<U> + Sync,
) -> Result<Vec<U>> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = threads.min(items.len() / SHARE_MIN);
    if threads < 2 {
        return items.into_iter().map(make).collect();
    }
    let (count, share) = (items.len(), items.len().div_ceil(threads));
    let mut items = items.into_iter();
    let shares: Vec<Vec<T>> = (0..threads).map(|_| items.by_ref().take(share).collect()).collect();
    let shares = Mutex::new(shares.into_iter().enumerate());
    let next = || shares.lock().unwrap_or_else(PoisonError::into_inner).next();
    let made = Mutex::new(Vec::with_capacity(threads));
    let work = || {
        while let Some((number, share)) = next() {
            let part: Result<Vec<U>> = share.into_iter().map(&make).collect();
            made.lock().unwrap_or_else(PoisonError::into_inner).push((number, part));
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Where no more threads may be started, fewer do all of it.
            if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    let mut parts = made.into_inner().unwrap_or_else(PoisonError::into_inner);
    parts.sort_unstable_by_key(|(number, _)| *number);
    let mut all = Vec::with_capacity(count);
    for (_, part) in parts {
        all.extend(part?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn many_things_are_made_in_their_order() {
        for count in [0, 1, SHARE_MIN, 3 * SHARE_MIN + 1, 50 * SHARE_MIN + 7] {
            let doubled = try_map((0..count).collect(), |number| Ok(2 * number)).unwrap();
            assert!(doubled.into_iter().eq((0..count).map(|number| 2 * number)), "{count}");
        }
    }

    #[test]
    fn the_first_of_several_errors_is_told() {
        let items: Vec<usize> = (0..10 * SHARE_MIN).collect();
        let odd = |number: usize| match number % SHARE_MIN {
            77 => Err(Error::invalid(format!("{number} is odd"))),
            _ => Ok(number),
        };
        assert!(try_map(items, odd).unwrap_err().to_string().contains("77 is odd"));
    }
}
