//! What sessions add to the miner's counts, kept in the database with what is derived, so that a
//! session is read once: one digest per session, of its newest version that was read.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::dream::mine::curator::VERSION;
use crate::dream::mine::ledger::Digest;
use crate::engine::Store;
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Session, Source};
use crate::storage::{TextId, codec};

/// Bytes of each of the two sums before a digest: whose it is, and whether it is whole.
const SUM_BYTES: usize = 8;
/// So many bytes of digests are written together: few durable writes, and little to make again if
/// the dream is cut off.
const BATCH_BYTES: usize = 4 << 20;

/// The name of the words of an event, and where it comes from: enough to cite it.
pub(crate) type EventName = (TextId, Source);

/// The digests of one store for one version of the miner.
#[derive(Debug)]
pub(super) struct Shelf<'a> {
    store: &'a Store,
    version: &'static str,
    /// Digests that are not written yet.
    waiting: Vec<(String, Vec<u8>)>,
    waiting_bytes: usize,
}

impl<'a> Shelf<'a> {
    pub(super) fn of(store: &'a Store, version: &'static str) -> Self {
        Self { store, version, waiting: Vec::new(), waiting_bytes: 0 }
    }

    /// Tells whose digest it is: which version made it, of which version of which session.
    fn mark(&self, session: &Session) -> [u8; SUM_BYTES] {
        checksum(&[self.version.as_bytes(), &[0], session.object_id().as_bytes()].concat())
    }

    /// What is kept of a session as it is now; `None` if nothing is.
    ///
    /// # Errors
    /// `Corrupt` if what is kept is damaged: then the session is to be read again.
    pub(super) fn load(&self, session: &Session) -> Result<Option<Digest>> {
        let names = self.names(session)?.map_or(0, |names| names.len());
        if names != session.events() as usize {
            return Ok(None);
        }
        self.part(session, |(_, digest)| digest)
    }

    /// The names of a session's events, if they are kept of the session as it is now.
    ///
    /// # Errors
    /// `Corrupt` if they are damaged.
    fn names(&self, session: &Session) -> Result<Option<Vec<EventName>>> {
        self.part(session, |(names, _)| names)
    }

