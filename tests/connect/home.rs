//! An empty home, a project in it with a database, and the program.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Every client, with the files of a user's configuration on this system, as they lie in the home.
pub(crate) const CLIENTS: [(&str, &[&str]); 8] = [
    ("claude-code", &[".claude.json", ".claude/settings.json"]),
    ("claude-desktop", &["data/Claude/claude_desktop_config.json"]),
    ("codex", &[".codex/config.toml", ".codex/hooks.json"]),
    ("cursor", &[".cursor/mcp.json"]),
    ("gemini-cli", &[".gemini/settings.json"]),
    ("vscode", &["data/Code/User/mcp.json"]),
    ("windsurf", &[".codeium/windsurf/mcp_config.json"]),
    ("zed", &["config/zed/settings.json"]),
];

/// The same of a project's configuration.
pub(crate) const PROJECTS: [(&str, &[&str]); 6] = [
    ("claude-code", &[".mcp.json", ".claude/settings.local.json"]),
    ("codex", &[".codex/config.toml", ".codex/hooks.json"]),
    ("cursor", &[".cursor/mcp.json"]),
    ("gemini-cli", &[".gemini/settings.json"]),
    ("vscode", &[".vscode/mcp.json"]),
    ("zed", &[".zed/settings.json"]),
];

pub(crate) struct Home {
    directory: tempfile::TempDir,
}

impl Home {
    /// An empty home, without a database.
    pub(crate) fn empty() -> Self {
        let home = Self { directory: tempfile::tempdir().unwrap() };
        fs::create_dir(home.path("project")).unwrap();
        home
    }

    /// A home with a database in its project.
    pub(crate) fn new() -> Self {
        let home = Self::empty();
        home.done("init", "");
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        // Where a system keeps the data of users, which the program derives itself.
        let data =
            if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
        let name = name.replacen("data/", &format!("{data}/"), 1);
        let name = if name.starts_with("config/") { format!(".{name}") } else { name };
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// The bytes of a file; `None` if there is none.
    pub(crate) fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.path(name)).ok()
    }

    pub(crate) fn value(&self, name: &str) -> Value {
        serde_json::from_slice(&self.bytes(name).unwrap()).unwrap()
    }

    /// The program, in the project's folder.
    pub(crate) fn command(&self, line: &str) -> Command {
        self.started(Path::new(env!("CARGO_BIN_EXE_undream")), line)
    }

    pub(crate) fn started(&self, program: &Path, line: &str) -> Command {
        let mut command = Command::new(program);
        command.args(line.split_whitespace()).current_dir(self.path("project"));
        self.surround(&mut command);
        command
    }

    /// Gives a command this home, and nothing else of the environment.
    pub(crate) fn surround(&self, command: &mut Command) {
        command.env_clear().env("HOME", self.directory.path()).env("UNDREAM_AUTHOR", "ana");
        command.env("PATH", "/usr/bin:/bin").env("TZ", "UTC");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    }

    pub(crate) fn output(&self, line: &str, input: &str) -> Output {
        output(self.command(line), input)
    }

    /// What the program printed, which is to succeed.
    pub(crate) fn done(&self, line: &str, input: &str) -> String {
        let output = self.output(line, input);
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.done(&format!("{line} --json"), "")).unwrap()
    }

    /// The state of a client, as the list has it.
    pub(crate) fn state(&self, client: &str) -> String {
        let list = self.json("connect");
        let clients = list["clients"].as_array().unwrap();
        let standing = clients.iter().find(|standing| standing["client"] == client).unwrap();
        standing["state"].as_str().unwrap().to_owned()
    }

    /// Every file under the home but those of the database, with its bytes.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        collect(self.directory.path(), &mut found);
        found.sort();
        found
    }
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with(".undream") {
            collect(&path, found);
        } else if let Ok(bytes) = fs::read(&path) {
            found.push((path, bytes));
        }
    }
}

/// Runs a command to its end.
pub(crate) fn output(mut command: Command, input: &str) -> Output {
    let mut child = command.spawn().unwrap();
    // A program that does not read its input may have closed it.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    child.wait_with_output().unwrap()
}
