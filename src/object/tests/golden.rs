//! Every vector is read, and written again as it was.

use std::collections::BTreeSet;
use std::fs;

use super::made;
use super::vector::{all, folder, hashed, open, text_of};
use crate::object::{
    AuthorKind, Bound, Cause, Commit, OperationKind, Outcome, ProposalKind, RefKind, Role, Ruling,
    Source, Stored, Trust, Verb,
};
use crate::storage::{ObjectId, OperationId, codec};

#[test]
fn each_vector_is_read_and_written_as_the_same_bytes() {
    let vectors = all();
    for vector in &vectors {
        let name = &vector.name;
        let meaning = open(vector.kind, &vector.bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(meaning.encoded, vector.bytes, "{name}");
        let hashed = hashed(&vector.bytes).unwrap();
        assert_eq!(ObjectId::of(&hashed), vector.id, "{name}");
        assert_eq!(hashed[..2], [vector.kind, vector.format], "{name}");
    }
    let kinds: BTreeSet<u8> = vectors.iter().map(|vector| vector.kind).collect();
    assert!(kinds.into_iter().eq(1..=8), "a kind has no vector");
}

#[test]
fn this_version_writes_what_the_vectors_of_its_formats_hold() {
    let vectors = all();
    for (name, shows, bytes) in made::all() {
        assert!(vectors.iter().any(|vector| vector.name == name), "{name} has no file");
        let held = fs::read_to_string(folder().join(format!("{name}.hex"))).unwrap();
        assert_eq!(text_of(shows, &bytes), held, "{name}");
    }
}

/// The number that the document gives a cause. No `_` here: a new cause wants a vector.
fn number(cause: &Cause) -> u8 {
    match cause {
        Cause::Write => 0,
        Cause::Merge => 1,
        Cause::Proposal(_) => 2,
        Cause::Pick { .. } => 3,
        Cause::Review { .. } => 4,
        Cause::Revert { .. } => 5,
        Cause::Restore { .. } => 6,
        Cause::Import { .. } => 7,
        Cause::Withdrawal { .. } => 8,
    }
}

#[test]
fn every_cause_has_a_vector_and_its_number() {
    let mut numbers = BTreeSet::new();
    for vector in all().iter().filter(|vector| vector.name.starts_with("commit-")) {
        let commit = Commit::open(Stored::decode(&vector.bytes).unwrap()).unwrap();
        assert_eq!(codec::encode(commit.cause())[0], number(commit.cause()), "{}", vector.name);
        numbers.insert(number(commit.cause()));
    }
    assert!(numbers.into_iter().eq(0..=8), "a cause has no vector");
}

#[test]
fn the_numbers_of_variants_are_those_of_the_document() {
    fn check<T: serde::Serialize>(variants: &[T]) {
        for (number, variant) in variants.iter().enumerate() {
            assert_eq!(codec::encode(variant)[0], number as u8);
        }
    }
    check(&[AuthorKind::Person, AuthorKind::Agent, AuthorKind::Program]);
    check(&[Source::User, Source::Agent, Source::Tool, Source::Web, Source::Harness]);
    check(&[Trust::None, Trust::Tool, Trust::Agent, Trust::User, Trust::Endorsed]);
    check(&[Role::System, Role::User, Role::Assistant, Role::ToolCall, Role::Meta]);
    check(&[Outcome::Success, Outcome::Failure]);
    check(&[RefKind::Branch, RefKind::Tag]);
    check(&[Verb::Approve, Verb::Amend, Verb::Reject]);
    check(&[Ruling::Passed, Ruling::Failed, Ruling::Unchecked]);
    check(&[Bound::AtLeast(0), Bound::AtMost(0)]);
    check(&[
        ProposalKind::Mistake,
        ProposalKind::Workflow,
        ProposalKind::Preference,
        ProposalKind::Duplicate,
        ProposalKind::Supersession,
        ProposalKind::Stale,
        ProposalKind::Restructure,
        ProposalKind::Promotion,
        ProposalKind::Other,
    ]);
    check(&[
        OperationKind::CreateStore,
        OperationKind::DeleteStore,
        OperationKind::Commit,
        OperationKind::Merge,
        OperationKind::Revert,
        OperationKind::Restore,
        OperationKind::CreateRef,
        OperationKind::DeleteRef,
        OperationKind::ImportSessions,
        OperationKind::Import,
        OperationKind::Review,
        OperationKind::Undo(OperationId::from_bytes([0; 32])),
        OperationKind::Erase,
    ]);
}
