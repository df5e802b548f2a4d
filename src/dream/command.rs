//! A curator that is a program: JSON Lines on its input and output.
//!
//! The protocol is documented in `docs/dreaming.md`.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use crate::dream::curator::{Citation, Curator, CuratorInput, SuggestedChange, Suggestion};
use crate::dream::program::Program;
use crate::dream::protocol::{Said, session_line};
use crate::error::{Error, ErrorKind, Result};
use crate::limits;
use crate::object::{ProposalKind, Trust};

/// The version of the protocol.
const PROTOCOL: u32 = 1;
/// The longest line that a program may write.
const LINE_BYTES_MAX: usize = 4 << 20;
/// The most proposals that a program may make.
const PROPOSALS_MAX: usize = 10_000;
/// How much of what a program writes to its standard error is kept.
const STDERR_BYTES_MAX: u64 = 16 << 10;
/// How much a program may write unless told otherwise.
const OUTPUT_BYTES_MAX: u64 = 64 << 20;
/// How long a program may take unless told otherwise.
const TIME_MAX: Duration = Duration::from_secs(600);

/// A curator that is a program. It reads a header, the memory and the sessions as JSON Lines on its
/// standard input and writes one proposal per line to its standard output. What it proposes is
/// trusted as an agent's word at most.
#[derive(Clone, Debug)]
pub struct CommandCurator {
    command: String,
    time_max: Duration,
    output_bytes_max: u64,
}

impl CommandCurator {
    /// The program `command`, run by the shell.
    pub fn new(command: impl Into<String>) -> Self {
        Self { command: command.into(), time_max: TIME_MAX, output_bytes_max: OUTPUT_BYTES_MAX }
    }

    /// How long the program may take in all before it is stopped and the dream fails; ten minutes
    /// unless told otherwise.
    #[must_use]
    pub fn time_max(mut self, time_max: Duration) -> Self {
        self.time_max = time_max;
        self
    }

    /// How many bytes the program may write to its standard output; 64 MiB unless told otherwise.
    #[must_use]
    pub fn output_bytes_max(mut self, bytes: u64) -> Self {
        self.output_bytes_max = bytes;
        self
    }

    fn too_slow(&self) -> Error {
        self.failed(format!("did not finish within {} s", self.time_max.as_secs_f64()))
    }

    fn failed(&self, why: impl std::fmt::Display) -> Error {
        Error::new(ErrorKind::Io, format!("the curator `{}` {why}", self.command))
    }
}

impl Curator for CommandCurator {
    fn name(&self) -> String {
        let name = format!("command:{}", self.command);
        name.chars().take(limits::NAME_BYTES_MAX / 4).filter(|c| !c.is_control()).collect()
    }

    fn version(&self) -> String {
        PROTOCOL.to_string()
    }

    fn trust_max(&self) -> Trust {
        Trust::Agent
    }

    fn propose(
        &self,
        input: &CuratorInput<'_>,
        suggest: &mut dyn FnMut(Suggestion) -> Result<()>,
    ) -> Result<()> {
        let child = Command::new("sh")
            .arg("-c")
            .arg(&self.command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| self.failed("cannot be started").with_source(error))?;
        let mut program = Program::new(child, input.orders, self.time_max);
        let outcome = self.converse(&mut program, input, suggest);
        if outcome.is_err() {
            program.stop();
        }
        outcome
    }
}

