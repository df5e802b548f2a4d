//! What is taken as a key keeps the rules of keys and is the same when taken again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use undream::Key;

fuzz_target!(|text: &str| {
    let Ok(key) = Key::new(text) else { return };
    let again = Key::new(key.as_str()).expect("what was a key is one");
    assert_eq!(again, key);
    assert!(key.as_str().len() <= 1_024);
    assert!(key.ancestors().all(|ancestor| key.is_under(ancestor)));
});
