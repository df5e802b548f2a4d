//! The vectors as this version writes them: objects of fixed bytes, made without clock or chance.

use crate::clock::Time;
use crate::entropy::{Seed, SeededEntropy};
use crate::object::commit::{CommitHeader, cause_text};
use crate::object::stored::Stored;
use crate::object::text::{SaltedText, TextSlot};
use crate::object::tombstone::TombstoneHeader;
use crate::object::{
    Author, Bound, Cause, Commit, Decision, Entry, Event, Evidence, Genesis, Judged, Node,
    Operation, OperationHeader, OperationKind, Origin, Outcome, ProposalKind, ProposalPart,
    Provenance, Record, RefKind, RefMove, RefName, Role, RuleFinding, Ruling, SessionFacts, Source,
    StoreName, Suspect, Taint, ToolCall, Trust, Verb, Verdict, make_chunk, make_session,
};
use crate::storage::{
    ChunkId, CommitId, MemoryId, ObjectId, OperationId, RecordId, SessionObjectId, TextId,
    TombstoneId, TreeId,
};

/// The name of a vector, a word on what it shows, and its bytes.
pub(super) type Made = (&'static str, &'static str, Vec<u8>);

/// 2026-11-05T12:00:00Z, and times that take each length of an integer.
const NOW: Time = Time::from_micros(1_793_880_000_000_000);

fn seed() -> Seed {
    Seed::draw(&SeededEntropy::new(11)).unwrap()
}

fn commit_id(byte: u8) -> CommitId {
    CommitId::from_bytes([byte; 32])
}

fn record_id(byte: u8) -> RecordId {
    RecordId::from_bytes([byte; 32])
}

fn text_id(byte: u8) -> TextId {
    TextId::from_bytes([byte; 32])
}

fn evidence() -> Evidence {
    Evidence {
        session: SessionObjectId::from_bytes([0xe5; 32]),
        first: 250,
        last: 251,
        texts: vec![text_id(0x71), text_id(0x72)],
    }
}

/// A tombstone that no vector holds.
const NO_TOMBSTONE: TombstoneId = TombstoneId::from_bytes([0x0e; 32]);

/// The same object with its `index`-th text erased.
fn erased(stored: &Stored, index: usize, tombstone: TombstoneId) -> Stored {
    let bytes = stored.encode();
    let header = stored.header();
    let mut out = bytes[..4 + header.len() + 2].to_vec();
    for (at, slot) in stored.texts().iter().enumerate() {
        match slot {
            TextSlot::Present(text) if at != index => {
                out.push(1);
                out.extend(text.salt());
                out.extend((text.payload().len() as u32).to_le_bytes());
                out.extend(text.payload());
            }
            _ => {
                out.push(0);
                out.extend(tombstone.as_bytes());
            }
        }
    }
    Stored::decode(&out).unwrap()
}

fn genesis() -> Made {
    let genesis = Genesis::draw(&seed(), NOW);
    ("genesis-1", "what a database is born with", genesis.encode())
}

fn records() -> Vec<Made> {
    let plain = Provenance {
        source: Source::User,
        author: Author::person("ana"),
        session: None,
        dream: None,
        evidence: Vec::new(),
        inputs: Vec::new(),
    };
    let origin = Origin { provenance: plain, trust: Trust::User, taint: Taint::of(Source::User) };
    let memory = MemoryId::from_bytes([0xa1; 16]);
    let entry = Entry::fact("The office is in Lisbon.");
    let first = Record::make(memory, entry, &[], origin, &seed(), 0).unwrap();
    let dreamt = Provenance {
        source: Source::Agent,
        author: Author::program("mine"),
        session: Some("chat-812".to_owned()),
        dream: Some((7, 251)),
        evidence: vec![evidence()],
        inputs: vec![record_id(0x21), record_id(0x22)],
    };
    let taint = Taint::of(Source::Web).union(Taint::of(Source::Harness));
    let origin = Origin { provenance: dreamt, trust: Trust::Tool, taint };
    let entry = Entry::rule("Bürozeiten: 9–17 Uhr. 東京")
        .title("Hours")
        .label("place")
        .label("hours")
        .context("Asked about by new colleagues.")
        .attribute("since", "2024")
        .attribute("city", "");
    let full = Record::make(memory, entry, &[&first], origin, &seed(), 1).unwrap();
    let grave = bury(vec![full.text_id()], vec![full.id().object()], "Wrong office hours.");
    let gone = erased(full.stored(), 0, grave.id().into());
    vec![
        ("record-1-plain", "the first version of a memory", first.stored().encode()),
        ("record-1-full", "a version that has every field", full.stored().encode()),
        ("record-1-erased", "the same with its words erased", gone.encode()),
        ("tombstone-1-record", "stands in their place", grave.encode()),
    ]
}

