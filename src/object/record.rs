//! One immutable version of a memory.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::entropy::Seed;
use crate::error::{Error, ErrorKind, Result};
use crate::object::stored::{Header, ObjectKind, Stored};
use crate::object::text::{SaltedText, TextSlot};
use crate::object::{Entry, Kind, Provenance, Taint, Trust};
use crate::storage::{MemoryId, RecordId, TextId, TombstoneId, codec};

/// The hashed part of a record.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct RecordHeader {
    memory: MemoryId,
    kind: Kind,
    labels: Vec<String>,
    attribute_names: Vec<String>,
    /// Title, text and context together.
    words: TextId,
    /// The attribute values, in the order of their names.
    values: Option<TextId>,
    /// The versions this one was made from: none, one, or both sides of a merge.
    previous: Vec<RecordId>,
    provenance: Provenance,
    trust: Trust,
    taint: Taint,
    expires: Option<Time>,
    valid_from: Option<Time>,
    valid_to: Option<Time>,
}

impl Header for RecordHeader {
    const KIND: ObjectKind = ObjectKind::Record;

    fn texts(&self) -> Vec<TextId> {
        std::iter::once(self.words).chain(self.values).collect()
    }

    fn is_ordered(&self) -> bool {
        self.labels.is_sorted_by(|a, b| a < b)
            && self.attribute_names.is_sorted_by(|a, b| a < b)
            && self.values.is_some() != self.attribute_names.is_empty()
            && self.taint.is_known()
    }
}

/// The erasable words of a record.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Words {
    title: Option<String>,
    text: String,
    context: Option<String>,
}

impl Words {
    fn encode(&self) -> Vec<u8> {
        let optional = self.title.iter().chain(&self.context).map(String::len).sum::<usize>();
        codec::encode_about(self, self.text.len() + optional + 16)
    }
}

/// Where a new record comes from and how far it is trusted.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) provenance: Provenance,
    pub(crate) trust: Trust,
    pub(crate) taint: Taint,
}

/// One immutable version of a memory, with provenance and trust.
#[derive(Clone, Debug)]
pub struct Record {
    id: RecordId,
    header: RecordHeader,
    words: Result<Words, TombstoneId>,
    values: Result<Vec<String>, TombstoneId>,
    stored: Stored,
}

impl Record {
    /// Makes the version of `memory` that says `entry`. A text that an earlier version says already
    /// keeps its `TextId`.
    pub(crate) fn make(
        memory: MemoryId,
        entry: Entry,
        previous: &[&Record],
        origin: Origin,
        seed: &Seed,
        number: u64,
    ) -> Result<Self> {
        let entry = entry.checked()?;
        let words = Words { title: entry.title, text: entry.text, context: entry.context };
        let reused = previous.iter().find(|record| record.words.as_ref() == Ok(&words));
        let salted = match reused.map(|record| &record.stored.texts()[0]) {
            Some(TextSlot::Present(text)) => text.clone(),
            _ => SaltedText::new(seed.derive("record words", number), words.encode()),
        };
        let (attribute_names, values): (Vec<_>, Vec<_>) = entry.attributes.into_iter().unzip();
        let salted_values = (!values.is_empty())
            .then(|| SaltedText::new(seed.derive("record values", number), codec::encode(&values)));
        let header = RecordHeader {
            memory,
            kind: entry.kind,
            labels: entry.labels,
            attribute_names,
            words: salted.id(),
            values: salted_values.as_ref().map(SaltedText::id),
            previous: previous.iter().map(|record| record.id).collect(),
            provenance: origin.provenance,
            trust: origin.trust,
            taint: origin.taint,
            expires: None,
            valid_from: None,
            valid_to: None,
        };
        let texts = std::iter::once(salted).chain(salted_values).map(TextSlot::Present).collect();
        let stored = Stored::seal(&header, texts);
        Ok(Self { id: stored.id().into(), header, words: Ok(words), values: Ok(values), stored })
    }

    /// The same words, erased or not, as a later version that rests on other grounds.
    pub(crate) fn restamped(&self, origin: Origin) -> Self {
        let header = RecordHeader {
            previous: vec![self.id],
            provenance: origin.provenance,
            trust: origin.trust,
            taint: origin.taint,
            ..self.header.clone()
        };
        let stored = Stored::seal(&header, self.stored.texts().to_vec());
        let (words, values) = (self.words.clone(), self.values.clone());
        Self { id: stored.id().into(), header, words, values, stored }
    }

    /// The record that `stored` holds.
    pub(crate) fn open(stored: Stored) -> Result<Self> {
        let header: RecordHeader = stored.open()?;
        let id = RecordId::from(stored.id());
        let words = match &stored.texts()[0] {
            TextSlot::Present(text) => {
                Ok(codec::decode(format_args!("the words of record {id}"), text.payload())?)
            }
            TextSlot::Erased(tombstone) => Err(*tombstone),
        };
        let values: Result<Vec<String>, TombstoneId> = match stored.texts().get(1) {
            Some(TextSlot::Present(text)) => {
                Ok(codec::decode(format_args!("the attributes of record {id}"), text.payload())?)
            }
            Some(TextSlot::Erased(tombstone)) => Err(*tombstone),
            None => Ok(Vec::new()),
        };
        if values.as_ref().is_ok_and(|values| values.len() != header.attribute_names.len()) {
            return Err(Error::corrupt(format!("record {id} has attributes without values")));
        }
        Ok(Self { id, header, words, values, stored })
    }

