//! Reading a transcript of any bytes ends with a report, never with a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use undream::TranscriptFormat;
use undream_fuzz::read_transcript;

fuzz_target!(|bytes: &[u8]| {
    read_transcript("session.jsonl", TranscriptFormat::Neutral, bytes);
});
