//! What several targets do alike.

use std::cell::RefCell;
use std::fs;

use tempfile::TempDir;
use undream::{Transcript, TranscriptFormat};

thread_local! {
    static DIRECTORY: RefCell<TempDir> = RefCell::new(tempfile::tempdir().expect("there is room"));
}

/// Reads a transcript of any bytes in a file of this name, which ends with a report, never with a
/// panic.
pub fn read_transcript(name: &str, format: TranscriptFormat, bytes: &[u8]) {
    DIRECTORY.with_borrow(|directory| {
        let file = directory.path().join(name);
        fs::write(&file, bytes).expect("the file is written");
        let report = Transcript::read_path(&file, format, &mut |_| Ok(()));
        assert_eq!(report.expect("the file is there").files, 1);
    });
}
