//! More calls than there is room for, and calls that are cancelled.

use std::collections::BTreeSet;
use std::io::{BufRead, Write};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};
use undream::{Branch, Gate, GateQuestion, Measured, Options, Result};

use super::super::server::WAITING_MAX;
use super::super::wire::OPEN_MAX;
use super::{Connected, scope};

/// A gate that keeps every write waiting until it is opened.
#[derive(Clone, Default)]
struct Door(Arc<(Mutex<Passing>, Condvar)>);

#[derive(Default)]
struct Passing {
    came: usize,
    open: bool,
}

impl Door {
    /// A branch behind this door.
    fn guarding(&self) -> Branch {
        let database = Options::new().gate(self.clone()).in_memory().unwrap();
        database.store("default").unwrap().branch("main").unwrap()
    }

    /// Waits until so many have come.
    fn wait_for(&self, count: usize) {
        let (passing, changed) = &*self.0;
        let held = passing.lock().unwrap();
        drop(changed.wait_while(held, |passing| passing.came < count).unwrap());
    }

    fn open(&self) {
        self.0.0.lock().unwrap().open = true;
        self.0.1.notify_all();
    }
}

impl Gate for Door {
    fn rule(&self) -> &'static str {
        "door"
    }

    fn version(&self) -> u32 {
        1
    }

    fn measure(&self, _: &GateQuestion<'_>) -> Result<Measured> {
        let (passing, changed) = &*self.0;
        let mut held = passing.lock().unwrap();
        held.came += 1;
        changed.notify_all();
        drop(changed.wait_while(held, |passing| !passing.open).unwrap());
        Ok(Measured::none_of(Vec::new()))
    }
}

impl Connected {
    fn add(&mut self, id: usize) {
        let arguments = json!({"key": format!("flood/{id}"), "text": "More."});
        self.send(id as u64, "tools/call", &json!({"name": "add", "arguments": arguments}));
    }

    fn cancel(&mut self, id: usize) {
        let method = "notifications/cancelled";
        let notice = json!({"jsonrpc": "2.0", "method": method, "params": {"requestId": id}});
        writeln!(self.input, "{notice}").unwrap();
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Takes every place with a call that is cancelled and not done.
    fn take_all_places(&mut self, door: &Door) {
        for id in 0..OPEN_MAX {
            self.add(id);
            door.wait_for(id + 1);
            self.cancel(id);
        }
    }

    /// Closes the input and reads what still comes.
    fn end(self) -> Vec<Value> {
        drop(self.input);
        let lines = self.output.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap());
        let rest = lines.collect();
        self.ended.join().unwrap().unwrap();
        rest
    }
}

/// The numbers of the calls that wrote something.
fn written(main: &Branch) -> BTreeSet<usize> {
    let snapshot = main.snapshot().unwrap();
    let keys = snapshot.keys("flood").map(|entry| entry.unwrap().0);
    keys.map(|key| key.as_str()["flood/".len()..].parse().unwrap()).collect()
}

fn connected(main: &Branch) -> Connected {
    let mut client = Connected::to(scope(main));
    client.greet();
    client
}

#[test]
fn a_cancelled_call_is_not_answered_and_what_it_began_is_brought_to_an_end() {
    let door = Door::default();
    let main = door.guarding();
    let mut client = connected(&main);
    client.add(7);
    door.wait_for(1);
    client.cancel(7);
    assert_eq!(client.ask("ping", &json!({}))["result"], json!({}));
    door.open();
    assert_eq!(client.end(), Vec::<Value>::new());
    assert_eq!(written(&main), BTreeSet::from([7]));
}

#[test]
fn beyond_what_may_wait_calls_are_refused_and_a_cancelled_one_makes_room_at_once() {
    let door = Door::default();
    let main = door.guarding();
    let mut client = connected(&main);
    client.take_all_places(&door);
    let (given_up, refused, waiting) = (100..100 + WAITING_MAX, 200, 300..300 + WAITING_MAX);
    given_up.clone().for_each(|id| client.add(id));
    client.add(refused);
    client.send(9, "ping", &json!({}));
    let answer = client.read();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(refused), &json!(-32000)));
    assert!(answer["error"]["message"].as_str().unwrap().contains("again"), "{answer}");
    assert_eq!(client.read()["id"], 9);

    given_up.for_each(|id| client.cancel(id));
    waiting.clone().for_each(|id| client.add(id));
    assert_eq!(client.ask("ping", &json!({}))["result"], json!({}), "nobody was refused");
    door.open();
    let answers = client.end();
    let done = |answer: &Value| answer["result"]["isError"] == false;
    assert!(answers.iter().all(done), "{answers:?}");
    let answered: BTreeSet<_> =
        answers.iter().map(|answer| answer["id"].as_u64().unwrap() as usize).collect();
    assert_eq!(answered, waiting.clone().collect());
    assert_eq!(written(&main), (0..OPEN_MAX).chain(waiting).collect());
}

#[test]
fn a_flood_of_calls_that_are_cancelled_again_does_nothing_and_is_not_kept() {
    let door = Door::default();
    let main = door.guarding();
    let mut client = connected(&main);
    client.take_all_places(&door);
    for id in 1_000..3_000 {
        client.add(id);
        client.cancel(id);
    }
    client.send(9, "ping", &json!({}));
    // Of those that were refused before they were cancelled, some were told so.
    let refused = |answer: &Value| answer["error"]["code"] == -32000;
    while let answer = client.read()
        && answer["id"] != 9
    {
        assert!(refused(&answer), "{answer}");
    }
    door.open();
    let rest = client.end();
    assert!(rest.iter().all(refused), "{rest:?}");
    assert_eq!(written(&main), (0..OPEN_MAX).collect());
}
