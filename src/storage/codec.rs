//! The one codec of hashed and stored structures: bincode's standard configuration, read strictly.
//!
//! bincode accepts several encodings of one value (overlong integers, trailing bytes). A hash must
//! name one value, so decoding also encodes again and compares.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// The most bytes one decode may allocate.
const DECODE_BYTES_MAX: usize = 256 << 20;

fn config() -> bincode::config::Configuration<
    bincode::config::LittleEndian,
    bincode::config::Varint,
    bincode::config::Limit<DECODE_BYTES_MAX>,
> {
    bincode::config::standard().with_limit::<DECODE_BYTES_MAX>()
}

/// Appends the encoding of `value` to `out`.
pub(crate) fn encode_into<T: Serialize>(value: &T, out: &mut Vec<u8>) {
    bincode::serde::encode_into_std_write(value, out, config())
        .expect("BUG: our own structures always encode");
}

/// The encoding of `value`.
pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    encode_about(value, 0)
}

/// The encoding of `value`, which has about `bytes` bytes: few are moved as it grows.
pub(crate) fn encode_about<T: Serialize>(value: &T, bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes);
    encode_into(value, &mut out);
    out
}

/// The value whose one encoding is `bytes`; `what` names it in the error, and is printed for one
/// only: printing an id takes longer than decoding a record.
///
/// # Errors
/// `Corrupt` if the bytes are no value, or not the encoding that [`encode`] gives.
pub(crate) fn decode<T: Serialize + DeserializeOwned>(
    what: impl fmt::Display,
    bytes: &[u8],
) -> Result<T> {
    let (value, used): (T, usize) = bincode::serde::decode_from_slice(bytes, config())
        .map_err(|error| Error::corrupt(format!("{what} does not decode")).with_source(error))?;
    let mut again = Vec::with_capacity(bytes.len());
    encode_into(&value, &mut again);
    if used != bytes.len() || again != bytes {
        return Err(Error::corrupt(format!("{what} is not in its canonical encoding")));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_encoding_of_a_value_is_accepted() {
        let bytes = encode(&(7_u64, "text"));
        assert_eq!(decode::<(u64, String)>("pair", &bytes).unwrap(), (7, "text".to_owned()));
        let mut trailing = bytes.clone();
        trailing.push(0);
        assert!(decode::<(u64, String)>("pair", &trailing).is_err());
        // 251 announces a two-byte integer: an overlong spelling of 7.
        let overlong = [&[251, 7, 0][..], &bytes[1..]].concat();
        assert!(decode::<(u64, String)>("pair", &overlong).is_err());
        assert!(decode::<(u64, String)>("pair", &bytes[..3]).is_err());
    }
}
