//! A stored object: hashed header, then its erasable texts.
//!
//! ```text
//! header length   u32 LE
//! header          [kind u8][format u8][body], what the id is the BLAKE3 hash of
//! text count      u16 LE
//! each text       1, salt [16], length u32 LE, payload   or   0, tombstone id [32]
//! ```

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};
use crate::object::text::{SaltedText, TextSlot};
use crate::storage::{ObjectId, TextId, TombstoneId, codec};

/// Room for most headers, so that few grow as they are encoded.
const HEADER_BYTES: usize = 256;

/// What a stored object is. The number is the first hashed byte.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum ObjectKind {
    Genesis = 1,
    Record = 2,
    Node = 3,
    Commit = 4,
    Session = 5,
    EventChunk = 6,
    Operation = 7,
    Tombstone = 8,
}

impl ObjectKind {
    const ALL: [Self; 8] = [
        Self::Genesis,
        Self::Record,
        Self::Node,
        Self::Commit,
        Self::Session,
        Self::EventChunk,
        Self::Operation,
        Self::Tombstone,
    ];

    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Genesis => "genesis",
            Self::Record => "record",
            Self::Node => "tree node",
            Self::Commit => "commit",
            Self::Session => "session",
            Self::EventChunk => "event chunk",
            Self::Operation => "operation",
            Self::Tombstone => "tombstone",
        }
    }
}

/// The hashed part of an object of one kind.
pub(crate) trait Header: Serialize + DeserializeOwned {
    const KIND: ObjectKind;
    /// The newest format this version writes; it reads that one and all before it.
    const FORMAT: u8 = 1;

    /// The ids of the erasable texts that follow the header, in their order.
    fn texts(&self) -> Vec<TextId>;

    /// Whether the lists that must ascend do, and fields that go together fit: one meaning has one
    /// header.
    fn is_ordered(&self) -> bool {
        true
    }
}

/// An object as it lies in the log: the hashed header and its texts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Stored {
    /// The hash of `header`.
    id: ObjectId,
    header: Vec<u8>,
    texts: Vec<TextSlot>,
}

impl Stored {
    /// Puts `header` and its `texts` together.
    pub(crate) fn seal<H: Header>(header: &H, texts: Vec<TextSlot>) -> Self {
        debug_assert_eq!(header.texts().len(), texts.len());
        assert!(header.is_ordered(), "BUG: a {} out of order", H::KIND.name());
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend([H::KIND as u8, H::FORMAT]);
        codec::encode_into(header, &mut bytes);
        Self { id: ObjectId::of(&bytes), header: bytes, texts }
    }

    pub(crate) fn id(&self) -> ObjectId {
        self.id
    }

    /// The hashed bytes.
    pub(crate) fn header(&self) -> &[u8] {
        &self.header
    }

    pub(crate) fn kind(&self) -> Result<ObjectKind> {
        self.header
            .first()
            .and_then(|byte| ObjectKind::from_byte(*byte))
            .ok_or_else(|| Error::corrupt("a stored object is of no known kind"))
    }

    pub(crate) fn texts(&self) -> &[TextSlot] {
        &self.texts
    }

    /// The header as an `H`, once it and all its texts are found to be what their ids say.
    ///
    /// # Errors
    /// `Corrupt` with the object's id; `Newer` if the format is one this version does not know.
    pub(crate) fn open<H: Header>(&self) -> Result<H> {
        let id = self.id();
        let [kind, format, body @ ..] = self.header.as_slice() else {
            return Err(Error::corrupt(format!("object {id} is too short")));
        };
        if *kind != H::KIND as u8 {
            return Err(Error::corrupt(format!("object {id} is no {}", H::KIND.name())));
        }
        if *format > H::FORMAT {
            return Err(Error::new(
                ErrorKind::Newer,
                format!(
                    "{} {id} has format {format}; this version reads {}",
                    H::KIND.name(),
                    H::FORMAT
                ),
            ));
        }
        let header: H = codec::decode(format_args!("{} {id}", H::KIND.name()), body)?;
        if *format == 0 || !header.is_ordered() {
            return Err(Error::corrupt(format!(
                "the header of {} {id} is damaged",
                H::KIND.name()
            )));
        }
        let ids = header.texts();
        let sound = ids.len() == self.texts.len()
            && ids.iter().zip(&self.texts).all(|(id, slot)| match slot {
                TextSlot::Present(text) => text.id() == *id,
                TextSlot::Erased(_) => true,
            });
        if !sound {
            return Err(Error::corrupt(format!("a text of {} {id} is damaged", H::KIND.name())));
        }
        Ok(header)
    }

    /// The tombstones that stand in the place of its texts.
    pub(crate) fn tombstones(&self) -> impl Iterator<Item = TombstoneId> {
        self.texts.iter().filter_map(|slot| match slot {
            TextSlot::Present(_) => None,
            TextSlot::Erased(tombstone) => Some(*tombstone),
        })
    }

    /// How many bytes [`Self::encode_into`] appends.
    pub(crate) fn encoded_len(&self) -> usize {
        let text = |slot: &TextSlot| match slot {
            TextSlot::Present(text) => 1 + text.salt().len() + 4 + text.payload().len(),
            TextSlot::Erased(tombstone) => 1 + tombstone.as_bytes().len(),
        };
        4 + self.header.len() + 2 + self.texts.iter().map(text).sum::<usize>()
    }

    pub(crate) fn encode_into(&self, out: &mut Vec<u8>) {
        put_bytes(&self.header, out);
        let count = u16::try_from(self.texts.len()).expect("BUG: an object of too many texts");
        out.extend_from_slice(&count.to_le_bytes());
        for slot in &self.texts {
            match slot {
                TextSlot::Present(text) => {
                    out.push(1);
                    out.extend_from_slice(&text.salt());
                    put_bytes(text.payload(), out);
                }
                TextSlot::Erased(tombstone) => {
                    out.push(0);
                    out.extend_from_slice(tombstone.as_bytes());
                }
            }
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.encoded_len());
        self.encode_into(&mut out);
        debug_assert_eq!(out.len(), self.encoded_len());
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut rest = bytes;
        let header = take_bytes(&mut rest)?.to_vec();
        let count = u16::from_le_bytes(take(&mut rest)?);
        let mut texts = Vec::new();
        for _ in 0..count {
            texts.push(match take::<1>(&mut rest)? {
                [1] => {
                    let salt = take(&mut rest)?;
                    TextSlot::Present(SaltedText::new(salt, take_bytes(&mut rest)?))
                }
                [0] => TextSlot::Erased(TombstoneId::from_bytes(take(&mut rest)?)),
                _ => return Err(truncated()),
            });
        }
        if !rest.is_empty() {
            return Err(Error::corrupt("bytes follow a stored object"));
        }
        Ok(Self { id: ObjectId::of(&header), header, texts })
    }
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn truncated() -> Error {
    Error::corrupt("a stored object is truncated or malformed")
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or_else(truncated)?;
    *rest = tail;
    Ok(*head)
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8]> {
    let length = u32::from_le_bytes(take(rest)?) as usize;
    let (head, tail) = rest.split_at_checked(length).ok_or_else(truncated)?;
    *rest = tail;
    Ok(head)
}
