//! How a row of the log is framed and cut into pieces.
//!
//! ```text
//! format          u8, 1
//! head length     u32 LE
//! body length     u32 LE
//! head checksum   [16], over sequence, both lengths, body checksum and head
//! body checksum   [16], over the body
//! head, body
//! ```
//!
//! The bytes are cut every [`PIECE_BYTES`], so that a span can be read without the rest of its row.
//! Checksums are truncated BLAKE3: they tell damage, ids tell authenticity.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};
use crate::limits;

/// The size of a piece: three of them and their keys fill a page of redb with little waste.
pub(super) const PIECE_BYTES: usize = 1_350;
/// The bits of a log key that number the piece.
pub(super) const PIECE_BITS: u32 = 24;
/// How many pieces a row may have.
pub(super) const PIECES_MAX: usize = 1 << PIECE_BITS;
/// The newest format of a row that is read, and the one that is written.
pub(crate) const FORMAT: u8 = 1;
/// The length of all that stands before the head.
pub(super) const PRELUDE_BYTES: usize = 41;

/// The lengths and checksums that a row begins with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prelude {
    pub(super) head: u32,
    pub(super) body: u32,
    head_sum: [u8; 16],
    body_sum: [u8; 16],
}

impl Prelude {
    /// Reads the first bytes of the row `sequence`.
    pub(super) fn read(sequence: u64, bytes: &[u8]) -> Result<Self> {
        let short = || Error::corrupt(format!("row {sequence} of the log is truncated"));
        let bytes: &[u8; PRELUDE_BYTES] = bytes.first_chunk().ok_or_else(short)?;
        if bytes[0] == 0 {
            return Err(Error::corrupt(format!("row {sequence} of the log is damaged")));
        }
        if bytes[0] > FORMAT {
            let message = format!("row {sequence} of the log has format {}", bytes[0]);
            return Err(Error::new(ErrorKind::Newer, message));
        }
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let mut prelude =
            Self { head: word(1), body: word(5), head_sum: [0; 16], body_sum: [0; 16] };
        let whole = PRELUDE_BYTES as u64 + u64::from(prelude.head) + u64::from(prelude.body);
        if whole > limits::ROW_BYTES_MAX as u64 {
            return Err(Error::corrupt(format!("row {sequence} of the log is damaged")));
        }
        prelude.head_sum.copy_from_slice(&bytes[9..25]);
        prelude.body_sum.copy_from_slice(&bytes[25..]);
        Ok(prelude)
    }

    pub(super) fn check_head(&self, sequence: u64, head: &[u8]) -> Result<()> {
        if self.head_checksum(sequence, head) != self.head_sum {
            return Err(Error::corrupt(format!("row {sequence} of the log is damaged")));
        }
        Ok(())
    }

    pub(super) fn check_body(&self, sequence: u64, body: &[u8]) -> Result<()> {
        if checksum(&[body]) != self.body_sum {
            return Err(Error::corrupt(format!(
                "the body of row {sequence} of the log is damaged"
            )));
        }
        Ok(())
    }

    /// How many bytes of the row stand before its body.
    pub(super) fn body_offset(&self) -> usize {
        PRELUDE_BYTES + self.head as usize
    }

    /// How many bytes the row has.
    pub(super) fn row_bytes(&self) -> usize {
        self.body_offset() + self.body as usize
    }

    fn head_checksum(&self, sequence: u64, head: &[u8]) -> [u8; 16] {
        checksum(&[
            &sequence.to_le_bytes(),
            &self.head.to_le_bytes(),
            &self.body.to_le_bytes(),
            &self.body_sum,
            head,
        ])
    }
}

fn checksum(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    let mut sum = [0; 16];
    sum.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    sum
}

/// A row cut into pieces, its parts left where they are: a large one is not copied as a whole.
pub(super) struct Framed<'a> {
    prelude: Vec<u8>,
    head: &'a [u8],
    body: &'a [u8],
}

/// Frames the row `sequence`.
pub(super) fn frame<'a>(sequence: u64, head: &'a [u8], body: &'a [u8]) -> Result<Framed<'a>> {
    let whole = PRELUDE_BYTES + head.len() + body.len();
    limits::check("one commit", whole, limits::ROW_BYTES_MAX, "bytes")?;
    let mut prelude = Prelude {
        head: head.len() as u32,
        body: body.len() as u32,
        head_sum: [0; 16],
        body_sum: checksum(&[body]),
    };
    prelude.head_sum = prelude.head_checksum(sequence, head);
    let mut bytes = Vec::with_capacity(PRELUDE_BYTES);
    bytes.push(FORMAT);
    bytes.extend_from_slice(&prelude.head.to_le_bytes());
    bytes.extend_from_slice(&prelude.body.to_le_bytes());
    bytes.extend_from_slice(&prelude.head_sum);
    bytes.extend_from_slice(&prelude.body_sum);
    Ok(Framed { prelude: bytes, head, body })
}

impl Framed<'_> {
    /// The pieces in their order: all but the last are [`PIECE_BYTES`] long.
    pub(super) fn pieces(&self) -> impl Iterator<Item = Cow<'_, [u8]>> {
        let mut parts = [&self.prelude, self.head, self.body];
        std::iter::from_fn(move || {
            // Most pieces of a large row lie within one part.
            let first = parts.iter_mut().find(|part| !part.is_empty())?;
            if let Some((piece, rest)) = first.split_at_checked(PIECE_BYTES) {
                *first = rest;
                return Some(Cow::Borrowed(piece));
            }
            let mut piece = Vec::with_capacity(PIECE_BYTES);
            for part in &mut parts {
                let (taken, rest) = part.split_at(part.len().min(PIECE_BYTES - piece.len()));
                piece.extend_from_slice(taken);
                *part = rest;
            }
            Some(Cow::Owned(piece))
        })
    }
}

/// The log key of a piece.
pub(super) fn piece_key(sequence: u64, piece: usize) -> u64 {
    sequence << PIECE_BITS | piece as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_row_cut_at_equal_lengths_wherever_its_parts_meet() {
        let lengths = [0, 1, 40, 1_308, 1_309, 1_310, 1_350, 1_351, 2_700, 5_000];
        for (head, body) in lengths.iter().flat_map(|head| lengths.map(|body| (*head, body))) {
            let (head, body) = (vec![1; head], vec![2; body]);
            let framed = frame(7, &head, &body).unwrap();
            let whole = [framed.prelude.as_slice(), &head, &body].concat();
            let pieces: Vec<_> = framed.pieces().map(Cow::into_owned).collect();
            let cut: Vec<_> = whole.chunks(PIECE_BYTES).map(<[u8]>::to_vec).collect();
            assert_eq!(pieces, cut, "{} and {}", head.len(), body.len());
        }
    }
}
