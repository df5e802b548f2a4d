//! `connect`: adds Undream to a client's configuration, or takes it out.

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use similar::TextDiff;
use undream::ErrorKind;

use super::clients::{CLIENTS, Client, Part};
use super::config::{Change, Config};
use super::file;
use super::link::Link;
use super::list::{Standing, survey};
use super::places::Places;
use crate::cli::call::{Access, Call};
use crate::cli::exit::{Failure, Outcome};
use crate::cli::page::Page;
use crate::cli::paint::{Paint, escape, quoted};

/// The longest name of a field that is shown.
const NAME_CHARS_MAX: usize = 80;

#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Connect {
    /// The client: claude-code, cursor, codex, vscode, ...; none lists all
    #[arg(value_name = "CLIENT")]
    client: Option<String>,
    /// Write it; else it is only shown
    #[arg(long, requires = "client")]
    yes: bool,
    /// Only show what would be written, as without --yes
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Take it out again
    #[arg(long, requires = "client")]
    remove: bool,
    /// The configuration of the project in this folder, not that of the user
    #[arg(long, requires = "client")]
    project: bool,
}

/// One file, and what is to become of it.
struct Step {
    config: Config,
    change: Change,
    /// What Undream's part looks like where there is nothing else.
    own: String,
}

impl Connect {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let Some(name) = &self.client else { return list(call) };
        let client = Client::named(name).ok_or_else(|| {
            let known = CLIENTS.iter().map(|client| client.name.to_owned());
            let message = format!("`{name}` is no client that is known");
            Failure::new(ErrorKind::NotFound, message).candidates(known).hint("undream connect")
        })?;
        let places = Places::from_environment()?;
        let is_found = client.is_found(&places);
        let steps = self.steps(call, client, &places)?;
        if self.yes {
            for step in &steps {
                step.make(self.remove)?;
            }
        }
        self.answer(call, client, is_found, &steps)
    }

    /// What is to be done, all of it understood before any of it is written.
    fn steps(&self, call: &Call, client: &Client, places: &Places) -> Outcome<Vec<Step>> {
        let parts = self.parts(client)?;
        let link = if self.remove { None } else { Some(link(call, places)?) };
        let step = |part| {
            let config = Config::read(part, places)?;
            let change = match &link {
                Some(link) => config.with(client, link)?,
                None => config.without(client)?,
            };
            let own = config.own(client, link.as_ref())?;
            Ok(Step { config, change, own })
        };
        parts.iter().map(step).collect()
    }

    fn parts(&self, client: &Client) -> Outcome<&'static [Part]> {
        if !self.project {
            return Ok(client.user);
        }
        if client.project.is_empty() {
            let message = format!("{} has no configuration of projects", client.title);
            return Err(Failure::usage(message)
                .hint(format!("undream connect {}, for all projects", client.name)));
        }
        Ok(client.project)
    }

    fn answer(&self, call: &Call, client: &Client, is_found: bool, steps: &[Step]) -> Outcome {
        let changes = steps.iter().any(|step| step.change != Change::Stays);
        if call.json() {
            return call.print_json(&json!({"connect": {
                "client": client.name,
                "scope": if self.project { "project" } else { "user" },
                "remove": self.remove,
                "written": self.yes && changes,
                "files": steps.iter().map(Step::to_json).collect::<Vec<_>>(),
            }}));
        }
        let mut page = call.page();
        for step in steps {
            step.write(&mut page, call.paint)?;
        }
        page.finish()?;
        let (verb, done) = if self.remove { ("--remove ", "out of") } else { ("", "in") };
        match (changes, self.yes) {
            (false, _) if self.remove => call.note(format!("It is not in {}.", client.title)),
            (false, _) => call.note(format!("{} is connected already.", client.title)),
            (true, true) => {
                call.note(format!("Undream is {done} {}.", client.title));
                if self.remove {
                    for copy in steps.iter().filter_map(Step::copy) {
                        call.note(format!(
                            "The copy of before stays at {}; it may hold keys.",
                            copy.display()
                        ));
                    }
                } else {
                    self.advise(call, client, is_found, steps);
                }
            }
            (true, false) => {
                let scope = if self.project { "--project " } else { "" };
                let name = client.name;
                call.note(format!(
                    "Nothing was written. Next: undream connect {name} {scope}{verb}--yes"
                ));
            }
        }
        Ok(())
    }

    fn advise(&self, call: &Call, client: &Client, is_found: bool, steps: &[Step]) {
        call.note(client.note);
        for copy in steps.iter().filter_map(Step::copy) {
            call.note(format!("The old file is kept at {}.", copy.display()));
        }
        if !is_found {
            call.note(format!("{} was not found on this machine.", client.title));
        }
        if self.project {
            call.note("These files name paths of this machine: keep them out of what you share.");
        }
    }
}

