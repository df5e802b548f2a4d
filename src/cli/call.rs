//! One call of the program: which database, which store, who acts, how answers look.

use std::fmt::Display;
use std::io::{IsTerminal, Write, stderr};
use std::path::{Path, PathBuf};

use serde_json::Value;
use undream::{
    Abbreviations, Author, AuthorKind, Branch, Database, ErrorKind, FixedClock, HolderInfo,
    Message, Options, Progress, SeededEntropy, Snapshot, Store, Time,
};

use super::arguments::{Asking, Globals, Saying};
use super::bar::bars;
use super::exit::{Failure, Hinted, Outcome, USAGE};
use super::interrupt;
use super::page::Page;
use super::paint::{Paint, quoted};
use super::time::since;
use super::width::width;

/// The directory of a database that is named by no option.
pub(crate) const DIRECTORY: &str = ".undream";

/// The store that is meant where none is named.
const STORE: &str = "default";

/// Whether a verb writes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// One call of the program.
pub(crate) struct Call {
    pub(crate) globals: Globals,
    pub(crate) paint: Paint,
}

impl Call {
    pub(crate) fn new(globals: Globals) -> Self {
        let paint = Paint::new(globals.color);
        Self { globals, paint }
    }

    /// Whether the answer is one JSON document.
    pub(crate) fn json(&self) -> bool {
        self.globals.json
    }

    /// Prints the JSON answer.
    #[expect(clippy::unused_self, reason = "verbs speak through their call")]
    pub(crate) fn print_json(&self, answer: &Value) -> Outcome {
        let mut page = Page::plain();
        serde_json::to_writer_pretty(&mut page, answer).map_err(std::io::Error::from)?;
        writeln!(page)?;
        Ok(page.finish()?)
    }

    /// Prints the JSON answer beside a result that stdout itself holds.
    #[expect(clippy::unused_self, reason = "verbs speak through their call")]
    pub(crate) fn print_json_beside(&self, answer: &Value) {
        // Where stderr is closed there is nobody to read it.
        drop(writeln!(stderr(), "{answer}"));
    }

    /// A page for a short answer.
    #[expect(clippy::unused_self, reason = "verbs speak through their call")]
    pub(crate) fn page(&self) -> Page {
        Page::plain()
    }

    /// A page for an answer that may be long.
    pub(crate) fn long_page(&self) -> Page {
        if self.paint.terminal && !self.globals.no_pager { Page::paged() } else { Page::plain() }
    }

    /// Says something beside the results.
    pub(crate) fn note(&self, text: impl Display) {
        if !self.globals.quiet && !self.globals.json {
            eprintln!("{text}");
        }
    }

    /// The options to open or create the database with.
    pub(crate) fn options(&self) -> Outcome<Options> {
        let mut options = Options::new().wait(self.globals.wait).author(self.author()?);
        // For reproducible tests only; docs/testing.md tells more.
        if let Ok(start) = std::env::var("UNDREAM_CLOCK") {
            options = options.clock(FixedClock::new(Time::parse(&start)?, 1_000_000));
        }
        if let Ok(seed) = std::env::var("UNDREAM_SEED") {
            let wrong = |_| Failure::usage(format!("UNDREAM_SEED is `{seed}`, not a number"));
            options = options.entropy(SeededEntropy::new(seed.parse().map_err(wrong)?));
        }
        Ok(options)
    }

    /// Where the database is: the option, else the folder here or in a parent folder.
    pub(crate) fn directory(&self) -> Outcome<PathBuf> {
        if let Some(directory) = &self.globals.db {
            return Ok(directory.clone());
        }
        let here = std::env::current_dir()?;
        let found =
            here.ancestors().map(|folder| folder.join(DIRECTORY)).find(|path| path.is_dir());
        let none = "there is no Undream database here or in a parent folder";
        found.ok_or_else(|| {
            Failure::new(ErrorKind::NotFound, none).hint("undream init, or --db DIR")
        })
    }

    /// Opens the database.
    pub(crate) fn database(&self, access: Access) -> Outcome<Database> {
        let directory = self.directory()?;
        let options = self.options()?;
        let opened = match access {
            Access::Write => options.open(&directory),
            // What a crash left is repaired by opening for writing.
            Access::Read => match options.clone().read_only(true).open(&directory) {
                Err(error) if error.kind() == ErrorKind::Io => options.open(&directory),
                other => other,
            },
        };
        opened
            .map_err(|error| self.locked(error.into()))
            .hint_for(ErrorKind::NotFound, || "undream init, or --db DIR".to_owned())
    }

    /// Names who holds the database, where that is what failed.
    pub(crate) fn locked(&self, failure: Failure) -> Failure {
        if failure.kind() != ErrorKind::Locked {
            return failure;
        }
        let directory = self.directory().unwrap_or_default();
        failure.hint(holder_hint(&directory).unwrap_or_else(|| "wait longer: --wait 30".to_owned()))
    }

    /// Opens the store.
    pub(crate) fn store(&self, access: Access) -> Outcome<Store> {
        self.store_of(&self.database(access)?)
    }

    /// Opens the store for writing where that can be done, so that what is derived or noted can be
    /// kept; else for reading.
    pub(crate) fn keeping_store(&self) -> Outcome<Store> {
        self.store(Access::Write).or_else(|failure| match failure.code() {
            USAGE | 1 => Err(failure),
            _ => self.store(Access::Read),
        })
    }

