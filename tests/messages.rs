//! Message arrays of model APIs are read as what each one said, keep what is not known, and keep
//! their ids when they are imported again.
#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use undream::{
    Author, Database, ReadingReport, Role, SessionImport, SessionImportReport, Store, Transcript,
    TranscriptFormat,
};

const CHAT: &str = r#"{"model":"m-1","user":"ana","temperature":0.20,"messages":[
 {"role":"developer","content":"Be brief."},
 {"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"https://x.test/a.png"}}]},
 {"role":"assistant","content":null,"tool_calls":[
   {"id":"c1","type":"function","function":{"name":"look","arguments":"{\"at\": \"a.png\"}"}},
   {"id":"c2","type":"custom","custom":{"name":"sh","input":"ls -l"}}]},
 {"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"a.png"},{"type":"text","text":"b.png"}]},
 {"role":"tool","tool_call_id":"c1","content":"a cat"},
 {"role":"assistant","content":"A cat.","audio":null,"mood":"calm"},
 {"role":"user","content":"And a secret?"},
 {"role":"assistant","content":null,"refusal":"No."},
 {"role":"assistant","content":null,"function_call":{"name":"old","arguments":"{}"}},
 {"role":"function","name":"old","content":"done"},
 {"role":"critic","content":"hm"}]}"#;

const MESSAGES: &str = r#"{"id":"conv-7","model":"m-2","system":[{"type":"text","text":"Be kind.","cache_control":{"type":"ephemeral"}}],"metadata":{"user_id":"u-9"},"max_tokens":5,"messages":[
 {"role":"user","content":"Look around."},
 {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"I look."},
   {"type":"tool_use","id":"t1","name":"ls","input":{"path": "."}},
   {"type":"server_tool_use","id":"s1","name":"web_search","input":{"query":"x"}},
   {"type":"web_search_tool_result","tool_use_id":"s1","content":[{"type":"web_search_result","url":"https://x.test"}]}]},
 {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":[{"type":"text","text":"denied"},{"type":"image","source":{"type":"base64","data":"AAAA"}}]},
   {"type":"text","text":"Try again."}]},
 {"role":"assistant","content":[{"type":"novel","x":1},{"type":"text","text":"Done."}]}]}"#;

const ITEMS: &str = r#"{"id":"resp-1","model":"m-3","created_at":1767323045,"instructions":"Be quick.","input":"Sum it.","output":[
 {"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"think"}]},
 {"type":"function_call","id":"f","call_id":"k1","name":"sum","arguments":"{\"n\":[1,2]}","status":"completed"},
 {"type":"function_call_output","call_id":"k1","output":"3"},
 {"type":"web_search_call","id":"w","status":"completed","action":{"type":"search","query":"three"}},
 {"type":"mcp_call","id":"p","name":"store","server_label":"s","arguments":"{}","output":null,"error":"refused"},
 {"type":"message","id":"g","role":"assistant","content":[{"type":"output_text","text":"Three.","annotations":[]}]}]}"#;

fn read_as(name: &str, bytes: &[u8], format: TranscriptFormat) -> (Vec<Transcript>, ReadingReport) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(name);
    fs::write(&file, bytes).unwrap();
    let mut transcripts = Vec::new();
    let report = Transcript::read_path(&file, format, &mut |transcript| {
        transcripts.push(transcript);
        Ok(())
    });
    (transcripts, report.unwrap())
}

/// Each event in short: who, and what was said, or called and answered.
fn shape(transcript: &Transcript) -> Vec<String> {
    let events = transcript.events.iter();
    events
        .map(|event| match &event.call {
            Some(call) => {
                let mark = if call.is_error { "!" } else { "" };
                format!("{} {} = {mark}{}", call.tool, call.args, call.result)
            }
            None => format!("{}: {}", event.role.name(), event.content),
        })
        .collect()
}

