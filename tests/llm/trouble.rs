//! What goes wrong on the way.

use std::time::{Duration, Instant};

use undream::{Dream, DreamStatus, ErrorKind, Llm, Manifest, Mine, Result, Store};

use super::server::{Reply, Server};
use super::{answer, claim, dream, garden, llm, pump, take};

#[expect(clippy::disallowed_methods, reason = "the test measures how long it waits")]
fn ran(script: Vec<Reply>, set: impl Fn(Llm) -> Llm) -> Result<(Manifest, u32, Duration)> {
    let server = Server::new(script);
    let begun = Instant::now();
    let dream = dream(&garden()?, set(llm(&server)))?;
    Ok((dream.manifest()?, dream.workings()?.calls[0].requests, begun.elapsed()))
}

fn good() -> Reply {
    Reply::Says(answer(&[claim()]))
}

fn busy(headers: &'static str) -> Reply {
    Reply::Status(429, headers, r#"{"error":{"message":"slow down"}}"#.to_owned())
}

#[test]
fn a_server_that_asks_to_wait_is_asked_again_after_that_time() -> Result<()> {
    let (manifest, requests, took) = ran(vec![busy("retry-after: 2\r\n"), good()], |llm| llm)?;
    assert_eq!((manifest.proposals, requests), (1, 2), "{manifest:?}");
    assert!(took >= Duration::from_secs(2), "{took:?}");
    Ok(())
}

#[test]
fn a_server_that_asks_to_wait_too_long_fails_the_dream_at_once() -> Result<()> {
    let (manifest, requests, took) = ran(vec![busy("retry-after: 7200\r\n"), good()], |llm| llm)?;
    assert_eq!((manifest.status, requests), (DreamStatus::Failed, 1));
    let why = manifest.failure.unwrap();
    assert!(why.contains("after 7200 s") && why.contains("slow down"), "{why}");
    assert!(took < Duration::from_secs(20), "{took:?}");
    Ok(())
}

#[test]
fn a_server_that_stays_busy_is_given_up() -> Result<()> {
    let wait = "retry-after: 0\r\n";
    let script = vec![busy(wait), busy(wait), busy(wait), busy(wait), good()];
    let (manifest, requests, _) = ran(script, |llm| llm)?;
    assert_eq!((manifest.status, requests), (DreamStatus::Failed, 4));
    assert!(manifest.failure.unwrap().contains("status 429"));
    Ok(())
}

#[test]
fn a_refusal_that_does_not_pass_is_not_tried_again() -> Result<()> {
    let refused = Reply::Status(401, "", r#"{"error":"who are you?"}"#.to_owned());
    let (manifest, requests, _) = ran(vec![refused, good()], |llm| llm)?;
    assert_eq!((manifest.status, requests), (DreamStatus::Failed, 1));
    assert!(manifest.failure.unwrap().contains("who are you?"));
    Ok(())
}

#[test]
fn a_server_that_hangs_is_left_after_the_time_limit() -> Result<()> {
    let one = |llm: Llm| llm.request_time_max(Duration::from_millis(300));
    let all = |llm: Llm| llm.time_max(Duration::from_millis(300));
    for (limit, why) in [(&one as &dyn Fn(Llm) -> Llm, "not answer"), (&all, "not finish")] {
        let (manifest, requests, took) = ran(vec![Reply::Hang, good()], limit)?;
        assert_eq!((manifest.status, requests), (DreamStatus::Failed, 1));
        assert!(manifest.failure.as_ref().unwrap().contains(why), "{manifest:?}");
        assert!(took < Duration::from_secs(15), "{took:?}");
    }
    Ok(())
}

#[test]
fn a_body_that_breaks_off_is_asked_for_again_and_given_up_in_the_end() -> Result<()> {
    let (manifest, requests, _) = ran(vec![Reply::Truncated, good()], |llm| llm)?;
    assert_eq!((manifest.proposals, requests), (1, 2), "{manifest:?}");
    let script = (0..4).map(|_| Reply::Truncated).chain([good()]).collect();
    let (manifest, requests, _) = ran(script, |llm| llm)?;
    assert_eq!((manifest.status, requests), (DreamStatus::Failed, 4));
    assert!(manifest.failure.unwrap().contains("broke off"));
    Ok(())
}

#[test]
fn what_was_claimed_before_a_failure_is_kept() -> Result<()> {
    let store = garden()?;
    take(&store, &[pump("noon", "another garden")])?;
    let server = Server::new(vec![good(), Reply::Status(400, "", "no more".to_owned())]);
    let small = llm(&server).question_bytes_max(4_096);
    let sessions: Vec<_> =
        (0..40).map(|number| pump(&format!("day {number:02}"), "garden")).collect();
    take(&store, &sessions)?;
    let dream = dream(&store, small)?;
    let manifest = dream.manifest()?;
    assert_eq!((manifest.status, manifest.proposals), (DreamStatus::Failed, 1), "{manifest:?}");
    assert_eq!(dream.workings()?.calls.len(), 2);
    Ok(())
}

#[test]
fn the_curator_to_fall_back_to_proposes_when_the_model_fails() -> Result<()> {
    let store = many()?;
    let server = Server::new(vec![Reply::Status(404, "", "no such model".to_owned())]);
    let main = store.branch("main")?;
    let run = Dream::on(&main).curator(llm(&server)).fallback(Mine::default());
    let dream = run.run()?;
    let manifest = dream.manifest()?;
    assert_eq!(manifest.status, DreamStatus::Waiting, "{manifest:?}");
    assert_eq!((manifest.sessions_read, &manifest.failure), (8, &None));
    let instead = manifest.fallback.unwrap();
    assert!(
        instead.starts_with("mine, because ") && instead.contains("no such model"),
        "{instead}"
    );
    let workings = dream.workings()?;
    assert_eq!(workings.calls[0].proposals, [] as [u32; 0], "these rest on no answer");
    let author = store.commit(dream.proposals()?[0].commit())?.author().to_string();
    assert!(author.contains("mine"), "{author}");
    Ok(())
}

fn many() -> Result<Store> {
    let store = super::database()?.store("default")?;
    let sessions: Vec<_> = (0..8).map(|number| pump(&format!("s{number}"), "garden")).collect();
    take(&store, &sessions)?;
    Ok(store)
}

#[test]
fn settings_that_cannot_work_are_refused_before_anything_is_asked() {
    let local = "http://127.0.0.1:9/v1";
    let refused = [
        Llm::new("gardener-7b"),
        Llm::new("gpt-4o"),
        Llm::new(" ").endpoint(local),
        Llm::new("m").endpoint("127.0.0.1:9"),
        Llm::new("m").endpoint("http://ana:secret@127.0.0.1/v1"),
        Llm::new("m").endpoint("http://127.0.0.1/v1?key=secret"),
        Llm::new("m").endpoint(local).question_bytes_max(10),
    ];
    for llm in refused {
        let error = llm.check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{llm:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert!(Llm::new("m").endpoint(local).check().is_ok());
    assert!(Llm::new("gpt-4o").key("k").check().is_ok());
    assert_eq!(Llm::usual_key_variable("gpt-4o"), Some("OPENAI_API_KEY"));
    assert_eq!(Llm::usual_key_variable("gardener-7b"), None);
}
