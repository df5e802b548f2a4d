//! The built-in curator over made-up sessions of other kinds: other harnesses, other tools, other
//! trades, other ways to say that something failed.

use undream::{
    Author, Database, Dream, Event, NewSession, Outcome, Proposal, ProposalKind, Result, Role,
    SessionFacts, ToolCall,
};

/// How a harness tells that a call failed.
#[derive(Clone, Copy, Debug)]
enum Told {
    Mark,
    Prefix,
    Tag,
    Json,
    Nested,
    Status,
    Trailer,
    Plain,
}

const WAYS: [Told; 8] = [
    Told::Mark,
    Told::Prefix,
    Told::Tag,
    Told::Json,
    Told::Nested,
    Told::Status,
    Told::Trailer,
    Told::Plain,
];

fn call(tool: &str, args: &str, result: &str) -> Event {
    let (tool, args, result) = (tool.into(), args.into(), result.into());
    Event::called(ToolCall { tool, args, result, ..ToolCall::default() })
}

fn failing(tool: &str, args: &str, why: &str, told: Told) -> Event {
    let result = match told {
        Told::Mark | Told::Plain => why.to_owned(),
        Told::Prefix => format!("Error: {why}"),
        Told::Tag => format!("<tool_error>{why}</tool_error>"),
        Told::Json => serde_json::json!({"success": false, "message": why}).to_string(),
        Told::Nested => serde_json::json!({"data": null, "errors": [{"message": why}]}).to_string(),
        Told::Status => serde_json::json!({"status": 422, "detail": why}).to_string(),
        Told::Trailer => format!("{why}\nProcess exited with code 3"),
    };
    let mut event = call(tool, args, &result);
    if let Some(call) = &mut event.call {
        call.is_error = matches!(told, Told::Mark);
    }
    event
}

fn session(number: usize, events: Vec<Event>) -> NewSession {
    let facts = SessionFacts {
        id: format!("k{number:03}"),
        agent: "clerk".into(),
        ..SessionFacts::default()
    };
    NewSession { facts, events, extra: None }
}

fn proposals(sessions: &[NewSession]) -> Result<Vec<Proposal>> {
    let store = Database::in_memory()?.store("default")?;
    store.import_sessions(sessions, &Author::program("import"))?;
    Dream::on(&store.branch("main")?).run()?.proposals()
}

fn told(found: &[Proposal]) -> String {
    let line = |held: &Proposal| format!("{:?} {:?}", held.key(), held.text());
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn with_text<'a>(found: &'a [Proposal], words: &[&str]) -> Option<&'a Proposal> {
    let holds = |held: &&Proposal| {
        held.text().is_some_and(|text| words.iter().all(|word| text.contains(word)))
    };
    found.iter().find(holds)
}

