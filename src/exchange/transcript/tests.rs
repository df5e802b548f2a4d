use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::clock::Time;
use crate::error::{Error, ErrorKind};
use crate::limits;
use crate::object::{Event, Outcome, Role, SessionFacts, ToolCall};

const SESSION: &str = r#"{"session_id":"x:1","source":"x","agent":"a","model":"m","task_id":"t","started_at":"2026-01-02T03:04:05Z","outcome":"success","reward":0.25,"user":"ana","labels":["one"],"mood":{"level": 3},"n_events":4,"events":[{"role":"user","content":"do it","ts":"2026-01-02T03:04:06.5+01:00"},{"role":"tool_call","tool":"sh","args":{"cmd": "ls"},"result":"a\nb","is_error":true,"call_id":"c1"},{"role":"tool_call","tool":"sh","args":null,"result":null,"is_error":null},{"role":"critic","content":"hm","score":1.50}]}"#;

const CLAUDE_CODE: &str = r#"{"type":"summary","summary":"S","leafUuid":"l"}
{"type":"user","uuid":"1","sessionId":"s","cwd":"/w","version":"2.1","timestamp":"2026-01-02T03:04:05Z","isSidechain":false,"message":{"role":"user","content":"fix it<system-reminder>terse</system-reminder>"}}
{"type":"assistant","uuid":"2","sessionId":"s","message":{"id":"m","model":"big","role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"g"}]}}
{"type":"assistant","uuid":"3","sessionId":"s","shiny":7,"message":{"id":"m","model":"big","role":"assistant","content":[{"type":"text","text":"I look."}]}}
{"type":"assistant","uuid":"4","sessionId":"s","message":{"id":"m","model":"big","role":"assistant","content":[{"type":"tool_use","id":"t1","name":"Read","input":{"path":"a"}},{"type":"tool_use","id":"t2","name":"Bash","input":{}}]}}
{"type":"user","uuid":"5","sessionId":"s","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"one"},{"type":"image","source":{}}],"is_error":true}]}}
{"type":"user","uuid":"5","sessionId":"s","message":{"role":"user","content":"repeated"}}
{"type":"user","uuid":"6","sessionId":"s","isMeta":true,"message":{"role":"user","content":"from the harness"}}
{"type":"user","uuid":"7","sessionId":"s","isCompactSummary":true,"message":{"role":"user","content":"what was"}}
{"type":"system","uuid":"8","sessionId":"s","subtype":"info","content":"note"}
{"type":"attachment","uuid":"9","sessionId":"s","attachment":{"type":"queued_command","prompt":"and hurry"}}
{"type":"queue-operation","sessionId":"s","operation":"enqueue"}
{"type":"user","uuid":"10","sessionId":"s","isSidechain":true,"agentId":"f00","message":{"role":"user","content":"look around"}}
{"type":"user","uuid":"11","sessionId":"s","isSidechain":true,"parentUuid":null,"message":{"role":"user","content":"older task"}}
{"type":"assistant","uuid":"12","sessionId":"s","isSidechain":true,"parentUuid":"11","message":{"role":"assistant","content":"older answer"}}
"#;

/// What reading a file of these bytes, under this name, gives.
fn read_as(name: &str, bytes: &[u8]) -> (Vec<Transcript>, ReadingReport) {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(name), bytes).unwrap();
    read_under(directory.path())
}

fn read_under(path: &Path) -> (Vec<Transcript>, ReadingReport) {
    let mut transcripts = Vec::new();
    let report = Transcript::read_path(path, TranscriptFormat::Auto, &mut |transcript| {
        transcripts.push(transcript);
        Ok(())
    });
    (transcripts, report.unwrap())
}

#[test]
fn a_neutral_session_is_read_whole() {
    let (transcripts, report) = read_as("a.jsonl", SESSION.as_bytes());
    let Transcript { facts, extra, events } = &transcripts[0];
    let said = ["x:1", "x", "a", "m"];
    assert_eq!([&facts.id, &facts.source, &facts.agent, &facts.model], said);
    assert_eq!((facts.outcome, facts.reward_milli), (Some(Outcome::Success), Some(250)));
    assert_eq!(facts.started, Some(Time::parse("2026-01-02T03:04:05Z").unwrap()));
    assert_eq!((facts.task.as_deref(), facts.user.as_deref()), (Some("t"), Some("ana")));
    assert_eq!((&facts.labels[..], &facts.project), (&["one".to_owned()][..], &None));
    assert_eq!(extra.as_deref(), Some(r#"{"mood":{"level": 3}}"#));
    assert_eq!(events[0].at, Some(Time::parse("2026-01-02T02:04:06.5Z").unwrap()));
    let call = events[1].call.as_ref().unwrap();
    assert_eq!((call.args.as_str(), call.result.as_str()), (r#"{"cmd": "ls"}"#, "a\nb"));
    assert!(call.is_error);
    let bare = ToolCall { tool: "sh".to_owned(), ..ToolCall::default() };
    assert_eq!(events[2].call.as_ref(), Some(&bare));
    assert_eq!((events[3].role, events[3].content.as_str()), (Role::Meta, "hm"));
    assert_eq!(events[3].extra.as_deref(), Some(r#"{"role":"critic","score":1.50}"#));
    assert_eq!((report.files, report.sessions, report.events), (1, 1, 4));
    let unknown: Vec<_> = report.unknown_fields.keys().map(String::as_str).collect();
    assert_eq!(unknown, ["event.role=\"critic\"", "event.score", "session.mood"]);
    assert_eq!(report.damaged, []);
    assert!(transcripts[0].to_json_line().contains(r#""role":"critic","score":1.50"#));
}

#[test]
fn damaged_lines_are_reported_and_their_neighbours_are_read() {
    let mut bytes = b"not json\n".to_vec();
    bytes.extend_from_slice(SESSION.as_bytes());
    bytes.extend_from_slice(b"\n\"\xFF\"\n{\"events\":[]}\n{\"session_id\":\"y\",\"events\":7}\n");
    bytes.extend_from_slice(SESSION.as_bytes());
    bytes.extend_from_slice(b"\n");
    bytes.extend_from_slice(&SESSION.as_bytes()[..200]);
    let (transcripts, report) = read_as("a.jsonl", &bytes);
    assert_eq!(transcripts.len(), 2);
    let lines: Vec<u64> = report.damaged.iter().map(|damaged| damaged.line).collect();
    assert_eq!(lines, [1, 3, 4, 5, 7]);
    assert!(report.damaged[1].why.contains("utf-8"), "{}", report.damaged[1].why);
    assert!(report.damaged[2].why.contains("session_id"), "{}", report.damaged[2].why);
}

#[test]
fn a_directory_is_read_in_the_order_of_names_whatever_the_form() {
    let directory = tempfile::tempdir().unwrap();
    let nested = directory.path().join("s/subagents");
    fs::create_dir_all(&nested).unwrap();
    fs::write(directory.path().join("b.json"), format!("[\n{SESSION}\n]")).unwrap();
    fs::write(directory.path().join("c.txt"), SESSION).unwrap();
    fs::write(directory.path().join("s.jsonl"), CLAUDE_CODE).unwrap();
    fs::write(directory.path().join("t.jsonl"), "{\"other\":1}\n{\"other\":2}\n").unwrap();
    let subagent = CLAUDE_CODE.lines().nth(12).unwrap().replace("f00", "ba5e");
    fs::write(nested.join("agent-ba5e.jsonl"), subagent).unwrap();
    fs::write(nested.join("agent-ba5e.meta.json"), "{\"agentType\":\"explorer\"}").unwrap();
    let (transcripts, report) = read_under(directory.path());
    let ids: Vec<_> = transcripts.iter().map(|t| t.facts.id.as_str()).collect();
    let claude_code = "claude-code:s";
    assert_eq!(ids[..2], ["x:1", "claude-code:s/agent-ba5e"]);
    assert_eq!(ids[2..], [claude_code, "claude-code:s/agent-f00", "claude-code:s/agent-11"]);
    assert_eq!((report.files, report.unknown_lines["other .json file"]), (5, 1));
    assert_eq!((report.damaged.len(), report.damaged[0].line), (1, 1));
}

#[test]
fn a_claude_code_session_is_read_as_what_each_one_said() {
    let (transcripts, report) = read_as("s.jsonl", CLAUDE_CODE.as_bytes());
    let Transcript { facts, extra, events } = &transcripts[0];
    let shape: Vec<_> = events.iter().map(|event| (event.role, event.content.as_str())).collect();
    let expected = [
        (Role::User, "fix it"),
        (Role::Meta, "<system-reminder>terse</system-reminder>"),
        (Role::Assistant, "I look."),
        (Role::ToolCall, ""),
        (Role::ToolCall, ""),
        (Role::Meta, "from the harness"),
        (Role::Meta, "what was"),
        (Role::Meta, "note"),
        (Role::User, "and hurry"),
    ];
    assert_eq!(shape, expected);
    let [read, bash] = [3, 4].map(|at| events[at].call.as_ref().unwrap());
    assert_eq!((read.tool.as_str(), read.result.as_str()), ("Read", "one\n[image]"));
    assert_eq!((read.is_error, read.args.as_str()), (true, r#"{"path":"a"}"#));
    assert_eq!((bash.result.as_str(), bash.call_id.as_deref()), ("", Some("t2")));
    let thought = r#"{"shiny":7,"thinking":[{"type":"thinking","thinking":"hm","signature":"g"}]}"#;
    assert_eq!(events[2].extra.as_deref(), Some(thought));
    assert_eq!((facts.model.as_str(), facts.project.as_deref()), ("big", Some("/w")));
    assert_eq!(facts.started, Some(Time::parse("2026-01-02T03:04:05Z").unwrap()));
    assert!(extra.as_ref().unwrap().contains(r#""lines":[{"type":"summary""#));
    for name in ["summary", "queue-operation", "user (repeated)"] {
        assert_eq!(report.unknown_lines[name], 1, "{name}");
    }
    for name in ["block.thinking", "block.image", "line.shiny"] {
        assert_eq!(report.unknown_fields[name], 1, "{name}");
    }
    assert_eq!(report.damaged, []);
}

#[test]
fn what_an_agent_asks_its_subagent_is_not_said_by_the_person() {
    let (transcripts, _) = read_as("s.jsonl", CLAUDE_CODE.as_bytes());
    let roles = |at: usize| transcripts[at].events.iter().map(|e| e.role).collect::<Vec<_>>();
    assert_eq!(roles(1), [Role::Meta]);
    assert_eq!(roles(2), [Role::Meta, Role::Assistant]);
}

#[test]
fn events_over_the_limit_are_cut_and_counted() {
    let long = "é".repeat(limits::EVENT_BYTES_MAX);
    let call = ToolCall {
        args: format!("{{\"text\":\"{long}\"}}"),
        result: long.clone(),
        ..ToolCall::default()
    };
    let mut extra = Event::said(Role::User, long.clone());
    extra.extra = Some(format!("{{\"x\":\"{long}\"}}"));
    let events = vec![Event::said(Role::User, long), Event::called(call), extra];
    let mut transcript = Transcript { events, ..Transcript::default() };
    transcript.facts.id = "x".to_owned();
    let (transcripts, report) = read_as("a.jsonl", transcript.to_json_line().as_bytes());
    assert_eq!((report.cut_events, report.damaged.len()), (3, 0));
    for event in &transcripts[0].events {
        let bytes = event.bytes();
        assert!(bytes <= limits::EVENT_BYTES_MAX && bytes > limits::EVENT_BYTES_MAX / 2, "{bytes}");
        assert!(event.text().contains(" bytes]..."));
        let extra = event.extra.as_deref().unwrap_or("{}");
        assert!(serde_json::from_str::<serde_json::Value>(extra).is_ok());
    }
}

#[test]
fn a_session_over_the_limit_is_reported_and_left_out() {
    let events = vec![Event::said(Role::User, "x".repeat(1 << 20)); 65];
    let mut transcript = Transcript { events, ..Transcript::default() };
    transcript.facts.id = "x".to_owned();
    let lines = format!("{}\n{SESSION}\n", transcript.to_json_line());
    let (transcripts, report) = read_as("a.jsonl", lines.as_bytes());
    assert_eq!((transcripts.len(), report.sessions), (1, 1));
    assert!(report.damaged[0].why.contains("limit"), "{}", report.damaged[0].why);
}

#[test]
fn reading_ends_with_the_error_of_whoever_receives_it() {
    let directory = tempfile::tempdir().unwrap();
    let refuse = &mut |_| Err(Error::stale("enough"));
    let absent = Transcript::read_path(directory.path().join("x"), TranscriptFormat::Auto, refuse);
    assert_eq!(absent.unwrap_err().kind(), ErrorKind::NotFound);
    fs::write(directory.path().join("a.jsonl"), SESSION).unwrap();
    let refused = Transcript::read_path(directory.path(), TranscriptFormat::Neutral, refuse);
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Stale);
}

fn extra() -> impl Strategy<Value = Option<String>> {
    let known = r#"{"role":"user"}|{"role":"x"}|{"events":[]}|{"tool":null}|{"extra_text":"a"}"#;
    let odd = r#"\{"a":1, "b":2\}|\{"a":1,"b":[2]\}|\{\}|\{|[ -~]{0,8}"#;
    let known: Vec<String> = known.split('|').map(str::to_owned).collect();
    prop::option::of(prop_oneof![prop::sample::select(known), odd])
}

fn args() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), r#"null|7|1e999|\{"a": 1\}|\{"a":\n1\}| \{\}"#]
}

prop_compose! {
    fn event()(
        role in prop::sample::select(vec![Role::System, Role::User, Role::Assistant, Role::Meta]),
        content in any::<String>(),
        at in prop::option::of(-1_000_000_000_000_i64..10_000_000_000_000_000),
        extra in extra(),
        call in prop::option::of((any::<String>(), args(), any::<(String, bool, Option<String>)>())),
    ) -> Event {
        let call = call.map(|(tool, args, (result, is_error, call_id))| {
            ToolCall { tool, args, result, is_error, call_id }
        });
        let role = if call.is_some() { Role::ToolCall } else { role };
        Event { role, at: at.map(Time::from_micros), content, call, extra }
    }
}

prop_compose! {
    fn transcript()(
        id in ".{1,40}",
        names in any::<[String; 3]>(),
        options in any::<[Option<String>; 3]>(),
        labels in prop::collection::vec(".{0,9}", 0..4),
        outcome in prop::option::of(prop::sample::select(vec![Outcome::Success, Outcome::Failure])),
        reward_milli in prop::option::of(-4_000_000_000_000_000_i64..4_000_000_000_000_000),
        started in prop::option::of(-1_000_000_000_000_i64..10_000_000_000_000_000),
        extra in extra(),
        events in prop::collection::vec(event(), 0..5),
    ) -> Transcript {
        let [source, agent, model] = names;
        let [task, user, project] = options;
        let started = started.map(Time::from_micros);
        let facts = SessionFacts {
            id, source, agent, model, task, user, project, labels, outcome, reward_milli, started,
        };
        Transcript { facts: facts.in_order(), extra, events }
    }
}

proptest! {
    #[test]
    fn every_transcript_comes_back_from_its_line(transcript in transcript()) {
        let line = transcript.to_json_line();
        prop_assert!(!line.contains('\n'));
        let read = neutral::read(&line, &mut ReadingReport::default()).unwrap();
        prop_assert_eq!(read, transcript);
    }

    #[test]
    fn no_damage_makes_the_readers_panic(
        claude_code in any::<bool>(),
        hits in prop::collection::vec((0..1_500_usize, any::<u8>()), 1..8),
        cut in 0..600_usize,
    ) {
        let mut bytes = if claude_code { CLAUDE_CODE } else { SESSION }.as_bytes().to_vec();
        for (at, byte) in hits {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        let (_, report) = read_as("s.jsonl", &bytes);
        let (_, cut_report) = read_as("s.jsonl", &bytes[cut % bytes.len()..]);
        prop_assert!(report.files == 1 && cut_report.files == 1);
    }
}
