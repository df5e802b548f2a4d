//! Reading a transcript of any bytes ends with a report, never with a panic.
#![no_main]

use std::cell::RefCell;
use std::fs;

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use undream::{Transcript, TranscriptFormat};

thread_local! {
    static DIRECTORY: RefCell<TempDir> = RefCell::new(tempfile::tempdir().expect("there is room"));
}

fuzz_target!(|bytes: &[u8]| {
    DIRECTORY.with_borrow(|directory| {
        let file = directory.path().join("session.json");
        fs::write(&file, bytes).expect("the file is written");
        let report = Transcript::read_path(&file, TranscriptFormat::OpenAi, &mut |_| Ok(()));
        assert_eq!(report.expect("the file is there").files, 1);
    });
});
