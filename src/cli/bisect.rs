//! `bisect`: which commit made a good memory bad.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};
use undream::{
    Bisection, Cause, Commit, CommitId, Dream, ErrorKind, Proposal, ProposalPart, Snapshot, Store,
    Test,
};

use super::call::{Access, Call, Eye};
use super::exit::{Failure, Hinted, Outcome};
use super::page::Page;
use super::paint::{counted, escape};
use super::probe::Probe;
use super::time::ago;
use super::{change, json as shape, proposal};

/// How many quotes are shown.
const QUOTES_MAX: usize = 5;

#[derive(Args, Debug)]
pub(crate) struct Bisect {
    /// A revision that is bad
    #[arg(long, value_name = "REV", default_value = "main")]
    bad: String,
    /// An earlier revision that is good; else one is looked for, in doubling steps backwards
    #[arg(long, value_name = "REV")]
    good: Option<String>,
    #[command(flatten)]
    probe: Probe,
}

/// A suspect with all there is to say of it.
struct Suspect<'a> {
    store: &'a Store,
    commit: &'a Commit,
    part: Option<ProposalPart>,
    proposal: Option<Proposal>,
}

impl Bisect {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let bad = call.resolve(&store, &self.bad)?;
        let good = self.good.as_ref().map(|rev| call.resolve(&store, rev)).transpose()?;
        let eye = call.eye(&store)?;
        let mut prober = self.probe.prober(&store)?;
        let keys = prober.keys().to_vec();
        // Failures of the probe keep their hints and codes on the way through the library.
        let mut failed = None;
        let mut test = |snapshot: &Snapshot| {
            let verdict = prober.test(snapshot).and_then(|verdict| {
                announce(call, &eye, snapshot, verdict)?;
                Ok(verdict)
            });
            verdict.map_err(|failure| {
                let stop = undream::Error::new(failure.kind(), "the test failed");
                failed = Some(failure);
                stop
            })
        };
        let found = match good {
            Some(_) => store.bisect(good, bad, &mut test),
            None => store.bisect_near(bad, &keys, &mut test),
        };
        if let Some(failure) = failed {
            return Err(failure);
        }
        let found = found
            .hint_for(ErrorKind::Invalid, || self.other_test(&store, bad))
            .hint_for(ErrorKind::NotFound, || "add --not, or test something else".to_owned())?;
        answer(call, &store, &eye, (&found, good.is_some()))
    }
}

impl Bisect {
    /// What else could be tested where the end points are not as taken.
    fn other_test(&self, store: &Store, bad: CommitId) -> String {
        let stands = |key: &&str| {
            store.snapshot(bad).and_then(|now| now.get_id(key)).is_ok_and(|found| found.is_some())
        };
        match self.probe.key().filter(stands) {
            Some(key) => format!(
                "the memory at {key} still stands; for what it says: --text-matches {key} REGEX, \
                 with --not if that text is what is bad"
            ),
            None => "without --good, one is looked for; --not turns good and bad round".to_owned(),
        }
    }
}

fn answer(
    call: &Call,
    store: &Store,
    eye: &Eye,
    (found, good_is_known): (&Bisection, bool),
) -> Outcome {
    let suspects = found.suspects.iter().map(|commit| Suspect::read(store, commit));
    let suspects = suspects.collect::<Outcome<Vec<_>>>()?;
    if call.json() {
        call.print_json(&json!({"bisect": to_json(found, &suspects)?}))?;
    } else {
        let mut page = call.page();
        write(&mut page, eye, found, &suspects)?;
        page.finish()?;
    }
    if let Some((bad, good)) = found.contradiction {
        let bad = bad.map_or_else(|| "nothing".to_owned(), |id| id.to_string()[..8].to_owned());
        call.note(format!(
            "The test turns more than once: {bad} is bad too, and good {good:.8} came after \
                 it. This is the newest turn; for an older one: --bad {bad}"
        ));
    }
    if found.good.is_none() && found.merges.is_empty() && !good_is_known {
        call.note(
            "Nothing but the empty memory before the first commit was found good; if a later \
             state was: --good REV",
        );
    }
    match suspects.as_slice() {
        [suspect] => call.note(suspect.remedy()),
        several => {
            let text = format!("skipped tests leave {} suspects", several.len());
            return Err(Failure::new(ErrorKind::NotFound, text).hint("test them one by one"));
        }
    }
    Ok(())
}

/// Says what each test said, as the search goes on.
fn announce(call: &Call, eye: &Eye, snapshot: &Snapshot, verdict: Test) -> Outcome {
    let Some(commit) = snapshot.commit() else {
        call.note(format!("{}  before the first commit", verdict.name()));
        return Ok(());
    };
    call.note(format!(
        "{}  {}  {}",
        verdict.name(),
        eye.short.of(commit.id().object())?,
        escape(commit.summary())
    ));
    Ok(())
}

