//! The rule of trust where a person vouches for a proposed text.

use std::sync::{Arc, Mutex};

use undream::{Gate, GateQuestion, Measured, Record, Result, Store};

use crate::dreams::{Line, add, dream, memory, near, refusals};
use crate::room::{agent, person, refused};

/// Who vouches for a proposed text lets it pass; who takes that back holds it again.
#[test]
fn a_proposed_text_that_a_person_endorses_is_trusted_enough() -> Result<()> {
    let (db, store, main) = memory();
    let gates = near(&db);
    let waiting = dream(&main, &gates, &[Line(vec![add("new/tool", "So.")], vec![0, 1, 10])]);
    assert_eq!(refusals(&waiting, &gates), [["trust"]]);
    let record = waiting.branch().snapshot()?.get("new/tool")?.unwrap();
    store.endorse(&record, &person(), Some("I tried it."))?;
    assert_eq!(refusals(&waiting, &gates), [Vec::<String>::new()]);

    // Taken back between the question and the landing: it is asked again, and refused.
    let mut review = waiting.review_as(agent())?;
    review.approve(|_| true)?;
    let doubter: Arc<dyn Gate> =
        Arc::new(Doubter { store: store.clone(), record: record.clone(), done: Mutex::new(false) });
    let both = [gates[0].clone(), doubter];
    refused(review.merge()?.gates(&both).commit("In a hurry"), "trust failed");
    assert!(main.snapshot()?.get("new/tool")?.is_none());

    store.endorse(&record, &person(), None)?;
    let merged = review.merge()?.gates(&gates).commit("It is vouched for")?;
    store.unendorse(&record, &person())?;
    let check = store.check(merged, main.name(), &gates)?;
    assert!(check.is_same(), "endorsements of then count: {:?}", check.differences());
    Ok(())
}

/// Takes an endorsement back while it is asked, once.
struct Doubter {
    store: Store,
    record: Record,
    done: Mutex<bool>,
}

impl Gate for Doubter {
    fn rule(&self) -> &'static str {
        "doubter"
    }

    fn version(&self) -> u32 {
        1
    }

    fn measure(&self, _: &GateQuestion<'_>) -> Result<Measured> {
        let mut done = self.done.lock().unwrap();
        if !std::mem::replace(&mut *done, true) {
            self.store.unendorse(&self.record, &person())?;
        }
        Ok(Measured::none_of(Vec::new()))
    }
}
