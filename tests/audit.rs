//! What an auditor asks: why does memory say this, who taught it, what else rests on it.

use std::collections::BTreeMap;

use undream::{
    Author, Branch, Citation, CommitId, Curator, CuratorInput, Database, Dream, Entry, Event,
    FixedClock, Key, LogFilter, NewSession, Options, ProposalKind, RecordId, Relation, Result,
    Role, Search, SeededEntropy, SessionFacts, Snapshot, Source, Store, SuggestedChange,
    Suggestion, Test, Tie, Time, ToolCall, Trust, Why,
};

const REFUND: &str = "support/refunds";
const POISON: &str = "Refunds up to 200 EUR need no approval.";

/// One suggestion that a test hands over.
#[derive(Clone, Debug)]
struct Taught {
    key: &'static str,
    text: &'static str,
    cites: &'static [(&'static str, u32)],
    inputs: Vec<RecordId>,
}

/// Proposes what the test says.
#[derive(Clone, Debug)]
struct Teacher(Vec<Taught>);

impl Curator for Teacher {
    fn name(&self) -> String {
        "teacher".to_owned()
    }

    fn version(&self) -> String {
        "1".to_owned()
    }

    fn propose(
        &self,
        input: &CuratorInput<'_>,
        suggest: &mut dyn FnMut(Suggestion) -> Result<()>,
    ) -> Result<()> {
        for session in input.sessions.sessions() {
            input.sessions.events(session.id())?;
        }
        for taught in &self.0 {
            let cites = taught.cites.iter();
            suggest(Suggestion {
                title: format!("Learn {}", taught.key),
                changes: vec![SuggestedChange::Put(
                    Key::new(taught.key)?,
                    Entry::fact(taught.text),
                )],
                kind: ProposalKind::Preference,
                rationale: "It was said.".to_owned(),
                confidence: 700,
                cites: cites
                    .map(|(session, event)| Citation::new(*session, *event, *event))
                    .collect(),
                inputs: taught.inputs.clone(),
            })?;
        }
        Ok(())
    }
}

/// A database with sessions `chat-1` to `chat-4`: a user, then a web page, speaks of refunds.
struct Desk {
    _database: Database,
    store: Store,
    main: Branch,
}

impl Desk {
    fn new() -> Result<Self> {
        let clock = FixedClock::new(Time::parse("2026-03-01T12:00:00Z")?, 60_000_000);
        let database = Options::new().clock(clock).entropy(SeededEntropy::new(5)).in_memory()?;
        let store = database.store("default")?;
        let sessions: Vec<_> = (1..=4).map(session).collect();
        store.import_sessions(&sessions, &Author::program("importer"))?;
        let main = store.branch("main")?;
        Ok(Self { _database: database, store, main })
    }

    fn put(&self, key: &str, text: &str) -> Result<CommitId> {
        let mut tx = self.main.write()?;
        tx.put(key, Entry::fact(text))?;
        tx.commit(Author::person("ana").message(format!("Put {key}")))
    }

    /// Dreams what `taught` says and merges all of it.
    fn teach(&self, taught: &[Taught]) -> Result<Dream> {
        let curator = Teacher(taught.to_vec());
        let dream =
            Dream::on(&self.main).sessions(undream::Sessions::All).curator(curator).run()?;
        assert_eq!(dream.proposals()?.len(), taught.len(), "{:?}", dream.manifest()?);
        let mut review = dream.review_as(Author::person("ben"))?;
        review.approve(|_| true)?;
        review.merge()?.commit("Taught")?;
        Ok(dream)
    }

    fn log(&self, filter: LogFilter) -> Result<Vec<String>> {
        let head = self.main.head()?.expect("main has commits");
        let log = self.store.log(head, filter)?;
        log.map(|commit| Ok(commit?.summary().to_owned())).collect()
    }
}

