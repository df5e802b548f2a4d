//! Claims about mining, on small sessions.

mod ranking;

use crate::clock::Time;
use crate::dream::mine::census::Census;
use crate::dream::mine::{Finding, FindingKind, MineOptions, Miner};
use crate::object::{Event, Role, ToolCall};
use crate::object::{Outcome, SessionFacts};

type Session = (SessionFacts, Vec<Event>);

fn call(tool: &str, args: &str, result: &str, is_error: bool) -> Event {
    Event::called(ToolCall {
        tool: tool.into(),
        args: args.into(),
        result: result.into(),
        is_error,
        call_id: None,
    })
}

fn shell(line: &str, result: &str, is_error: bool) -> Event {
    call("shell", &serde_json::json!({ "command": line }).to_string(), result, is_error)
}

fn facts(number: usize) -> SessionFacts {
    SessionFacts { id: format!("s{number}"), agent: "a".into(), ..SessionFacts::default() }
}

/// What is found, which is the same whether it was counted beforehand what is rare or not.
fn mine(sessions: &[Session]) -> Vec<Finding> {
    let digests = || sessions.iter().map(|(facts, events)| (facts, Miner::digest(facts, events)));
    let mut census = Census::default();
    digests().for_each(|(_, digest)| census.count(&digest));
    let mut all = Miner::new(MineOptions::default());
    let mut counted = Miner::counted(MineOptions::default(), sessions.len(), census);
    for miner in [&mut all, &mut counted] {
        digests().for_each(|(facts, digest)| miner.absorb(facts, digest));
    }
    let found = counted.finish();
    assert_eq!(found, all.finish());
    found
}

fn find<'a>(findings: &'a [Finding], key: &str) -> Option<&'a Finding> {
    findings.iter().find(|finding| finding.key == key)
}

fn keys(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.key.as_str()).collect()
}

/// `count` sessions that open a drawer that is stuck, look, and open it again.
fn stuck_drawers(count: usize) -> Vec<Session> {
    let session = |number| {
        let stuck = format!("Error: drawer {number} is stuck behind {}", number * 7);
        let events = vec![
            Event::said(Role::User, "tidy up"),
            call("open", "{}", &stuck, false),
            call("look", "{}", "a wedge", false),
            call("open", "{}", "done", false),
        ];
        (facts(number), events)
    };
    (0..count).map(session).collect()
}

const STUCK: &str = "mistakes/open/drawer-is-stuck-behind";

#[test]
fn a_recurring_error_is_found_with_its_remedy_and_all_its_sessions() {
    let findings = mine(&stuck_drawers(6));
    let finding = find(&findings, STUCK).unwrap();
    assert_eq!(finding.kind, FindingKind::Mistake);
    assert_eq!(finding.sources.sessions, 6);
    assert!(finding.text.contains("`look`"), "{}", finding.text);
    assert!(finding.text.contains("6 of 6 sessions"), "{}", finding.text);
    let cited: Vec<(usize, u32, u32)> =
        finding.cites().iter().map(|cite| (cite.session, cite.first, cite.last)).collect();
    assert_eq!(cited, (0..6).map(|session| (session, 1, 1)).collect::<Vec<_>>());
}

#[test]
fn the_same_sessions_give_the_same_findings() {
    let mut sessions = stuck_drawers(9);
    sessions.extend(failing_checks(5));
    assert_eq!(mine(&sessions), mine(&sessions));
}

#[test]
fn keys_stay_when_sessions_are_added_and_are_unique() {
    let few = mine(&stuck_drawers(4));
    let mut more = stuck_drawers(12);
    more.extend(failing_checks(6));
    let more = mine(&more);
    assert!(find(&few, STUCK).is_some() && find(&more, STUCK).is_some());
    let mut unique = keys(&more);
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), more.len());
    for finding in &more {
        assert!(crate::object::Key::new(&finding.key).is_ok(), "{}", finding.key);
        assert!(finding.key.is_ascii() && finding.text.len() <= 380);
        assert!(!finding.cites().is_empty());
    }
}