    /// The memory that `stored` is a version of, without reading the rest: its bytes come first.
    ///
    /// # Errors
    /// `Corrupt` if it is no record; `Newer` if the format is one this version does not know.
    pub(crate) fn memory_in(stored: &Stored) -> Result<MemoryId> {
        const START: [u8; 2] = [RecordHeader::KIND as u8, RecordHeader::FORMAT];
        let memory = stored.header().strip_prefix(&START).and_then(<[u8]>::first_chunk);
        match memory {
            Some(memory) => Ok(MemoryId::from_bytes(*memory)),
            None => stored.open::<RecordHeader>().map(|header| header.memory),
        }
    }

    pub(crate) fn stored(&self) -> &Stored {
        &self.stored
    }

    pub(crate) fn into_stored(self) -> Stored {
        self.stored
    }

    /// Whether both say the same: words, attributes, kind and labels.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.words.is_ok()
            && self.words == other.words
            && self.values == other.values
            && self.header.kind == other.header.kind
            && self.header.labels == other.header.labels
            && self.header.attribute_names == other.header.attribute_names
    }

    /// Whether a put of `entry` would change nothing.
    pub(crate) fn says(&self, entry: &Entry) -> bool {
        self.to_entry().is_ok_and(|own| own == *entry)
    }

    /// What was written, to be written again elsewhere or with changes.
    ///
    /// # Errors
    /// `Redacted` if the text was erased.
    pub fn to_entry(&self) -> Result<Entry> {
        let words = self.words()?;
        Ok(Entry {
            text: words.text.clone(),
            title: words.title.clone(),
            kind: self.header.kind.clone(),
            labels: self.header.labels.clone(),
            context: words.context.clone(),
            attributes: self.attributes()?,
        })
    }

    fn words(&self) -> Result<&Words> {
        self.words.as_ref().map_err(|tombstone| redacted(self.id, *tombstone))
    }

    /// The id of this version.
    pub fn id(&self) -> RecordId {
        self.id
    }

    /// The memory this is a version of.
    pub fn memory(&self) -> MemoryId {
        self.header.memory
    }

    /// The name of its words; versions that differ in attributes only share it.
    pub fn text_id(&self) -> TextId {
        self.header.words
    }

    /// What it says.
    ///
    /// # Errors
    /// `Redacted` if the text was erased.
    pub fn text(&self) -> Result<&str> {
        Ok(&self.words()?.text)
    }

    /// The heading, if it has one.
    ///
    /// # Errors
    /// `Redacted` if the text was erased.
    pub fn title(&self) -> Result<Option<&str>> {
        Ok(self.words()?.title.as_deref())
    }

    /// The words around it that help to find it.
    ///
    /// # Errors
    /// `Redacted` if the text was erased.
    pub fn context(&self) -> Result<Option<&str>> {
        Ok(self.words()?.context.as_deref())
    }

    /// The named values.
    ///
    /// # Errors
    /// `Redacted` if the values were erased.
    pub fn attributes(&self) -> Result<BTreeMap<String, String>> {
        let values = self.values.as_ref().map_err(|tombstone| redacted(self.id, *tombstone))?;
        Ok(self.header.attribute_names.iter().cloned().zip(values.iter().cloned()).collect())
    }

    /// What sort of memory it is.
    pub fn kind(&self) -> &Kind {
        &self.header.kind
    }

    /// The labels, sorted.
    pub fn labels(&self) -> &[String] {
        &self.header.labels
    }

    /// The versions it was made from.
    pub fn previous(&self) -> &[RecordId] {
        &self.header.previous
    }

    /// Who wrote it, in which session, from what.
    pub fn provenance(&self) -> &Provenance {
        &self.header.provenance
    }

    /// How far it is trusted.
    pub fn trust(&self) -> Trust {
        self.header.trust
    }

    /// Whose words it rests on.
    pub fn taint(&self) -> Taint {
        self.header.taint
    }

    /// Whether its text was erased.
    pub fn is_erased(&self) -> bool {
        self.words.is_err()
    }

    /// What stands in the place of its text, where that was erased.
    pub fn tombstone(&self) -> Option<TombstoneId> {
        self.words.as_ref().err().copied()
    }
}

fn redacted(id: RecordId, tombstone: TombstoneId) -> Error {
    Error::new(
        ErrorKind::Redacted,
        format!("the text of record {id:.12} was erased; tombstone {tombstone:.12} says why"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::{Author, Source};

    #[test]
    fn the_memory_read_alone_is_the_one_read_with_the_rest() {
        let author = Author::agent("scribe");
        let source = Source::Agent;
        let provenance = Provenance {
            source,
            author,
            session: None,
            dream: None,
            evidence: Vec::new(),
            inputs: Vec::new(),
        };
        let origin = Origin { provenance, trust: source.trust(), taint: Taint::of(source) };
        let seed = Seed::draw(&crate::entropy::SeededEntropy::new(1)).unwrap();
        let memory = MemoryId::from_bytes([251; 16]);
        let record = Record::make(memory, Entry::fact("It is so."), &[], origin, &seed, 0).unwrap();
        assert_eq!(Record::memory_in(record.stored()).unwrap(), memory);
        assert_eq!(Record::open(record.into_stored()).unwrap().memory(), memory);
    }
}
