//! How long single commits take, beside raw redb puts in turn with them: medians, and the longest.
//! `docs/performance.md` tells what came out.

#[expect(dead_code, reason = "other measurements use the rest")]
mod workload;

use std::error::Error;
use std::time::{Duration, Instant};

use redb::{Builder, ConcurrencyMode, Database as Raw, TableDefinition};
use tempfile::tempdir;
use undream::Database;
use workload::{ENTRIES, all, key, load, text, write};

const ROUNDS: u64 = 3;
const COMMITS: u64 = 1_500;
const RAW: TableDefinition<&str, &[u8]> = TableDefinition::new("memories");

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let directory = tempdir()?;
    let database = Database::open(directory.path().join("db"))?;
    let main = database.store("default")?.branch("main")?;
    load(&main, all())?;
    // What the load leaves to be done behind it is done before single commits are looked at.
    drop((main, database));
    let database = Database::open(directory.path().join("db"))?;
    let main = database.store("default")?.branch("main")?;
    let mut raws = Vec::new();
    for (name, mode) in [
        ("raw put, exclusive", ConcurrencyMode::ExclusiveWriter),
        ("raw put, shared", ConcurrencyMode::MultiWriter),
    ] {
        let mut builder = Builder::new();
        builder.set_concurrency_mode(mode);
        let raw = builder.create(directory.path().join(name))?;
        put(&raw, &all())?;
        raws.push((name, raw));
    }
    for version in 1..=ROUNDS {
        measured("commit of one", |number| write(&main, [number], version).map(drop))?;
        for (name, raw) in &raws {
            measured(name, |number| put(raw, &[(key(number), text(number, version))]))?;
        }
    }
    Ok(())
}

/// Puts memories in one durable transaction.
fn put(raw: &Raw, memories: &[(String, String)]) -> Result<(), redb::Error> {
    let transaction = raw.begin_write()?;
    {
        let mut table = transaction.open_table(RAW)?;
        for (key, text) in memories {
            table.insert(&**key, text.as_bytes())?;
        }
    }
    Ok(transaction.commit()?)
}

/// Does something for one memory after the other and prints how long that took each time.
#[expect(clippy::disallowed_methods, reason = "this is what is measured")]
fn measured<E>(name: &str, mut once: impl FnMut(u64) -> Result<(), E>) -> Result<(), E> {
    let mut times = Vec::new();
    for turn in 0..COMMITS {
        let begun = Instant::now();
        once(turn * 7_919 % ENTRIES)?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let at = |share: usize| milliseconds(times[(times.len() - 1) * share / 100]);
    let mean = milliseconds(times.iter().sum::<Duration>() / COMMITS as u32);
    let (middle, most, longest) = (at(50), at(90), at(100));
    println!(
        "{name:20} {middle:6.3} ms, 90 % within {most:6.3}, longest {longest:6.1}, mean {mean:6.3}"
    );
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    1_000.0 * time.as_secs_f64()
}