/// Keys that earlier versions gave: memories stand at them, so later versions keep them.
const GOLDEN: [&str; 13] = [
    "mistakes/commands/lint-fails",
    "mistakes/open/drawer-is-stuck-behind",
    "mistakes/shell/bad-seam-found-at",
    "mistakes/tasks/fail-in-every-trial",
    "workflows/chains/kit-run-tidy-then-kit-run-lint",
    "workflows/classes/lint",
    "workflows/commands/kit-run-tidy",
    "workflows/first-call/open",
    "workflows/first-call/shell",
    "workflows/sequences/kit-run-lint-then-mend-then-kit-run-tidy-then-kit-run-lint",
    "workflows/sequences/kit-run-tidy-then-kit-run-lint-then-kit-run-tidy-then-kit-run-lint",
    "workflows/sequences/open-then-look-then-open",
    "workflows/sequences/push-then-hand-in",
];

#[test]
fn keys_stay_across_versions() {
    let mut sessions = stuck_drawers(8);
    sessions.extend(failing_checks(8));
    sessions.extend(no_trial_succeeds());
    let findings = mine(&sessions);
    let mut given = keys(&findings);
    given.sort_unstable();
    assert_eq!(given, GOLDEN);
}

#[test]
fn dropping_the_cited_events_weakens_every_finding() {
    let mut sessions = stuck_drawers(8);
    sessions.extend(failing_checks(8));
    sessions.extend(no_trial_succeeds());
    let before = mine(&sessions);
    assert!(before.len() > 5, "{:?}", keys(&before));
    for finding in &before {
        let mut without = sessions.clone();
        for cite in finding.cites() {
            for event in cite.first..=cite.last {
                // A placeholder keeps the numbers of the other events.
                without[cite.session].1[event as usize] = Event::said(Role::System, "");
            }
        }
        for (_, events) in &mut without {
            events.retain(|event| event.role != Role::System);
        }
        let after = mine(&without);
        let weaker = find(&after, &finding.key).is_none_or(|left| {
            left.confidence < finding.confidence && left.sources.sessions < finding.sources.sessions
        });
        assert!(weaker, "{}", finding.key);
    }
}

/// Sessions that tidy before they check in one line, and whose check fails at first.
fn failing_checks(count: usize) -> Vec<Session> {
    let session = |number| {
        let events = vec![
            Event::said(Role::User, "Please always translate the notes with Babel"),
            shell(
                "cd /x/y && kit run tidy && kit run lint",
                "exit code: 1\nbad seam found at 17",
                false,
            ),
            call("mend", "{}", "ok", false),
            shell("kit run tidy && kit run lint", "exit code: 0\nfine", false),
        ];
        (facts(number), events)
    };
    (100..100 + count).map(session).collect()
}

#[test]
fn failing_commands_chains_and_sequences_are_found() {
    let findings = mine(&failing_checks(8));
    let fails = find(&findings, "mistakes/commands/lint-fails").unwrap();
    assert_eq!((fails.sources.sessions, fails.kind), (8, FindingKind::Mistake));
    let chain = find(&findings, "workflows/chains/kit-run-tidy-then-kit-run-lint").unwrap();
    assert_eq!(chain.kind, FindingKind::Workflow);
    assert!(keys(&findings).iter().any(|key| key.starts_with("workflows/sequences/")));
}

/// Two tasks with three trials each; one of them never succeeds.
fn no_trial_succeeds() -> Vec<Session> {
    let session = |number: usize| {
        let task = Some(if number < 3 { "hard" } else { "easy" }.to_owned());
        let facts = SessionFacts {
            task,
            outcome: Some(if number >= 3 { Outcome::Success } else { Outcome::Failure }),
            ..facts(200 + number)
        };
        (facts, vec![call("push", "{}", "ok", false), call("hand_in", "{}", "", false)])
    };
    (0..6).map(session).collect()
}

#[test]
fn tasks_that_never_succeed_are_named() {
    let findings = mine(&no_trial_succeeds());
    let finding = find(&findings, "mistakes/tasks/fail-in-every-trial").unwrap();
    assert_eq!((finding.sources.sessions, finding.sources.failures), (3, 3));
    assert!(finding.text.contains("hard") && !finding.text.contains("easy"));
}

