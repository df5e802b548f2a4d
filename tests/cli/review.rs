//! Reviewing a dream: by its list, key by key, by an edited plan.

use std::fmt::Write as _;

use crate::desk::{Desk, assert_story};

/// A dream by a program, with additions, a change of what a person wrote, and a removal.
fn desk() -> Desk {
    let desk = Desk::after(&[
        "init",
        "put facts/city 'The office is in Lisbon.'",
        "put work/publish 'Publish with press publish.' --author agent:scribe",
        "put work/old 'Fax the proofs.' --author agent:scribe",
    ]);
    desk.import_sessions();
    std::fs::write(desk.path("curator.sh"), curator()).unwrap();
    assert_eq!(desk.code("dream --curator 'command:sh curator.sh'"), 0);
    desk
}

/// A program that reads all and proposes always the same.
fn curator() -> String {
    let propose = |title: &str, kind: &str, changes: &str, sessions: u32| {
        let cites: Vec<_> =
            (1..=sessions).map(|n| format!(r#"{{"session":"chat-{n}","events":[1,2]}}"#)).collect();
        format!(
            r#"{{"title":"{title}","kind":"{kind}","rationale":"Seen in {sessions} sessions.","confidence":0.8,"changes":[{changes}],"evidence":[{}]}}"#,
            cites.join(",")
        )
    };
    let put = |key: &str, text: &str| format!(r#"{{"put":{{"key":"{key}","text":"{text}"}}}}"#);
    let lines = [
        propose(
            "Drain first",
            "mistake",
            &put("mistakes/drain", "Pass --drain when the queue is locked."),
            6,
        ),
        propose(
            "Drain when publishing",
            "workflow",
            &put("work/publish", "Publish with press publish --drain."),
            5,
        ),
        propose("A rule", "preference", &put("rules/polite", "Say please."), 1),
        propose("Another city", "supersession", &put("facts/city", "The office is in Porto."), 2),
        propose("Nobody faxes", "stale", r#"{"remove":{"key":"work/old"}}"#, 3),
        propose("Say it shorter", "other", &put("mistakes/drain", "Pass --drain if locked."), 4),
    ];
    let mut script = "cat > /dev/null\ncat <<'END'\n".to_owned();
    for line in lines {
        writeln!(script, "{line}").unwrap();
    }
    script + "END\n"
}

#[test]
fn a_dream_s_proposals_are_listed_riskiest_first_and_shown_one_by_one() {
    let desk = desk();
    assert_story(
        "review_list",
        &desk.tell(&[
            "dream show 1",
            "dream show 1 4",
            "dream show 1 6",
            "put facts/since 'Written since.'",
            "diff dreams/1 --stat",
            "diff dreams/1 main --stat",
            "diff dreams/9",
        ]),
    );
}

#[test]
fn a_review_goes_key_by_key_is_left_and_resumed_and_ends_in_a_merge() {
    let desk = desk();
    assert_story(
        "review",
        &desk.tell(&[
            "review 1 < r nobody asked\ns\nq\n",
            "review 1 < ?\nx\nb\na well seen\ne Pass --drain.\nb\nb\na\nq\n",
            "dream show 1",
            "review 1 < r\ns\na\nm What the press taught us\n",
            "log",
            "ls",
            "review 1 < q\n",
            "review 9",
            "review 1 --json < q\n",
        ]),
    );
}

#[test]
fn a_review_without_a_number_is_of_the_only_dream_that_waits() {
    let desk = desk();
    assert!(desk.tell(&["review < q\n"]).contains("Dream 1: 0 approved, 0 rejected, 6 open"));
    assert_eq!(desk.code("dream approve 1 2"), 0);
    let other = curator().replace("mistakes/drain", "mistakes/other");
    std::fs::write(desk.path("curator.sh"), other).unwrap();
    assert_eq!(desk.code("dream --sessions all --curator 'command:sh curator.sh'"), 0);
    let waits = desk.tell(&["review < q\n"]);
    assert!(waits.contains("Error: 2 dreams wait: 1, 2.\n! Hint: undream review 2"), "{waits}");
    for line in ["dream merge 1", "dream reject 1 --all", "dream reject 2 --all"] {
        assert_eq!(desk.code(line), 0, "{line}");
    }
    let none = desk.tell(&["review < q\n"]);
    assert!(none.contains("Error: no dream waits for a review."), "{none}");
}

#[test]
fn a_dream_that_proposes_anew_says_so_in_both() {
    let desk = desk();
    let lines = ["dream approve 1 2", "dream merge 1", "dream approve 1 4", "put rules/polite x"];
    for line in lines {
        assert_eq!(desk.code(line), 0, "{line}");
    }
    std::fs::write(desk.path("curator.sh"), curator().replace("the queue", "a queue")).unwrap();
    assert_story(
        "anew",
        &desk.tell(&[
            "dream --sessions all --curator 'command:sh curator.sh'",
            "dream list",
            "dream show 1",
            "dream show 1 1",
            "dream show 2",
            "dream show 2 1",
            "dream approve 1 1",
            "dream reject 1 1",
            "dream approve 2 99",
            "dream approve 2 1 2 3",
            "dream merge 2 --resolve theirs",
            "dream merge 1",
            "dream show 1",
            "dream show 1 --json",
        ]),
    );
}

#[test]
fn the_list_of_proposals_fits_a_narrow_terminal_and_uses_a_wide_one() {
    let desk = desk();
    let long = curator().replace("work/publish\"", "work/print/and/bind/and/pack/and/send/out\"");
    std::fs::write(desk.path("curator.sh"), long).unwrap();
    assert_eq!(desk.code("dream --sessions all --curator 'command:sh curator.sh'"), 0);
    let shown = |columns: &str| {
        let output = desk.command("dream show 2").env("COLUMNS", columns).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        // The first line says how long ago it was.
        text.split_once('\n').unwrap().1.to_owned()
    };
    for columns in [80, 120] {
        let text = shown(&columns.to_string());
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= columns, "{widest} of {columns}:\n{text}");
    }
    let (narrow, wide) = (shown("80"), shown("120"));
    assert!(narrow.contains("send/out  ") && !narrow.contains("print/and/bind"), "{narrow}");
    assert!(wide.contains("work/print/and/bind/and/pack/and/send/out"), "{wide}");
    assert!(wide.contains("Pass --drain when the queue is locked."), "{wide}");
    assert_eq!(shown("7"), narrow, "there is an end to it");
}

/// What a terminal shows of a review at which these keys are pressed; nothing where there is no
/// `script`, the program that plays the terminal.
#[cfg(unix)]
fn pressed(desk: &Desk, keys: &[&str]) -> Option<String> {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    let like = desk.command("");
    let mut script = Command::new("script");
    let line = format!("{} review 1", env!("CARGO_BIN_EXE_undream"));
    script.args(["-qec", &line, "/dev/null"]).current_dir(desk.path("")).env_clear();
    script.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
    script.env("TERM", "xterm").env("EDITOR", "sed -i s/queue/printer/");
    let child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        eprintln!("SKIPPED: no `script` to play the terminal");
        return None;
    };
    let mut input = child.stdin.take().unwrap();
    for key in keys {
        // A person looks before a key is pressed.
        std::thread::sleep(std::time::Duration::from_millis(400));
        input.write_all(key.as_bytes()).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    drop(input);
    Some(String::from_utf8(output.stdout).unwrap())
}

#[cfg(unix)]
#[test]
fn on_a_terminal_one_key_decides_and_the_editor_amends() {
    let desk = desk();
    let keys = ["r", "nobody asked\r", "e", "\u{1b}[C", "s", "a", "m", "By hand\r"];
    let Some(shown) = pressed(&desk, &keys) else { return };
    assert!(shown.contains("why (Enter for no reason)"), "{shown}");
    assert!(shown.contains("5 of 6") && !shown.contains("does nothing here"), "{shown}");
    let proposals = desk.json("dream show 1 --json")["proposals"].clone();
    let decision = |number: usize| proposals[number - 1]["decision"].clone();
    assert_eq!(decision(3)["reason"], "nobody asked");
    assert_eq!(decision(1)["text"], "Pass --drain when the printer is locked.");
    assert_eq!(decision(4), serde_json::Value::Null);
    assert_eq!(decision(2)["merged"], true, "{proposals}");
    assert_eq!(desk.json("log --json")["commits"][0]["message"], "By hand");
}

#[test]
fn a_plan_is_edited_and_applied_as_a_whole() {
    let desk = desk();
    let plan = desk.tell(&["dream show 1 --plan"]);
    assert_eq!(desk.code("dream show 1 --plan plan.txt"), 0);
    assert_eq!(desk.code("dream decide 1 plan.txt"), 0);
    assert_eq!(
        desk.json("dream show 1 --json")["proposals"][0]["decision"],
        serde_json::Value::Null
    );
    let wrong = [
        "approve 1\nperhaps 2\n",
        "approve 1\nreject seven\n",
        "approve 1\nreject 7\n",
        "approve 1\nskip 1\n",
        "approve 6\nreject 1 no\n",
        "# first\n\namend 2\nreject 3\n",
        "approve 2\n| a text\n",
        "| a text\n",
        "skip 2 for now\n",
    ];
    let wrong: Vec<_> = wrong.iter().map(|plan| format!("dream decide 1 - < {plan}")).collect();
    let wrong: Vec<&str> = wrong.iter().map(String::as_str).collect();
    let refused = desk.tell(&wrong);
    let good =
        "approve 6 well seen\namend 2 shorter\n| Publish with --drain.\n|\n| Always.\nreject 3\n";
    let told = desk.tell(&[
        &format!("dream decide 1 - --dry-run < {good}"),
        &format!("dream decide 1 - < {good}"),
        &format!("dream decide 1 - --json < {good}"),
        "dream merge 1",
        "get work/publish",
        "dream show 1 --plan",
        "dream decide 1 - < reject 1\n",
    ]);
    assert_story("plan", &format!("{plan}{refused}{told}"));
}

#[test]
fn only_a_dream_that_runs_is_held_up_or_ended() {
    assert_story(
        "orders",
        &desk().tell(&[
            "dream pause 1",
            "dream resume 1 --json",
            "dream cancel 1",
            "dream cancel 9",
        ]),
    );
}
