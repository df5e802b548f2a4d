//! A first walk.
use undream::*;

#[test]
fn front_page() -> Result<()> {
    let dir = tempfile::tempdir().unwrap();
    for db in [Database::in_memory()?, Database::open(dir.path().join("x"))?] {
        let memory = db.store("default")?;
        let main = memory.branch("main")?;
        let scribe = Author::agent("scribe");
        let mut tx = main.write()?;
        tx.put("facts/city", Entry::fact("The office is in Lisbon."))?;
        tx.put("facts/drink", Entry::fact("The team drinks oolong."))?;
        let met = tx.commit(scribe.message("First facts").session("chat-812"))?;
        let trial = memory.create_branch("trial", met)?;
        let mut tx = trial.write()?;
        tx.put("facts/drink", Entry::fact("The team drinks coffee."))?;
        tx.rename("facts/city", "places/office")?;
        tx.commit(scribe.message("trial"))?;
        let mut tx = main.write()?;
        tx.put("facts/city", Entry::fact("The office is in Porto."))?;
        tx.commit(scribe.message("move"))?;
        for change in memory.diff(&main, &trial)? {
            println!("{}", change?);
        }
        let mut merge = main.merge(&trial)?;
        merge.resolve(|_conflict| Resolution::Theirs)?;
        for c in merge.changes()? {
            println!("merge {c}");
        }
        let merged = merge.commit(scribe.message("Merge trial"))?;
        assert_eq!(
            main.snapshot()?.get("places/office")?.unwrap().text()?,
            "The office is in Porto."
        );
        main.revert(merged)?.commit(scribe.message("Back to oolong"))?;
        assert_eq!(
            main.snapshot()?.get("facts/drink")?.unwrap().text()?,
            "The team drinks oolong."
        );
        assert_eq!(main.snapshot()?.get("facts/city")?.unwrap().text()?, "The office is in Porto.");
        println!("{}", main.blame("facts/city")?);
        for c in memory.log(main.head()?.unwrap(), LogFilter::default())? {
            println!("{}", c?.summary());
        }
        for o in memory.operations()? {
            let o = o?;
            println!("{} {}", o.id(), o.kind().name());
        }
        memory.resolve("main~1")?;
        memory.resolve("main@{now}")?;
    }
    let db = Database::open(dir.path().join("x"))?;
    let main = db.store("default")?.branch("main")?;
    assert_eq!(main.snapshot()?.get("facts/city")?.unwrap().text()?, "The office is in Porto.");
    let t = std::time::Instant::now();
    for i in 0..500 {
        let mut tx = main.write()?;
        tx.put(format!("k/{i}"), Entry::fact("x"))?;
        tx.commit(Author::agent("s").message("m"))?;
    }
    println!("500 commits {:?}", t.elapsed());
    Ok(())
}
