//! Lines that vouch for each other: each ends with a checksum over itself and all before it.

use std::io::{BufRead, Read, Write};

use crate::error::{Error, Result};

/// The longest line: the largest row is written in base 64.
const LINE_BYTES_MAX: u64 = 8 << 30;
const SEAL_START: &[u8] = b",\"sum\":\"";
const SEAL_BYTES: usize = SEAL_START.len() + 32 + 2;

/// The checksum of all lines so far.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub(super) struct Sum([u8; 16]);

impl Sum {
    fn add(&mut self, line: &[u8]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0);
        hasher.update(line);
        self.0.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    }

    fn hex(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }
}

/// Writes sealed lines.
pub(super) struct SealedWriter<'a> {
    out: &'a mut dyn Write,
    sum: Sum,
}

impl<'a> SealedWriter<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, sum: Sum::default() }
    }

    /// Writes `object`, the JSON text of an object that is not empty.
    pub(super) fn line(&mut self, object: &str) -> Result<()> {
        let open = object.strip_suffix('}').expect("BUG: a line is an object");
        self.sum.add(open.as_bytes());
        self.out.write_all(open.as_bytes())?;
        self.out.write_all(SEAL_START)?;
        self.out.write_all(self.sum.hex().as_bytes())?;
        self.out.write_all(b"\"}\n")?;
        Ok(())
    }
}

/// Reads sealed lines.
pub(super) struct SealedReader<R> {
    input: R,
    sum: Sum,
    number: u64,
    line: Vec<u8>,
}

impl<R: BufRead> SealedReader<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, sum: Sum::default(), number: 0, line: Vec::new() }
    }

    /// The number of the line read last, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The checksum of all lines so far.
    pub(super) fn sum(&self) -> Sum {
        self.sum
    }

    /// The next line without its seal; `None` at the end.
    ///
    /// # Errors
    /// `Corrupt` if the line is not as it was written.
    pub(super) fn line(&mut self) -> Result<Option<&str>> {
        self.line.clear();
        self.number += 1;
        if self.input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        let altered = || Error::corrupt("it was cut or altered");
        let length = self.line.strip_suffix(b"\n").ok_or_else(altered)?.len();
        let open = length.checked_sub(SEAL_BYTES).ok_or_else(altered)?;
        self.sum.add(&self.line[..open]);
        let seal = [SEAL_START, self.sum.hex().as_bytes(), b"\"}"].concat();
        if self.line[open..length] != seal {
            return Err(altered());
        }
        self.line.truncate(open);
        self.line.push(b'}');
        std::str::from_utf8(&self.line).map(Some).map_err(|_| altered())
    }
}
