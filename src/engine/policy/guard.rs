//! Where refs move: nothing passes that nobody asked about.

use crate::engine::endorse::endorsement_key;
use crate::engine::landing::Landing;
use crate::engine::policy::standing::{KEY, only_a_person};
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Author, AuthorKind, RefKind, RefMove, RefName, StoreName};
use crate::storage::{CommitId, RecordId, TextId};

/// Leave to move one guarded branch once, under the policy it was asked of.
#[derive(Clone, Debug)]
pub(crate) struct Clearance {
    pub(super) store: StoreName,
    pub(super) branch: RefName,
    /// The record of the policy that was asked.
    pub(crate) policy: Option<RecordId>,
    pub(super) head: Head,
    /// Texts that somebody must still vouch for.
    pub(super) endorsed: Vec<TextId>,
}

/// The head that leave holds for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Head {
    /// Any: of a plain write that passed, which nothing on the branch could make worse.
    Any,
    /// This one.
    Only(Option<CommitId>),
}

impl Landing<'_> {
    /// Checks a move of a ref just before it is made.
    ///
    /// # Errors
    /// `Stale` if the policy or the head is not what leave was given for; `Blocked` if no leave was
    /// given.
    pub(crate) fn pass(&self, author: &Author, step: &RefMove) -> Result<()> {
        if step.kind == RefKind::Tag {
            return Ok(());
        }
        if step.name == RefName::meta() {
            return self.pass_meta(author, step);
        }
        let standing = self.standing(&step.store)?;
        if !standing.policy.guards(&step.name) {
            return Ok(());
        }
        let name = &step.name;
        let of_branch = |held: &&Clearance| held.store == step.store && held.branch == *name;
        let Some(held) = self.cleared.iter().find(of_branch) else {
            let message = format!("`{name}` is guarded, and nothing has checked this change of it");
            return Err(Error::new(ErrorKind::Blocked, message));
        };
        if held.policy != standing.record {
            return Err(Error::stale(format!("the policy has changed; check `{name}` again")));
        }
        if matches!(held.head, Head::Only(head) if head != step.from) {
            return Err(Error::stale(format!("`{name}` has moved")));
        }
        self.still_endorsed(&step.store, &held.endorsed)
    }

    /// Checks that nobody has taken back the endorsements that leave relies on.
    fn still_endorsed(&self, store: &StoreName, texts: &[TextId]) -> Result<()> {
        if texts.is_empty() {
            return Ok(());
        }
        let meta = self.find_ref(store, &RefName::meta()).map(|state| state.commit);
        let commit = meta.map(|id| self.commit(id)).transpose()?;
        let tree = self.tree(commit.as_deref())?;
        for text in texts {
            if tree.is_empty() || tree.get(&endorsement_key(*text))?.is_none() {
                return Err(Error::stale(format!("text {text:.12} is no longer endorsed")));
            }
        }
        Ok(())
    }

    /// The policy itself is changed by persons only.
    fn pass_meta(&self, author: &Author, step: &RefMove) -> Result<()> {
        if author.kind() == AuthorKind::Person
            || self.policy_in(step.from)? == self.policy_in(step.to)?
        {
            return Ok(());
        }
        Err(only_a_person())
    }

    fn policy_in(&self, meta: Option<CommitId>) -> Result<Option<RecordId>> {
        let Some(id) = meta else { return Ok(None) };
        let tree = self.tree(Some(&*self.commit(id)?))?;
        if tree.is_empty() { Ok(None) } else { tree.get(KEY) }
    }

    /// Notes leave that was given for a move of this request.
    pub(crate) fn clear(&mut self, clearance: Clearance) {
        self.cleared.push(clearance);
    }

    /// As [`Self::clear`], for several branches.
    pub(crate) fn clear_all(&mut self, clearances: impl IntoIterator<Item = Clearance>) {
        self.cleared.extend(clearances);
    }
}
