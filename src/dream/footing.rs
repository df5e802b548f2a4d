//! What a text rests on, taken together.

use crate::engine::Endorsements;
use crate::error::Result;
use crate::object::{Record, Source, Taint, Trust};

/// Footing so far: the least trust among them, and all their sources.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Footing {
    least: Option<Trust>,
    taint: Taint,
}

impl Footing {
    pub(crate) fn add(&mut self, trust: Trust, taint: Taint) {
        self.least = Some(self.least.map_or(trust, |least| least.min(trust)));
        self.taint = self.taint.union(taint);
    }

    /// Adds an event from `source`.
    pub(crate) fn add_source(&mut self, source: Source) {
        self.add(source.trust(), Taint::of(source));
    }

    /// Adds a record. One that a person vouches for is as good as a person's word; what is made
    /// from it is another text, for which nobody has vouched.
    pub(crate) fn add_record(&mut self, record: &Record, endorsed: &Endorsements) -> Result<()> {
        self.add(endorsed.trust(record)?.min(Trust::User), record.taint());
        Ok(())
    }

    /// The least trust; none where there are no grounds.
    pub(crate) fn trust(self) -> Trust {
        self.least.unwrap_or_default()
    }

    pub(crate) fn taint(self) -> Taint {
        self.taint
    }
}