impl CommandCurator {
    fn converse(
        &self,
        program: &mut Program<'_>,
        input: &CuratorInput<'_>,
        suggest: &mut dyn FnMut(Suggestion) -> Result<()>,
    ) -> Result<()> {
        let child = program.child();
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(self.failed("has no input or output"));
        };
        let (said, lines) = mpsc::channel();
        let bytes_max = self.output_bytes_max;
        let reading = std::thread::spawn(move || read_lines(stdout, bytes_max, &said));
        let complaints = std::thread::spawn(move || {
            let mut text = Vec::new();
            let mut stderr = stderr;
            // What cannot be read is missing from the complaint and nothing else. All of it is read,
            // so that a talkative program is not stopped by a full pipe.
            drop(stderr.by_ref().take(STDERR_BYTES_MAX).read_to_end(&mut text));
            drop(std::io::copy(&mut stderr, &mut std::io::sink()));
            String::from_utf8_lossy(&text).trim().to_owned()
        });
        let (fed, feeding) = mpsc::sync_channel::<Vec<u8>>(4);
        let writing = std::thread::spawn(move || {
            for bytes in feeding {
                // A program that has read enough closes its input; that is its right.
                if stdin.write_all(&bytes).is_err() {
                    break;
                }
            }
        });
        self.feed(program, input, &fed)?;
        drop(fed);
        let status = self.listen(program, &lines, suggest)?;
        for thread in [reading, writing] {
            thread.join().map_err(|_| self.failed("could not be talked to"))?;
        }
        let complaint = complaints.join().unwrap_or_default();
        if status.success() {
            return Ok(());
        }
        let said = if complaint.is_empty() { String::new() } else { format!(": {complaint}") };
        Err(self.failed(format!("failed with {status}{said}")))
    }

    /// Takes proposals until the program ends.
    fn listen(
        &self,
        program: &mut Program<'_>,
        lines: &mpsc::Receiver<Result<String>>,
        suggest: &mut dyn FnMut(Suggestion) -> Result<()>,
    ) -> Result<ExitStatus> {
        let mut count = 0;
        let step = Duration::from_millis(50);
        while !program.is_late() {
            program.heed()?;
            match lines.recv_timeout(step) {
                Ok(line) => {
                    count += 1;
                    if count > PROPOSALS_MAX {
                        return Err(self.failed(format!("made over {PROPOSALS_MAX} proposals")));
                    }
                    suggest(self.suggestion(&line?)?)?;
                }
                Err(RecvTimeoutError::Disconnected) => match program.ended()? {
                    Some(status) => return Ok(status),
                    None => std::thread::sleep(step),
                },
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        Err(self.too_slow())
    }

    /// Writes the header, the memory and the sessions. A program that stops reading is no failure.
    fn feed(
        &self,
        program: &Program<'_>,
        input: &CuratorInput<'_>,
        out: &mpsc::SyncSender<Vec<u8>>,
    ) -> Result<()> {
        let out = (program, out);
        let header = serde_json::json!({
            "undream_curator": PROTOCOL,
            "instructions": input.instructions,
            "memories": input.memory.count("")?,
            "sessions": input.sessions.sessions().len(),
        });
        let mut open = self.send(out, &header)?;
        for entry in input.memory.entries("") {
            if !open {
                return Ok(());
            }
            let (key, record) = entry?;
            let Ok(entry) = record.to_entry() else { continue };
            open = self.send(
                out,
                &serde_json::json!({ "memory": {
                    "key": key.as_str(), "title": entry.title, "text": entry.text,
                    "kind": entry.kind.as_str(), "labels": entry.labels,
                    "trust": record.trust().name(),
                }}),
            )?;
        }
        for session in input.sessions.sessions() {
            // Everything is read through the reader, so that all of it can be cited.
            let events = input.sessions.events(session.id())?;
            if open {
                open = self.send(out, &session_line(session, &events))?;
            }
        }
        Ok(())
    }

    /// Whether the program took it; one that closed its input takes no more.
    fn send(
        &self,
        (program, out): (&Program<'_>, &mpsc::SyncSender<Vec<u8>>),
        value: &serde_json::Value,
    ) -> Result<bool> {
        let mut bytes = serde_json::to_vec(value)
            .map_err(|error| self.failed("cannot be told a line").with_source(error))?;
        bytes.push(b'\n');
        loop {
            program.heed()?;
            match out.try_send(bytes) {
                Ok(()) => return Ok(true),
                Err(mpsc::TrySendError::Disconnected(_)) => return Ok(false),
                Err(mpsc::TrySendError::Full(_)) if program.is_late() => {
                    return Err(self.too_slow());
                }
                Err(mpsc::TrySendError::Full(back)) => {
                    bytes = back;
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        }
    }

    fn suggestion(&self, line: &str) -> Result<Suggestion> {
        let nonsense = |error: serde_json::Error| {
            let start: String = line.chars().take(80).collect();
            self.failed(format!("wrote a line that is no proposal: `{start}`")).with_source(error)
        };
        let said: Said = serde_json::from_str(line).map_err(nonsense)?;
        // A rule that a change breaks concerns this proposal only.
        let malformed = |error: Error| SuggestedChange::Malformed(error.to_string());
        let changes = said.changes.into_iter().map(|said| said.read().unwrap_or_else(malformed));
        let cites = said.evidence.into_iter().map(|cite| Citation {
            session: cite.session,
            first: cite.events[0],
            last: cite.events[1],
            quote: cite.quote,
        });
        Ok(Suggestion {
            kind: ProposalKind::from_name(&said.kind).unwrap_or(ProposalKind::Other),
            title: said.title,
            changes: changes.collect(),
            rationale: said.rationale,
            confidence: (said.confidence.clamp(0.0, 1.0) * 1_000.0).round() as u16,
            cites: cites.collect(),
            inputs: Vec::new(),
        })
    }
}

/// Hands over the lines of `source` until it ends, one is no text of allowed length, or all of them
/// are longer than `bytes_max`.
fn read_lines(source: impl Read, bytes_max: u64, out: &mpsc::Sender<Result<String>>) {
    let mut source = BufReader::new(source);
    let mut total = 0;
    loop {
        let mut line = Vec::new();
        let read = source.by_ref().take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut line);
        let line = match read {
            Ok(0) => return,
            Ok(read) if total + read as u64 > bytes_max => {
                let message = format!("the curator wrote over {bytes_max} bytes");
                Err(Error::new(ErrorKind::Io, message))
            }
            Ok(_) if line.len() > LINE_BYTES_MAX => {
                let message = format!("the curator wrote a line over {LINE_BYTES_MAX} bytes");
                Err(Error::new(ErrorKind::Io, message))
            }
            Ok(_) => String::from_utf8(line).map_err(|error| {
                Error::new(ErrorKind::Io, "the curator wrote no UTF-8").with_source(error)
            }),
            Err(error) => Err(error.into()),
        };
        total += line.as_ref().map_or(0, |line| line.len() as u64);
        if line.as_ref().is_ok_and(|line| line.trim().is_empty()) {
            continue;
        }
        let failed = line.is_err();
        if out.send(line).is_err() || failed {
            return;
        }
    }
}
