//! `doctor`: what is wrong with this installation, and what to do about it.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use undream::{Database, Error, ErrorKind, HolderInfo, Search, Time, Verified};

use super::call::{Access, Call};
use super::connect::{Standing, State, survey};
use super::exit::{Failure, Outcome};
use super::page::Page;
use super::paint::{Paint, counted};
use super::status::statement;
use super::time::{ago, since};

/// What this program was built with beside the command line.
const FEATURES: &[(&str, bool)] = &[("mcp", cfg!(feature = "mcp")), ("llm", cfg!(feature = "llm"))];

#[derive(Args, Debug)]
pub(crate) struct Doctor {}

/// Something to know or to do, with the command that does it.
struct Finding {
    what: String,
    next: String,
    /// Whether something does not work until it is done.
    is_problem: bool,
}

/// A database that could be opened.
struct Opened {
    database: Database,
    stores: usize,
    bytes: u64,
    lag: Option<u64>,
    verified: Option<Verified>,
    holders: Vec<HolderInfo>,
}

/// All that was looked at.
struct Checkup {
    program: String,
    directory: Option<PathBuf>,
    opened: Option<Opened>,
    clients: Vec<Standing>,
    findings: Vec<Finding>,
}

impl Doctor {
    #[expect(clippy::unused_self, reason = "verbs are called alike")]
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let checkup = Checkup::make(call);
        if call.json() {
            call.print_json(&json!({"doctor": checkup.to_json()}))?;
        } else {
            let mut page = call.page();
            checkup.write(&mut page, call.paint)?;
            page.finish()?;
        }
        let next = checkup.findings.first().map(|finding| finding.next.as_str());
        let problems = checkup.findings.iter().filter(|finding| finding.is_problem).count();
        let Some(next) = next.filter(|_| problems > 0) else {
            let next = next.map_or_else(String::new, |next| format!(" Next: {next}"));
            call.note(format!("Nothing is wrong.{next}"));
            return Ok(());
        };
        let (message, hint) = match problems {
            1 => ("one thing needs doing".to_owned(), next.to_owned()),
            count => (format!("{count} things need doing"), format!("{next}; then undream doctor")),
        };
        Err(Failure::new(ErrorKind::NotFound, message).hint(hint))
    }
}

impl Checkup {
    fn make(call: &Call) -> Self {
        let program = std::env::current_exe().map(|path| path.display().to_string());
        let mut checkup = Self {
            program: program.unwrap_or_default(),
            directory: None,
            opened: None,
            clients: Vec::new(),
            findings: Vec::new(),
        };
        match survey() {
            Ok(clients) => checkup.clients = clients,
            Err(failure) => checkup.note(failure.into_error().to_string(), "set HOME"),
        }
        checkup.look_at_database(call);
        checkup.look_at_clients();
        // What must be done comes first, and of that the database before its clients.
        checkup.findings.sort_by_key(|finding| !finding.is_problem);
        checkup
    }

    fn problem(&mut self, what: impl Into<String>, next: impl Into<String>) {
        self.findings.push(Finding { what: what.into(), next: next.into(), is_problem: true });
    }

    fn note(&mut self, what: impl Into<String>, next: impl Into<String>) {
        self.findings.push(Finding { what: what.into(), next: next.into(), is_problem: false });
    }

    /// A client that is connected and does not work is a problem. One that is not, and could not be
    /// as its configuration is, may be none of ours.
    fn look_at_clients(&mut self) {
        for client in &self.clients {
            let title = client.client.title;
            let (what, next) = match &client.state {
                State::Broken(why) => (format!("{title}: {why}"), client.command()),
                State::Unclear(why) => {
                    let next = format!("put it right, then undream connect {}", client.client.name);
                    (why.clone(), next)
                }
                State::Apart | State::Connected => continue,
            };
            self.findings.push(Finding { what, next, is_problem: client.db.is_some() });
        }
        let connected = self.clients.iter().any(|client| client.state == State::Connected);
        if connected && !cfg!(feature = "mcp") {
            let what = "clients start `undream mcp`, which this program was built without";
            self.problem(what, "cargo install --path . --features mcp");
        }
        if self.clients.iter().all(|client| client.state == State::Apart) {
            let found = self.clients.iter().find(|client| client.found);
            let name = found.map_or("CLIENT", |client| client.client.name);
            self.note("no client is connected", format!("undream connect {name}"));
        }
    }

    /// Looks at the database that the call means, else at the one that clients are connected to.
    fn look_at_database(&mut self, call: &Call) {
        let mut connected = self.clients.iter().filter(|client| client.state == State::Connected);
        let used = connected.find_map(|client| client.db.clone()).map(PathBuf::from);
        let mut globals = call.globals.clone();
        let directory = match (call.directory(), used) {
            (Ok(directory), _) | (Err(_), Some(directory)) => directory,
            (Err(failure), None) => {
                return self.problem(failure.into_error().to_string(), "undream init");
            }
        };
        globals.db = Some(directory.clone());
        self.directory = Some(directory.clone());
        let call = Call::new(globals);
        let opened = call.database(Access::Read).map_err(Failure::into_error);
        match opened.and_then(|database| Opened::look(database, &directory)) {
            Ok(opened) => {
                self.look_into(&call, &opened);
                self.opened = Some(opened);
            }
            Err(error) => self.problem(error.to_string(), cure(&error).to_owned()),
        }
    }