    /// Opens the store to read for a session, if one asks.
    pub(crate) fn asked_store(&self, asking: &Asking) -> Outcome<Store> {
        if asking.session.is_some() { self.keeping_store() } else { self.store(Access::Read) }
    }

    fn store_of(&self, database: &Database) -> Outcome<Store> {
        let name = self.globals.store.as_deref().unwrap_or(STORE);
        database.store(name).hint_for(ErrorKind::NotFound, || "undream store list".to_owned())
    }

    /// Opens the database for work that takes its time: a person sees how far it has come, and may
    /// interrupt it.
    pub(crate) fn busy_database(&self, access: Access) -> Outcome<Database> {
        interrupt::watch();
        let database = self.database(access)?;
        let watched = stderr().is_terminal() && !self.globals.quiet && !self.globals.json;
        Ok(database.with_progress(if watched { bars() } else { Progress::default() }))
    }

    /// Opens the store for work that takes its time.
    pub(crate) fn busy_store(&self, access: Access) -> Outcome<Store> {
        self.store_of(&self.busy_database(access)?)
    }

    /// The author of what an agent writes through this program: who was named for it. A person that
    /// the environment names is not who speaks; without another, it is the agent `name`.
    pub(crate) fn agent_author(&self, name: &str) -> Outcome<Author> {
        let author = self.author()?;
        let named = self.globals.author.is_some();
        let speaks = self.globals.author_given || author.kind() != AuthorKind::Person;
        Ok(if named && speaks { author } else { Author::agent(name) })
    }

    /// Who acts.
    pub(crate) fn author(&self) -> Outcome<Author> {
        match &self.globals.author {
            Some(author) => Ok(author.parse::<Author>()?),
            None => Ok(Author::person(format!("{}@{}", user(), host()))),
        }
    }

    /// What goes with a commit of the store, whose session was not taken back.
    pub(crate) fn message(
        &self,
        store: &Store,
        saying: &Saying,
        default: &str,
    ) -> Outcome<Message> {
        let text = saying.message.as_deref().unwrap_or(default);
        let mut message = self.author()?.message(text);
        if let Some(session) = &saying.session {
            store.refuse_quarantined(session).hint_for(ErrorKind::Blocked, || {
                format!("undream session lift {}, if you trust it again", quoted(session))
            })?;
            message = message.session(session);
        }
        Ok(match &saying.overriding {
            Some(reason) => message.overriding(reason),
            None => message,
        })
    }

    /// The branch to write to.
    #[expect(clippy::unused_self, reason = "verbs speak through their call")]
    pub(crate) fn branch(&self, store: &Store, name: &str) -> Outcome<Branch> {
        store.branch(name).hint_for(ErrorKind::NotFound, || "undream branch list".to_owned())
    }

    /// The commit that `revision` names, and a note where it names a time.
    pub(crate) fn resolve(&self, store: &Store, revision: &str) -> Outcome<undream::CommitId> {
        let resolved = store
            .resolve(revision)
            .hint_for(ErrorKind::NotFound, || "undream branch list, or undream log".to_owned())?;
        if let Some(instant) = resolved.instant {
            let short = store.database().abbreviations()?.of(resolved.commit.object())?;
            self.note(format!("{revision} is commit {short}, as of {instant}"));
        }
        Ok(resolved.commit)
    }

    /// What to read: `main`, which may be empty, or the content of a revision.
    pub(crate) fn snapshot(&self, store: &Store, at: Option<&str>) -> Outcome<Snapshot> {
        match at {
            None => Ok(store.branch("main")?.snapshot()?),
            Some(revision) => Ok(store.snapshot(self.resolve(store, revision)?)?),
        }
    }

    /// How ids are abbreviated, and the time that ages are told from.
    pub(crate) fn eye(&self, store: &Store) -> Outcome<Eye> {
        let database = store.database();
        Ok(Eye {
            short: database.abbreviations()?,
            now: database.now(),
            paint: self.paint,
            width: width(self.paint.terminal),
        })
    }
}

/// What it takes to show things to a person.
pub(crate) struct Eye {
    pub(crate) short: Abbreviations,
    pub(crate) now: Time,
    pub(crate) paint: Paint,
    /// How many columns a line may take.
    pub(crate) width: usize,
}

impl Eye {
    /// The short form of an id, coloured.
    pub(crate) fn id(&self, id: undream::ObjectId) -> Outcome<String> {
        Ok(self.paint.id(self.short.of(id)?))
    }
}

/// Another process that has the database open for writing.
fn other_holder(directory: &Path) -> Option<HolderInfo> {
    let own = std::process::id();
    let holders = HolderInfo::in_directory(directory).ok()?;
    holders.into_iter().find(|holder| holder.pid != own)
}

fn holder_hint(directory: &Path) -> Option<String> {
    let other = other_holder(directory)?;
    #[expect(clippy::disallowed_methods, reason = "the holder's age; the database is not open")]
    let now = Time::from_micros(jiff::Timestamp::now().as_microsecond());
    Some(format!(
        "process {} (`{}`) holds it {}; wait for it, or longer: --wait 30",
        other.pid,
        other.command,
        since(other.since, now)
    ))
}

fn user() -> String {
    let names = ["USER", "LOGNAME", "USERNAME"];
    let name = names.iter().find_map(|name| std::env::var(name).ok());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "user".to_owned())
}

fn host() -> String {
    let asked = std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME")).ok();
    let read = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = asked.or_else(read).unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}
