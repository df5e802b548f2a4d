//! The policy's rule that no probe may get worse.

use std::fmt;

use crate::engine::{Gate, GateQuestion, Measured, NO_WORSE_PROBE, Probe};
use crate::error::Result;
use crate::search::front::Search;
use crate::search::probes::ranks::ProbeShift;

/// Holds a change after which a memory that a probe expects is found further down than before, or
/// no more. It is named with the probe and both ranks.
///
/// It is handed to what merges without a person: a dream's run, a review, a test of the policy.
pub struct NoWorseProbe {
    search: Search,
    probes: Option<Vec<Probe>>,
}

impl NoWorseProbe {
    /// The rule, answered by `search`, for the probes that the store has when it is asked.
    pub fn new(search: &Search) -> Self {
        Self { search: search.clone(), probes: None }
    }

    /// For these probes instead: those of then, where a verdict is computed again.
    #[must_use]
    pub fn of(mut self, probes: Vec<Probe>) -> Self {
        self.probes = Some(probes);
        self
    }
}

impl Gate for NoWorseProbe {
    fn rule(&self) -> &str {
        NO_WORSE_PROBE
    }

    fn version(&self) -> u32 {
        1
    }

    fn measure(&self, question: &GateQuestion<'_>) -> Result<Measured> {
        let mut named = Vec::new();
        if question.policy.probes {
            let own = match &self.probes {
                Some(_) => Vec::new(),
                None => question.store.probes()?,
            };
            let base = question.base()?;
            for probe in self.probes.as_ref().unwrap_or(&own) {
                let change = self.search.foresee_probe(probe, &base, question.changes)?;
                for shift in change.shifts.iter().filter(|shift| shift.is_worse()) {
                    named.push(format!("{}: {}", probe.name, told(shift)));
                }
            }
        }
        Ok(Measured::none_of(named))
    }
}

/// The key and both ranks; no words of a text.
fn told(shift: &ProbeShift) -> String {
    let rank = |rank: Option<usize>| rank.map_or_else(|| "gone".to_owned(), |at| at.to_string());
    format!("{} {} -> {}", shift.key, rank(shift.before), rank(shift.after))
}

impl fmt::Debug for NoWorseProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoWorseProbe({:?})", self.search)
    }
}