#[test]
fn a_workflow_that_fails_more_often_is_a_mistake_and_an_unknown_outcome_is_said() {
    let session = |number: usize| {
        let mut events: Vec<Event> =
            ["look", "mend", "hand_in"].map(|tool| call(tool, "{}", "ok", false)).into();
        if number < 40 {
            events.insert(1, call("guess", "{}", "ok", false));
        }
        let good = (number < 40) == number.is_multiple_of(10);
        let outcome = Some(if good { Outcome::Success } else { Outcome::Failure });
        (SessionFacts { outcome, ..facts(number) }, events)
    };
    let mut sessions: Vec<Session> = (0..80).map(session).collect();
    let findings = mine(&sessions);
    let harm = find(&findings, "mistakes/sequences/look-then-guess-then-mend").unwrap();
    assert!(harm.text.contains("fail more often") && harm.text.contains("10% of"), "{}", harm.text);
    let known = find(&findings, "workflows/sequences/look-then-mend").unwrap().confidence;
    for (facts, _) in &mut sessions {
        facts.outcome = None;
    }
    let findings = mine(&sessions);
    let unknown = find(&findings, "workflows/sequences/look-then-mend").unwrap();
    assert!(unknown.text.contains("is not known") && unknown.confidence < known);
}

#[test]
fn a_finding_of_one_project_among_several_says_so() {
    let mut sessions = stuck_drawers(6);
    for (facts, _) in &mut sessions {
        facts.project = Some("desk".into());
    }
    let other = |number: usize| {
        let facts = SessionFacts { project: Some("shop".into()), ..facts(100 + number) };
        (facts, vec![call("look", "{}", "ok", false)])
    };
    sessions.extend((0..6).map(other));
    let findings = mine(&sessions);
    let text = &find(&findings, STUCK).unwrap().text;
    assert!(text.contains("Only in project `desk`") && text.contains("then the same step again"));
}

#[test]
fn what_several_users_ask_for_weighs_more_than_what_one_does() {
    let mined = |users: usize| {
        let session = |number: usize| {
            let text = if number < 6 { "Please translate the page for me" } else { "go on" };
            let user = Some(format!("user {}", number % users));
            (SessionFacts { user, ..facts(number) }, vec![Event::said(Role::User, text)])
        };
        let findings = mine(&(0..30).map(session).collect::<Vec<_>>());
        let found = find(&findings, "preferences/requests/translate").unwrap();
        (found.confidence, found.text.clone())
    };
    let (one, three) = (mined(1), mined(3));
    assert!(one.0 < three.0 && three.1.contains("by 3 users") && one.1.contains("by one user"));
}

#[test]
fn sessions_without_the_usual_end_are_named() {
    let session = |number: usize| {
        let mut events = vec![call("look", "{}", "ok", false), call("report", "{}", "", false)];
        events.truncate(if number < 2 { 1 } else { 2 });
        (facts(number), events)
    };
    let findings = mine(&(0..12).map(session).collect::<Vec<_>>());
    let finding = find(&findings, "mistakes/ends/without-report").unwrap();
    assert_eq!(finding.sources.sessions, 2);
    assert!(finding.cites().iter().all(|cite| cite.session < 2));
}

#[test]
fn refusals_count_with_their_reasons_and_interruptions_too() {
    let refused = "The user rejected this call. Reason: use the blue one";
    let session = |number| {
        let events = vec![
            call("paint", "{}", refused, true),
            Event::said(Role::Meta, "[Run interrupted by user]"),
        ];
        (facts(number), events)
    };
    let findings = mine(&(0..4).map(session).collect::<Vec<_>>());
    let said = find(&findings, "mistakes/refused/with-reason").unwrap();
    assert!(said.text.contains("use the blue one"), "{}", said.text);
    assert!(find(&findings, "mistakes/interrupted/by-user").is_some());
    assert!(!keys(&findings).iter().any(|key| key.starts_with("mistakes/paint")));
}

#[test]
fn what_users_repeat_is_a_preference_and_what_the_harness_says_is_not() {
    let session = |number: usize| {
        let role = if number < 5 { Role::User } else { Role::Meta };
        let text = if number < 12 { "Could you translate the page for Ana?" } else { "go on" };
        (facts(number), vec![Event::said(role, text), call("look", "{}", "ok", false)])
    };
    let findings = mine(&(0..24).map(session).collect::<Vec<_>>());
    let finding = find(&findings, "preferences/requests/translate").unwrap();
    assert_eq!((finding.kind, finding.sources.sessions), (FindingKind::Preference, 5));
    assert!(finding.text.contains("translate page"), "{}", finding.text);
}

