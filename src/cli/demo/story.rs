//! The steps of the story. Each runs this program as a person would and shows what it says.

use std::fs;
use std::io::{BufWriter, Write, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use serde_json::{Value, json};
use undream::ErrorKind;

use super::notes::curate;
use crate::cli::call::Call;
use crate::cli::exit::{Failure, Outcome};
use crate::cli::page::Page;
use crate::cli::paint::Paint;

/// The sessions of the story, written for it.
const SESSIONS: &str = include_str!("../../../examples/sessions/helpdesk.jsonl");
/// The question that is asked three times.
const QUESTION: &str = "may I refund 180 EUR without approval";

/// Show in one minute what Undream is for
#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// Where to put the demo's database [default: a new folder for temporary files]
    dir: Option<PathBuf>,
    /// Act as the demo's curator: JSON Lines in, proposals out
    #[arg(long, hide = true)]
    curate: bool,
}

impl Demo {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        if self.curate {
            return curate(stdin().lock(), BufWriter::new(stdout().lock()));
        }
        let directory = match &self.dir {
            Some(directory) => directory.clone(),
            None => fresh(&std::env::temp_dir()),
        };
        fs::create_dir_all(&directory)?;
        let sessions = directory.join("helpdesk.jsonl");
        let database = directory.join("memory");
        if database.exists() {
            let taken = format!("{} holds a demo already", directory.display());
            return Err(Failure::usage(taken).hint("undream demo, or name another folder"));
        }
        fs::write(&sessions, SESSIONS)?;
        let program = std::env::current_exe()?;
        let page = if call.json() { Page::Memory(Vec::new()) } else { Page::plain() };
        let (paint, steps) = (call.paint, Vec::new());
        let mut story = Story { program, database, sessions, paint, page, steps };
        story.tell()?;
        if call.json() {
            return call.print_json(&json!({"demo": {
                "database": story.database.display().to_string(),
                "steps": story.steps,
            }}));
        }
        Ok(())
    }
}

/// The first folder of the demo's name that does not exist yet.
fn fresh(parent: &Path) -> PathBuf {
    let named = |number: u32| parent.join(format!("undream-demo-{number}"));
    let free = (1..=u32::MAX).map(named).find(|path| !path.exists());
    free.unwrap_or_else(|| named(0))
}

struct Story {
    program: PathBuf,
    database: PathBuf,
    sessions: PathBuf,
    paint: Paint,
    page: Page,
    /// What was run so far and all that it answered.
    steps: Vec<Value>,
}

impl Story {
    fn tell(&mut self) -> Outcome {
        self.quietly(&["init"])?;
        self.say("An agent at a help desk has a memory. Its rule on refunds:")?;
        let rule = "Refunds up to 50 EUR need no approval; the shift lead approves more.";
        let put = ["put", "support/refunds/limit", rule, "--kind", "rule"];
        self.step("mira", &put, &[])?;
        self.quietly(&["put", "support/hours", "The shift lead is there from 8 to 18 h."])?;
        self.step("agent:desk", &["search", QUESTION, "-n", "1"], &["support/", "Refunds"])?;

        self.say("Overnight a dream reads six sessions and proposes what to remember:")?;
        let sessions = self.sessions.display().to_string();
        self.step("mira", &["session", "import", &sessions], &["new sessions"])?;
        let curator = format!("command:'{}' demo --curate", self.program.display());
        self.quietly(&["dream", "run", "--curator", &curator])?;
        self.step("mira", &["dream", "show", "1"], &["adds", "changes (", "support/"])?;
        self.say("All three read well. They are approved in good faith, and merged:")?;
        self.step("mira", &["dream", "approve", "1", "--all"], &[])?;
        self.step("mira", &["dream", "merge", "1"], &[])?;
        self.say("The agent works on and writes two new facts:")?;
        self.step("agent:desk", &["put", "support/lead", "Ana leads the late shift."], &[])?;
        self.step("agent:desk", &["put", "support/stock", "Blenders are sold out."], &[])?;

        self.say("Somebody asks again, and gets another answer than before the dream:")?;
        self.step("agent:desk", &["search", QUESTION, "-n", "1"], &["Refunds"])?;
        self.step("agent:desk", &["search", QUESTION, "-n", "1", "--at", "main~3"], &["Refunds"])?;
        self.say("Who taught it that? From the line to the dream, from there to the quote:")?;
        self.step("mira", &["blame", "support/refunds/limit"], &["dream 1"])?;
        let telling = ["look twice", "Refunds up", "Noted ("];
        self.step("mira", &["dream", "show", "1", "3"], &telling)?;

        self.say("A web page did. Take that dream back, and keep what came after it:")?;
        self.step("mira", &["dream", "revert", "1"], &[])?;
        self.step("agent:desk", &["search", QUESTION, "-n", "1"], &["Refunds"])?;
        self.step("mira", &["ls"], &["support/"])?;
        self.end()
    }

    fn say(&mut self, text: &str) -> Outcome {
        self.line("")?;
        self.line(&self.paint.name(text))
    }

    /// One line, shown at once: the next step may take a while.
    fn line(&mut self, text: &str) -> Outcome {
        writeln!(self.page, "{text}")?;
        Ok(self.page.flush()?)
    }

    /// Runs a command as `author`, shows it as one would type it, and of its answer the lines with
    /// one of the words in `telling`.
    fn step(&mut self, author: &str, arguments: &[&str], telling: &[&str]) -> Outcome {
        let typed: Vec<String> = arguments.iter().map(|word| shown(word)).collect();
        let command = format!("undream {}", typed.join(" "));
        self.line(&self.paint.dim(format!("$ {command}")))?;
        let answer = self.answer(author, arguments)?;
        for line in answer.lines().filter(|line| telling.iter().any(|word| line.contains(word))) {
            self.line(&format!("  {line}"))?;
        }
        self.steps.push(json!({"author": author, "command": command, "answer": answer}));
        Ok(())
    }

    fn quietly(&self, arguments: &[&str]) -> Outcome {
        self.answer("mira", arguments).map(drop)
    }

    fn answer(&self, author: &str, arguments: &[&str]) -> Outcome<String> {
        let output = Command::new(&self.program)
            .args(arguments)
            .args(["--author", author, "--color", "never"])
            .env("UNDREAM_DB", &self.database)
            .output()?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::new(
                ErrorKind::Io,
                format!("`undream {}` failed: {words}", arguments.join(" ")),
            ));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn end(&mut self) -> Outcome {
        let database = self.database.display().to_string();
        self.say(&format!("The database is in {database}. Look around:"))?;
        self.line(&format!("  undream --db {database} log"))?;
        self.line(&format!("  undream --db {database} diff main~1 main"))?;
        self.line(&format!("  undream --db {database} session show demo:05-blender"))?;
        self.say("Your own agent's sessions:")?;
        self.line("  undream init && undream session import ~/.claude/projects")?;
        self.line("  undream dream && undream dream show 1")
    }
}

/// A word as one would type it.
fn shown(word: &str) -> String {
    if word.contains(' ') { format!("\"{word}\"") } else { word.to_owned() }
}
