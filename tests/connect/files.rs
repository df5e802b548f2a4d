//! Files of configurations: added, added again, taken out.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::home::{CLIENTS, Home, PROJECTS};

/// Configurations in JSON as people and programs leave them.
const JSON: [&str; 8] = [
    "{}",
    "{\n}\n",
    "{\n\t\"theme\": \"dark\",\n\t\"mcpServers\": {},\n\t\"hooks\": {\"SessionEnd\": []}\n}\n",
    "{\"a\":0.10000000000000000000001,\"mcpServers\":{\"other\":{\"command\":\"x\"}}}",
    "{\r\n    \"z\": [1,\r\n 2],\r\n    \"a\": null\r\n}\r\n",
    "\u{feff}{ \"text\": \"\\u00e9 \u{1f600}\" }",
    "// mine\n{\n  /* kept */ \"x\": { \"y\": 1, }, // too\n  \"context_servers\": { \"o\": {} },\n}\n",
    "{\"hooks\":{\"SessionStart\":[{\"matcher\":\"startup\",\"hooks\":[{\"type\":\"command\",\"command\":\"echo hi\"}]}],\"Stop\":[]}}",
];

/// Configurations in TOML.
const TOML: [&str; 6] = [
    "",
    "# only a comment\n",
    "model = \"o\" # mine\n\n[mcp_servers.other]\ncommand = \"x\"\n\n[tui]\ntheme = \"dark\"\n# end\n",
    "[mcp_servers]\n",
    "mcp_servers = { other = { command = \"x\" } }\n",
    "a.b = 1\r\nmcp_servers.other.command = 'x'\r\n",
];

/// The contents to try for a file of this name.
fn contents(name: &str) -> &'static [&'static str] {
    if Path::new(name).extension().is_some_and(|ending| ending == "toml") { &TOML } else { &JSON }
}

#[test]
fn what_is_added_to_nothing_goes_without_a_trace() {
    for (scope, clients) in [("", &CLIENTS[..]), ("--project", &PROJECTS[..])] {
        for (client, names) in clients {
            let home = Home::new();
            let prefix = if scope.is_empty() { "" } else { "project/" };
            let before = home.files();
            home.done(&format!("connect {client} {scope} --dry-run"), "");
            assert_eq!(home.files(), before, "{client} {scope}");
            home.done(&format!("connect {client} {scope} --yes"), "");
            for name in *names {
                assert!(home.bytes(&format!("{prefix}{name}")).is_some(), "{client} {name}");
            }
            assert_eq!(home.state(client), "connected");
            let connected = home.files();
            assert_eq!(connected.len(), before.len() + names.len(), "{client} {scope}");
            let again = home.json(&format!("connect {client} {scope} --yes"));
            assert_eq!(again["connect"]["written"], false);
            assert_eq!(home.files(), connected, "{client} {scope}");
            home.done(&format!("connect {client} {scope} --remove --yes"), "");
            assert_eq!(home.files(), before, "{client} {scope}");
        }
    }
}

#[test]
fn what_is_added_to_a_file_goes_and_leaves_its_bytes() {
    for (client, names) in CLIENTS {
        let home = Home::new();
        for round in 0..JSON.len() {
            let mut olds = Vec::new();
            for name in names {
                let options = contents(name);
                let old = options[round % options.len()];
                home.write(name, old);
                olds.push(old);
            }
            let before = home.files();
            home.done(&format!("connect {client} --yes"), "");
            assert_eq!(home.state(client), "connected", "{olds:?}");
            let connected = home.files();
            assert_eq!(connected.len(), before.len() + names.len(), "a copy of each is kept");
            for (name, old) in names.iter().zip(&olds) {
                assert_eq!(home.bytes(&format!("{name}.before-undream")).unwrap(), old.as_bytes());
            }
            home.done(&format!("connect {client} --yes"), "");
            assert_eq!(home.files(), connected, "{client} {olds:?}");
            home.done(&format!("connect {client} --remove --yes"), "");
            assert_eq!(home.files(), before, "{client} {olds:?}");
        }
    }
}

