//! What an auditor asks at the terminal.

use crate::desk::{Desk, assert_story};

/// A dream is merged among direct writes; later it turns out that one memory is wrong.
fn desk() -> Desk {
    let desk = Desk::after(&[
        "init",
        "put facts/city 'The office is in Lisbon.'",
        "put support/printer 'Publishing needs no flag.' --session chat-0",
    ]);
    desk.import_sessions();
    let lines = [
        "dream",
        "dream approve 1 --all --reason 'seen often'",
        "dream merge 1",
        "--author agent:scribe put facts/tea 'The team drinks oolong, always hot.' -m 'Tea'",
        "put facts/tea 'The team drinks sencha, always hot.' --session chat-7",
        "branch create trial main~1",
        "put facts/door 'The door code is in the safe.' --branch trial",
        "merge trial",
    ];
    for line in lines {
        assert_eq!(desk.code(line), 0, "{line}");
    }
    desk
}

#[test]
fn bisect_names_the_commit_the_dream_and_the_evidence() {
    assert_story(
        "bisect",
        &desk().tell(&[
            "bisect --not --key-exists mistakes/commands/press-publish",
            "bisect --not --key-exists mistakes/commands/press-publish --json",
            "bisect --good main~3 --text-matches facts/tea oolong",
            "bisect --not --key-exists facts/door",
            "bisect --search 'press publish' --expects facts/city",
            "bisect --not --search 'office lisbon' --expects facts/city --good main~1",
            "bisect --key-exists facts/city",
            "bisect --key-exists nowhere",
            "bisect --bad main~2 --good main --key-exists facts/tea",
            "bisect --text-matches facts/tea (",
            "bisect --search tea",
            "bisect",
        ]),
    );
}

#[test]
fn bisect_runs_a_program_over_the_snapshot() {
    assert_story("bisect_run", &desk().tell(&[
        "bisect --run '! grep -rq sencha $UNDREAM_SNAPSHOT'",
        "bisect --run 'test ! -e $UNDREAM_SNAPSHOT/facts/tea.md || exit 125'",
        "bisect --run 'echo looking; grep -rq sencha $UNDREAM_SNAPSHOT && exit 1; test -e $UNDREAM_SNAPSHOT/facts/tea.md && exit 125; exit 0'",
        "bisect --run 'exit 200'",
        "bisect --run 'kill -9 $$'",
    ]));
}

#[test]
fn why_tells_where_a_memory_comes_from() {
    assert_story(
        "why",
        &desk().tell(&[
            "why mistakes/commands/press-publish",
            "why facts/tea",
            "why facts/city --json",
            "why nowhere",
            "blame mistakes/commands/press-publish",
            "blame facts/tea",
            "blame mistakes/commands/press-publish --json",
        ]),
    );
}

#[test]
fn the_log_is_sifted_and_drawn() {
    assert_story(
        "log",
        &desk().tell(&[
            "log",
            "log --graph",
            "log --graph --picks",
            "log --graph --prefix facts",
            "log --all",
            "log --dream 1",
            "log --dream 1 --picks",
            "log --author scribe",
            "log --author agent:scribe --json",
            "log --session chat-7",
            "log --session chat-3",
            "log --prefix facts",
            "log --since '5 minutes ago'",
            "log --since tomorrow",
            "log --until 2026-02-28",
            "log --grep ^put",
            "log --grep (",
            "diff main~3 main --word",
            "search office",
            "search publish --against main~5",
            "search publish --against main~5 --json",
            "session list --user ana",
            "session list --since 2026-02-14 --project press",
            "session list --project other",
        ]),
    );
}
