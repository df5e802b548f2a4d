//! Files are memories: what the tool does is seen by all others, and what others do by the tool.

use std::sync::{Arc, OnceLock};
use std::thread;

use undream::{
    Author, Branch, Database, Dream, Entry, ErrorKind, Gate, GateQuestion, Kind, Measured,
    MemoryTool, Mine, NewSession, Options, Policy, Result, SessionFacts, Sessions, Suspect,
    Withdrawal,
};

use super::{Bench, body, create, delete, insert, rename, replace, view};

#[test]
fn each_command_that_changes_something_is_one_commit_in_the_session() {
    let bench = Bench::new();
    let bench = Bench { tool: bench.tool.session("chat-812").unwrap(), branch: bench.branch };
    bench.ok(&create("a/b", "one"));
    bench.ok(&create("a/c", "two"));
    let story = [
        replace("/memories/a/b", "one", "three"),
        insert("/memories/a/b", 0, "top"),
        rename("/memories/a", "/memories/x"),
        delete("/memories/x"),
    ];
    for (done, command) in story.iter().enumerate() {
        bench.ok(command);
        assert_eq!(bench.commits(), done + 3, "{command}");
    }
    for commit in bench.log() {
        assert_eq!(commit.author(), &Author::agent("scribe"));
        assert_eq!(commit.session(), Some("chat-812"));
    }
    assert_eq!(bench.log()[0].message(), Some("Delete x"));
}

#[test]
fn views_and_edits_that_change_nothing_commit_nothing() {
    let bench = Bench::with(&[("a", "same")]);
    bench.ok(&view("/memories/a"));
    bench.ok(&view("/memories"));
    bench.ok(&replace("/memories/a", "same", "same"));
    assert_eq!(bench.commits(), 1);
}

#[test]
fn a_memory_stays_the_same_with_its_kind_and_labels_through_edits_and_renames() {
    let bench = Bench::new();
    let entry = Entry::fact("Lisbon").title("Office").label("place").attribute("since", "2024");
    let mut tx = bench.branch.write().unwrap();
    tx.put("city", entry).unwrap();
    tx.commit(Author::person("ana").message("put")).unwrap();
    let before = bench.branch.snapshot().unwrap().get("city").unwrap().unwrap();
    bench.ok(&replace("/memories/city", "Lisbon", "Porto"));
    bench.ok(&insert("/memories/city", 1, "since May"));
    bench.ok(&rename("/memories/city", "/memories/facts/city"));
    let after = bench.branch.snapshot().unwrap().get("facts/city").unwrap().unwrap();
    assert_eq!(after.memory(), before.memory());
    assert_eq!(after.text().unwrap(), "Porto\nsince May\n");
    assert_eq!((after.kind(), after.title().unwrap()), (&Kind::FACT, Some("Office")));
    assert_eq!(after.labels(), ["place"]);
    assert_eq!(after.attributes().unwrap()["since"], "2024");
    assert_eq!(after.provenance().author, Author::agent("scribe"));
}

#[test]
fn a_directory_ends_with_its_last_file() {
    let bench = Bench::with(&[("a/b", "one")]);
    bench.ok(&delete("/memories/a/b"));
    bench.refused(&view("/memories/a"), ErrorKind::NotFound);
    bench.ok(&create("a", "a file now"));
}

#[test]
fn a_prefix_is_the_whole_world_of_a_tool() {
    let bench = Bench::with(&[("own/a", "mine"), ("other", "not mine"), ("own-b", "neither")]);
    let tool = bench.tool.clone().prefix("own/").unwrap();
    let own = Bench { branch: bench.branch.clone(), tool };
    assert_eq!(body(&own.ok(&view("/memories"))), "4B\t/memories\n4B\t/memories/a");
    own.ok(&create("own/a", "deeper"));
    own.refused(&view("/memories/other"), ErrorKind::NotFound);
    own.refused(&view("/memories/../other"), ErrorKind::Invalid);
    own.ok(&rename("/memories/own", "/memories/b"));
    let beneath = own.refused(&create("a/b", "x"), ErrorKind::Invalid);
    assert!(beneath.contains("beneath the file /memories/a,"), "{beneath}");
    own.ok(&delete("/memories/a"));
    assert_eq!(bench.keys(), ["other", "own-b", "own/b/a"]);
    assert!(bench.tool.clone().prefix("a//b").is_err());
}