    /// One of the two parts that are kept of a session: the names of its events, and its digest. Each
    /// stands behind its checksum, so that one can be read without the other.
    fn part<T: Serialize + DeserializeOwned>(
        &self,
        session: &Session,
        choose: impl for<'b> Fn((&'b [u8], &'b [u8])) -> &'b [u8],
    ) -> Result<Option<T>> {
        let Some(bytes) = self.store.digest(session.id())? else { return Ok(None) };
        let what = || format!("the digest of session `{}`", session.id());
        let damaged = || Error::corrupt(format!("{} is damaged", what()));
        let (mark, rest) = bytes.split_at_checked(SUM_BYTES).ok_or_else(damaged)?;
        if mark != self.mark(session) {
            return Ok(None);
        }
        let (length, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let parts = rest.split_at_checked(u32::from_le_bytes(*length) as usize);
        match choose(parts.ok_or_else(damaged)?).split_at_checked(SUM_BYTES) {
            Some((sum, body)) if sum == checksum(body) => codec::decode(what(), body).map(Some),
            _ => Err(damaged()),
        }
    }

    /// Keeps what a session adds, in place of what an earlier version of it added.
    pub(super) fn keep(
        &mut self,
        session: &Session,
        names: &[EventName],
        digest: &Digest,
    ) -> Result<()> {
        let (names, digest) = (codec::encode(&names), codec::encode(digest));
        let length = ((SUM_BYTES + names.len()) as u32).to_le_bytes();
        let mark = self.mark(session);
        let parts = [&mark[..], &length, &checksum(&names), &names, &checksum(&digest), &digest];
        let bytes = parts.concat();
        self.waiting_bytes += bytes.len();
        self.waiting.push((session.id().to_owned(), bytes));
        if self.waiting_bytes >= BATCH_BYTES { self.write() } else { Ok(()) }
    }

    /// Writes what waits.
    pub(super) fn write(&mut self) -> Result<()> {
        self.waiting_bytes = 0;
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() { Ok(()) } else { self.store.keep_digests(&waiting) }
    }
}

/// The names of a session's events, as the curator kept them when it read the session; `None` if it
/// did not, or if they are damaged.
pub(crate) fn kept_names(store: &Store, session: &Session) -> Result<Option<Vec<EventName>>> {
    match Shelf::of(store, VERSION).names(session) {
        Err(error) if error.kind() == ErrorKind::Corrupt => Ok(None),
        names => names,
    }
}

/// FNV-1a: tells other bytes from these, where nobody means to deceive.
fn checksum(bytes: &[u8]) -> [u8; SUM_BYTES] {
    let sum = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    sum.to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dream::mine::Mine;
    use crate::dream::{Dream, Sessions};
    use crate::engine::{Database, NewSession};
    use crate::object::{Author, Event, Role, SessionFacts, ToolCall};

    fn session(number: usize, tail: &str) -> NewSession {
        let call = ToolCall { tool: "open".into(), args: "{}".into(), ..ToolCall::default() };
        let stuck = ToolCall { result: format!("Error: drawer {number} is stuck"), ..call.clone() };
        let events = vec![
            Event::said(Role::User, "tidy up"),
            Event::called(stuck),
            Event::called(ToolCall { result: tail.into(), ..call }),
        ];
        let facts = SessionFacts { id: format!("s{number}"), ..SessionFacts::default() };
        NewSession { facts, events, extra: None }
    }

    fn filled() -> (Database, Store) {
        let db = Database::in_memory().unwrap();
        let store = db.store("default").unwrap();
        take(&store, 0, "done");
        (db, store)
    }

    fn take(store: &Store, from: usize, tail: &str) {
        let sessions: Vec<_> = (from..6).map(|number| session(number, tail)).collect();
        store.import_sessions(&sessions, &Author::program("import")).unwrap();
    }

    /// What a dream over all sessions proposes.
    fn told(store: &Store) -> Vec<(Option<String>, u16, u32)> {
        let main = store.branch("main").unwrap();
        let dream = Dream::on(&main).sessions(Sessions::All).curator(Mine::default());
        let one = |held: &crate::dream::Proposal| {
            (held.text().map(str::to_owned), held.confidence(), held.sources().sessions)
        };
        dream.run().unwrap().proposals().unwrap().iter().map(one).collect()
    }

    fn kept(store: &Store) -> Vec<Option<Vec<u8>>> {
        (0..6).map(|number| store.digest(&format!("s{number}")).unwrap()).collect()
    }

    #[test]
    fn a_digest_tells_what_reading_again_tells_and_is_made_anew_where_it_cannot() {
        let (_db, store) = filled();
        let read = told(&store);
        let whole = kept(&store);
        assert!(!read.is_empty() && whole.iter().all(Option::is_some));
        assert_eq!(told(&store), read);

        let first = whole[0].clone().unwrap();
        let mut flipped = first.clone();
        flipped[40] ^= 4;
        let mut other_version = first.clone();
        other_version[0] ^= 1;
        for bytes in [&first[..first.len() / 2], &first[..3], &[], &flipped, &other_version] {
            store.keep_digests(&[("s0".to_owned(), bytes.to_vec())]).unwrap();
            assert_eq!(told(&store), read);
            assert_eq!(kept(&store), whole);
        }
        store.forget_digests().unwrap();
        assert!(kept(&store).iter().all(Option::is_none));
        assert_eq!(told(&store), read);
    }

    #[test]
    fn a_digest_is_used_rather_than_the_session() {
        let (_db, store) = filled();
        told(&store);
        let before = store.digest("s5").unwrap().unwrap();
        // A digest of a session in which nothing happens, under the mark of this one.
        let held = store.session("s5").unwrap().unwrap();
        let mut shelf = Shelf::of(&store, "0");
        let events = store.event_sources(&held, 0..=u32::MAX).unwrap();
        let silence = vec![Event::said(Role::Meta, ""); events.len()];
        let empty = crate::dream::mine::Miner::digest(held.facts(), &silence);
        shelf.keep(&held, &events, &empty).unwrap();
        shelf.write().unwrap();
        let mut other = store.digest("s5").unwrap().unwrap();
        other[..SUM_BYTES].copy_from_slice(&before[..SUM_BYTES]);
        let sessions = |told: Vec<(Option<String>, u16, u32)>| told.iter().map(|one| one.2).max();
        assert_eq!(sessions(told(&store)), Some(6));
        store.keep_digests(&[("s5".to_owned(), other)]).unwrap();
        assert_eq!(sessions(told(&store)), Some(5));
    }

    #[test]
    fn a_grown_session_has_one_digest_and_copies_have_none() {
        let (db, store) = filled();
        told(&store);
        let before = kept(&store);
        take(&store, 3, "done at last");
        told(&store);
        let after = kept(&store);
        assert_eq!(before[..3], after[..3]);
        assert!(before[3..].iter().zip(&after[3..]).all(|(old, new)| old != new && new.is_some()));

        let folder = tempfile::tempdir().unwrap();
        db.backup(folder.path().join("copy")).unwrap();
        let copy = Database::open(folder.path().join("copy")).unwrap().store("default").unwrap();
        assert!(kept(&copy).iter().all(Option::is_none));
        assert_eq!(copy.session_ids().unwrap().len(), 6);
    }

    #[test]
    fn a_store_that_is_deleted_loses_its_digests() {
        let folder = tempfile::tempdir().unwrap();
        let ana = Author::person("ana");
        let db = Database::open(folder.path()).unwrap();
        let other = db.create_store("other", &ana).unwrap();
        take(&other, 0, "done");
        told(&other);
        assert!(kept(&other).iter().all(Option::is_some));
        db.delete_store("other", &ana).unwrap();
        drop((other, db));
        let db = Database::open(folder.path()).unwrap();
        let other = db.create_store("other", &ana).unwrap();
        assert!(kept(&other).iter().all(Option::is_none));
    }
}
