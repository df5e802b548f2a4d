//! What is frequent, counted before anything is kept: most of what sessions hold is in one of them.

use crate::dream::mine::ledger::{Digest, Signal};

/// The counters of each of the two rows.
const COUNTERS: usize = 1 << 21;

/// In how many sessions each signal is, about: a sketch of fixed size, in which a signal has a counter
/// in each of two rows, and other signals may share one of them (count-min with conservative update;
/// Estan and Varghese, 2002). It never says too little. A rare signal that it takes for a frequent one
/// costs room until all is added up.
#[derive(Debug)]
pub(super) struct Census([Vec<u8>; 2]);

impl Default for Census {
    fn default() -> Self {
        Self([vec![0; COUNTERS], vec![0; COUNTERS]])
    }
}

impl Census {
    pub(super) fn count(&mut self, digest: &Digest) {
        for (signal, _) in &digest.signals {
            let places = Self::places(signal);
            let least = self.least(places);
            for (row, place) in self.0.iter_mut().zip(places) {
                row[place] = row[place].max(least.saturating_add(1));
            }
        }
    }

    /// Whether a signal may be in `sessions` or more.
    pub(super) fn reaches(&self, signal: &Signal, sessions: usize) -> bool {
        usize::from(self.least(Self::places(signal))) >= sessions.min(usize::from(u8::MAX))
    }

    fn least(&self, places: [usize; 2]) -> u8 {
        self.0[0][places[0]].min(self.0[1][places[1]])
    }

    fn places(signal: &Signal) -> [usize; 2] {
        let hash = signal.hash();
        [hash, hash >> 32].map(|half| half as usize % COUNTERS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dream::mine::Miner;
    use crate::object::{Event, SessionFacts, ToolCall};

    #[test]
    fn what_is_counted_is_never_too_little_and_stops_at_what_fits() {
        let digest = |tool: &str| {
            let call = ToolCall { tool: tool.into(), args: "{}".into(), ..ToolCall::default() };
            Miner::digest(&SessionFacts::default(), &[Event::called(call)])
        };
        let (few, many) = (digest("saw"), digest("drill"));
        let mut census = Census::default();
        let reached = |census: &Census, digest: &Digest, sessions: usize| {
            digest.signals.iter().all(|(signal, _)| census.reaches(signal, sessions))
        };
        for count in 1..=300 {
            census.count(&many);
            assert!(reached(&census, &many, count));
            assert!(count >= 255 || !reached(&census, &many, count + 1));
        }
        census.count(&few);
        assert!(reached(&census, &few, 1) && !reached(&census, &few, 2));
        assert!(reached(&census, &many, 5_000), "beyond what fits all is kept");
    }
}
