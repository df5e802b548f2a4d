//! `memory-tool`: runs the commands that a model sends to its memory tool.

use std::io::{BufRead, IsTerminal, Read, Write, stdin, stdout};

use clap::Args;
use undream::limits::MEMORY_COMMAND_BYTES_MAX;
use undream::{MemoryCommand, MemoryReply, MemoryTool};

use super::call::{Access, Call};
use super::exit::{Failure, Outcome};

/// Who writes unless somebody is named.
const AUTHOR: &str = "memory-tool";

#[derive(Args, Debug)]
pub(crate) struct Tool {
    /// Read a command from each line and answer each with a line, until the input ends
    #[arg(long)]
    lines: bool,
    /// Remove all files in one commit, instead of running commands
    #[arg(long, conflicts_with_all = ["lines", "read_only"])]
    clear: bool,
    /// Refuse commands that change something
    #[arg(long)]
    read_only: bool,
    /// Have only what stands under this key as files: /memories/a is then KEY/a
    #[arg(long, value_name = "KEY")]
    prefix: Option<String>,
    /// The branch whose memories are the files
    #[arg(long, value_name = "BRANCH", default_value = "main")]
    branch: String,
    /// The agent session that sends the commands; commits and the recall log will name it
    #[arg(long, value_name = "ID")]
    session: Option<String>,
}

impl Tool {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        if stdin().is_terminal() && !self.clear {
            let hint = "echo '{\"command\":\"view\",\"path\":\"/memories\"}' | undream memory-tool";
            return Err(Failure::usage("the command is missing on standard input").hint(hint));
        }
        let store = call.store(if self.read_only { Access::Read } else { Access::Write })?;
        if self.branch == "meta" {
            let message = "`meta` is the engine's own account and holds no files";
            return Err(Failure::usage(message).hint("undream branch list"));
        }
        let branch = call.branch(&store, &self.branch)?;
        let tool = MemoryTool::on(&branch, call.agent_author(AUTHOR)?)
            .prefix(self.prefix.as_deref().unwrap_or_default())?;
        let tool = tool.read_only(self.read_only);
        let tool = match &self.session {
            Some(session) => tool.session(session)?,
            None => tool,
        };
        if self.clear {
            tool.clear()?;
            let content = "All memories are deleted.".to_owned();
            return say(&MemoryReply { content, is_error: false });
        }
        if self.lines { answer_lines(&tool) } else { answer_one(&tool) }
    }
}

/// Runs the one command that the input is. What it is answered decides the exit code.
fn answer_one(tool: &MemoryTool) -> Outcome {
    let mut json = Vec::new();
    stdin().lock().take(MEMORY_COMMAND_BYTES_MAX as u64 + 1).read_to_end(&mut json)?;
    let result = MemoryCommand::from_json(&json).and_then(|command| tool.run(&command));
    say(&MemoryReply::from(&result))?;
    result?;
    Ok(())
}

/// Runs the command in each line, and answers each with a line at once. An empty line is none.
fn answer_lines(tool: &MemoryTool) -> Outcome {
    let mut input = stdin().lock();
    let mut line = Vec::new();
    while read_line(&mut input, &mut line)? {
        if !line.trim_ascii().is_empty() {
            say(&tool.reply(&line))?;
        }
    }
    Ok(())
}

/// Reads a line, of one that is too long its beginning; `false` at the end of the input.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> Outcome<bool> {
    line.clear();
    let room = MEMORY_COMMAND_BYTES_MAX as u64 + 1;
    if input.by_ref().take(room).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() as u64 == room {
        input.skip_until(b'\n')?;
    }
    Ok(true)
}

fn say(reply: &MemoryReply) -> Outcome {
    let mut out = stdout().lock();
    writeln!(out, "{}", reply.to_json())?;
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_passed_over_to_its_end() {
        let long = [vec![b'x'; MEMORY_COMMAND_BYTES_MAX + 9], b"\nnext\nlast".to_vec()].concat();
        let (mut input, mut line) = (long.as_slice(), Vec::new());
        assert!(read_line(&mut input, &mut line).unwrap());
        assert_eq!(line.len(), MEMORY_COMMAND_BYTES_MAX + 1);
        assert!(read_line(&mut input, &mut line).unwrap());
        assert_eq!(line, b"next");
        assert!(read_line(&mut input, &mut line).unwrap());
        assert_eq!(line, b"last");
        assert!(!read_line(&mut input, &mut line).unwrap());
    }
}