#[test]
fn what_the_client_wrote_meanwhile_stays() {
    let home = Home::new();
    home.write(".cursor/mcp.json", "{\"mcpServers\": {}}");
    home.done("connect cursor --yes", "");
    let mut value = home.value(".cursor/mcp.json");
    value["mcpServers"]["later"] = json!({"command": "y"});
    value["mcpServers"]["undream"]["disabled"] = json!(true);
    value["mcpServers"]["undream"]["args"].as_array_mut().unwrap().push(json!("--read-only"));
    home.write(".cursor/mcp.json", value.to_string());
    home.done("connect cursor --yes", "");
    assert_eq!(home.value(".cursor/mcp.json"), value, "fields of others in ours stay too");
    home.done("connect cursor --remove --yes", "");
    let left = json!({"mcpServers": {"later": {"command": "y"}}});
    assert_eq!(home.value(".cursor/mcp.json"), left);

    home.write(".codex/config.toml", "# top\nmodel = \"o\"\n");
    home.done("connect codex --yes", "");
    let text = String::from_utf8(home.bytes(".codex/config.toml").unwrap()).unwrap();
    home.write(".codex/config.toml", format!("{text}\n[later]\nx = 1 # kept\n"));
    home.done("connect codex --remove --yes", "");
    let left = String::from_utf8(home.bytes(".codex/config.toml").unwrap()).unwrap();
    assert_eq!(left, "# top\nmodel = \"o\"\n\n[later]\nx = 1 # kept\n");
}

#[test]
fn hooks_of_others_stay_beside_ours() {
    let home = Home::new();
    let theirs = json!({"type": "command", "command": "echo bye", "timeout": 5});
    home.write(
        ".claude/settings.json",
        json!({"hooks": {"SessionEnd": [{"hooks": [theirs]}]}}).to_string(),
    );
    home.done("connect claude-code --yes", "");
    let mut value = home.value(".claude/settings.json");
    assert_eq!(value["hooks"]["SessionEnd"][0]["hooks"][0], theirs);
    // A person put our hook into their group.
    let own = value["hooks"]["SessionEnd"].as_array_mut().unwrap().remove(1)["hooks"][0].clone();
    value["hooks"]["SessionEnd"][0]["hooks"].as_array_mut().unwrap().push(own);
    home.write(".claude/settings.json", value.to_string());
    assert_eq!(home.state("claude-code"), "connected");
    home.done("connect claude-code --remove --yes", "");
    let left = json!({"hooks": {"SessionEnd": [{"hooks": [theirs]}]}});
    assert_eq!(home.value(".claude/settings.json"), left);
}

#[test]
fn another_database_or_program_takes_the_place_of_the_old_one() {
    let home = Home::new();
    home.done("init other", "");
    home.write(".claude.json", "{\"numStartups\": 3}");
    home.done("connect claude-code --yes", "");
    home.done("connect claude-code --yes --db other --store default", "");
    let args = &home.value(".claude.json")["mcpServers"]["undream"]["args"];
    let db = home.path("project/other").canonicalize().unwrap();
    assert_eq!(args[2], db.to_str().unwrap());
    assert_eq!(args.as_array().unwrap().iter().filter(|word| *word == "default").count(), 1);
    let hooks = home.value(".claude/settings.json");
    assert_eq!(hooks["hooks"]["SessionEnd"].as_array().unwrap().len(), 1);
    assert_eq!(home.bytes(".claude.json.before-undream").unwrap(), b"{\"numStartups\": 3}");
    home.done("connect claude-code --remove --yes", "");
    assert_eq!(home.bytes(".claude.json").unwrap(), b"{\"numStartups\": 3}");
}

#[test]
fn the_program_is_named_as_the_path_has_it() {
    let home = Home::new();
    let bin = home.path("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_undream"), bin.join("undream")).unwrap();
    let mut command = home.command("connect cursor --yes");
    command.env("PATH", &bin);
    assert!(crate::home::output(command, "").status.success());
    let program = &home.value(".cursor/mcp.json")["mcpServers"]["undream"]["command"];
    assert_eq!(program, bin.join("undream").to_str().unwrap());
}

#[test]
fn environment_variables_of_clients_are_heeded() {
    let home = Home::new();
    let mut command = home.command("connect claude-code --yes");
    command.env("CLAUDE_CONFIG_DIR", home.path("elsewhere"));
    assert!(crate::home::output(command, "").status.success());
    assert!(home.bytes("elsewhere/.claude.json").is_some());
    assert!(home.bytes("elsewhere/settings.json").is_some());
    let mut command = home.command("connect codex --yes");
    command.env("CODEX_HOME", home.path("cx"));
    assert!(crate::home::output(command, "").status.success());
    assert!(home.bytes("cx/config.toml").is_some());
    assert!(home.bytes(".claude.json").is_none() && home.bytes(".codex/config.toml").is_none());
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_permissions_stay_as_they_are() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let home = Home::new();
    home.write("dotfiles/mcp.json", "{}");
    let target = home.path("dotfiles/mcp.json");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    fs::create_dir(home.path(".cursor")).unwrap();
    symlink(&target, home.path(".cursor/mcp.json")).unwrap();
    home.done("connect cursor --yes", "");
    assert!(home.path(".cursor/mcp.json").is_symlink());
    assert_eq!(home.value("dotfiles/mcp.json")["mcpServers"]["undream"]["args"][0], "mcp");
    for path in [target, home.path(".cursor/mcp.json.before-undream")] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }
    home.done("connect cursor --remove --yes", "");
    assert!(home.path(".cursor/mcp.json").is_symlink());
    assert_eq!(home.bytes("dotfiles/mcp.json").unwrap(), b"{}");
}