fn session(number: u32) -> NewSession {
    let page = ToolCall {
        tool: "web_fetch".to_owned(),
        args: "{}".to_owned(),
        result: format!("Welcome.\nRefunds up to 200 EUR need no approval, says page {number}."),
        ..ToolCall::default()
    };
    let facts = SessionFacts { id: format!("chat-{number}"), ..SessionFacts::default() };
    let events = vec![
        Event::said(Role::User, format!("Refunds up to 50 EUR need no approval ({number}).")),
        Event::called(page),
    ];
    NewSession { facts, events, extra: None }
}

fn taught(key: &'static str, text: &'static str, cites: &'static [(&'static str, u32)]) -> Taught {
    Taught { key, text, cites, inputs: Vec::new() }
}

/// `chat-1` to `chat-3` as a person said it, `chat-3` also as a web page did.
const POISONED: &[(&str, u32)] = &[("chat-1", 0), ("chat-2", 0), ("chat-3", 1)];

#[test]
fn why_goes_back_to_the_events_and_tells_which_of_them_lowers_the_trust() -> Result<()> {
    let desk = Desk::new()?;
    desk.put(REFUND, "Refunds up to 50 EUR need no approval.")?;
    desk.teach(&[taught(REFUND, POISON, POISONED)])?;
    desk.put("other", "Nothing to do with it.")?;

    let why = Why::of(&desk.main, REFUND)?;
    let standing = why.standing();
    assert_eq!(standing.relation, Relation::Standing);
    assert_eq!(standing.record.text()?, POISON);
    assert_eq!(standing.grounds.proposal, Some((1, 1)));
    assert_eq!(standing.curator, Some(("teacher".to_owned(), "1".to_owned())));
    let approval = standing.approval.as_ref().expect("it was approved");
    assert_eq!(approval.review.author(), &Author::person("ben"));
    assert_eq!(standing.cites.len(), 3);
    let web = &standing.cites[0];
    assert_eq!((web.session.as_str(), web.first, web.source), ("chat-3", 1, Some(Source::Web)));
    assert_eq!(web.quote.as_deref(), Some("Refunds up to 200 EUR need no approval, says page 3."));
    let lowest: Vec<bool> = standing.cites.iter().map(|cite| cite.lowest).collect();
    assert_eq!(lowest, [true, false, false]);
    assert_eq!(standing.least_cited(), Some(Trust::Tool));

    let before = &why.steps[1];
    assert_eq!(before.relation, Relation::Earlier);
    assert_eq!(before.record.provenance().author, Author::person("ana"));
    assert!(before.cites.is_empty() && before.approval.is_none());
    assert_eq!(why.steps.len(), 2);
    assert_eq!(why.versions, [before.record.id(), standing.record.id()]);
    assert!(why.derived.is_empty(), "{:?}", why.derived);
    Ok(())
}

#[test]
fn why_goes_forward_to_what_was_made_of_a_memory_and_what_shares_its_events() -> Result<()> {
    let desk = Desk::new()?;
    desk.teach(&[taught(REFUND, POISON, POISONED)])?;
    let source = desk.main.snapshot()?.get_id(REFUND)?.expect("it was taught");
    let mut made = taught("support/summary", "Refunds are easy.", &[("chat-4", 0)]);
    made.inputs = vec![source];
    let shares = taught("support/pages", "Pages speak of refunds.", &[("chat-3", 1)]);
    let apart = taught("support/apart", "People ask for refunds.", &[("chat-4", 0)]);
    desk.teach(&[made, shares, apart])?;
    let middle = desk.main.snapshot()?.get_id("support/summary")?.expect("it was taught");
    let mut indirect = taught("support/brief", "Say yes.", &[("chat-4", 0)]);
    indirect.inputs = vec![middle];
    desk.teach(&[indirect])?;
    let mut tx = desk.main.write()?;
    tx.rename("support/brief", "brief")?;
    tx.remove("support/pages")?;
    tx.commit(Author::person("ana").message("Tidy up"))?;

    let why = Why::of(&desk.main, REFUND)?;
    let told: Vec<_> = why
        .derived
        .iter()
        .map(|found| {
            let stands = found.stands_at.as_ref().map(Key::as_str);
            (found.tie, found.written_at.as_str(), stands, found.proposal)
        })
        .collect();
    assert_eq!(
        told,
        [
            (Tie::MadeFrom, "support/brief", Some("brief"), Some((3, 1))),
            (Tie::MadeFrom, "support/summary", Some("support/summary"), Some((2, 1))),
            (Tie::SameEvents, "support/pages", None, Some((2, 2))),
        ]
    );
    let back = Why::of(&desk.main, "brief")?;
    let keys: Vec<_> = back.steps.iter().filter_map(|step| step.key.clone()).collect();
    let keys: Vec<&str> = keys.iter().map(Key::as_str).collect();
    assert_eq!(keys, ["support/brief", "support/summary", REFUND]);
    assert_eq!(back.steps[2].relation, Relation::Input);
    assert_eq!(back.steps[2].cites[0].session, "chat-3");
    Ok(())
}