impl<'a> Suspect<'a> {
    fn read(store: &'a Store, commit: &'a std::sync::Arc<Commit>) -> Outcome<Self> {
        let behind = store.proposal_behind(commit)?;
        let part = behind.and_then(|behind| match behind.cause() {
            Cause::Proposal(part) => Some(part.clone()),
            _ => None,
        });
        let proposal = match &part {
            Some(part) => {
                let proposals = Dream::open(store, part.dream)?.proposals()?;
                proposals.into_iter().find(|found| found.number() == part.number)
            }
            None => None,
        };
        Ok(Self { store, commit, part, proposal })
    }

    fn write(&self, page: &mut Page, eye: &Eye) -> Outcome {
        let id = eye.id(self.commit.id().object())?;
        // The summary of a pick names its dream and proposal.
        let by = match self.commit.cause() {
            Cause::Pick { .. } => String::new(),
            _ => format!("  {}", escape(&self.commit.author().to_string())),
        };
        let when = ago(self.commit.authored(), eye.now);
        writeln!(page, "{id}  {when}{by}  {}", escape(self.commit.summary()))?;
        if let Some(session) = self.commit.session() {
            writeln!(page, "  in session {}", escape(session))?;
        }
        let read = |id| self.store.record(id)?.to_entry();
        for found in self.store.changes(self.commit.id())? {
            change::write(page, eye, &found, &read)?;
        }
        if let Some(made) = &self.proposal {
            let quotes = made.evident(QUOTES_MAX + 1)?;
            for quote in quotes.iter().take(QUOTES_MAX) {
                proposal::write_quote(page, eye, quote)?;
            }
            if quotes.len() > QUOTES_MAX {
                let (dream, number) =
                    (self.part.as_ref().map_or(0, |part| part.dream), made.number());
                let more = made.evidence().len() - QUOTES_MAX;
                writeln!(page, "    and {more} more: undream dream show {dream} {number}")?;
            }
        }
        Ok(())
    }

    fn to_json(&self) -> Outcome<Value> {
        let mut value = shape::commit(self.commit);
        let read = |id| self.store.record(id)?.to_entry();
        let changes = self.store.changes(self.commit.id())?;
        let evidence = match &self.proposal {
            Some(made) => proposal::evidence_json(made)?,
            None => Vec::new(),
        };
        shape::extend(
            &mut value,
            json!({
                "dream": self.part.as_ref().map(|part| part.dream),
                "proposal": self.part.as_ref().map(|part| part.number),
                "changes": change::list_json(&changes, &read)?,
                "evidence": evidence,
            }),
        );
        Ok(value)
    }

    /// The command that takes it back.
    fn remedy(&self) -> String {
        match self.commit.cause() {
            Cause::Pick { dream, proposal, .. } => {
                format!("To take it back: undream dream revert {dream} --proposal {proposal}")
            }
            _ => format!("To take it back: undream revert {:.12}", self.commit.id()),
        }
    }
}

fn write(page: &mut Page, eye: &Eye, found: &Bisection, suspects: &[Suspect<'_>]) -> Outcome {
    for suspect in suspects {
        suspect.write(page, eye)?;
    }
    for merge in &found.merges {
        let id = eye.id(merge.id().object())?;
        writeln!(
            page,
            "merged by {id}  {}",
            escape(&format!("{}  {}", merge.author(), merge.summary()))
        )?;
    }
    match found.good {
        Some(good) => writeln!(page, "good until {}", eye.id(good.object())?)?,
        None => writeln!(page, "good until the first commit")?,
    }
    writeln!(page, "{}", counted(found.tests.len() as u64, "test", "tests"))?;
    Ok(())
}

fn to_json(found: &Bisection, suspects: &[Suspect<'_>]) -> Outcome<Value> {
    let id = |commit: &undream::CommitId| commit.to_string();
    let tests = found.tests.iter().map(
        |(commit, verdict)| json!({"commit": commit.as_ref().map(id), "verdict": verdict.name()}),
    );
    Ok(json!({
        "suspects": suspects.iter().map(Suspect::to_json).collect::<Outcome<Vec<_>>>()?,
        "good": found.good.as_ref().map(id),
        "merges": found.merges.iter().map(|merge| id(&merge.id())).collect::<Vec<_>>(),
        "contradiction": found.contradiction.as_ref().map(|(bad, good)| {
            json!({"bad": bad.as_ref().map(id), "good": id(good)})
        }),
        "tests": tests.collect::<Vec<_>>(),
    }))
}