    fn look_into(&mut self, call: &Call, opened: &Opened) {
        if let Err(failure) = call.store(Access::Read) {
            self.problem(failure.into_error().to_string(), "undream store list");
        }
        for holder in &opened.holders {
            if let Some(failure) = &holder.failure {
                let what = format!("process {} fails behind the scenes: {failure}", holder.pid);
                self.problem(what, "undream verify");
            }
        }
        match &opened.verified {
            None => self.note("never verified", "undream verify"),
            Some(last) if last.findings > 0 => {
                let count = counted(last.findings, "thing", "things");
                self.problem(format!("{count} found wrong by verify"), "undream verify");
            }
            Some(_) => {}
        }
    }

    fn to_json(&self) -> Value {
        let features: Vec<&str> =
            FEATURES.iter().filter(|(_, built)| *built).map(|(name, _)| *name).collect();
        let findings = self.findings.iter().map(|finding| {
            json!({"what": finding.what, "next": finding.next, "problem": finding.is_problem})
        });
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "features": features,
            "program": self.program,
            "directory": self.directory.as_ref().map(|path| path.display().to_string()),
            "database": self.opened.as_ref().map(Opened::to_json),
            "clients": self.clients.iter().map(Standing::to_json).collect::<Vec<_>>(),
            "findings": findings.collect::<Vec<_>>(),
        })
    }

    fn write(&self, page: &mut Page, paint: Paint) -> Outcome {
        let built: Vec<&str> =
            FEATURES.iter().filter(|(_, built)| *built).map(|(name, _)| *name).collect();
        let with =
            if built.is_empty() { String::new() } else { format!(" with {}", built.join(", ")) };
        let version = env!("CARGO_PKG_VERSION");
        statement(page, paint, &format!("undream {version}{with}  {}", self.program), "")?;
        if let (Some(directory), Some(opened)) = (&self.directory, &self.opened) {
            statement(page, paint, &directory.display().to_string(), "undream status")?;
            opened.write(page, paint)?;
        }
        for client in self.clients.iter().filter(|client| client.found || client.db.is_some()) {
            let hooks = if client.db.is_some() && client.hooks { ", with hooks" } else { "" };
            let text = format!("  {}  {}{hooks}", client.client.name, client.word());
            let next = format!("undream connect {}", client.client.name);
            statement(page, paint, &text, if client.state == State::Apart { &next } else { "" })?;
        }
        for finding in &self.findings {
            let mark = if finding.is_problem { "!" } else { " " };
            statement(page, paint, &format!("{mark} {}", finding.what), &finding.next)?;
        }
        Ok(())
    }
}

impl Opened {
    fn look(database: Database, directory: &Path) -> Result<Self, Error> {
        let own = std::process::id();
        let holders = database.holders()?.into_iter().filter(|holder| holder.pid != own).collect();
        Ok(Self {
            stores: database.stores()?.len(),
            bytes: size(directory),
            lag: Search::open(&database).and_then(|search| search.lag()).ok(),
            verified: database.verified()?,
            holders,
            database,
        })
    }

    fn now(&self) -> Time {
        self.database.now()
    }

    fn to_json(&self) -> Value {
        let holders = self.holders.iter().map(|holder| {
            json!({"pid": holder.pid, "since": holder.since.to_string(), "command": holder.command})
        });
        json!({
            "id": self.database.id().to_string(),
            "format": self.database.format(),
            "stores": self.stores,
            "bytes": self.bytes,
            "index_behind": self.lag,
            "verified": self.verified.map(|last| last.at.to_string()),
            "holders": holders.collect::<Vec<_>>(),
        })
    }

    fn write(&self, page: &mut Page, paint: Paint) -> Outcome {
        let stores = counted(self.stores as u64, "store", "stores");
        let size = self.bytes.div_ceil(1 << 10);
        let text = format!("  format {}, {stores}, {size} KiB", self.database.format());
        statement(page, paint, &text, "")?;
        for holder in &self.holders {
            let held = since(holder.since, self.now());
            let text = format!("  open in process {} {held}: {}", holder.pid, holder.command);
            statement(page, paint, &text, "")?;
        }
        match self.lag {
            Some(0) => {}
            Some(lag) => {
                let rows = counted(lag, "row", "rows");
                let text = format!("  index {rows} behind; searches see all the same");
                statement(page, paint, &text, "")?;
            }
            None => {
                statement(page, paint, "  the index cannot be read; a search makes it anew", "")?;
            }
        }
        if let Some(last) = self.verified.filter(|last| last.findings == 0) {
            statement(page, paint, &format!("  verified {}", ago(last.at, self.now())), "")?;
        }
        Ok(())
    }
}

/// What to do when a database cannot be opened.
fn cure(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "undream init, or --db DIR",
        ErrorKind::Locked => "undream doctor --wait 30",
        ErrorKind::Newer => "use the newer version of undream that wrote it",
        ErrorKind::Corrupt => "keep the files as they are and restore a backup beside them",
        _ => "see that the files can be read and the disk has room",
    }
}

/// How many bytes the files under `directory` have; links are not followed.
fn size(directory: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
