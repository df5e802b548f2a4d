//! `dream pause`, `resume`, `cancel`: what is asked of a dream that runs, here or elsewhere.

use clap::Args;
use serde_json::json;
use undream::{Author, Dream, ErrorKind};

use super::call::{Access, Call};
use super::dream::open;
use super::exit::{Hinted, Outcome};

#[derive(Args, Debug)]
pub(crate) struct Order {
    /// The number of the dream, as dream list shows it
    number: u64,
}

impl Order {
    pub(crate) fn pause(&self, call: &Call) -> Outcome {
        let next = format!("undream dream resume {}", self.number);
        self.give(call, "paused", &next, Dream::pause)
    }

    pub(crate) fn resume(&self, call: &Call) -> Outcome {
        self.give(call, "running", "undream dream list", Dream::resume)
    }

    pub(crate) fn cancel(&self, call: &Call) -> Outcome {
        let next = format!("undream dream show {}", self.number);
        self.give(call, "cancelled", &next, Dream::cancel)
    }

    /// Writes the order down; whoever runs the dream sees it within a second.
    fn give(
        &self,
        call: &Call,
        status: &str,
        next: &str,
        order: impl Fn(&Dream, &Author) -> undream::Result<()>,
    ) -> Outcome {
        let store = call.store(Access::Write)?;
        let dream = open(&store, self.number)?;
        order(&dream, &call.author()?)
            .hint_for(ErrorKind::Invalid, || "undream dream list".to_owned())?;
        if call.json() {
            return call.print_json(&json!({"dream": self.number, "asked_to_be": status}));
        }
        call.note(format!("Dream {} is asked to be {status}. Next: {next}", self.number));
        Ok(())
    }
}
