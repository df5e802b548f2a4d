//! What is frequent, counted before anything is kept: most of what sessions hold is in one of them.

use std::collections::BTreeMap;

use crate::dream::mine::ledger::{Digest, Signal};

/// In how many sessions each signal is, counted before anything is kept of it. Names are told apart
/// by 64 bits: of two that meet, a rare one may be kept as if it were frequent.
#[derive(Debug, Default)]
pub(super) struct Census(BTreeMap<u64, u32>);

impl Census {
    pub(super) fn count(&mut self, digest: &Digest) {
        for signal in digest.signals() {
            *self.0.entry(Self::name(signal)).or_default() += 1;
        }
    }

    pub(super) fn sessions(&self, signal: &Signal) -> u32 {
        self.0.get(&Self::name(signal)).copied().unwrap_or(0)
    }

    /// FNV-1a over the parts.
    fn name(signal: &Signal) -> u64 {
        let family = [signal.family as u8, 0];
        let bytes = family.iter().chain(signal.scope.as_bytes()).chain(&[0]);
        bytes.chain(signal.name.as_bytes()).fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
            (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}
