//! What becomes of answers.

use serde_json::{Value, json};
use undream::{Author, DreamStatus, Entry, Result, Trust};

use super::server::{Reply, Server};
use super::{answer, claim, claim_with, dream, garden, llm, pump, take};

#[test]
fn a_claim_whose_quote_stands_where_it_says_becomes_a_proposal() -> Result<()> {
    let server = Server::new(vec![Reply::Says(answer(&[claim()]))]);
    let store = garden()?;
    let dream = dream(&store, llm(&server))?;
    let manifest = dream.manifest()?;
    assert_eq!(manifest.status, DreamStatus::Waiting, "{manifest:?}");
    assert_eq!((manifest.sessions_read, manifest.suggested, manifest.proposals), (2, 1, 1));
    assert_eq!(
        (manifest.curator.as_str(), manifest.curator_version.as_str()),
        ("llm:gardener-7b", "1")
    );
    let proposal = &dream.proposals()?[0];
    assert_eq!(proposal.key().unwrap().as_str(), "mistakes/start/intake-blocked");
    assert_eq!(proposal.confidence(), 900);
    let evident = proposal.evident(5)?;
    assert_eq!((evident.len(), evident[0].first, evident[0].last), (1, 1, 1));
    assert_eq!(proposal.trust(), Trust::Tool, "no more than the event it cites");
    assert_eq!(store.branch("main")?.snapshot()?.count("")?, 0, "only its own branch is written");
    Ok(())
}

#[test]
fn claims_without_ground_are_dropped_and_counted_by_reason() -> Result<()> {
    let cite = |session: &str, event: u32, quote: &str| {
        claim_with(json!({"evidence": [{"session": session, "event": event, "quote": quote}]}))
    };
    let half = json!({"evidence": [
        {"session": "S1", "event": 1, "quote": "the intake is blocked by a wedge"},
        {"session": "S2", "event": 1, "quote": "the intake was eaten by a heron"},
    ]});
    let quote = "the intake is blocked by a wedge";
    let claims = [
        (cite("S9", 1, quote), "a session that it was not shown"),
        (cite("morning", 1, quote), "a session that it was not shown"),
        (cite("S1", 40, quote), "an event that it was not shown"),
        (cite("S1", 2, quote), "a quote that is not in the event"),
        (cite("S1", 1, "the"), "a quote that is not in the event"),
        (claim_with(half), "a quote that is not in the event"),
        (claim_with(json!({"evidence": []})), "gives no evidence"),
        (claim_with(json!({"key": "notes/unseen"})), "was not shown whole"),
        (claim_with(json!({"key": "a/../b"})), "out of bounds"),
    ];
    for (claim, why) in claims {
        let server = Server::new(vec![Reply::Says(answer(&[claim]))]);
        let store = garden()?;
        let mut tx = store.branch("main")?.write()?;
        tx.put("notes/unseen", Entry::new("Quite another matter."))?;
        tx.commit(Author::person("ana").message("Note"))?;
        let manifest = dream(&store, llm(&server))?.manifest()?;
        assert_eq!(manifest.status, DreamStatus::Nothing, "{why}: {manifest:?}");
        let counts: Vec<(&String, &u64)> = manifest.dropped.iter().collect();
        assert!(counts.len() == 1 && counts[0].0.contains(why), "{why}: {counts:?}");
        assert_eq!((manifest.suggested, *counts[0].1), (1, 1));
    }
    Ok(())
}

#[test]
fn a_memory_that_is_shown_can_be_corrected_or_removed() -> Result<()> {
    let store = garden()?;
    let mut tx = store.branch("main")?.write()?;
    let text = "When the intake of the pump is blocked by a wedge, wait for noon.";
    tx.put("mistakes/start/intake-blocked", Entry::new(text))?;
    tx.commit(Author::person("ana").message("Note"))?;
    let remove = claim_with(json!({"action": "remove", "text": "", "kind": "supersession"}));
    let server = Server::new(vec![Reply::Says(answer(&[remove])), Reply::Says(answer(&[claim()]))]);
    let removal = dream(&store, llm(&server))?;
    assert_eq!(removal.branch().snapshot()?.count("")?, 0, "{:?}", removal.manifest()?);
    assert!(server.take_asked()[0].message("user").contains("wait for noon"));
    take(&store, &[pump("night", "garden")])?;
    let correction = dream(&store, llm(&server))?;
    let proposals = correction.proposals()?;
    assert!(proposals[0].text().unwrap().contains("take out the wedge"));
    assert_eq!(correction.branch().snapshot()?.count("")?, 1);
    Ok(())
}

#[test]
fn an_answer_of_the_wrong_form_is_repaired_once() -> Result<()> {
    let wrong =
        ["Sure, here are my thoughts.".to_owned(), answer(&[claim_with(json!({"trust": "user"}))])];
    for first in wrong {
        let server = Server::new(vec![Reply::Says(first.clone()), Reply::Says(answer(&[claim()]))]);
        let dream = dream(&garden()?, llm(&server))?;
        assert_eq!(dream.manifest()?.proposals, 1, "{:?}", dream.manifest()?);
        let call = &dream.workings()?.calls[0];
        assert!(call.repaired && call.requests == 2 && call.tokens_in == 2_400);
        let asked = server.take_asked();
        let messages = asked[1].body["messages"].as_array().unwrap();
        let said =
            messages.iter().map(|message| message["content"].clone()).collect::<Vec<Value>>();
        assert_eq!(said[2], json!(first));
        assert!(said[3].as_str().unwrap().contains("cannot be read"), "{}", said[3]);
    }
    Ok(())
}

#[test]
fn an_answer_that_stays_wrong_fails_the_dream() -> Result<()> {
    let cut = || Reply::CutOff(answer(&[claim()])[..60].to_owned());
    let server = Server::new(vec![cut(), cut(), Reply::Says(answer(&[claim()]))]);
    let manifest = dream(&garden()?, llm(&server))?.manifest()?;
    assert_eq!(manifest.status, DreamStatus::Failed);
    let why = manifest.failure.unwrap();
    assert!(why.contains("wrong form") && why.contains("cut off"), "{why}");
    assert_eq!(server.take_asked().len(), 2);
    Ok(())
}

#[test]
fn of_two_claims_about_one_key_the_surer_one_is_made() -> Result<()> {
    let doubt = claim_with(json!({"confidence": 0.2, "text": "Perhaps wait a while."}));
    let server = Server::new(vec![Reply::Says(answer(&[doubt, claim()]))]);
    let dream = dream(&garden()?, llm(&server))?;
    let proposals = dream.proposals()?;
    assert_eq!((proposals.len(), proposals[0].confidence()), (1, 900));
    assert_eq!(dream.manifest()?.dropped.values().sum::<u64>(), 1);
    Ok(())
}
