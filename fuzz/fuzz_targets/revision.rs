//! What is read as a revision prints as text that is read as the same revision.
#![no_main]

use libfuzzer_sys::fuzz_target;
use undream::Revision;

fuzz_target!(|text: &str| {
    let Ok(revision) = text.parse::<Revision>() else { return };
    let printed = revision.to_string();
    let again = printed.parse::<Revision>().expect("what was printed can be read");
    assert_eq!(again, revision, "`{text}` was printed as `{printed}`");
});