fn nodes() -> Vec<Made> {
    let id = |byte| ObjectId::from_bytes([byte; 32]);
    let mut leaf = Node::new(0);
    for (byte, key) in ["facts/city", "facts/drink", "team/style/rust", "é"].iter().enumerate() {
        leaf.push(key, id(byte as u8 + 1), 1);
    }
    let mut inner = Node::new(1);
    inner.push("facts/drink", id(0x11), 127);
    inner.push("facts/zoo", id(0x12), 128);
    inner.push("team", id(0x13), u64::from(u32::MAX));
    vec![
        ("node-1-empty", "the empty tree", Node::new(0).encode()),
        ("node-1-leaf", "keys and records", leaf.encode()),
        ("node-1-inner", "last keys, children and the entries beneath them", inner.encode()),
    ]
}

fn commit(cause: Cause, cause_texts: Vec<SaltedText>) -> Stored {
    judged(cause, cause_texts, None)
}

fn judged(cause: Cause, cause_texts: Vec<SaltedText>, verdict: Option<Judged>) -> Stored {
    let tree = TreeId::from_bytes([0x7e; 32]);
    let parents = vec![commit_id(0xc1)];
    let message = Author::agent("scribe").message("First facts").session("chat-812");
    let salt = seed().derive("message", 0);
    let cause = (cause, cause_texts);
    Commit::make(tree, parents, &message, NOW, cause, verdict, salt).unwrap().stored().clone()
}

/// A merge that the policy refused in one point and nobody checked in another, overridden.
fn overridden() -> Stored {
    let reason = SaltedText::new(seed().derive("override reason", 0), "It was revoked.");
    let finding = |rule: &str, ruling, bound, found, named: &[&str]| RuleFinding {
        rule: rule.to_owned(),
        version: 1,
        ruling,
        binding: ruling != Ruling::Passed,
        found,
        bound,
        named: named.iter().map(ToString::to_string).collect(),
    };
    let verdict = Verdict {
        policy: Some(record_id(0x22)),
        findings: vec![
            finding("secrets", Ruling::Failed, Some(Bound::AtMost(0)), 1, &["facts/token"]),
            finding("sessions", Ruling::Passed, Some(Bound::AtLeast(3)), 300, &[]),
            finding("near-protected", Ruling::Unchecked, None, 0, &[]),
        ],
        overridden: Some(reason.id()),
    };
    judged(Cause::Merge, Vec::new(), Some((verdict, Some(reason))))
}

fn proposal() -> Stored {
    let rationale = cause_text(&seed(), 0, "Five sessions agree.");
    let part = ProposalPart {
        dream: 70_000,
        number: 1,
        kind: ProposalKind::Preference,
        confidence: 875,
        evidence: vec![evidence()],
        inputs: vec![record_id(0x21)],
        rationale: rationale.id(),
    };
    commit(Cause::Proposal(part), vec![rationale])
}

