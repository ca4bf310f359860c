//! How many connections one visitor may have at once, so that nobody holds all of them.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// The connections that each address has.
#[derive(Clone, Debug)]
pub(super) struct Shares {
    most: usize,
    held: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection of an address; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    of: IpAddr,
    held: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Shares {
    pub(super) fn new(most: usize) -> Self {
        Self { most, held: Arc::default() }
    }

    /// One more connection for this address; none where it has its share.
    pub(super) fn take(&self, of: IpAddr) -> Option<Share> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let number = held.entry(of).or_default();
        (*number < self.most).then(|| {
            *number += 1;
            Share { of, held: Arc::clone(&self.held) }
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = held.get_mut(&self.of) {
            *number -= 1;
            if *number == 0 {
                held.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_gets_its_share_and_leaves_the_rest_to_others() {
        let shares = Shares::new(2);
        let [greedy, other] = ["198.51.100.1", "203.0.113.9"].map(|address| address.parse().unwrap());
        let both = [shares.take(greedy), shares.take(greedy)];
        assert!(both.iter().all(Option::is_some) && shares.take(greedy).is_none());
        assert!(shares.take(other).is_some(), "and gives it back");
        drop(both);
        assert!(shares.take(greedy).is_some());
        assert!(shares.held.lock().unwrap().is_empty(), "nothing is remembered of those who left");
    }
}
