//! Doing the same to many things, on as many threads as the machine runs at once.
//!
//! The threads are started for it: one of a pool would take up other work while it waits, which
//! may want a lock that its caller holds.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Fewer things than this are not worth a thread.
const SHARE_MIN: usize = 2_048;
/// How many shares there are for each thread: one that other work holds up takes fewer.
const SHARES_PER_THREAD: usize = 4;

/// What `make` gives for each of `items`, in their order.
///
/// # Errors
/// The first error in that order.
pub(crate) fn try_map<T: Send, U: Send, E: Send>(
    items: Vec<T>,
    make: impl Fn(T) -> Result<U, E> + Sync,
) -> Result<impl Iterator<Item = U>, E> {
    let part = |share: Vec<T>| share.into_iter().map(&make).collect::<Result<Vec<U>, E>>();
    Ok(try_map_shares(items, part)?.into_iter().flatten())
}

/// What `make` gives for each share of `items`, in their order. The shares together are `items`;
/// every thread takes several.
///
/// # Errors
/// The first error in that order.
pub(crate) fn try_map_shares<T: Send, U: Send, E: Send>(
    mut items: Vec<T>,
    make: impl Fn(Vec<T>) -> Result<U, E> + Sync,
) -> Result<Vec<U>, E> {
    // Asked only where it matters: the system takes fifty microseconds to answer.
    let wanted = items.len() / SHARE_MIN;
    let threads = if wanted < 2 { 1 } else { available().min(wanted) };
    if threads < 2 {
        return Ok(vec![make(items)?]);
    }
    let share = items.len().div_ceil(threads * SHARES_PER_THREAD);
    let mut shares = Vec::new();
    while items.len() > share {
        shares.push(items.split_off(items.len() - share));
    }
    shares.push(items);
    let count = shares.len();
    let shares = Mutex::new(shares.into_iter().rev().enumerate());
    let next = || shares.lock().unwrap_or_else(PoisonError::into_inner).next();
    let made = Mutex::new(Vec::with_capacity(count));
    let work = || {
        while let Some((number, share)) = next() {
            let part = make(share);
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
    parts.into_iter().map(|(_, part)| part).collect()
}

/// How many threads the machine runs at once.
fn available() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn many_things_are_made_in_their_order() {
        let double = |number: usize| Ok::<_, Error>(2 * number);
        for count in [0, 1, SHARE_MIN, 3 * SHARE_MIN + 1, 50 * SHARE_MIN + 7] {
            let doubled = try_map((0..count).collect(), double).unwrap();
            assert!(doubled.eq((0..count).map(|number| 2 * number)), "{count}");
        }
    }

    #[test]
    fn shares_are_all_things_in_their_order() {
        let same = |share: Vec<usize>| Ok::<_, Error>(share);
        for count in [0, 1, SHARE_MIN, 2 * SHARE_MIN, 3 * SHARE_MIN + 1, 50 * SHARE_MIN + 7] {
            let shares = try_map_shares((0..count).collect(), same).unwrap();
            assert!(shares.concat().into_iter().eq(0..count), "{count}");
        }
    }

    #[test]
    fn the_first_of_several_errors_is_told() {
        let items: Vec<usize> = (0..10 * SHARE_MIN).collect();
        let odd = |number: usize| match number % SHARE_MIN {
            77 => Err(Error::invalid(format!("{number} is odd"))),
            _ => Ok(number),
        };
        let first = try_map(items, odd).err().unwrap();
        assert_eq!(first.to_string(), "77 is odd");
    }
}
