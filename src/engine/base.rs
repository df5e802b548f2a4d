//! The common base of two commits, also where their histories criss-cross.

use crate::engine::core::Core;
use crate::engine::nodes::PinnedTree;
use crate::engine::plan::{Records, plan};
use crate::error::Result;
use crate::history::merge_bases;
use crate::object::{Entry, Taint};
use crate::storage::CommitId;

/// What a memory says in a common base whose makers disagree about it: nothing that either side
/// could have kept, so the sides must agree with each other or be in conflict.
pub(crate) const DISPUTED: &str = "\u{0}disputed";

/// The tree from which `a` and `b` both come: that of their merge base; where there are several,
/// these joined, as git's recursive strategy does; where there is none, the empty tree.
pub(crate) fn common_base(
    core: &Core,
    a: CommitId,
    b: CommitId,
    records: &mut Records<'_>,
) -> Result<PinnedTree> {
    let bases = merge_bases(core, a, b)?;
    let Some((first, rest)) = bases.split_first() else { return core.empty_tree() };
    let mut tree = core.tree(&*core.commit(*first)?)?;
    for next in rest {
        let beneath = common_base(core, *first, *next, records)?;
        let other = core.tree(&*core.commit(*next)?)?;
        tree = join_bases(core, &beneath, &tree, &other, records)?;
    }
    Ok(tree)
}

fn join_bases(
    core: &Core,
    base: &PinnedTree,
    ours: &PinnedTree,
    theirs: &PinnedTree,
    records: &mut Records<'_>,
) -> Result<PinnedTree> {
    let mut joined = plan(base, ours, theirs, records)?;
    for conflict in joined.conflicts {
        let known = conflict.ours.as_ref().or(conflict.theirs.as_ref());
        let Some((key, record)) = known else { continue };
        let memory = records.memory(*record)?;
        let disputed = Entry::new(DISPUTED);
        let draft = records.draft(memory, disputed, &[], (None, Taint::default()))?;
        joined.edits.insert(key.clone(), Some(draft));
    }
    let edits: Vec<_> = joined.edits.into_iter().collect();
    Ok(core.nodes.keep(ours.apply(&edits)?))
}