#[test]
fn a_prefix_that_is_a_memory_is_refused_and_kept() {
    let bench = Bench::with(&[("own", "a memory")]);
    let tool = bench.tool.clone().prefix("own").unwrap();
    let own = Bench { branch: bench.branch, tool };
    let commands = [
        view("/memories"),
        create("x", "y"),
        delete("/memories/x"),
        rename("/memories/x", "/memories/y"),
        replace("/memories/x", "a", "b"),
    ];
    for command in commands {
        let said = own.refused(&command, ErrorKind::Invalid);
        assert!(said.contains("choose another prefix"), "{said}");
    }
    assert_eq!(own.tool.clear().unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(own.keys(), ["own"]);
}

#[test]
fn what_the_policy_protects_is_not_changed_and_the_model_is_told() {
    let bench = Bench::new();
    let mut tx = bench.branch.write().unwrap();
    tx.put("rules/style", Entry::rule("Write plainly.")).unwrap();
    tx.commit(Author::person("ana").message("rule")).unwrap();
    for command in [
        create("rules/mine", "Obey me."),
        replace("/memories/rules/style", "plainly", "wildly"),
        insert("/memories/rules/style", 0, "Ignore this."),
        delete("/memories/rules"),
        rename("/memories/rules", "/memories/old"),
    ] {
        let said = bench.refused(&command, ErrorKind::Blocked);
        assert!(said.contains("the policy refuses") && said.contains("write elsewhere"), "{said}");
    }
    assert!(Policy::default().protects(&"rules/style".parse().unwrap()));
    assert_eq!(body(&bench.ok(&view("/memories/rules/style"))), "     1\tWrite plainly.");
}

#[test]
fn a_read_only_tool_changes_nothing_whatever_it_is_sent() {
    let bench = Bench::with(&[("a", "one")]);
    let commands = [
        create("b", "x"),
        replace("/memories/a", "one", "two"),
        insert("/memories/a", 0, "x"),
        delete("/memories/a"),
        rename("/memories/a", "/memories/b"),
    ];
    let tool = bench.tool.clone().read_only(true);
    let read_only = Bench { branch: bench.branch.clone(), tool };
    for command in &commands {
        read_only.refused(command, ErrorKind::Invalid);
    }
    read_only.ok(&view("/memories/a"));

    let folder = tempfile::tempdir().unwrap();
    let db = Database::open(folder.path()).unwrap();
    let main = db.store("default").unwrap().branch("main").unwrap();
    let tool = MemoryTool::on(&main, Author::agent("scribe"));
    tool.run(&create("a", "one").to_string().parse().unwrap()).unwrap();
    drop((tool, main, db));
    let db = Options::new().read_only(true).open(folder.path()).unwrap();
    let branch = db.store("default").unwrap().branch("main").unwrap();
    let tool = MemoryTool::on(&branch, Author::agent("scribe")).session("chat-1").unwrap();
    let opened = Bench { branch, tool };
    for command in &commands {
        let reply = opened.tool.reply(command.to_string().as_bytes());
        assert!(reply.is_error, "{command}: {}", reply.content);
    }
    opened.ok(&view("/memories/a"));
}

#[test]
fn the_recall_log_says_which_files_a_session_viewed() {
    let bench = Bench::with(&[("a", "one"), ("b", "two")]);
    let tool = bench.tool.clone().session("chat-7").unwrap();
    let asked = Bench { branch: bench.branch.clone(), tool };
    asked.ok(&view("/memories/a"));
    asked.ok(&view("/memories"));
    asked.refused(&view("/memories/c"), ErrorKind::NotFound);
    let store = bench.branch.store();
    assert_eq!(store.recalls().at_key("a").usage().unwrap().sessions, ["chat-7"]);
    assert_eq!(store.recalls().in_session("chat-7").list().unwrap().len(), 1);
    assert!(bench.tool.clone().session("").is_err());
}

#[test]
fn writers_of_one_file_at_once_lose_no_line() {
    let bench = Bench::with(&[("log", "")]);
    thread::scope(|scope| {
        for writer in 0..4 {
            let tool = bench.tool.clone();
            scope.spawn(move || {
                for number in 0..25 {
                    let line = insert("/memories/log", 0, &format!("{writer}-{number}"));
                    let reply = tool.reply(line.to_string().as_bytes());
                    assert!(!reply.is_error, "{}", reply.content);
                }
            });
        }
    });
    let text = bench.text("log");
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 100);
    assert_eq!(bench.commits(), 101);
}

#[test]
fn of_two_that_create_a_file_at_once_one_is_refused() {
    let bench = Bench::new();
    let created = thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let tool = bench.tool.clone();
                let command = create("one", &format!("by {writer}")).to_string();
                scope.spawn(move || usize::from(!tool.reply(command.as_bytes()).is_error))
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum::<usize>()
    });
    assert_eq!((created, bench.commits()), (1, 1));
}

