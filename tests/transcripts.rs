//! Real transcripts are read whole. They are read from the directory that `UNDREAM_DATA` names.
#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value;
use undream::{Outcome, ReadingReport, Role, Transcript, TranscriptFormat};

/// The real data, or `None` if there is none on this machine.
fn data(part: &str) -> Option<PathBuf> {
    let Some(data) = std::env::var_os("UNDREAM_DATA") else {
        println!("skipped: UNDREAM_DATA is not set");
        return None;
    };
    Some(Path::new(&data).join(part))
}

fn read(path: &Path) -> (Vec<Transcript>, ReadingReport) {
    let mut transcripts = Vec::new();
    let report = Transcript::read_path(path, TranscriptFormat::Auto, &mut |transcript| {
        transcripts.push(transcript);
        Ok(())
    });
    (transcripts, report.unwrap())
}

/// Every line of a plain or gzip file as JSON, read without the code under test.
fn values(path: &Path) -> Vec<Value> {
    let mut text = String::new();
    let mut file = File::open(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(file).read_to_string(&mut text).unwrap();
    } else {
        file.read_to_string(&mut text).unwrap();
    }
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn real_neutral_sessions_are_read_without_loss() {
    let Some(sessions) = data("sessions") else { return };
    let mut counts = BTreeMap::new();
    for name in [
        "entire-cli",
        "medagent_g35f",
        "medagent_haiku",
        "medagent_sonnet5",
        "miniswe_gemini3",
        "tau_airline_gpt4o",
    ] {
        let path = sessions.join(format!("{name}.jsonl.gz"));
        let (transcripts, report) = read(&path);
        assert_eq!((report.damaged.len(), report.cut_events), (0, 0), "{name}");
        assert_eq!((report.unknown_fields.len(), report.unknown_lines.len()), (0, 0), "{name}");
        let raw = values(&path);
        assert_eq!(raw.len(), transcripts.len());
        for (raw, transcript) in raw.iter().zip(&transcripts) {
            agree(raw, transcript);
        }
        let set = name.split('_').next().unwrap();
        *counts.entry(set).or_insert(0) += transcripts.len();
    }
    let expected = [("entire-cli", 173), ("medagent", 75), ("miniswe", 181), ("tau", 200)];
    assert_eq!(counts, BTreeMap::from(expected));
}

/// Whether a session says the same as its raw line, and the same again once written and read.
fn agree(raw: &Value, transcript: &Transcript) {
    assert_eq!(raw["session_id"], transcript.facts.id);
    assert_eq!(raw["outcome"].as_str(), transcript.facts.outcome.map(Outcome::name));
    let events = raw["events"].as_array().unwrap();
    assert_eq!(events.len(), transcript.events.len());
    for (raw, event) in events.iter().zip(&transcript.events) {
        assert_eq!(raw["role"], event.role.name());
        assert_eq!(raw["content"].as_str().unwrap_or(""), event.content);
        if let Some(call) = &event.call {
            let args = serde_json::from_str(&call.args).unwrap_or(Value::Null);
            assert_eq!((&raw["tool"], &raw["args"]), (&Value::from(call.tool.clone()), &args));
            assert_eq!(raw["result"].as_str().unwrap_or(""), call.result);
            assert_eq!(raw["is_error"].as_bool().unwrap_or(false), call.is_error);
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("again.jsonl");
    fs::write(&path, transcript.to_json_line()).unwrap();
    let (again, _) = read(&path);
    assert_eq!(again.as_slice(), std::slice::from_ref(transcript));
}

#[test]
fn real_claude_code_sessions_pair_every_call_with_its_result() {
    let Some(native) = data("native") else { return };
    let mut paths: Vec<_> = fs::read_dir(native).unwrap().map(|f| f.unwrap().path()).collect();
    paths.sort();
    assert_eq!(paths.len(), 6);
    for path in paths {
        let (transcripts, report) = read(&path);
        assert_eq!((transcripts.len(), report.damaged.len()), (1, 0));
        let transcript = &transcripts[0];
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert_eq!(transcript.facts.id, format!("claude-code:{name}"));
        assert!(transcript.facts.project.is_some() && transcript.facts.started.is_some());
        assert!(transcript.facts.model.starts_with("claude"), "{}", transcript.facts.model);

        let lines = values(&path);
        let calls = blocks(&lines, "tool_use");
        let results = blocks(&lines, "tool_result");
        let events = &transcript.events;
        let found: Vec<_> = events.iter().filter_map(|event| event.call.as_ref()).collect();
        assert_eq!(found.len(), calls.len());
        for (call, found) in calls.iter().zip(found) {
            assert_eq!(
                (&call["name"], call["id"].as_str()),
                (&Value::from(found.tool.clone()), found.call_id.as_deref())
            );
            let result = results.iter().find(|result| result["tool_use_id"] == call["id"]).unwrap();
            assert_eq!(result["is_error"].as_bool().unwrap_or(false), found.is_error);
            assert_eq!(text(&result["content"]), found.result);
        }
        let count =
            |role| events.iter().filter(|e| e.role == role && !e.content.is_empty()).count();
        assert_eq!(count(Role::Assistant), blocks(&lines, "text").len());
        let typed =
            |line: &&Value| line["type"] == "user" && line["message"]["content"].is_string();
        assert_eq!(count(Role::User), lines.iter().filter(typed).count());
        let thinking = report.unknown_fields.get("block.thinking").copied().unwrap_or(0);
        assert_eq!(thinking, blocks(&lines, "thinking").len() as u64);
        println!(
            "{name}: {} events, {:?}, {:?}",
            events.len(),
            report.unknown_fields,
            report.unknown_lines
        );
    }
}

/// All blocks of a type, in order.
fn blocks<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let lists = lines.iter().filter_map(|line| line["message"]["content"].as_array());
    lists.flatten().filter(|block| block["type"] == kind).collect()
}

fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => blocks
            .iter()
            .map(|block| block["text"].as_str().unwrap())
            .collect::<Vec<_>>()
            .join("\n"),
        _ => String::new(),
    }
}
