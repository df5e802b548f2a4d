//! How `bisect` tells good from bad: by a key, a text, a search, or a program.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{ArgGroup, Args};
use regex::Regex;
use undream::{ErrorKind, Key, Search, Snapshot, Store, Test};

use super::exit::{Failure, Outcome};

/// The variable that tells a program where the snapshot lies.
const SNAPSHOT_VARIABLE: &str = "UNDREAM_SNAPSHOT";
/// The exit code by which a program says that it cannot tell.
const SKIP_CODE: i32 = 125;
/// The greatest exit code that is a verdict; beyond it, the program was killed or is broken.
const BAD_CODE_MAX: i32 = 127;

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("probe").required(true).args(["key_exists", "text_matches", "search", "run"]))]
pub(crate) struct Probe {
    /// Good is: there is a memory at this key
    #[arg(long, value_name = "KEY")]
    key_exists: Option<String>,
    /// Good is: the memory at this key has text that the regular expression matches
    #[arg(long, num_args = 2, value_names = ["KEY", "REGEX"])]
    text_matches: Option<Vec<String>>,
    /// Good is: this search brings the memory that --expects names
    #[arg(long, value_name = "QUERY", requires = "expects")]
    search: Option<String>,
    /// The key that the search should bring
    #[arg(long, value_name = "KEY", requires = "search")]
    expects: Option<String>,
    /// Among how many first hits the search should bring it
    #[arg(long, value_name = "N", default_value = "5", requires = "search")]
    top: u16,
    /// Good is: this program ends with 0. It finds the snapshot as a Markdown folder at
    /// `$UNDREAM_SNAPSHOT`; 125 skips, 1 to 127 are bad, anything else stops the search
    #[arg(long, value_name = "CMD")]
    run: Option<String>,
    /// Turn good and bad round
    #[arg(long)]
    not: bool,
}

/// What is tested, ready for use.
enum Question {
    KeyExists(Key),
    TextMatches(Key, Regex),
    Brings { search: Search, query: String, key: Key, top: usize },
    Run { program: String, folder: PathBuf },
}

/// A probe at work.
pub(crate) struct Prober {
    question: Question,
    not: bool,
}

impl Probe {
    /// The key, where it is just asked whether a memory stands at it.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key_exists.as_deref().filter(|_| !self.not)
    }

    pub(crate) fn prober(&self, store: &Store) -> Outcome<Prober> {
        Ok(Prober { question: self.question(store)?, not: self.not })
    }

    fn question(&self, store: &Store) -> Outcome<Question> {
        if let Some(key) = &self.key_exists {
            return Ok(Question::KeyExists(Key::new(key)?));
        }
        if let Some([key, pattern]) = self.text_matches.as_deref() {
            let wrong = |_| Failure::usage(format!("`{pattern}` is no regular expression"));
            return Ok(Question::TextMatches(Key::new(key)?, Regex::new(pattern).map_err(wrong)?));
        }
        if let (Some(query), Some(key)) = (&self.search, &self.expects) {
            return Ok(Question::Brings {
                search: Search::open(store.database())?,
                query: query.clone(),
                key: Key::new(key)?,
                top: self.top.into(),
            });
        }
        let program = self.run.clone().ok_or_else(|| Failure::usage("there is nothing to test"))?;
        let name = format!("undream-bisect-{}", std::process::id());
        Ok(Question::Run { program, folder: std::env::temp_dir().join(name) })
    }
}

impl Prober {
    /// The memories that it asks about.
    pub(crate) fn keys(&self) -> &[Key] {
        match &self.question {
            Question::KeyExists(key)
            | Question::TextMatches(key, _)
            | Question::Brings { key, .. } => std::slice::from_ref(key),
            Question::Run { .. } => &[],
        }
    }

    /// Whether the snapshot is good.
    pub(crate) fn test(&mut self, snapshot: &Snapshot) -> Outcome<Test> {
        let verdict = match &self.question {
            Question::KeyExists(key) => verdict(snapshot.get_id(key.as_str())?.is_some()),
            Question::TextMatches(key, pattern) => match snapshot.get(key.as_str())? {
                // What it said is gone: nobody can tell.
                Some(record) if record.is_erased() => Test::Skip,
                Some(record) => verdict(pattern.is_match(record.text()?)),
                None => verdict(false),
            },
            Question::Brings { search, query, key, top } => {
                let hits = search.at(snapshot).query(query).limit(*top).run()?;
                let hits = hits.collect::<Result<Vec<_>, _>>()?;
                verdict(hits.iter().any(|hit| hit.key == *key))
            }
            Question::Run { program, folder } => run(program, folder, snapshot)?,
        };
        Ok(match (self.not, verdict) {
            (true, Test::Good) => Test::Bad,
            (true, Test::Bad) => Test::Good,
            (_, verdict) => verdict,
        })
    }
}

fn verdict(good: bool) -> Test {
    if good { Test::Good } else { Test::Bad }
}

/// A folder that is gone when it is no longer needed.
struct Folder<'a>(&'a Path);

impl<'a> Folder<'a> {
    /// Makes a folder that only its owner can read: memories may be secret.
    fn create(path: &'a Path) -> Outcome<Self> {
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder<'_> {
    fn drop(&mut self) {
        // What cannot be removed stays in the system's folder for such things.
        drop(std::fs::remove_dir_all(self.0));
    }
}

/// Runs a program over the snapshot. What it prints goes to stderr: stdout is for the answer.
fn run(program: &str, folder: &Path, snapshot: &Snapshot) -> Outcome<Test> {
    let outer = Folder::create(folder)?;
    let memories = outer.0.join("memories");
    snapshot.export_markdown("", &memories)?;
    let mut command = Command::new("sh");
    command.arg("-c").arg(program).env(SNAPSHOT_VARIABLE, &memories);
    command.stdin(Stdio::null()).stdout(Stdio::from(io::stderr()));
    let status = command.status()?;
    match status.code() {
        Some(0) => Ok(Test::Good),
        Some(SKIP_CODE) => Ok(Test::Skip),
        Some(1..=BAD_CODE_MAX) => Ok(Test::Bad),
        _ => Err(Failure::new(ErrorKind::Io, format!("`{program}` ended with {status}"))
            .hint("0 is good, 125 skips, 1 to 127 are bad")),
    }
}