#[test]
fn a_dreams_branch_can_be_viewed_and_not_written() {
    let bench = Bench::with(&[("a", "one")]);
    Dream::on(&bench.branch).sessions(Sessions::New).curator(Mine::default()).run().unwrap();
    let branch = bench.branch.store().branch("dreams/1").unwrap();
    let tool = MemoryTool::on(&branch, Author::agent("scribe"));
    let reserved = Bench { branch, tool };
    assert_eq!(body(&reserved.ok(&view("/memories/a"))), "     1\tone");
    reserved.refused(&create("x", "y"), ErrorKind::Invalid);
}

#[test]
fn nothing_is_written_in_a_session_that_was_taken_back() {
    let bench = Bench::new();
    let bench = Bench { tool: bench.tool.session("chat-812").unwrap(), branch: bench.branch };
    bench.ok(&create("a", "one"));
    let (store, ana) = (bench.branch.store().clone(), Author::person("ana"));
    let facts = SessionFacts { id: "chat-812".to_owned(), ..SessionFacts::default() };
    let session = NewSession { facts, events: Vec::new(), extra: None };
    store.import_sessions(&[session], &ana).unwrap();
    let away = Withdrawal::prepare(&bench.branch, Suspect::Session("chat-812".to_owned()));
    away.unwrap().commit(ana.message("Away")).unwrap();
    for command in [create("b", "two"), rename("/memories/a", "/memories/c")] {
        let reply = bench.tool.reply(command.to_string().as_bytes());
        assert!(reply.is_error, "{command}: {}", reply.content);
    }
    let said = bench.refused(&create("b", "two"), ErrorKind::Blocked);
    assert!(said.contains("chat-812"), "{said}");
    bench.ok(&view("/memories"));
}

#[test]
fn all_files_of_a_tool_go_in_one_commit_hidden_ones_too_and_no_others() {
    let files = [("own/a", "one"), ("own/.hidden/b", "two"), ("own/c/d", "three"), ("other", "x")];
    let bench = Bench::with(&files);
    let tool = MemoryTool::on(&bench.branch, Author::agent("scribe")).prefix("own").unwrap();
    let before = bench.log().len();
    tool.clone().read_only(true).clear().unwrap_err();
    assert_eq!(bench.log().len(), before);
    tool.clone().session("chat-9").unwrap().clear().unwrap();
    assert_eq!(bench.keys(), ["other"]);
    let log = bench.log();
    assert_eq!((log.len(), log[0].session()), (before + 1, Some("chat-9")));
    tool.clear().unwrap();
    assert_eq!(bench.log().len(), before + 1, "where nothing is, nothing is done");
    bench.tool.clear().unwrap();
    assert!(bench.keys().is_empty());
    Bench::new().tool.clear().unwrap();
}

/// Has somebody else write a file while the first change of a model is on its way.
#[derive(Clone, Default)]
struct Meanwhile(Arc<OnceLock<Branch>>, Arc<OnceLock<()>>);

impl Gate for Meanwhile {
    fn rule(&self) -> &'static str {
        "meanwhile"
    }

    fn version(&self) -> u32 {
        1
    }

    fn measure(&self, _: &GateQuestion<'_>) -> Result<Measured> {
        if let Some(branch) = self.0.get()
            && self.1.set(()).is_ok()
        {
            let message = Author::person("ana").message("Meanwhile");
            branch.update(message, |tx| tx.put("a/new", "just written"))?;
        }
        Ok(Measured::none_of(Vec::new()))
    }
}

#[test]
fn what_is_written_into_a_directory_while_it_goes_goes_or_moves_with_it() {
    written_meanwhile(|tool| tool.clear().unwrap(), &[]);
    let run = |tool: &MemoryTool, command: &serde_json::Value| {
        assert!(!tool.reply(command.to_string().as_bytes()).is_error, "{command}");
    };
    written_meanwhile(|tool| run(tool, &delete("/memories/a")), &["z"]);
    let moved = ["b/new", "b/old", "z"];
    written_meanwhile(|tool| run(tool, &rename("/memories/a", "/memories/b")), &moved);
}

/// Checks which keys are left of a directory and a file after `deed`, amid which somebody else
/// writes into the directory.
#[track_caller]
fn written_meanwhile(deed: impl Fn(&MemoryTool), left: &[&str]) {
    let gate = Meanwhile::default();
    let database = Options::new().gate(gate.clone()).in_memory().unwrap();
    let branch = database.store("default").unwrap().branch("main").unwrap();
    let tool = MemoryTool::on(&branch, Author::agent("scribe"));
    let bench = Bench { branch, tool };
    bench.ok(&create("a/old", "one"));
    bench.ok(&create("z", "two"));
    assert!(gate.0.set(bench.branch.clone()).is_ok());
    deed(&bench.tool);
    assert!(gate.1.get().is_some(), "nothing was written meanwhile");
    assert_eq!(bench.keys(), left);
}
