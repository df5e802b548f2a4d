//! A set of documents of one segment.

/// A set of small numbers, one bit each. Numbers beyond its end are not in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits {
    words: Vec<u64>,
    count: u32,
}

impl Bits {
    pub(super) fn contains(&self, at: u32) -> bool {
        self.words.get(at as usize / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Adds `at`; `false` if it was there.
    pub(super) fn insert(&mut self, at: u32) -> bool {
        let word = at as usize / 64;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let fresh = !self.contains(at);
        self.words[word] |= 1 << (at % 64);
        self.count += u32::from(fresh);
        fresh
    }

    /// Takes `at` out; `false` if it was not there.
    pub(super) fn remove(&mut self, at: u32) -> bool {
        let there = self.contains(at);
        if there {
            self.words[at as usize / 64] &= !(1 << (at % 64));
            self.count -= 1;
        }
        there
    }

    /// Keeps what is in `other` too.
    pub(super) fn intersect(&mut self, other: &Self) {
        for (at, word) in self.words.iter_mut().enumerate() {
            *word &= other.words.get(at).copied().unwrap_or(0);
        }
        self.count = self.words.iter().map(|word| word.count_ones()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_follow_every_change() {
        let mut bits = Bits::default();
        assert!(bits.insert(3) && bits.insert(200) && !bits.insert(3));
        assert_eq!(bits.count(), 2);
        assert!(bits.remove(3) && !bits.remove(3) && !bits.contains(9_999));
        let mut other = Bits::default();
        other.insert(1);
        other.insert(200);
        bits.insert(64);
        bits.intersect(&other);
        assert_eq!((bits.count(), bits.contains(200), bits.contains(64)), (1, true, false));
    }
}