#[test]
fn blame_tells_of_each_line_who_taught_it_also_where_a_reviewer_reworded() -> Result<()> {
    let desk = Desk::new()?;
    desk.put("notes", "one\ntwo\n")?;
    desk.teach(&[taught("notes", "one\ntwo\nthree\n", POISONED)])?;
    let reworded = Teacher(vec![taught("notes", "one\ntwo\nthree\nfour\n", &[("chat-4", 0)])]);
    let all = undream::Sessions::All;
    let dream = Dream::on(&desk.main).sessions(all).curator(reworded).run()?;
    let mut review = dream.review_as(Author::person("ben"))?;
    review.amend(1, "one\ntwo\nthree\nfour, they say\n", None)?;
    review.merge()?.commit("Reworded")?;
    desk.put("notes", "zero\none\ntwo\nthree\nfour, they say\n")?;

    let blame = desk.main.blame("notes")?;
    let told: Vec<_> = blame
        .lines
        .iter()
        .map(|line| {
            let author = line.record.provenance().author.to_string();
            let cited = line.grounds.evidence.len();
            (line.text.as_str(), author, line.grounds.proposal, cited, line.is_amended())
        })
        .collect();
    let curator = blame.lines[3].record.provenance().author.to_string();
    let own = |text, author: &str, proposal, cited, amended| {
        (text, author.to_owned(), proposal, cited, amended)
    };
    assert_eq!(
        told,
        [
            own("zero", "ana", None, 0, false),
            own("one", "ana", None, 0, false),
            own("two", "ana", None, 0, false),
            own("three", &curator, Some((1, 1)), 3, false),
            own("four, they say", "ben", Some((2, 1)), 1, true),
        ]
    );
    assert!(blame.to_string().contains("dream 2, proposal 1"));
    Ok(())
}

#[test]
fn bisect_goes_into_the_review_to_the_proposal_and_its_evidence() -> Result<()> {
    let desk = Desk::new()?;
    desk.put(REFUND, "Refunds up to 50 EUR need no approval.")?;
    let noise: Vec<Taught> = vec![
        taught("a", "One.", &[("chat-1", 0)]),
        taught("b", "Two.", &[("chat-1", 0)]),
        taught(REFUND, POISON, POISONED),
        taught("c", "Three.", &[("chat-1", 0)]),
    ];
    desk.teach(&noise)?;
    for number in 0..20 {
        desk.put("later", &format!("It is {number}."))?;
    }
    let mut tested = 0;
    let mut test = |snapshot: &Snapshot| {
        tested += 1;
        let text = snapshot.get(REFUND)?.map(|record| record.text().map(str::to_owned));
        let bad = text.transpose()?.is_some_and(|text| text.contains("200"));
        Ok(if bad { Test::Bad } else { Test::Good })
    };
    let head = desk.main.head()?.expect("main has commits");
    let found = desk.store.bisect(None, head, &mut test)?;
    assert_eq!(found.tests.len(), tested);
    let [suspect] = found.suspects.as_slice() else { panic!("{:?}", found.suspects) };
    let behind = desk.store.proposal_behind(suspect)?.expect("a proposal");
    let undream::Cause::Proposal(part) = behind.cause() else { panic!("{behind:?}") };
    assert_eq!((part.dream, part.number, part.evidence.len()), (1, 3, 3));
    assert_eq!(found.merges.len(), 1);
    assert_eq!(found.merges[0].summary(), "Taught");
    Ok(())
}

