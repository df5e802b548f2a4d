//! Programs as curators.

use std::collections::BTreeMap;

use undream::{CommandCurator, Database, Dream, DreamStatus, Result, Store};

use crate::small::small;

fn with_program(program: &str) -> Result<(Dream, Store, Database)> {
    let (db, store) = small(3)?;
    let main = store.branch("main")?;
    let curator = CommandCurator::new(program).time_max(std::time::Duration::from_secs(2));
    let dream = Dream::on(&main).curator(curator).run()?;
    Ok((dream, store, db))
}

#[test]
fn a_program_can_propose_and_its_word_counts_as_an_agents() -> Result<()> {
    let proposal = r#"{"kind":"preference","title":"T","rationale":"R","confidence":0.5,"changes":[{"put":{"key":"a/b","text":"Said by a program."}}],"evidence":[{"session":"small:1","events":[0,0]}]}"#;
    let (dream, _store, _db) = with_program(&format!("cat > /dev/null; echo '{proposal}'"))?;
    let manifest = dream.manifest()?;
    assert_eq!(manifest.status, DreamStatus::Waiting, "{manifest:?}");
    let proposals = dream.proposals()?;
    assert_eq!(proposals[0].text(), Some("Said by a program."));
    assert_eq!(proposals[0].trust(), undream::Trust::Agent);
    Ok(())
}

#[test]
fn a_program_that_fails_hangs_or_talks_nonsense_fails_its_dream_and_nothing_else() -> Result<()> {
    let cases = BTreeMap::from([
        ("echo sorry >&2; exit 3", "sorry"),
        ("sleep 60", "did not finish"),
        ("echo nonsense", "no proposal"),
        ("printf '\\377\\n'", "no UTF-8"),
    ]);
    for (program, why) in cases {
        let (dream, store, _db) = with_program(program)?;
        let manifest = dream.manifest()?;
        assert_eq!(manifest.status, DreamStatus::Failed, "{program}");
        assert!(manifest.failure.as_deref().unwrap_or_default().contains(why), "{manifest:?}");
        assert!(dream.branch().head()?.is_some(), "the branch is kept");
        assert_eq!(store.branch("main")?.snapshot()?.count("")?, 0);
    }
    Ok(())
}

#[test]
fn a_citation_of_events_that_do_not_exist_is_dropped_and_counted() -> Result<()> {
    let proposal = r#"{"title":"T","rationale":"R","changes":[{"put":{"key":"a","text":"x"}}],"evidence":[{"session":"small:1","events":[7,9]}]}"#;
    let (dream, _store, _db) = with_program(&format!("cat > /dev/null; echo '{proposal}'"))?;
    let manifest = dream.manifest()?;
    assert_eq!(manifest.status, DreamStatus::Nothing);
    assert_eq!(manifest.dropped.values().sum::<u64>(), 1);
    Ok(())
}

#[test]
fn a_change_that_breaks_a_rule_drops_its_proposal_and_no_other() -> Result<()> {
    let put = |key: &str, more: &str| {
        format!(
            r#"{{"title":"T","rationale":"R","changes":[{{"put":{{"key":"{key}","text":"x"{more}}}}}]}}"#
        )
    };
    let labels: Vec<String> = (0..33).map(|number| format!("\"l{number}\"")).collect();
    let labels = labels.join(",");
    let said = [
        put("a/../b", ""),
        put(&"k".repeat(1_025), ""),
        put("kind", r#","kind":"not a kind""#),
        put("labels", &format!(r#","labels":[{labels}]"#)),
        r#"{"title":"T","rationale":"R","changes":[{"remove":{"key":""}}]}"#.to_owned(),
        r#"{"title":"T","rationale":"R","changes":[{"rename":{"from":"a","to":"/"}}]}"#.to_owned(),
        put("good", ""),
    ];
    let lines = said.map(|line| format!("echo '{line}'")).join("; ");
    let (dream, _store, _db) = with_program(&format!("cat > /dev/null; {lines}"))?;
    let manifest = dream.manifest()?;
    assert_eq!(manifest.status, DreamStatus::Waiting, "{manifest:?}");
    assert_eq!((manifest.suggested, manifest.proposals), (7, 1));
    assert_eq!(manifest.dropped.values().sum::<u64>(), 6, "{:?}", manifest.dropped);
    assert!(manifest.dropped.keys().all(|reason| reason.starts_with("out of bounds: ")));
    assert_eq!(dream.proposals()?[0].key().map(undream::Key::as_str), Some("good"));
    Ok(())
}

#[test]
fn a_program_is_stopped_at_its_time_and_its_output_limit() -> Result<()> {
    let line = r#"{"title":"T","rationale":"R","changes":[{"put":{"key":"a/b","text":"x"}}]}"#;
    let slow = format!("cat > /dev/null; while true; do echo '{line}'; sleep 0.2; done");
    let fast = format!("cat > /dev/null; echo '{line}'; yes ''");
    let deaf = "sleep 60".to_owned();
    for (program, why) in [(slow, "within 1 s"), (deaf, "within 1 s"), (fast, "over 5000 bytes")] {
        let (_db, store) = small(3)?;
        let curator = CommandCurator::new(&program)
            .time_max(std::time::Duration::from_secs(if why.contains("bytes") { 60 } else { 1 }))
            .output_bytes_max(5_000);
        let dream = Dream::on(&store.branch("main")?).curator(curator).run()?;
        let manifest = dream.manifest()?;
        assert_eq!(manifest.status, DreamStatus::Failed, "{program}");
        assert!(manifest.failure.as_deref().unwrap().contains(why), "{manifest:?}");
    }
    Ok(())
}

#[test]
fn another_curator_proposes_when_a_program_fails_and_the_dream_says_so() -> Result<()> {
    let line = r#"{"title":"T","rationale":"R","changes":[{"put":{"key":"a/b","text":"x"}}]}"#;
    let run = |program: String, fallback: &str| -> Result<Dream> {
        let (_db, store) = small(3)?;
        let main = store.branch("main")?;
        let dream = Dream::on(&main).curator(CommandCurator::new(program));
        dream.fallback(CommandCurator::new(fallback)).run()
    };
    let other = line.replace("a/b", "c/d");
    let good = format!("cat > /dev/null; echo '{other}'");
    let dream = run(format!("cat > /dev/null; echo '{line}'; exit 3"), &good)?;
    let manifest = dream.manifest()?;
    assert_eq!((manifest.status, manifest.proposals), (DreamStatus::Waiting, 2), "{manifest:?}");
    assert_eq!(manifest.failure, None);
    let instead = manifest.fallback.unwrap();
    assert!(instead.contains("because") && instead.contains("exit status: 3"), "{instead}");

    let sound = run(good.clone(), "exit 4")?.manifest()?;
    assert_eq!((sound.fallback, sound.proposals), (None, 1));
    let both = run("exit 3".to_owned(), "exit 4")?.manifest()?;
    assert_eq!(both.status, DreamStatus::Failed);
    assert!(both.failure.unwrap().contains("exit status: 4"));
    Ok(())
}