/// This program and the database of the call.
fn link(call: &Call, places: &Places) -> Outcome<Link> {
    call.store(Access::Read)?;
    let db = call.directory()?.canonicalize()?;
    let program = places.own_program()?;
    let text = |path: PathBuf| {
        path.into_os_string().into_string().map_err(|path| {
            let message = format!("the path {} is not in UTF-8", path.to_string_lossy());
            Failure::usage(message).hint("move it to a path that is")
        })
    };
    Ok(Link { program: text(program)?, db: text(db)?, store: call.globals.store.clone() })
}

fn list(call: &Call) -> Outcome {
    let clients = survey()?;
    if call.json() {
        let clients: Vec<Value> = clients.iter().map(Standing::to_json).collect();
        return call.print_json(&json!({"clients": clients}));
    }
    let mut page = call.page();
    for standing in &clients {
        let of = match (&standing.db, standing.project) {
            (Some(db), true) => format!("  {db}, in this project"),
            (Some(db), false) => format!("  {db}"),
            (None, _) => String::new(),
        };
        let state = match standing.why() {
            Some(why) => format!("{}: {}", standing.word(), escape(why)),
            None => format!("{:<9}", standing.word()),
        };
        let line = format!("{state}{}", escape(&of));
        writeln!(page, "{:<15} {}", standing.client.name, line.trim_end())?;
    }
    page.finish()?;
    call.note("Next: undream connect CLIENT");
    Ok(())
}

/// A line of a diff as it is shown: what is ours as it stands, of what others wrote only the name,
/// since configurations hold keys.
fn shown(line: &str, own: &HashSet<&str>) -> String {
    let (sign, text) = line.split_at(line.len().min(1));
    let bare = text.trim();
    let is_own = own.contains(bare.trim_end_matches(',')) || line.starts_with(['@', '\\']);
    let is_frame = bare.chars().all(|c| "{}[],".contains(c));
    if is_own || is_frame || line.starts_with("---") || line.starts_with("+++") {
        return line.to_owned();
    }
    let start = text.len() - text.trim_start().len();
    let name = name_of(&text[start..]).filter(|name| name.len() < NAME_CHARS_MAX);
    format!("{sign}{}{} …", &text[..start], name.unwrap_or_default())
}

/// The name that a line of JSON or TOML begins with, where it gives a value to one: what is no name
/// may be part of a value.
fn name_of(line: &str) -> Option<&str> {
    let end = match line.strip_prefix('"') {
        Some(rest) => rest.find('"')? + 2,
        None => line.find(|c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c)))?,
    };
    line[end..].trim_start().starts_with([':', '=']).then(|| &line[..end])
}

impl Step {
    fn make(&self, removes: bool) -> Outcome {
        if self.change == Change::Stays {
            return Ok(());
        }
        if !removes && self.config.wants_copy()? {
            file::keep_copy(&self.config.path)?;
        } else if !removes && self.config.text.is_none() {
            file::set_copy_aside(&self.config.path)?;
        }
        self.config.apply(&self.change)?;
        if removes && self.config.outlives_copy(&self.change) {
            std::fs::remove_file(file::copy_of(&self.config.path))?;
        }
        Ok(())
    }

    fn texts(&self) -> (&str, &str) {
        let before = self.config.text.as_deref().unwrap_or_default();
        match &self.change {
            Change::Stays => (before, before),
            Change::Becomes(after) => (before, after),
            Change::Goes => (before, ""),
        }
    }

    fn word(&self) -> &'static str {
        match (&self.change, &self.config.text) {
            (Change::Stays, _) => "stays",
            (Change::Goes, _) => "goes",
            (Change::Becomes(_), None) => "new",
            (Change::Becomes(_), Some(_)) => "changes",
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "path": self.config.path.display().to_string(),
            "change": self.word(),
            "diff": self.diff(),
            "copy": self.copy().map(|copy| copy.display().to_string()),
        })
    }

    /// The copy beside the file, if there is one.
    fn copy(&self) -> Option<PathBuf> {
        Some(file::copy_of(&self.config.path)).filter(|copy| copy.is_file())
    }

    fn diff(&self) -> String {
        let (before, after) = self.texts();
        let lines = TextDiff::from_lines(before, after);
        let diff = lines.unified_diff().context_radius(1).to_string();
        let own: HashSet<&str> =
            self.own.lines().map(|line| line.trim().trim_end_matches(',')).collect();
        diff.lines().map(|line| shown(line, &own) + "\n").collect()
    }

    fn write(&self, page: &mut Page, paint: Paint) -> Outcome {
        let path = self.config.path.display().to_string();
        writeln!(page, "{:<8} {}", self.word(), paint.name(&quoted(&path)))?;
        for line in self.diff().lines() {
            let shown = escape(line);
            match line.as_bytes().first() {
                Some(b'+') => writeln!(page, "  {}", paint.added(shown))?,
                Some(b'-') => writeln!(page, "  {}", paint.removed(shown))?,
                _ => writeln!(page, "  {shown}")?,
            }
        }
        Ok(())
    }
}