fn review() -> Stored {
    let reasons = [cause_text(&seed(), 0, "It is so."), cause_text(&seed(), 1, "It is not.")];
    let decisions = vec![
        Decision { proposal: 1, verb: Verb::Approve, reason: None },
        Decision { proposal: 2, verb: Verb::Amend, reason: Some(reasons[0].id()) },
        Decision { proposal: 300, verb: Verb::Reject, reason: Some(reasons[1].id()) },
    ];
    commit(Cause::Review { dream: 7, decisions }, reasons.to_vec())
}

/// A first commit that was imported: no parent, an authored time before 1970, no session.
fn imported() -> Stored {
    let message = SaltedText::new([0x5a; 16], "");
    let header = CommitHeader {
        tree: TreeId::from_bytes([0x7e; 32]),
        parents: Vec::new(),
        author: Author::person("Zoë"),
        committed: NOW,
        authored: Some(Time::from_micros(-1)),
        session: None,
        message: message.id(),
        cause: Cause::Import { origin: "git:0123456789abcdef0123456789abcdef01234567".to_owned() },
        verdict: None,
    };
    Stored::seal(&header, vec![TextSlot::Present(message)])
}

fn commits() -> Vec<Made> {
    let source = commit_id(0xc3);
    let pick = Cause::Pick { dream: 7, proposal: 251, source, amended: true };
    let revert = Cause::Revert { commits: vec![commit_id(0xc4), commit_id(0xc5)] };
    let restore = Cause::Restore { to: commit_id(0xc6) };
    let session = Cause::Withdrawal { suspect: Suspect::Session("chat-812".to_owned()) };
    let author = Cause::Withdrawal { suspect: Suspect::Author(Author::agent("scribe")) };
    let bare = |cause| commit(cause, Vec::new());
    let gone = erased(&proposal(), 1, NO_TOMBSTONE);
    vec![
        ("commit-1-write", "somebody wrote", bare(Cause::Write).encode()),
        ("commit-1-merge", "lines of history joined", bare(Cause::Merge).encode()),
        ("commit-1-proposal", "a curator proposes", proposal().encode()),
        ("commit-1-pick", "an approved proposal", bare(pick).encode()),
        ("commit-1-review", "closes a review", review().encode()),
        ("commit-1-revert", "takes commits back", bare(revert).encode()),
        ("commit-1-restore", "goes back to a state", bare(restore).encode()),
        ("commit-1-withdrawal-session", "a session is no longer believed", bare(session).encode()),
        ("commit-1-withdrawal-author", "an author is no longer believed", bare(author).encode()),
        ("commit-1-verdict", "a merge, the policy overridden", overridden().encode()),
        ("commit-1-import", "brought in, no parent, a time before 1970", imported().encode()),
        ("commit-1-erased", "a proposal, its rationale erased", gone.encode()),
    ]
}