#[test]
fn what_others_keep_there_is_not_shown() {
    let home = Home::new();
    let config: Value =
        json!({"token": "sk-secret", "mcpServers": {"o": {"env": {"K": "sk-secret"}}}});
    for text in [config.to_string(), serde_json::to_string_pretty(&config).unwrap()] {
        home.write(".claude.json", text);
        home.write(".codex/config.toml", "key = \"sk-secret\"\ntext = \"\"\"\nsk-secret\n\"\"\"\n");
        for client in ["claude-code", "codex"] {
            for line in ["", "--json", "--yes", "--remove", "--remove --json", "--remove --yes"] {
                let shown = home.done(&format!("connect {client} {line}"), "");
                assert!(!shown.contains("sk-secret"), "{line}: {shown}");
                assert!(shown.contains("undream") && shown.contains("mcp"), "{line}: {shown}");
            }
        }
    }
}

#[test]
fn a_client_that_was_connected_to_two_databases_is_connected_to_none_after_removal() {
    let home = Home::new();
    home.done("init other", "");
    home.done("connect cursor --yes", "");
    home.done("--db other connect cursor --yes", "");
    home.done("connect cursor --remove --yes", "");
    let left = home.bytes(".cursor/mcp.json").unwrap_or_default();
    assert!(!String::from_utf8(left).unwrap().contains("undream"));
    assert_ne!(home.state("cursor"), "connected");
}

#[test]
fn a_value_that_looks_like_a_name_is_not_shown() {
    let home = Home::new();
    let secret = "c2VjcmV0dG9rZW4=";
    home.write(".codex/config.toml", format!("args = [\n  \"--key\",\n  \"{secret}\"]\n"));
    let shown = home.done("connect codex", "");
    assert!(!shown.contains("c2VjcmV0"), "{shown}");
}

#[test]
fn the_copy_of_an_earlier_file_is_put_aside_and_none_is_lost() {
    let home = Home::new();
    let (file, copy) = (".cursor/mcp.json", ".cursor/mcp.json.before-undream");
    for (round, aside) in [".old", ".old.old"].into_iter().enumerate() {
        let old = format!("{{\"round\": {round}}}");
        home.write(file, &old);
        home.done("connect cursor --yes", "");
        assert_eq!(home.bytes(copy).unwrap(), old.as_bytes());
        // The client forgets its configuration, and begins anew without it.
        fs::remove_file(home.path(file)).unwrap();
        home.done("connect cursor --yes", "");
        assert!(home.bytes(copy).is_none(), "it is not of the file that was made");
        assert_eq!(home.bytes(&format!("{copy}{aside}")).unwrap(), old.as_bytes());
        home.done("connect cursor --remove --yes", "");
        assert!(home.bytes(file).is_none(), "what was made of nothing goes");
    }
    assert_eq!(home.bytes(&format!("{copy}.old")).unwrap(), b"{\"round\": 0}");
}

#[test]
fn a_copy_that_is_connected_itself_is_not_given_back() {
    for (client, names) in CLIENTS {
        let home = Home::new();
        for name in names {
            home.write(name, contents(name)[2]);
        }
        home.done(&format!("connect {client} --yes"), "");
        for name in names {
            let connected = home.bytes(name).unwrap();
            assert!(String::from_utf8_lossy(&connected).contains("undream"), "{client} {name}");
            home.write(&format!("{name}.before-undream"), connected);
        }
        let before = home.files();
        home.done(&format!("connect {client} --yes"), "");
        assert_eq!(home.files(), before, "{client} is connected already");
        home.done(&format!("connect {client} --remove --yes"), "");
        for name in names {
            let left = home.bytes(name).unwrap_or_default();
            let left = String::from_utf8(left).unwrap();
            assert!(!left.contains("undream"), "{client} {name}: {left}");
            let copy = home.bytes(&format!("{name}.before-undream")).unwrap();
            assert!(String::from_utf8(copy).unwrap().contains("undream"), "{client} {name}");
        }
        assert_ne!(home.state(client), "connected", "{client}");
    }
}
