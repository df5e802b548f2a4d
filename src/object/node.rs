//! A node of a tree: sorted keys with record ids in a leaf, with child ids and entry counts above.
//!
//! `docs/format.md` gives the bytes. One node has one encoding: integers are minimal, a key
//! shares all it can with the key before it, and anything else is refused.

use std::ops::Range;

use crate::error::{Error, ErrorKind, Result};
use crate::limits;
use crate::object::Key;
use crate::storage::ObjectId;

const KIND: u8 = 3;
const FORMAT: u8 = 1;
/// No tree is higher: each inner node has two children or more, and entries are counted in u64.
const LEVEL_MAX: u8 = 63;

/// A decoded node. Keys lie in one buffer, so that searching and comparing allocate nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Node {
    level: u8,
    text: String,
    /// Where each key ends in `text`.
    ends: Vec<u32>,
    ids: Vec<ObjectId>,
    /// The entries beneath each child; empty in a leaf.
    counts: Vec<u64>,
    total: u64,
}

impl Node {
    /// A node without entries; level 0 is a leaf.
    pub(crate) fn new(level: u8) -> Self {
        assert!(level <= LEVEL_MAX, "BUG: a tree of level {level}");
        Self {
            level,
            text: String::new(),
            ends: Vec::new(),
            ids: Vec::new(),
            counts: Vec::new(),
            total: 0,
        }
    }

    /// Appends an entry. The key must be greater than all before; a leaf entry counts 1.
    pub(crate) fn push(&mut self, key: &str, id: ObjectId, count: u64) {
        self.text.push_str(key);
        self.ends.push(self.text.len() as u32);
        self.ids.push(id);
        if self.level > 0 {
            self.counts.push(count);
        }
        self.total += count;
    }

    /// Appends the entries of `other`, a node of the same level, that lie in `range`.
    pub(crate) fn push_range(&mut self, other: &Self, range: Range<usize>) {
        assert_eq!(self.level, other.level, "BUG: entries moved between levels");
        let (start, end) = (other.start(range.start), other.start(range.end));
        let moved = self.text.len() as u32;
        self.text.push_str(&other.text[start..end]);
        let ends = &other.ends[range.clone()];
        self.ends.extend(ends.iter().map(|end| end - start as u32 + moved));
        self.ids.extend_from_slice(&other.ids[range.clone()]);
        if self.level == 0 {
            self.total += range.len() as u64;
        } else {
            let counts = &other.counts[range];
            self.counts.extend_from_slice(counts);
            self.total += counts.iter().sum::<u64>();
        }
    }

    /// Where the key at `index` begins in `text`, or would begin after the last.
    fn start(&self, index: usize) -> usize {
        if index == 0 { 0 } else { self.ends[index - 1] as usize }
    }

    /// The length of the keys in `range`, in bytes.
    pub(crate) fn key_bytes(&self, range: Range<usize>) -> usize {
        self.start(range.end) - self.start(range.start)
    }

    /// The height above the leaves, which have level 0.
    pub(crate) fn level(&self) -> u8 {
        self.level
    }

    /// The number of entries in this node.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The number of leaf entries in and beneath this node.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The key of an entry: in an inner node, the last key beneath the child.
    pub(crate) fn key(&self, index: usize) -> &str {
        &self.text[self.start(index)..self.start(index + 1)]
    }

    pub(crate) fn last_key(&self) -> Option<&str> {
        self.len().checked_sub(1).map(|last| self.key(last))
    }

    /// The record id in a leaf, the child's id above.
    pub(crate) fn id(&self, index: usize) -> ObjectId {
        self.ids[index]
    }

    /// The number of leaf entries that an entry stands for.
    pub(crate) fn count(&self, index: usize) -> u64 {
        if self.level == 0 { 1 } else { self.counts[index] }
    }

    /// The number of leaf entries that stand before an entry of this node.
    pub(crate) fn count_before(&self, index: usize) -> u64 {
        if self.level == 0 { index as u64 } else { self.counts[..index].iter().sum() }
    }

    /// The index of the first entry whose key is not less than `key`; `len()` if there is none.
    pub(crate) fn lower_bound(&self, key: &str) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.key(middle) < key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The one encoding of this node.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(5 + self.text.len() + self.len() * 40);
        let len = u16::try_from(self.len()).expect("BUG: a node of more than 65,535 entries");
        out.extend([KIND, FORMAT, self.level]);
        out.extend(len.to_le_bytes());
        let mut last: &[u8] = b"";
        for index in 0..self.len() {
            let key = self.key(index).as_bytes();
            assert!(last < key, "BUG: the keys of a node do not ascend");
            let shared = last.iter().zip(key).take_while(|(a, b)| a == b).count();
            put_varint(&mut out, shared as u64);
            put_varint(&mut out, (key.len() - shared) as u64);
            out.extend_from_slice(&key[shared..]);
            out.extend_from_slice(self.ids[index].as_bytes());
            if self.level > 0 {
                put_varint(&mut out, self.counts[index]);
            }
            last = key;
        }
        out
    }

    /// Reads a node.
    ///
    /// # Errors
    /// `Newer` for a later format; `Corrupt` for all that [`Node::encode`] does not give.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader(bytes);
        let [kind, format, level] = reader.array()?;
        if kind == KIND && format > FORMAT {
            return Err(Error::new(ErrorKind::Newer, format!("a tree node has format {format}")));
        }
        if kind != KIND || format != FORMAT || level > LEVEL_MAX {
            return Err(corrupt("has no sound header"));
        }
        let len = usize::from(u16::from_le_bytes(reader.array()?));
        if level > 0 && len < 2 {
            return Err(corrupt("has fewer than two children"));
        }
        let mut node = Self::new(level);
        let mut key = Vec::new();
        for _ in 0..len {
            reader.key(&mut key)?;
            let text = Key::check_stored(&key)?;
            let id = ObjectId::from_bytes(reader.array()?);
            let count = if level > 0 { reader.varint()? } else { 1 };
            if count == 0 || node.total.checked_add(count).is_none() {
                return Err(corrupt("counts its entries wrongly"));
            }
            node.push(text, id, count);
        }
        if !reader.0.is_empty() {
            return Err(corrupt("has bytes after its last entry"));
        }
        Ok(node)
    }
}

fn corrupt(what: &str) -> Error {
    Error::corrupt(format!("a tree node {what}"))
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The bytes of a node that are still to be read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or_else(|| corrupt("ends too soon"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            let part = u64::from(byte & 0x7f);
            if part << shift >> shift != part || (byte == 0 && shift > 0) {
                break;
            }
            value |= part << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(corrupt("holds an integer that is not minimal"))
    }

    /// Turns `key`, the key before, into the next one.
    fn key(&mut self, key: &mut Vec<u8>) -> Result<()> {
        let (shared, added) = (self.varint()?, self.varint()?);
        let longest = limits::KEY_BYTES_MAX as u64;
        if shared > key.len() as u64 || added > longest {
            return Err(corrupt("has a key of impossible length"));
        }
        let shared = shared as usize;
        let suffix = self.take(added as usize)?;
        // A greater byte at the first place that is not shared: the keys ascend, and no byte more
        // could have been shared.
        if suffix.first() <= key.get(shared) {
            return Err(corrupt("has keys that do not ascend or share too little"));
        }
        key.truncate(shared);
        key.extend_from_slice(suffix);
        Ok(())
    }
}
