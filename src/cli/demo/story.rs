//! The steps of the story. Each runs this program as a person would and shows what it says.

use std::fs;
use std::io::{BufWriter, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use undream::ErrorKind;

use super::notes::curate;
use crate::cli::call::Call;
use crate::cli::exit::{Failure, Outcome};
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
        Story { program, database, sessions, paint: call.paint }.tell()
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
}

impl Story {
    fn tell(&self) -> Outcome {
        self.quietly(&["init"])?;
        self.say("An agent at a help desk has a memory. Its rule on refunds:");
        let rule = "Refunds up to 50 EUR need no approval; the shift lead approves more.";
        let put = ["put", "support/refunds/limit", rule, "--kind", "rule"];
        self.step("mira", &put, 0)?;
        self.quietly(&["put", "support/hours", "The shift lead is there from 8 to 18 h."])?;
        self.step("agent:desk", &["search", QUESTION, "-n", "1"], 2)?;

        self.say("Overnight a dream reads six sessions and proposes what to remember:");
        let sessions = self.sessions.display().to_string();
        self.step("mira", &["session", "import", &sessions], 1)?;
        let curator = format!("command:'{}' demo --curate", self.program.display());
        self.quietly(&["dream", "run", "--curator", &curator])?;
        self.step("mira", &["dream", "show", "1"], 8)?;
        self.say("All three read well. They are approved in good faith, and merged:");
        self.quietly(&["dream", "approve", "1", "--all"])?;
        self.step("mira", &["dream", "merge", "1"], 1)?;

        self.say("The agent works on and writes two new facts:");
        self.step("agent:desk", &["put", "support/lead", "Ana leads the late shift."], 0)?;
        self.step("agent:desk", &["put", "support/stock", "Blenders are sold out."], 0)?;

        self.say("Then somebody asks again, and gets another answer than before the dream:");
        self.step("agent:desk", &["search", QUESTION, "-n", "1"], 2)?;
        self.step("agent:desk", &["search", QUESTION, "-n", "1", "--at", "main~3"], 2)?;

        self.say("Who taught it that? From the line to the dream, from there to the session:");
        self.step("mira", &["blame", "support/refunds/limit"], 1)?;
        self.step("mira", &["dream", "show", "1", "3"], 8)?;

        self.say("A web page did. Take that dream back, and keep what came after it:");
        self.step("mira", &["dream", "revert", "1"], 1)?;
        self.step("agent:desk", &["search", QUESTION, "-n", "1"], 2)?;
        self.step("mira", &["ls"], 4)?;
        self.end();
        Ok(())
    }

    fn say(&self, text: &str) {
        println!("\n{}", self.paint.name(text));
    }

    /// Runs a command as `author`, shows it as one would type it, and the first lines of its answer.
    fn step(&self, author: &str, arguments: &[&str], lines: usize) -> Outcome {
        let typed: Vec<String> = arguments.iter().map(|word| shown(word)).collect();
        println!("{}", self.paint.dim(format!("$ undream {}", typed.join(" "))));
        let answer = self.answer(author, arguments)?;
        let said: Vec<&str> = answer.lines().filter(|line| !line.trim().is_empty()).collect();
        for line in said.iter().take(lines) {
            println!("  {line}");
        }
        if lines > 0 && said.len() > lines {
            println!("  ({} more lines)", said.len() - lines);
        }
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

    fn end(&self) {
        let database = self.database.display();
        self.say(&format!("The database is in {database}. Look around:"));
        println!("  export UNDREAM_DB={database}");
        println!("  undream log");
        println!("  undream diff main~1 main");
        println!("  undream session show demo:05-blender");
        self.say("Your own agent's sessions:");
        println!("  undream init && undream session import ~/.claude/projects");
        println!("  undream dream && undream dream show 1");
    }
}

/// A word as one would type it.
fn shown(word: &str) -> String {
    if word.contains(' ') { format!("\"{word}\"") } else { word.to_owned() }
}