#[test]
fn chat_completions_are_read_as_what_each_one_said() {
    let (transcripts, report) = read_as("log.json", CHAT.as_bytes(), TranscriptFormat::Auto);
    assert_eq!(transcripts.len(), 1);
    let Transcript { facts, extra, events } = &transcripts[0];
    assert_eq!(
        shape(&transcripts[0]),
        [
            "system: Be brief.",
            "user: What is this?",
            "user: [image_url]",
            r#"look {"at": "a.png"} = a cat"#,
            "sh \"ls -l\" = a.png\nb.png",
            "assistant: A cat.",
            "user: And a secret?",
            "assistant: No.",
            "old {} = done",
            "meta: hm",
        ]
    );
    assert_eq!((facts.source.as_str(), facts.model.as_str()), ("openai", "m-1"));
    assert_eq!((facts.user.as_deref(), facts.started), (Some("ana"), None));
    assert_eq!(facts.id, "messages:file:log.json");
    assert_eq!(extra.as_deref(), Some(r#"{"temperature":0.20}"#));
    assert!(events.iter().all(|event| event.at.is_none()));
    assert!(events[2].extra.as_ref().unwrap().contains("https://x.test/a.png"));
    assert_eq!(events[5].extra.as_deref(), Some(r#"{"mood":"calm"}"#));
    assert_eq!(events[7].extra.as_deref(), Some(r#"{"refusal":true}"#));
    assert_eq!(events[9].extra.as_deref(), Some(r#"{"role":"critic"}"#));
    for name in ["conversation.temperature", "message.mood", "message.role=\"critic\""] {
        assert_eq!(report.unknown_fields.get(name), Some(&1), "{name}");
    }
    assert_eq!(report.damaged, []);
}

#[test]
fn anthropic_messages_are_read_as_what_each_one_said() {
    let (transcripts, report) = read_as("log.json", MESSAGES.as_bytes(), TranscriptFormat::Auto);
    let Transcript { facts, events, .. } = &transcripts[0];
    assert_eq!(
        shape(&transcripts[0]),
        [
            "system: Be kind.",
            "user: Look around.",
            "assistant: I look.",
            r#"ls {"path": "."} = !denied
[image]"#,
            r#"web_search {"query":"x"} = [web_search_result]"#,
            "user: Try again.",
            "assistant: Done.",
        ]
    );
    assert_eq!((facts.source.as_str(), facts.id.as_str()), ("anthropic", "messages:conv-7"));
    assert_eq!(facts.user.as_deref(), Some("u-9"));
    assert!(events[2].extra.as_ref().unwrap().contains("\"signature\":\"s\""));
    assert!(events[4].extra.as_ref().unwrap().contains("https://x.test"));
    assert!(events[6].extra.as_ref().unwrap().contains(r#"{"type":"novel","x":1}"#));
    for name in ["block.thinking", "block.novel", "block.cache_control", "block.image"] {
        assert_eq!(report.unknown_fields.get(name), Some(&1), "{name}");
    }
}

#[test]
fn items_of_responses_are_read_as_what_each_one_said() {
    let (transcripts, _) = read_as("log.json", ITEMS.as_bytes(), TranscriptFormat::Auto);
    assert_eq!(
        shape(&transcripts[0]),
        [
            "system: Be quick.",
            "user: Sum it.",
            r#"sum {"n":[1,2]} = 3"#,
            r#"web_search {"action":{"type":"search","query":"three"}} = "#,
            "store {} = !refused",
            "assistant: Three.",
        ]
    );
    let facts = &transcripts[0].facts;
    assert_eq!((facts.id.as_str(), facts.model.as_str()), ("messages:resp-1", "m-3"));
    assert_eq!(facts.started.unwrap().to_string(), "2026-01-02T03:04:05Z");
    assert!(transcripts[0].events[2].extra.as_ref().unwrap().contains("summary_text"));
}

#[test]
fn every_way_to_lay_messages_out_gives_the_same_conversation() {
    let one = r#"{"role":"user","content":"Hi."}"#;
    let two = r#"{"role":"assistant","content":"Hello."}"#;
    let laid_out = [
        ("a.json", format!("[{one},{two}]")),
        ("a.json", format!("[\n {one},\n {two}\n]\n")),
        ("a.json", format!("{{\"messages\": [{one},\n{two}]}}")),
        ("a.json", format!("[{{\"messages\": [{one},\n{two}]}}]")),
        ("a.json", format!("{one}\n{two}\n")),
        ("a.jsonl", format!("{one}\n{two}\n")),
        ("a.jsonl", format!("[{one},{two}]\n")),
        ("a.jsonl", format!("{{\"messages\":[{one},{two}]}}\n")),
        ("a.jsonl", format!("{{\"body\":{{\"messages\":[{one},{two}]}}}}\n")),
    ];
    for (name, text) in &laid_out {
        for format in
            [TranscriptFormat::Auto, TranscriptFormat::OpenAi, TranscriptFormat::Anthropic]
        {
            let (transcripts, report) = read_as(name, text.as_bytes(), format);
            assert_eq!(transcripts.len(), 1, "{name} {text}");
            assert_eq!(shape(&transcripts[0]), ["user: Hi.", "assistant: Hello."], "{text}");
            assert_eq!(transcripts[0].facts.id, format!("messages:file:{name}"));
            assert_eq!(report.damaged, [], "{text}");
        }
    }
    let text = laid_out[1].1.as_bytes();
    let (transcripts, _) = read_as("a.log", text, TranscriptFormat::Anthropic);
    assert_eq!(transcripts[0].facts.source, "anthropic");
}

#[test]
fn other_forms_are_not_taken_for_messages() {
    let neutral = r#"{"session_id":"x","messages":[],"events":[{"role":"user","content":"Hi."}]}"#;
    let (transcripts, _) = read_as("a.json", neutral.as_bytes(), TranscriptFormat::Auto);
    assert_eq!(transcripts[0].facts.id, "x");
    for text in [r#"{"name":"x","version":"1"}"#, "[1,2]", "[]", r#"{"data":[{"id":1}]}"#] {
        let (transcripts, _) = read_as("a.json", text.as_bytes(), TranscriptFormat::Auto);
        assert!(transcripts.is_empty(), "{text}");
        let (transcripts, report) = read_as("a.json", text.as_bytes(), TranscriptFormat::OpenAi);
        assert!(transcripts.is_empty(), "{text}");
        assert_eq!(report.damaged.is_empty(), text == "[]", "{text}: {:?}", report.damaged);
    }
}

#[test]
fn what_is_whole_of_a_damaged_file_is_read_and_what_is_not_is_named() {
    let cut = &CHAT.as_bytes()[..CHAT.find("\"A cat.\"").unwrap()];
    let (transcripts, report) = read_as("a.json", cut, TranscriptFormat::Auto);
    assert_eq!(shape(&transcripts[0]).len(), 5, "{:?}", shape(&transcripts[0]));
    assert_eq!(transcripts[0].facts.model, "m-1");
    let lines: Vec<u64> = report.damaged.iter().map(|damaged| damaged.line).collect();
    assert_eq!(lines, [9], "{:?}", report.damaged);

    let mut bytes = CHAT.as_bytes().to_vec();
    let at = CHAT.find("a cat").unwrap();
    bytes[at] = 0xFF;
    let (transcripts, report) = read_as("a.json", &bytes, TranscriptFormat::OpenAi);
    assert_eq!(shape(&transcripts[0]).len(), 10);
    assert_eq!(transcripts[0].events[3].call.as_ref().unwrap().result, "");
    assert_eq!((report.damaged.len(), report.damaged[0].line), (1, 8));
    assert!(report.damaged[0].why.contains("utf-8"), "{}", report.damaged[0].why);

    let line = r#"{"messages":[{"role":"user","content":"Hi."}]}"#;
    let lines = [line.as_bytes(), b"\n{\"messages\":[{\"role\":\"user\xFF\n", line.as_bytes()];
    let (transcripts, report) = read_as("a.jsonl", &lines.concat(), TranscriptFormat::Auto);
    assert_eq!((transcripts.len(), report.damaged.len(), report.damaged[0].line), (2, 1, 2));
}

fn import(store: &Store, path: &Path) -> SessionImportReport {
    let import = SessionImport::new(TranscriptFormat::Auto);
    import.run(store, path, &Author::program("importer")).unwrap()
}

fn counts(report: &SessionImportReport) -> (u64, u64, u64) {
    (report.new, report.changed, report.known)
}

fn said(words: &[&str]) -> String {
    let roles = ["user", "assistant"].iter().cycle();
    let messages = words
        .iter()
        .zip(roles)
        .map(|(text, role)| format!(r#"{{"role":"{role}","content":"{text}"}}"#));
    format!("{{\"messages\":[{}]}}\n", messages.collect::<Vec<_>>().join(","))
}

#[test]
fn a_conversation_without_an_id_stays_the_same_one_as_it_grows() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("chat.json");
    let store = Database::in_memory().unwrap().store("default").unwrap();
    fs::write(&file, said(&["one", "two"])).unwrap();
    assert_eq!(counts(&import(&store, &file)), (1, 0, 0));
    assert_eq!(counts(&import(&store, &file)), (0, 0, 1));
    fs::write(&file, said(&["one", "two", "three"])).unwrap();
    assert_eq!(counts(&import(&store, &file)), (0, 1, 0));
    assert_eq!(store.session("messages:file:chat.json").unwrap().unwrap().events(), 3);
}

#[test]
fn another_conversation_in_a_file_of_the_same_name_is_another_session() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = Database::in_memory().unwrap().store("default").unwrap();
    for (directory, word) in [(&first, "one"), (&second, "other")] {
        let file = directory.path().join("chat.json");
        fs::write(&file, said(&[word, "two"])).unwrap();
        assert_eq!(counts(&import(&store, &file)), (1, 0, 0));
    }
    for directory in [&second, &first] {
        assert_eq!(counts(&import(&store, directory.path())), (0, 0, 1));
    }
    let ids: Vec<_> = store.session_ids().unwrap().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["messages:file:chat.json", "messages:file:chat.json~2"]);
}

#[test]
fn conversations_keep_their_ids_when_others_come_before_them() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("train.jsonl");
    let store = Database::in_memory().unwrap().store("default").unwrap();
    let [a, b] = [said(&["a", "x"]), said(&["b", "x"])];
    // The same example twice is two sessions.
    fs::write(&file, format!("{a}{b}{b}")).unwrap();
    assert_eq!(counts(&import(&store, &file)), (3, 0, 0));
    fs::write(&file, format!("{}{b}{a}{b}", said(&["new", "x"]))).unwrap();
    assert_eq!(counts(&import(&store, &file)), (1, 0, 3));
    assert_eq!(counts(&import(&store, &file)), (0, 0, 4));
}

#[test]
fn a_number_that_others_have_too_is_no_name_but_a_conversations_own_id_is() {
    let directory = tempfile::tempdir().unwrap();
    let store = Database::in_memory().unwrap().store("default").unwrap();
    let with =
        |field: &str, word: &str| said(&[word, "x"]).replacen('{', &format!("{{{field},"), 1);
    for (name, field, word) in [
        ("a.jsonl", "\"id\":17", "one"),
        ("b.jsonl", "\"id\":17", "two"),
        ("c.jsonl", "\"session_id\":\"s\"", "one"),
    ] {
        fs::write(directory.path().join(name), with(field, word)).unwrap();
    }
    assert_eq!(counts(&import(&store, directory.path())), (3, 0, 0));
    assert_eq!(counts(&import(&store, &directory.path().join("b.jsonl"))), (0, 0, 1));
    fs::write(directory.path().join("c.jsonl"), with("\"session_id\":\"s\"", "later")).unwrap();
    assert_eq!(counts(&import(&store, directory.path())), (0, 1, 2));
    let ids: Vec<_> = store.session_ids().unwrap().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["messages:17", "messages:17~2", "messages:s"]);
}

proptest! {
    #[test]
    fn no_damage_makes_the_reader_panic(
        which in 0..3_usize,
        hits in prop::collection::vec((any::<usize>(), any::<u8>()), 0..8),
        cut in any::<usize>(),
        lines in any::<bool>(),
    ) {
        let mut bytes = [CHAT, MESSAGES, ITEMS][which].as_bytes().to_vec();
        for (at, byte) in hits {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        bytes.truncate(cut % (bytes.len() + 1));
        let name = if lines { "a.jsonl" } else { "a.json" };
        for format in [TranscriptFormat::Auto, TranscriptFormat::OpenAi] {
            let (transcripts, report) = read_as(name, &bytes, format);
            prop_assert!(report.files == 1 && transcripts.len() as u64 == report.sessions);
            for transcript in transcripts {
                prop_assert!(transcript.events.iter().all(|event| event.role != Role::ToolCall
                    || event.call.is_some()));
            }
        }
    }
}

#[test]
fn who_speaks_which_model_and_which_items_are_known_under_all_their_names() {
    let lines = concat!(
        r#"{"role":"human","content":"Look it up."}"#,
        "\n",
        r#"{"type":"web_search_call","id":"ws-1","status":"completed"}"#,
        "\n",
        r#"{"role":"model","model":"m-1","content":"It is so."}"#,
        "\n",
        r#"{"role":"assistant","model":"m-2","content":"Or otherwise."}"#,
        "\n",
    );
    let (transcripts, report) = read_as("log.jsonl", lines.as_bytes(), TranscriptFormat::OpenAi);
    assert!(report.damaged.is_empty(), "{:?}", report.damaged);
    let roles: Vec<_> = transcripts[0].events.iter().map(|event| event.role).collect();
    assert_eq!(roles.first(), Some(&Role::User), "{:?}", shape(&transcripts[0]));
    assert_eq!(roles.last(), Some(&Role::Assistant));
    assert!(shape(&transcripts[0]).contains(&"assistant: It is so.".to_owned()));
    assert_eq!(transcripts[0].facts.model, "m-1", "that of the first answer");
}

#[test]
fn conversations_without_a_name_are_told_apart_by_their_place() {
    let two = said(&["a", "x"]) + &said(&["b", "x"]);
    let (transcripts, _) = read_as("train.jsonl", two.as_bytes(), TranscriptFormat::Auto);
    let ids: Vec<_> = transcripts.iter().map(|found| found.facts.id.as_str()).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(format!("{}~2", ids[0]), ids[1]);
}