#[test]
fn a_habit_that_replaces_another_is_a_supersession_with_its_week() {
    let session = |number: usize| {
        let started = Some(Time::from_seconds(1_760_000_000 + number as i64 * 86_400));
        let tool = if number < 20 { "old_list" } else { "new_board" };
        (SessionFacts { started, ..facts(number) }, vec![call(tool, "{}", "ok", false)])
    };
    let findings = mine(&(0..40).map(session).collect::<Vec<_>>());
    let finding = find(&findings, "drift/old-list-to-new-board").unwrap();
    assert_eq!((finding.kind, finding.sources.sessions), (FindingKind::Supersession, 40));
    assert!(finding.text.contains("2025-10-27"), "{}", finding.text);
}

#[test]
fn cut_output_and_unfilled_placeholders_are_found() {
    let session = |number: usize| {
        let cut = "Your output was too long and has been shortened by us.";
        let url = format!("Error: invalid address {{host}}/page/{number}");
        (facts(number), vec![shell("list all", cut, false), call("GET {host}", "{}", &url, true)])
    };
    let findings = mine(&(0..5).map(session).collect::<Vec<_>>());
    assert!(keys(&findings).iter().any(|key| key.starts_with("mistakes/harness/your-output")));
    let hole = find(&findings, "mistakes/placeholder/host").unwrap();
    assert_eq!(hole.sources.sessions, 5);
}

#[test]
fn an_error_of_several_tools_is_told_once_for_all_of_them() {
    let session = |number: usize| {
        let tool = ["saw", "drill", "plane"][number % 3];
        (facts(number), vec![call(tool, "{}", "Error: the bench is taken", true)])
    };
    let findings = mine(&(0..12).map(session).collect::<Vec<_>>());
    let told = |finding: &&Finding| finding.text.contains("the bench is taken");
    let told: Vec<&Finding> = findings.iter().filter(told).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].text.contains("`drill`, `plane`, `saw`"), "{}", told[0].text);
    assert_eq!(told[0].sources.sessions, 12);
}

#[test]
fn odd_sessions_do_no_harm() {
    let giant = "\u{1f980}\u{e9} error: ".repeat(20_000);
    let events = vec![
        Event::said(Role::User, ""),
        Event::said(Role::User, giant.clone()),
        Event { call: None, ..Event::called(ToolCall::default()) },
        Event::called(ToolCall::default()),
        call("\u{4f60}", "not json", &giant, true),
        shell(&giant, &giant, true),
        shell("cat <<'\u{e9}' > \u{e9}.py\n\u{e9}", "{", true),
    ];
    assert!(mine(&[]).is_empty());
    assert!(mine(&[(facts(0), Vec::new())]).is_empty());
    let findings =
        mine(&[(facts(0), events.clone()), (facts(1), events.clone()), (facts(2), events)]);
    assert!(findings.iter().all(|finding| finding.key.is_ascii()));
}

#[test]
fn less_evidence_is_less_confidence() {
    let confidence = |count| find(&mine(&stuck_drawers(count)), STUCK).unwrap().confidence;
    assert!(confidence(3) < confidence(6) && confidence(6) < confidence(12));
    let finding = mine(&stuck_drawers(400));
    assert!(finding.windows(2).all(|pair| pair[0].confidence >= pair[1].confidence));
    assert!(confidence(6) + 100 < confidence(400), "sessions weigh more than places");
}

#[test]
fn tools_whose_names_look_alike_in_a_key_have_keys_of_their_own() {
    let session = |number: usize| {
        let tool = if number < 8 { "go-up" } else { "go up" };
        (facts(number), vec![call(tool, "{}", "Error: the ladder is gone", true)])
    };
    let findings = mine(&(0..10).map(session).collect::<Vec<_>>());
    let alike = |key: &&str| key.starts_with("mistakes/go-up/the-ladder-is-gone");
    let mut alike: Vec<&str> = keys(&findings).into_iter().filter(alike).collect();
    alike.sort_unstable();
    assert!(alike.len() == 2 && alike[0].len() + 5 == alike[1].len(), "{alike:?}");
}
