//! What is derived from the log, against what the log gives.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Display;

use crate::engine::flush::move_name;
use crate::engine::recall::check_recalls;
use crate::engine::state::ref_name;
use crate::engine::verify::rows::Walk;
use crate::error::Result;
use crate::storage::{MemoryId, Shelf, TreeId, codec};
use crate::tree::{Tree, reachable};

type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

impl Walk<'_> {
    /// Compares the small derived tables with what the rows up to the watermark give.
    pub(super) fn check_derived(&mut self) {
        let refs = self.flushed_refs.iter().map(|((store, name), state)| {
            (ref_name(store, name.as_str()), codec::encode(&(state.kind, state.commit)))
        });
        let refs: Entries = refs.collect();
        let moves = self.moves.iter().map(|(((store, name), sequence), moved)| {
            (move_name(&ref_name(store, name.as_str()), *sequence), codec::encode(moved))
        });
        let moves: Entries = moves.collect();
        let sessions = self.sessions.iter().map(|((store, session), object)| {
            (ref_name(store, session), object.as_bytes().to_vec())
        });
        let sessions: Entries = sessions.collect();
        let homes = self.homes.iter().filter(|(_, flushed)| **flushed).map(|((memory, key), _)| {
            ([memory.as_bytes(), key.as_str().as_bytes()].concat(), Vec::new())
        });
        let homes: Entries = homes.collect();
        let stores = self.flushed_stores.iter();
        let stores = stores.map(|store| (store.as_str().as_bytes().to_vec(), Vec::new())).collect();
        for (shelf, name, expected) in [
            (Shelf::Stores, "store", stores),
            (Shelf::Refs, "ref", refs),
            (Shelf::Moves, "move of a ref", moves),
            (Shelf::Sessions, "session", sessions),
            (Shelf::Homes, "home of a memory", homes),
        ] {
            match self.reader.derived_under(shelf, b"") {
                Ok(found) => self.compare(name, expected, found.into_iter().collect()),
                Err(error) => self.report.find(format!("table of every {name}"), error),
            }
        }
        self.check_bases();
    }

    /// Reads the recall log, which nothing vouches for but its own form.
    pub(super) fn check_recalls(&mut self) {
        let report = &mut self.report;
        if let Err(error) = check_recalls(&self.reader, |place, what| report.find(place, what)) {
            self.report.find("recall log", error);
        }
    }

    fn compare(&mut self, what: &str, expected: Entries, mut found: Entries) {
        for (name, value) in expected {
            let place = || format!("{what} {}", shown(&name));
            match found.remove(&name) {
                Some(stored) if stored == value => {}
                Some(_) => self.report.find(place(), "is not what the log says"),
                None => self.report.find(place(), "is missing, though flushed"),
            }
        }
        for name in found.into_keys() {
            self.report.find(format!("{what} {}", shown(&name)), "is not in the log");
        }
    }

    /// Every tree that is said to be stored must be there with all its nodes.
    fn check_bases(&mut self) {
        let bases = match self.reader.derived_under(Shelf::Bases, b"") {
            Ok(bases) => bases,
            Err(error) => return self.report.find("table of bases", error),
        };
        let mut seen = HashSet::new();
        for (name, _) in bases {
            let Some((_, root)) = name.split_last_chunk::<32>().filter(|(at, _)| at.len() == 8)
            else {
                self.report.find(format!("base {}", shown(&name)), "has a wrong length");
                continue;
            };
            let root = TreeId::from_bytes(*root);
            let place = format!("base {root}");
            match self.read_nodes(root, &mut seen) {
                Ok(count) => self.report.nodes += count,
                Err(error) => self.report.find(place, error),
            }
        }
    }

    /// Reads all nodes of a stored tree from the file, past every cache.
    fn read_nodes(
        &self,
        root: TreeId,
        seen: &mut HashSet<crate::storage::ObjectId>,
    ) -> Result<u64> {
        let nodes = self.core.nodes.on_file();
        let mut count = 0;
        let tree = Tree::open(nodes, self.core.shape(), root)?;
        reachable(
            &tree,
            seen,
            |_| false,
            |_, _| {
                count += 1;
                Ok(())
            },
        )?;
        Ok(count)
    }

    /// Checks what the refs in memory say, and that each memory stands once in a head.
    pub(super) fn check_heads(&mut self) {
        let known = {
            let state = self.core.state();
            (state.last == self.last).then(|| state.refs.clone())
        };
        if known.is_some_and(|known| known != self.refs) {
            self.report.find("refs in memory", "are not what the log says");
        }
        let refs: Vec<_> =
            self.refs.iter().map(|((_, name), state)| (name.clone(), state.commit)).collect();
        let mut looked_at = HashSet::new();
        for (name, commit) in refs {
            let place = format!("head of `{name}`");
            if !looked_at.insert(commit) {
                continue;
            }
            match self.trees.tree(&self.reader, commit) {
                Ok(tree) => self.check_head(&place, &tree),
                Err(error) => self.report.find(place, error),
            }
        }
    }

    fn check_head(&mut self, place: &impl Display, tree: &Tree) {
        let mut standing: HashMap<MemoryId, String> = HashMap::new();
        for entry in tree.iter() {
            let (key, record) = match entry {
                Ok(entry) => entry,
                Err(error) => return self.report.find(place, error),
            };
            let memory = self.memories.get(&record).copied();
            if let Some(other) = memory.and_then(|id| standing.insert(id, key.to_string())) {
                let what = format!("has one memory at `{other}` and at `{key}`");
                self.report.find(place, what);
            }
            for ancestor in key.ancestors() {
                if matches!(tree.get(ancestor), Ok(Some(_))) {
                    let what = format!("has `{ancestor}` as a memory and as the folder of `{key}`");
                    self.report.find(place, what);
                }
            }
        }
    }
}

/// A table's key, as far as it can be read.
fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).escape_default().to_string()
}
