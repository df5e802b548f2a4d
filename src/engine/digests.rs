//! Digests of sessions: what a reader keeps of a session so that it need not read it again. They lie
//! with what is derived: in no hash, in no backup, and dropping them costs a reading and nothing else.

use crate::engine::state::ref_name;
use crate::engine::store::Store;
use crate::error::{Error, Result};
use crate::storage::Shelf;

impl Store {
    /// What is kept of a session; `None` if nothing is.
    pub(crate) fn digest(&self, session: &str) -> Result<Option<Vec<u8>>> {
        // Those of a store of the same name that was deleted go with the next flush.
        if self.core().state().is_emptied(self.name()) {
            return Ok(None);
        }
        self.core().view()?.derived(Shelf::Digests, &ref_name(self.name(), session))
    }

    /// Keeps something of sessions, durably together, in place of what was kept of them before.
    pub(crate) fn keep_digests(&self, digests: &[(String, Vec<u8>)]) -> Result<()> {
        let core = self.core();
        let _right = core.queue.writing();
        let writer = core.storage.write(core.wait)?;
        for (session, bytes) in digests {
            let name = ref_name(self.name(), session);
            writer.set_derived([(Shelf::Digests, name.as_slice(), Some(bytes.as_slice()))])?;
        }
        writer.commit()
    }

    /// Drops all that dreams keep of the sessions they read, words of these sessions among it. The
    /// next dream reads the sessions again. Pages of the file keep the bytes until they are used
    /// again; copies made with `backup` never have them.
    ///
    /// # Errors
    /// `Invalid` if the database is open read-only; `Locked` if another process keeps writing.
    pub fn forget_digests(&self) -> Result<()> {
        let core = self.core();
        if core.storage.is_read_only() {
            return Err(Error::invalid("the database is open read-only"));
        }
        let _right = core.queue.writing();
        let writer = core.storage.write(core.wait)?;
        writer.remove_derived_under(Shelf::Digests, &ref_name(self.name(), ""))?;
        writer.commit()
    }
}
