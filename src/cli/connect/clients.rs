//! The clients that are known, as their own documentation describes their configuration.

use super::places::{Base, Places};

/// A program that agents run in.
#[derive(Debug)]
pub(crate) struct Client {
    /// What it is called on the command line.
    pub(crate) name: &'static str,
    /// What it calls itself.
    pub(crate) title: &'static str,
    /// What a user's own configuration consists of.
    pub(super) user: &'static [Part],
    /// What a project's consists of; empty if the client knows none.
    pub(super) project: &'static [Part],
    /// The directories and files by which it is known to be there.
    marks: &'static [(Base, &'static str)],
    /// The programs by which it is known to be there.
    programs: &'static [&'static str],
    /// What else a person should know or do.
    pub(super) note: &'static str,
}

/// One file, and what belongs into it.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) base: Base,
    pub(super) path: &'static str,
    pub(super) form: Form,
    /// Under which name the file lists MCP servers, if it does.
    pub(super) servers: Option<&'static str>,
    /// Whether a server says that it is one of standard input and output.
    pub(super) typed: bool,
    pub(super) hooks: &'static [Hook],
}

/// How a file is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    Json,
    Toml,
}

/// When the client calls, and what.
#[derive(Debug)]
pub(super) struct Hook {
    pub(super) event: &'static str,
    pub(super) verb: &'static str,
    /// How long the client waits, in its own unit.
    pub(super) timeout: u32,
}

const fn servers(base: Base, path: &'static str, servers: &'static str) -> Part {
    Part { base, path, form: Form::Json, servers: Some(servers), typed: false, hooks: &[] }
}

const fn typed(base: Base, path: &'static str, servers: &'static str) -> Part {
    Part { base, path, form: Form::Json, servers: Some(servers), typed: true, hooks: &[] }
}

const fn toml(base: Base, path: &'static str, servers: &'static str) -> Part {
    Part { base, path, form: Form::Toml, servers: Some(servers), typed: false, hooks: &[] }
}

/// Gemini CLI has servers and hooks in one file.
const fn gemini(base: Base) -> Part {
    let part = servers(base, ".gemini/settings.json", "mcpServers");
    Part { hooks: GEMINI_HOOKS, ..part }
}

const fn hooks(base: Base, path: &'static str, hooks: &'static [Hook]) -> Part {
    Part { base, path, form: Form::Json, servers: None, typed: false, hooks }
}

/// Seconds. At its end Claude Code gives hooks a second and a half unless one asks for more.
const CLAUDE_CODE_HOOKS: &[Hook] = &[
    Hook { event: "SessionStart", verb: "session-start", timeout: 10 },
    Hook { event: "PreCompact", verb: "pre-compact", timeout: 60 },
    Hook { event: "SessionEnd", verb: "session-end", timeout: 60 },
];
/// Seconds.
const CODEX_HOOKS: &[Hook] = &[Hook { event: "SessionStart", verb: "session-start", timeout: 10 }];
/// Milliseconds.
const GEMINI_HOOKS: &[Hook] =
    &[Hook { event: "SessionStart", verb: "session-start", timeout: 10_000 }];

/// Every client, in the order in which they are listed.
pub(crate) const CLIENTS: [Client; 8] = [
    Client {
        name: "claude-code",
        title: "Claude Code",
        user: &[
            typed(Base::ClaudeState, ".claude.json", "mcpServers"),
            hooks(Base::ClaudeSettings, "settings.json", CLAUDE_CODE_HOOKS),
        ],
        project: &[
            typed(Base::Project, ".mcp.json", "mcpServers"),
            hooks(Base::Project, ".claude/settings.local.json", CLAUDE_CODE_HOOKS),
        ],
        marks: &[(Base::ClaudeState, ".claude.json"), (Base::ClaudeSettings, "")],
        programs: &["claude"],
        note: "Sessions that run already see it when they are started again.",
    },
    Client {
        name: "claude-desktop",
        title: "Claude Desktop",
        user: &[servers(Base::Data, "Claude/claude_desktop_config.json", "mcpServers")],
        project: &[],
        marks: &[(Base::Data, "Claude")],
        programs: &[],
        note: "Restart Claude Desktop to see it.",
    },
    Client {
        name: "codex",
        title: "Codex",
        user: &[
            toml(Base::Codex, "config.toml", "mcp_servers"),
            hooks(Base::Codex, "hooks.json", CODEX_HOOKS),
        ],
        project: &[
            toml(Base::Project, ".codex/config.toml", "mcp_servers"),
            hooks(Base::Project, ".codex/hooks.json", CODEX_HOOKS),
        ],
        marks: &[(Base::Codex, "")],
        programs: &["codex"],
        note: "Codex asks once whether it may trust the hook: /hooks shows it.",
    },
    Client {
        name: "cursor",
        title: "Cursor",
        user: &[servers(Base::Home, ".cursor/mcp.json", "mcpServers")],
        project: &[servers(Base::Project, ".cursor/mcp.json", "mcpServers")],
        marks: &[(Base::Home, ".cursor")],
        programs: &["cursor", "cursor-agent"],
        note: "Restart Cursor to see it.",
    },
    Client {
        name: "gemini-cli",
        title: "Gemini CLI",
        user: &[gemini(Base::Home)],
        project: &[gemini(Base::Project)],
        marks: &[(Base::Home, ".gemini")],
        programs: &["gemini"],
        note: "Restart Gemini CLI to see it.",
    },
    Client {
        name: "vscode",
        title: "VS Code",
        user: &[typed(Base::Data, "Code/User/mcp.json", "servers")],
        project: &[typed(Base::Project, ".vscode/mcp.json", "servers")],
        marks: &[(Base::Data, "Code")],
        programs: &["code"],
        note: "VS Code asks once whether it may start the server.",
    },
    Client {
        name: "windsurf",
        title: "Windsurf",
        user: &[servers(Base::Home, ".codeium/windsurf/mcp_config.json", "mcpServers")],
        project: &[],
        marks: &[(Base::Home, ".codeium/windsurf")],
        programs: &["windsurf"],
        note: "Refresh the MCP servers in Windsurf to see it.",
    },
    Client {
        name: "zed",
        title: "Zed",
        user: &[servers(Base::Config, "zed/settings.json", "context_servers")],
        project: &[servers(Base::Project, ".zed/settings.json", "context_servers")],
        marks: &[(Base::Config, "zed")],
        programs: &["zed", "zeditor"],
        note: "Zed sees it at once.",
    },
];

impl Client {
    /// The client of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        CLIENTS.iter().find(|client| client.name == name)
    }

    /// Whether there are signs of it on this machine.
    pub(crate) fn is_found(&self, places: &Places) -> bool {
        self.marks.iter().any(|(base, path)| places.at(*base, path).exists())
            || self.programs.iter().any(|name| places.program(name).is_some())
    }
}
