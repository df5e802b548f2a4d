//! What a withdrawal costs in a long history.

use std::time::Instant;

use undream::{Author, Result, Suspect, Withdrawal};

use crate::endorse::database;
use crate::scripted::{dream, import, put, suggestion};

#[test]
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn a_withdrawal_reads_a_long_history_once() -> Result<()> {
    let commits: usize = if std::env::var_os("UNDREAM_LONG").is_some() { 20_000 } else { 1_000 };
    let db = database(11)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    import(&store, ["chat-1", "chat-2"].map(str::to_owned))?;
    dream(&main, vec![suggestion(vec![put("poison", "It is so.")], &["chat-1"])])?;
    let scribe = Author::agent("scribe");
    for number in 0..commits {
        let mut tx = main.write()?;
        // Two thirds of the commits write new versions of memories that exist.
        tx.put(format!("notes/{:05}", number % (commits / 3)), format!("Note {number}.").as_str())?;
        tx.commit(scribe.message("A note"))?;
    }
    let begun = Instant::now();
    let withdrawal = Withdrawal::prepare(&main, Suspect::Session("chat-1".to_owned()))?;
    let took = begun.elapsed();
    eprintln!("{commits} commits: {took:?}");
    assert_eq!(withdrawal.consequences().len(), 1);
    assert!(took.as_millis() < 20 + commits as u128, "{took:?} for {commits} commits");
    Ok(())
}
