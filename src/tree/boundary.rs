//! Where nodes end: a keyed hash per key against a hazard that grows with the node.
//!
//! The hazard is that of a Weibull distribution with shape 4, so node sizes gather closely around
//! the target. The salt is secret: whoever picks keys cannot make a tree degenerate.

/// The size aimed at where nothing else is said, in bytes.
const TARGET_BYTES: u32 = 2_048;
/// Targets outside of these make no sense, or overflow the boundary test.
const TARGET_BYTES_MIN: u32 = 64;
const TARGET_BYTES_MAX: u32 = 1 << 16;
/// A node ends at this many times the target at the latest.
const CAP: u64 = 4;
/// What an entry counts for besides its key: an id and two length bytes.
const ENTRY_BYTES: u64 = 34;

/// What decides the shape of a tree, beside its keys: the secret salt and the target node size.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) struct Shape {
    salt: [u8; 32],
    target: u32,
}

impl Shape {
    /// The shape under a database's boundary salt.
    pub(crate) fn new(salt: [u8; 32]) -> Self {
        Self::with_target(salt, TARGET_BYTES)
    }

    /// The shape with nodes of about `target` bytes.
    pub(crate) fn with_target(salt: [u8; 32], target: u32) -> Self {
        let sound = (TARGET_BYTES_MIN..=TARGET_BYTES_MAX).contains(&target);
        assert!(sound, "BUG: a target node size of {target} bytes");
        Self { salt, target }
    }
}

/// The boundary test at one level, and the size of the node that is being filled.
pub(super) struct Boundary {
    salt: [u8; 32],
    level: u8,
    cap: u64,
    /// Twice the fourth power of the target.
    scale: u128,
    entries: usize,
    size: u64,
    input: Vec<u8>,
}

impl Boundary {
    pub(super) fn new(shape: &Shape, level: u8) -> Self {
        Self {
            salt: shape.salt,
            level,
            cap: CAP * u64::from(shape.target),
            scale: 2 * u128::from(shape.target).pow(4),
            entries: 0,
            size: 0,
            input: Vec::with_capacity(128),
        }
    }

    /// A new node begins.
    pub(super) fn reset(&mut self) {
        self.entries = 0;
        self.size = 0;
    }

    /// Counts entries of which it is known that no node ends there.
    pub(super) fn grow(&mut self, entries: usize, key_bytes: usize) {
        self.entries += entries;
        self.size += key_bytes as u64 + entries as u64 * ENTRY_BYTES;
    }

    /// Counts an entry and tells whether the node ends after it.
    pub(super) fn ends_after(&mut self, key: &str) -> bool {
        let before = self.size;
        self.grow(1, key.len());
        if self.level > 0 && self.entries < 2 {
            return false;
        }
        self.size >= self.cap || self.hazard_strikes(key, before)
    }

    /// Whether `(h + 1) * L^4 <= t * 4 * s^3 << 32`, with `h` a 32-bit hash, `L` the target, `t` the
    /// entry's size and `s` the size in the middle of it; doubled, since `2 * s` is an integer.
    ///
    /// With targets up to 2^16 and keys up to 2^10 bytes, the left side stays below 2^97 and the
    /// right side below 2^101.
    fn hazard_strikes(&mut self, key: &str, before: u64) -> bool {
        let entry = u128::from(self.size - before);
        let middle_doubled = u128::from(before + self.size);
        let hazard = (entry * middle_doubled.pow(3)) << 32;
        (u128::from(self.hash(key)) + 1) * self.scale <= hazard
    }

    fn hash(&mut self, key: &str) -> u32 {
        self.input.clear();
        self.input.push(self.level);
        self.input.extend_from_slice(key.as_bytes());
        let hash = blake3::keyed_hash(&self.salt, &self.input);
        let [a, b, c, d, ..] = *hash.as_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundary_test_does_not_overflow_at_the_largest_sizes() {
        let mut boundary = Boundary::new(&Shape::with_target([9; 32], TARGET_BYTES_MAX), 0);
        boundary.size = boundary.cap + 1_024;
        assert!(boundary.hazard_strikes(&"k".repeat(1_024), 0));
        let largest = u128::from(u32::MAX) + 1;
        assert!(largest.checked_mul(boundary.scale).is_some());
    }

    #[test]
    fn levels_end_their_nodes_independently() {
        let shape = Shape::new([1; 32]);
        let (mut leaf, mut inner) = (Boundary::new(&shape, 0), Boundary::new(&shape, 1));
        assert_ne!(leaf.hash("team/style"), inner.hash("team/style"));
    }
}