#[test]
fn an_error_is_found_however_the_harness_tells_it_and_with_what_worked() -> Result<()> {
    for told_by in WAYS {
        // A library: a loan fails for a reader with dues, until the dues are settled.
        let one = |number: usize| {
            let why = format!("Reader R{number}77 does not exist in branch {}", number % 3);
            let args = format!(r#"{{"reader":"R{number}77"}}"#);
            let mut events = vec![Event::said(Role::User, "Lend the book.")];
            if number < 7 {
                events.push(failing("lend_volume", &args, &why, told_by));
                events.push(call("register_reader", &args, "welcome"));
            }
            events.push(call("lend_volume", &args, "lent"));
            events.push(call("print_slip", "{}", "printed"));
            session(number, events)
        };
        let sessions: Vec<_> = (0..20).map(one).collect();
        let found = proposals(&sessions)?;
        let held = with_text(&found, &["`lend_volume` fails", "does not exist in branch"])
            .unwrap_or_else(|| panic!("{told_by:?}: {}", told(&found)));
        assert_eq!(
            (held.kind(), held.sources().sessions),
            (ProposalKind::Mistake, 7),
            "{told_by:?}"
        );
        assert!(
            held.text().unwrap().contains("`register_reader`"),
            "{told_by:?} {:?}",
            held.text()
        );
    }
    Ok(())
}

#[test]
fn an_answer_that_is_no_error_makes_no_mistake() -> Result<()> {
    let answers = [
        "The volume is on shelf 12.",
        r#"{"id": 4, "status": "failed", "title": "The Error of Our Ways"}"#,
        r#"{"error": null, "success": true}"#,
        "0 errors, 3 warnings",
        "Exit code: 0\nError handling, second edition",
    ];
    let one = |number: usize| {
        let events = answers.map(|answer| call("look_up", "{}", answer));
        session(number, events.to_vec())
    };
    let found = proposals(&(0..12).map(one).collect::<Vec<_>>())?;
    let mistakes = |held: &&Proposal| held.kind() == ProposalKind::Mistake;
    assert!(!found.iter().any(|held| mistakes(&held)), "{}", told(&found));
    Ok(())
}

/// How a shell's tool is told what to run.
type Shell = (&'static str, fn(&str) -> String);

#[test]
fn commands_are_read_whatever_the_shell_and_the_trade_are_called() -> Result<()> {
    let shells: [Shell; 4] = [
        ("terminal", |line| serde_json::json!({"explanation": "work", "input": line}).to_string()),
        ("exec", |line| serde_json::json!({"cmd": ["bash", "-lc", line]}).to_string()),
        ("run_shell", |line| serde_json::json!({"script": line, "cwd": "/a"}).to_string()),
        ("cmd", |line| serde_json::json!(line).to_string()),
    ];
    for (tool, args) in shells {
        let one = |number: usize| {
            let test = args("cd app && ./gradlew test --info");
            let events = vec![
                failing(tool, &test, "FAILED: 2 of 9\nexit code: 1", Told::Trailer),
                call("revise", r#"{"path":"src/App.kt"}"#, "ok"),
                call(tool, &test, "fine\nProcess exited with code 0"),
                call(tool, &args("ktlint -F && ./gradlew assemble"), "fine"),
            ];
            session(number, events)
        };
        let found = proposals(&(0..12).map(one).collect::<Vec<_>>())?;
        let fails = with_text(&found, &["The test commands fail", "`gradlew test`", "`revise`"]);
        assert!(fails.is_some_and(|held| held.sources().sessions == 12), "{tool} {}", told(&found));
        for words in [["lint commands", "`ktlint -F`"], ["build commands", "`gradlew assemble`"]] {
            assert!(with_text(&found, &words).is_some(), "{tool} {words:?} {}", told(&found));
        }
    }
    Ok(())
}

#[test]
fn a_remedy_is_what_follows_the_failure_more_than_anything_else() -> Result<()> {
    // `look` comes after the failure in most sessions, but it comes after everything.
    let one = |number: usize| {
        let fails = failing("lift", "{}", "The crate is too heavy to move", Told::Mark);
        let looks = || call("look", "{}", "a yard");
        let walks = || call("walk", "{}", "ok");
        let mut events = vec![looks(), walks(), looks(), walks(), looks(), fails];
        events.push(if number < 5 { looks() } else { walks() });
        session(number, events)
    };
    let found = proposals(&(0..9).map(one).collect::<Vec<_>>())?;
    let held = with_text(&found, &["`lift` fails"]).expect("it is found");
    assert!(!held.text().unwrap().contains("`look`"), "{:?}", held.text());
    Ok(())
}

#[test]
fn what_a_user_commands_outright_is_a_request_with_its_object() -> Result<()> {
    let one = |number: usize| {
        let text = match number {
            0..4 => "Catalogue the donated maps before noon.",
            4..6 => "catalogue: maps from the attic",
            _ => "go on with the next",
        };
        session(number, vec![Event::said(Role::User, text), call("look", "{}", "a map")])
    };
    let found = proposals(&(0..40).map(one).collect::<Vec<_>>())?;
    let held = with_text(&found, &["Users ask to catalogue", "map"]).expect("it is found");
    assert_eq!((held.kind(), held.sources().sessions), (ProposalKind::Preference, 6));
    Ok(())
}

#[test]
fn a_figure_is_never_cut_from_a_long_statement() -> Result<()> {
    let why = "The parcel cannot be posted because the counter that it was brought to is closed for \
               the day and the next one is two streets away across the market";
    let one = |number: usize| {
        let mut held = session(number, vec![failing("post_parcel", "{}", why, Told::Mark)]);
        held.facts.outcome =
            Some(if number.is_multiple_of(2) { Outcome::Success } else { Outcome::Failure });
        held.facts.project = Some(if number < 5 { "post" } else { "bank" }.into());
        if number >= 5 {
            held.events = vec![call("count_coins", "{}", "12")];
        }
        held
    };
    let found = proposals(&(0..20).map(one).collect::<Vec<_>>())?;
    let held = with_text(&found, &["`post_parcel` fails"]).expect("it is found");
    let text = held.text().unwrap();
    assert!(text.len() <= 380 && text.contains("Seen in 5 of 20 sessions"), "{text}");
    assert!(text.contains("Success: 60% of sessions with it") && text.ends_with('.'), "{text}");
    Ok(())
}
