//! Views of the file: shared by all who read at the same time, and exchanged when they are too old
//! to find what has been flushed since.

use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use crate::engine::core::Core;
use crate::error::Result;
use crate::storage::{Reader, Storage};

/// The newest view of the file that somebody holds, and a watermark it surely sees. Nobody else
/// keeps it: pages that a view can see are not used again while it lives.
pub(crate) struct Newest {
    storage: Arc<Storage>,
    held: Mutex<(Weak<Reader>, u64)>,
}

impl Newest {
    pub(crate) fn new(storage: Arc<Storage>) -> Self {
        Self { storage, held: Mutex::new((Weak::new(), 0)) }
    }

    /// A view that has the row `last` and what was derived up to `watermark`.
    pub(crate) fn view(&self, last: u64, watermark: u64) -> Result<Arc<Reader>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(view) = held.0.upgrade()
            && held.1 >= watermark
            && view.last_sequence()? >= last
        {
            return Ok(view);
        }
        let view = Arc::new(self.storage.read()?);
        *held = (Arc::downgrade(&view), watermark);
        Ok(view)
    }

    /// Some view that somebody holds, which may be old: good for what never changes.
    pub(crate) fn any(&self) -> Option<Arc<Reader>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).0.upgrade()
    }
}

/// The view of one snapshot. What was flushed after it was taken is found neither in it nor in
/// memory, so it is exchanged for a newer one then: once per flush, not at every read.
pub(crate) struct View {
    held: RwLock<(Arc<Reader>, u64)>,
}

impl View {
    /// A view of the file as it is now.
    pub(crate) fn now(core: &Core) -> Result<Self> {
        let watermark = core.state().watermark;
        Ok(Self { held: RwLock::new((core.view()?, watermark)) })
    }

    /// A view that sees all that the state in memory has let go of.
    pub(crate) fn reader(&self, core: &Core) -> Result<Arc<Reader>> {
        let watermark = core.state().watermark;
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        if held.1 >= watermark {
            return Ok(Arc::clone(&held.0));
        }
        drop(held);
        let newer = core.view()?;
        *self.held.write().unwrap_or_else(PoisonError::into_inner) =
            (Arc::clone(&newer), watermark);
        Ok(newer)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::View;
    use crate::{Author, Options};

    #[test]
    fn a_view_is_exchanged_once_per_flush_and_then_finds_what_was_flushed() {
        let db = Options::new().in_memory().unwrap();
        let main = db.store("default").unwrap().branch("main").unwrap();
        let mut tx = main.write().unwrap();
        tx.put("a", "one").unwrap();
        tx.commit(Author::agent("scribe").message("First")).unwrap();
        let (core, old) = (db.core(), main.snapshot().unwrap());
        let view = View::now(core).unwrap();
        let before = view.reader(core).unwrap();
        assert!(Arc::ptr_eq(&before, &view.reader(core).unwrap()));

        let mut tx = main.write().unwrap();
        tx.put("a", "two").unwrap();
        tx.commit(Author::agent("scribe").message("Second")).unwrap();
        let newer = main.snapshot().unwrap().get_id("a").unwrap().unwrap();
        core.flush().unwrap();

        assert!(before.location(&newer.object()).unwrap().is_none());
        let after = view.reader(core).unwrap();
        assert!(after.location(&newer.object()).unwrap().is_some());
        assert!(Arc::ptr_eq(&after, &view.reader(core).unwrap()));
        assert_eq!(old.record(newer).unwrap().text().unwrap(), "two");
        assert_eq!(old.get("a").unwrap().unwrap().text().unwrap(), "one");
    }
}
