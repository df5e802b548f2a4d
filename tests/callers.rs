//! Many callers at once.

use std::sync::atomic::{AtomicBool, Ordering};

use undream::{Author, Database, Entry, Result};

/// Readers look for rows of other processes in the file, and may see a row of their own process
/// there before its writer has told anybody of it.
#[test]
fn commits_are_acknowledged_once_while_others_read() -> Result<()> {
    const WRITERS: u64 = 4;
    const COMMITS: u64 = 60;
    let directory = tempfile::tempdir()?;
    let main = Database::open(directory.path().join("db"))?.store("default")?.branch("main")?;
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    while !done.load(Ordering::Relaxed) {
                        main.head()?;
                    }
                    Ok(())
                })
            })
            .collect();
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let main = &main;
                scope.spawn(move || -> Result<()> {
                    for number in 0..COMMITS {
                        let mut transaction = main.write()?;
                        transaction.put(format!("{writer}/{number}"), Entry::fact("It is so."))?;
                        transaction.commit(Author::agent("writer").message("One more"))?;
                    }
                    Ok(())
                })
            })
            .collect();
        let written = writers.into_iter().try_for_each(|writer| writer.join().unwrap());
        done.store(true, Ordering::Relaxed);
        readers.into_iter().try_for_each(|reader| reader.join().unwrap())?;
        written
    })?;
    assert_eq!(main.snapshot()?.count("")?, WRITERS * COMMITS);
    Ok(())
}
