//! Lines of plain or gzip input, one at a time, in bounded memory.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

/// The longest line that is read, in bytes.
pub(super) const LINE_BYTES_MAX: usize = 256 << 20;

/// One line of input.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Line<'a> {
    /// A whole line, without its end.
    Whole(&'a [u8]),
    /// A line over the limit, skipped.
    TooLong,
}

/// Reads lines from plain or gzip input, told apart by the first two bytes.
pub(super) struct Lines<'r> {
    input: Box<dyn BufRead + 'r>,
    line: Vec<u8>,
    number: u64,
    bytes_max: usize,
}

impl<'r> Lines<'r> {
    pub(super) fn new(input: impl Read + 'r, bytes_max: usize) -> io::Result<Self> {
        Ok(Self { input: unpacked(input)?, line: Vec::new(), number: 0, bytes_max })
    }

    /// How many lines were begun.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The next line that is not blank, with its number counted from one; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, Line<'_>)>> {
        loop {
            self.line.clear();
            self.number += 1;
            let mut head = self.input.by_ref().take(self.bytes_max as u64 + 1);
            if head.read_until(b'\n', &mut self.line)? == 0 {
                return Ok(None);
            }
            if self.line.len() > self.bytes_max && self.line.last() != Some(&b'\n') {
                self.input.skip_until(b'\n')?;
                self.line = Vec::new();
                return Ok(Some((self.number, Line::TooLong)));
            }
            if self.number == 1 && self.line.starts_with(b"\xEF\xBB\xBF") {
                self.line.drain(..3);
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some((self.number, Line::Whole(self.line.trim_ascii()))));
            }
        }
    }
}

/// `input`, decompressed if it begins as gzip does.
pub(super) fn unpacked<'r>(input: impl Read + 'r) -> io::Result<Box<dyn BufRead + 'r>> {
    let mut plain = BufReader::with_capacity(64 << 10, input);
    // `fill_buf` may give a single byte, so the magic is read and put back in front.
    let mut magic = Vec::new();
    plain.by_ref().take(2).read_to_end(&mut magic)?;
    let gzip = magic == [0x1f, 0x8b];
    let whole = io::Cursor::new(magic).chain(plain);
    Ok(if gzip {
        Box::new(BufReader::with_capacity(64 << 10, MultiGzDecoder::new(whole)))
    } else {
        Box::new(whole)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn all(bytes: &[u8], bytes_max: usize) -> Vec<(u64, Option<Vec<u8>>)> {
        let mut lines = Lines::new(bytes, bytes_max).unwrap();
        let mut found = Vec::new();
        while let Some((number, line)) = lines.next().unwrap() {
            let text = match line {
                Line::Whole(text) => Some(text.to_vec()),
                Line::TooLong => None,
            };
            found.push((number, text));
        }
        found
    }

    #[test]
    fn plain_and_gzip_input_give_the_same_lines() {
        let plain = b"\xEF\xBB\xBFone\r\n\n  two \nthree";
        let lines = vec![
            (1, Some(b"one".to_vec())),
            (3, Some(b"two".to_vec())),
            (4, Some(b"three".to_vec())),
        ];
        assert_eq!(all(plain, 100), lines);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(plain).unwrap();
        assert_eq!(all(&gzip.finish().unwrap(), 100), lines);
        assert_eq!(all(b"", 100), vec![]);
        assert_eq!(all(b"x", 100), vec![(1, Some(b"x".to_vec()))]);
    }

    #[test]
    fn a_line_over_the_limit_is_skipped_and_its_neighbours_are_read() {
        let lines = all(b"short\nfar too long\nexact\n", 5);
        let short = (1, Some(b"short".to_vec()));
        assert_eq!(lines, vec![short, (2, None), (3, Some(b"exact".to_vec()))]);
    }

    #[test]
    fn truncated_gzip_is_an_error_after_the_lines_before_it() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
        gzip.write_all(b"first line\nsecond line\n").unwrap();
        let bytes = gzip.finish().unwrap();
        let mut lines = Lines::new(&bytes[..32], 100).unwrap();
        assert_eq!(lines.next().unwrap(), Some((1, Line::Whole(b"first line"))));
        assert!(lines.next().is_err());
    }
}