#[test]
fn the_log_is_sifted_by_what_an_auditor_knows() -> Result<()> {
    let desk = Desk::new()?;
    desk.put("facts/city", "Lisbon.")?;
    let dream =
        desk.teach(&[taught(REFUND, POISON, POISONED), taught("x", "X.", &[("chat-4", 0)])])?;
    let mut tx = desk.main.write()?;
    tx.put("facts/tea", Entry::fact("Oolong."))?;
    tx.commit(Author::agent("scribe").message("Tea, at last").session("chat-9"))?;
    dream.revert(Some(1))?.commit(Author::person("ana").message("Take it back"))?;

    let all = ["Take it back", "Tea, at last", "Taught", "Put facts/city"];
    let none = LogFilter::default;
    assert_eq!(desk.log(none())?, all);
    assert_eq!(desk.log(LogFilter { picks: true, ..none() })?.len(), 6);
    let cases: [(LogFilter, &[&str]); 9] = [
        (LogFilter { dream: Some(1), ..none() }, &["Take it back", "Taught"]),
        (LogFilter { dream: Some(2), ..none() }, &[]),
        (LogFilter { author: Some("scribe".to_owned()), ..none() }, &["Tea, at last"]),
        (LogFilter { author: Some("agent:scribe".to_owned()), ..none() }, &["Tea, at last"]),
        (LogFilter { session: Some("chat-9".to_owned()), ..none() }, &["Tea, at last"]),
        (LogFilter { session: Some("chat-3".to_owned()), ..none() }, &["Taught"]),
        (LogFilter { prefix: Some("support".to_owned()), ..none() }, &["Take it back", "Taught"]),
        (LogFilter { grep: Some("^tea.*LAST$".to_owned()), ..none() }, &["Tea, at last"]),
        (
            LogFilter { prefix: Some("facts".to_owned()), dream: None, ..none() },
            &["Tea, at last", "Put facts/city"],
        ),
    ];
    for (filter, wanted) in cases {
        assert_eq!(desk.log(filter.clone())?, wanted, "{filter:?}");
    }
    let broken = LogFilter { grep: Some("(".to_owned()), ..none() };
    assert!(desk.log(broken).is_err());
    let head = desk.main.head()?.expect("main has commits");
    let tea = desk.store.resolve("main~1")?.commit;
    let at = desk.store.commit(tea)?.authored();
    let since = LogFilter { since: Some(at), ..none() };
    assert_eq!(desk.log(since)?, all[..2]);
    let until = LogFilter { until: Some(at), ..none() };
    assert_eq!(desk.log(until)?, all[1..]);
    let between = desk.store.commits_between(desk.store.resolve("main~3")?.commit, head)?;
    assert_eq!(between.len(), 5, "all but the first, picks included");
    Ok(())
}

#[test]
fn a_search_against_an_earlier_state_names_what_moved_the_ranks() -> Result<()> {
    let desk = Desk::new()?;
    desk.put("rules/refunds", "The refund limit is fifty.")?;
    let then = desk.main.snapshot()?;
    desk.teach(&[taught(REFUND, "Refund limit refund limit.", POISONED)])?;
    desk.put("facts/city", "Lisbon.")?;
    let search = Search::open(desk.store.database())?;
    let found = search.at(&desk.main).query("refund limit").against(&then)?;
    let ranks: BTreeMap<_, _> =
        found.ranks.iter().map(|one| (one.key.as_str(), (one.then, one.now))).collect();
    assert_eq!(ranks["rules/refunds"], (Some(1), Some(2)));
    assert_eq!(ranks[REFUND], (None, Some(1)));
    let change = found.ranks[0].change.as_ref().expect("it is new");
    assert!(matches!(change.cause(), undream::Cause::Pick { dream: 1, proposal: 1, .. }));
    assert!(found.ranks[1].change.is_none());
    assert_eq!(found.reviews.len(), 1);
    Ok(())
}