fn events() -> Vec<Event> {
    let said = |role, content: &str| Event::said(role, content);
    let call = ToolCall {
        tool: "web_fetch".to_owned(),
        args: r#"{"url":"https://example.org"}"#.to_owned(),
        result: "404".to_owned(),
        is_error: true,
        call_id: Some("c1".to_owned()),
    };
    let mut user = said(Role::User, "Where is the office?");
    user.at = Some(NOW);
    user.extra = Some(r#"{"mood":"curious"}"#.to_owned());
    vec![
        said(Role::System, "Be brief."),
        user,
        Event::called(call),
        Event::called(ToolCall { tool: "ls".to_owned(), ..ToolCall::default() }),
        said(Role::Assistant, "In Lisbon."),
        said(Role::Meta, ""),
    ]
}

fn sessions() -> Vec<Made> {
    let chunk = make_chunk(&events(), &seed(), 0);
    let gone = erased(&chunk, 1, NO_TOMBSTONE);
    let bare = SessionFacts { id: "s-1".to_owned(), ..SessionFacts::default() };
    let bare = make_session(bare, None, Vec::new(), &seed());
    let facts = SessionFacts {
        id: "chat-812".to_owned(),
        source: "claude-code".to_owned(),
        agent: "scribe".to_owned(),
        model: "m-1".to_owned(),
        task: Some("t".to_owned()),
        user: Some("ana".to_owned()),
        project: Some("lisbon".to_owned()),
        labels: vec!["a".to_owned(), "b".to_owned()],
        outcome: Some(Outcome::Failure),
        reward_milli: Some(-500),
        started: Some(NOW),
    };
    let chunks = vec![(ChunkId::from(chunk.id()), 6), (ChunkId::from_bytes([0xcc; 32]), 1_000)];
    let full = make_session(facts, Some(r#"{"seed":7}"#), chunks, &seed());
    vec![
        ("chunk-1", "an event of each role", chunk.encode()),
        ("chunk-1-erased", "the same with one event's words erased", gone.encode()),
        ("session-1-bare", "a session without events or facts", bare.encode()),
        ("session-1-full", "a session that has every field", full.encode()),
    ]
}

fn operation(kind: OperationKind, moves: Vec<RefMove>, reason: Option<&str>) -> Stored {
    let header = OperationHeader {
        previous: (kind != OperationKind::CreateStore)
            .then_some(OperationId::from_bytes([0x09; 32])),
        at: NOW,
        author: Author::program("undream"),
        kind,
        store: StoreName::new("default").unwrap(),
        moves,
        sessions: match kind {
            OperationKind::ImportSessions => vec![SessionObjectId::from_bytes([0xe5; 32])],
            _ => Vec::new(),
        },
        message: None,
    };
    let reason = reason.map(|text| SaltedText::new([0x77; 16], text));
    Operation::make(header, reason).unwrap().stored().clone()
}

fn operations() -> Vec<Made> {
    let step = |name: &str, kind, from, to| RefMove {
        store: StoreName::new("default").unwrap(),
        name: RefName::new(name).unwrap(),
        kind,
        from,
        to,
    };
    let moved = step("main", RefKind::Branch, Some(commit_id(0xc1)), Some(commit_id(0xc2)));
    let both = vec![moved.clone(), step("v/1", RefKind::Tag, None, Some(commit_id(0xc2)))];
    let gone = vec![step("dreams/7", RefKind::Branch, Some(commit_id(0xc3)), None)];
    let undo = OperationKind::Undo(OperationId::from_bytes([0x08; 32]));
    vec![
        ("operation-1-first", "the first of a log", (OperationKind::CreateStore, vec![], None)),
        ("operation-1-commit", "a branch moved", (OperationKind::Commit, vec![moved], None)),
        ("operation-1-sessions", "sessions came", (OperationKind::ImportSessions, vec![], None)),
        ("operation-1-import", "refs moved", (OperationKind::Import, both, Some("from git"))),
        ("operation-1-undo", "taken back", (undo, gone, Some("undo"))),
        ("operation-1-erase", "a text was erased", (OperationKind::Erase, vec![], Some("asked"))),
    ]
    .into_iter()
    .map(|(name, shows, (kind, moves, why))| (name, shows, operation(kind, moves, why).encode()))
    .collect()
}

fn bury(texts: Vec<TextId>, objects: Vec<ObjectId>, why: &str) -> Stored {
    let reason = SaltedText::new([0x44; 16], why);
    let author = Author::person("ana");
    let header = TombstoneHeader { texts, objects, author, at: NOW, reason: reason.id() };
    Stored::seal(&header, vec![TextSlot::Present(reason)])
}

fn tombstone() -> Made {
    let texts = vec![text_id(0x71), text_id(0x72)];
    let stored = bury(texts, vec![ObjectId::from_bytes([0x21; 32])], "Asked for by Ana.");
    ("tombstone-1", "who erased two texts of one object, when and why", stored.encode())
}

/// Every vector that this version can write.
pub(super) fn all() -> Vec<Made> {
    let single = [genesis(), tombstone()];
    let parts = [records(), nodes(), commits(), sessions(), operations()];
    single.into_iter().chain(parts.into_iter().flatten()).collect()
}
