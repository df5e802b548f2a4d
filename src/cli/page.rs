//! Where results go: stdout, or a pager where stdout is a terminal.

use std::io::{self, BufWriter, Stdout, Write, stdout};
use std::process::{Child, ChildStdin, Command, Stdio};

use super::interrupt;

/// The pager used where `PAGER` names none: it leaves colours alone, and ends by itself if all
/// fits on one screen.
const PAGER: &str = "less -FRX";
/// What only a shell understands.
const SHELL_CHARS: &[char] = &['|', '&', ';', '<', '>', '$', '`', '\\', '"', '\'', '*', '~', '='];

/// A running page of results. What is written after its reader has gone fails with `BrokenPipe`.
pub(crate) enum Page {
    Stdout(BufWriter<Stdout>),
    /// Kept, to be shown later.
    Memory(Vec<u8>),
    Pager {
        input: Option<BufWriter<ChildStdin>>,
        child: Child,
    },
}

impl Page {
    /// Straight to stdout.
    pub(crate) fn plain() -> Self {
        Self::Stdout(BufWriter::new(stdout()))
    }

    /// Through the user's pager; straight to stdout if there is none that runs.
    pub(crate) fn paged() -> Self {
        let pager = std::env::var("PAGER").unwrap_or_else(|_| PAGER.to_owned());
        if pager.trim().is_empty() || pager.trim() == "cat" {
            return Self::plain();
        }
        // Before the pager starts: from then on Ctrl-C is meant for it.
        interrupt::watch();
        interrupt::paging(true);
        let Ok(mut child) = command(&pager).stdin(Stdio::piped()).spawn() else {
            interrupt::paging(false);
            return Self::plain();
        };
        let input = child.stdin.take().map(BufWriter::new);
        Self::Pager { input, child }
    }

    /// What was written to a page that is kept.
    pub(crate) fn into_text(mut self) -> String {
        let Self::Memory(bytes) = &mut self else { return String::new() };
        String::from_utf8_lossy(&std::mem::take(bytes)).into_owned()
    }

    fn sink(&mut self) -> &mut dyn Write {
        match self {
            Self::Stdout(stdout) => stdout,
            Self::Memory(bytes) => bytes,
            Self::Pager { input, .. } => {
                input.as_mut().expect("BUG: a page is written after its end")
            }
        }
    }

    /// Writes out what is left and waits until a pager has been left.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.flush()
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sink().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink().flush()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if let Self::Pager { input, child } = self {
            drop(input.take());
            // A pager that cannot be waited for has ended.
            drop(child.wait());
            interrupt::paging(false);
        }
    }
}

/// The pager's command: run directly where that can be done, so that one that is not there is
/// noticed.
fn command(pager: &str) -> Command {
    if pager.contains(SHELL_CHARS) {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(pager);
        return shell;
    }
    let mut words = pager.split_whitespace();
    let mut program = Command::new(words.next().unwrap_or_default());
    program.args(words);
    program
}
