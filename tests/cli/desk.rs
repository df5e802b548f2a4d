//! A desk to run the program at: a directory of its own, a clock that moves a minute per command.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use undream::{Author, Database, FixedClock, Options, SeededEntropy, Time};

use crate::press;

/// How colours are shown in a story.
const COLOURS: [(&str, &str); 7] = [
    ("\u{1b}[0m", "<>"),
    ("\u{1b}[1m", "<bold>"),
    ("\u{1b}[2m", "<dim>"),
    ("\u{1b}[31m", "<red>"),
    ("\u{1b}[32m", "<green>"),
    ("\u{1b}[33m", "<yellow>"),
    ("\u{1b}[35m", "<magenta>"),
];

pub(crate) struct Desk {
    directory: tempfile::TempDir,
    turn: Cell<u64>,
    /// Full or abbreviated ids, in the order of their appearance.
    ids: RefCell<Vec<String>>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            turn: Cell::new(0),
            ids: RefCell::new(Vec::new()),
        }
    }

    /// A desk with a database in which `stories` have happened.
    pub(crate) fn after(story: &[&str]) -> Self {
        let desk = Self::new();
        for line in story {
            let output = desk.output(line, "");
            assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        }
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn start(&self) -> String {
        let turn = self.turn.get();
        format!("2026-03-01T{:02}:{:02}:00Z", 12 + turn / 60, turn % 60)
    }

    /// The program with these words, at the next minute.
    pub(crate) fn command(&self, line: &str) -> Command {
        self.turn.set(self.turn.get() + 1);
        let mut command = Command::new(env!("CARGO_BIN_EXE_undream"));
        command
            .args(words(line))
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap_or_default())
            .env("TZ", "UTC")
            .env("UNDREAM_AUTHOR", "ana")
            .env("UNDREAM_CLOCK", self.start())
            .env("UNDREAM_SEED", self.turn.get().to_string());
        command
    }

    pub(crate) fn output(&self, line: &str, input: &str) -> Output {
        let mut command = self.command(line);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A program that does not read its input may have closed it.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        child.wait_with_output().unwrap()
    }

    pub(crate) fn code(&self, line: &str) -> i32 {
        self.output(line, "").status.code().unwrap()
    }

    pub(crate) fn json(&self, line: &str) -> serde_json::Value {
        let output = self.output(line, "");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Runs commands and tells what they printed, as one would see it in a terminal's history.
    pub(crate) fn tell(&self, lines: &[&str]) -> String {
        let mut story = String::new();
        for line in lines {
            let (shown, input) = match line.split_once(" < ") {
                Some((line, input)) => (line, input),
                None => (*line, ""),
            };
            let output = self.output(shown, input);
            writeln!(story, "$ undream {line}").unwrap();
            story += &String::from_utf8_lossy(&output.stdout);
            if !story.ends_with('\n') {
                story += " (no line end)\n";
            }
            for line in String::from_utf8_lossy(&output.stderr).lines() {
                writeln!(story, "! {line}").unwrap();
            }
            match output.status.code() {
                Some(0) => {}
                code => writeln!(story, "= {code:?}").unwrap(),
            }
            if line.contains("--json") {
                check_json(line, &output);
            }
        }
        self.steady(&story)
    }

    /// The story without what differs from run to run or with each change of a stored format.
    fn steady(&self, story: &str) -> String {
        let place = self.directory.path().display().to_string();
        let canonical = self.directory.path().canonicalize().unwrap().display().to_string();
        let story = story.replace(&canonical, "[DIR]").replace(&place, "[DIR]");
        let story = COLOURS.iter().fold(story, |text, (code, name)| text.replace(code, name));
        let mut out = String::new();
        for word in split_words(&story) {
            if out.ends_with('.') && word.bytes().all(|b| b.is_ascii_digit()) {
                // The fraction of a number, of a score above all.
                out += &word[..word.len().min(2)];
                continue;
            }
            let hex = word.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            if hex && (8..=64).contains(&word.len()) {
                out += &self.name_of(word);
            } else {
                out += word;
            }
        }
        out
    }

    fn name_of(&self, id: &str) -> String {
        let mut ids = self.ids.borrow_mut();
        let short = &id[..8];
        let at = ids.iter().position(|known| known == short).unwrap_or_else(|| {
            ids.push(short.to_owned());
            ids.len() - 1
        });
        if id.len() < 32 { format!("id{:06}", at + 1) } else { format!("FULL-ID-{}", at + 1) }
    }

    /// Opens the database as an application would.
    pub(crate) fn database(&self) -> Database {
        let clock = FixedClock::new(Time::parse("2026-03-01T11:00:00Z").unwrap(), 1_000_000);
        let entropy = SeededEntropy::new(1_000_000 + self.turn.get());
        Options::new().clock(clock).entropy(entropy).open(self.path(".undream")).unwrap()
    }

    /// Takes in sessions in which a tool fails until its flag is given.
    pub(crate) fn import_sessions(&self) {
        let store = self.database().store("default").unwrap();
        store
            .import_sessions(&press::sessions("press", "chat"), &Author::program("importer"))
            .unwrap();
    }
}

/// Words of a line; single quotes hold one together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in line.split('\'').enumerate() {
        if number % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// Runs of letters and digits, and what stands between them.
fn split_words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let word = first.is_alphanumeric();
        let end = rest.find(|c: char| c.is_alphanumeric() != word).unwrap_or(rest.len());
        let (part, left) = rest.split_at(end);
        rest = left;
        Some(part)
    })
}

fn check_json(line: &str, output: &Output) {
    let failed = !output.status.success();
    let (stdout, stderr) = (&output.stdout, &output.stderr);
    if !stdout.is_empty() {
        let parsed: Result<serde_json::Value, _> = serde_json::from_slice(stdout);
        assert!(parsed.is_ok_and(|value| value.is_object()), "{line}");
    }
    if failed {
        let parsed: serde_json::Value = serde_json::from_slice(stderr).unwrap();
        assert!(parsed["error"]["kind"].is_string(), "{line}");
    } else {
        assert!(stderr.is_empty(), "{line}: {}", String::from_utf8_lossy(stderr));
    }
}

/// Damages the file at `path` so that it is no database.
pub(crate) fn overwrite(path: &Path) {
    std::fs::write(path, vec![7; 8_192]).unwrap();
}

/// Compares a story with the snapshot of its name.
#[track_caller]
pub(crate) fn assert_story(name: &str, story: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, story));
}
