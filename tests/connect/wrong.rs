//! What cannot be changed safely is left alone, and said.

use std::fs;

use crate::home::Home;

/// Runs a command that is to fail, and gives its exit code and what it said. Nothing has changed.
fn refused(home: &Home, line: &str) -> (i32, String) {
    let before = home.files();
    let output = home.output(line, "");
    assert_eq!(home.files(), before, "{line}");
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_configuration_that_is_not_understood_is_left_alone() {
    let deep = "[".repeat(100_000);
    let cases: [(&[u8], &str); 10] = [
        (b"{\"a\": ", "safely"),
        (b"{\"a\": 1,, }", "safely"),
        (b"[1, 2]", "no JSON object"),
        (b"{'a': 1}", "safely"),
        (b"{\"mcpServers\": []}", "`mcpServers` is no object"),
        (b"{\"mcpServers\": {\"undream\": {\"command\": \"other\"}}}", "something else"),
        (b"{\"mcpServers\": {\"undream\": 7}}", "`undream` is no object"),
        (b"{\"mcpServers\": {}, \"mcpServers\": {}}", "there twice"),
        (b"{\"a\": \"\xFF\"}", "UTF-8"),
        (deep.as_bytes(), "deeper"),
    ];
    for (bytes, why) in cases {
        for remove in ["", "--remove"] {
            let home = Home::new();
            home.write(".cursor/mcp.json", bytes);
            let (code, said) = refused(&home, &format!("connect cursor --yes {remove}"));
            assert_eq!(code, 2, "{said}");
            assert!(said.contains(why) && said.contains("mcp.json"), "{why}: {said}");
            assert_eq!(home.state("cursor"), "unclear");
        }
    }
}

#[test]
fn hooks_that_are_not_understood_are_left_alone() {
    for hooks in ["[]", "{\"SessionEnd\": {}}", "{\"SessionEnd\": [], \"SessionEnd\": []}", "7"] {
        let home = Home::new();
        home.write(".claude.json", "{}");
        home.write(".claude/settings.json", format!("{{\"hooks\": {hooks}}}"));
        let (code, said) = refused(&home, "connect claude-code --yes");
        assert_eq!(code, 2, "{hooks}: {said}");
    }
}

#[test]
fn toml_that_is_not_understood_is_left_alone() {
    for text in
        ["a = ", "mcp_servers = 7", "[mcp_servers.undream]\ncommand = \"x\"\n", "a = 1\na = 2\n"]
    {
        let home = Home::new();
        home.write(".codex/config.toml", text);
        let (code, said) = refused(&home, "connect codex --yes");
        assert_eq!(code, 2, "{text}: {said}");
        assert!(
            home.bytes(".codex/hooks.json").is_none(),
            "no part is written before all are read"
        );
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_left_alone() {
    let home = Home::new();
    fs::create_dir_all(home.path(".cursor/mcp.json")).unwrap();
    assert_eq!(refused(&home, "connect cursor --yes").0, 2);
    fs::create_dir_all(home.path(".codeium/windsurf")).unwrap();
    let link = home.path(".codeium/windsurf/mcp_config.json");
    std::os::unix::fs::symlink(home.path("nowhere"), &link).unwrap();
    let (code, said) = refused(&home, "connect windsurf --yes");
    assert!(code == 2 && said.contains("link"), "{said}");
    assert!(link.is_symlink());
}

#[test]
fn wrong_words_are_answered() {
    let home = Home::new();
    for (line, code, why) in [
        ("connect nobody", 1, "claude-code"),
        ("connect --yes", 2, "CLIENT"),
        ("connect cursor --yes --dry-run", 2, "cannot be used with"),
        ("connect windsurf --project --yes", 2, "no configuration of projects"),
        ("connect cursor --yes --db nowhere", 1, "undream init"),
        ("connect cursor --yes --store nowhere", 1, "store"),
    ] {
        let (found, said) = refused(&home, line);
        assert_eq!(found, code, "{line}: {said}");
        assert!(said.contains(why), "{line}: {said}");
    }
    let mut homeless = home.command("connect");
    homeless.env_remove("HOME");
    let said = crate::home::output(homeless, "");
    assert!(String::from_utf8(said.stderr).unwrap().contains("HOME"));
}

#[test]
fn taking_out_what_is_not_there_changes_nothing_and_needs_no_database() {
    let home = Home::empty();
    home.write(".cursor/mcp.json", "{\"mcpServers\": {\"o\": {}}}");
    let before = home.files();
    home.done("connect cursor --remove --yes", "");
    home.done("connect codex --remove --yes", "");
    assert_eq!(home.files(), before);
    assert_eq!(home.output("connect cursor --yes", "").status.code(), Some(1));
}
