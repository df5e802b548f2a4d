//! Damaged, cut and foreign files: an error that says so or the right answer, never a panic and
//! never a wrong record.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of `#[test]` functions")]

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::OnceLock;

use undream::{Author, CommitId, Database, Entry, Error, ErrorKind, LogFilter, Options, Result};

const FILE: &str = "undream.redb";

/// What a commit holds.
type Content = BTreeMap<String, String>;

struct Sound {
    image: Vec<u8>,
    commits: BTreeMap<CommitId, Content>,
}

fn number(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

/// A database with some history, flushed and closed, as bytes.
fn sound() -> Sound {
    let directory = tempfile::tempdir().unwrap();
    let db = Database::open(directory.path()).unwrap();
    let main = db.store("default").unwrap().branch("main").unwrap();
    let (mut content, mut commits) = (Content::new(), BTreeMap::new());
    for round in 0..150_usize {
        let mut tx = main.write().unwrap();
        for n in 0..3 {
            let key = format!("k/{}", (round * 13 + n * 29) % 120);
            let text = format!("round {round} says {n}\n{}", "and more ".repeat(round % 40));
            tx.put(&key, Entry::fact(&text)).unwrap();
            content.insert(key, text);
        }
        let commit = tx.commit(Author::agent("a").message("m")).unwrap();
        commits.insert(commit, content.clone());
    }
    drop((main, db));
    Sound { image: fs::read(directory.path().join(FILE)).unwrap(), commits }
}

fn check_kind(error: &Error) {
    let known = [ErrorKind::Corrupt, ErrorKind::Io, ErrorKind::NotFound, ErrorKind::Newer];
    assert!(known.contains(&error.kind()), "{error:?}");
}

/// Opens and reads; everything that can be read must be as it was.
fn read(directory: &Path, sound: &Sound) -> Result<usize> {
    let db = Database::open_read_only(directory).or_else(|_| Options::new().open(directory))?;
    let store = db.store("default")?;
    let mut read = 0;
    if let Some(head) = store.branch("main")?.head()? {
        for commit in store.log(head, LogFilter::default())?.take(5) {
            let id = commit?.id();
            let Some(content) = sound.commits.get(&id) else { panic!("an invented commit {id}") };
            let snapshot = store.snapshot(id)?;
            for entry in snapshot.entries("") {
                let (key, record) = entry?;
                assert_eq!(Some(record.text()?), content.get(key.as_str()).map(String::as_str));
                read += 1;
            }
        }
    }
    let report = db.verify()?;
    if read > 0 && report.is_sound() {
        assert_eq!(report.commits, sound.commits.len() as u64, "verify has missed a row");
    }
    Ok(read)
}

/// How many of `attempts` damaged images were read without an error, refused, and panicked.
fn try_all(attempts: usize, mut damage: impl FnMut(&mut Vec<u8>, &mut u64)) {
    static SOUND: OnceLock<Sound> = OnceLock::new();
    let sound = SOUND.get_or_init(sound);
    let (mut fine, mut refused, mut panicked) = (0, 0, Vec::new());
    for attempt in 0..attempts {
        let mut seed = 0x9e37_79b9 + attempt as u64 * 7_919;
        for _ in 0..8 {
            number(&mut seed);
        }
        let directory = tempfile::tempdir().unwrap();
        let mut image = sound.image.clone();
        damage(&mut image, &mut seed);
        fs::write(directory.path().join(FILE), &image).unwrap();
        match catch_unwind(AssertUnwindSafe(|| read(directory.path(), sound))) {
            Ok(Ok(_)) => fine += 1,
            Ok(Err(error)) => {
                check_kind(&error);
                refused += 1;
            }
            Err(_) => panicked.push(attempt),
        }
    }
    println!("{fine} read, {refused} refused of {attempts}");
    assert!(panicked.is_empty(), "panicked at attempts {panicked:?}");
    assert!(refused > 0, "no damage was noticed at all");
}

fn attempts() -> usize {
    if std::env::var_os("UNDREAM_LONG").is_some() { 5_000 } else { 40 }
}

#[test]
fn flipped_bytes_give_an_error_or_the_truth() {
    try_all(attempts(), |image, seed| {
        for _ in 0..=number(seed) % 4 {
            let at = number(seed) as usize % image.len();
            image[at] ^= 1 << (number(seed) % 8);
        }
    });
}

#[test]
fn overwritten_pages_give_an_error_or_the_truth() {
    try_all(attempts(), |image, seed| {
        let page = number(seed) as usize % (image.len() / 4_096);
        for byte in &mut image[page * 4_096..(page + 1) * 4_096] {
            *byte = number(seed) as u8;
        }
    });
}

#[test]
fn cut_files_give_an_error_or_the_truth() {
    try_all(attempts() / 4, |image, seed| {
        let len = number(seed) as usize % image.len();
        image.truncate(len);
    });
}

#[test]
fn what_is_no_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Options::new().open(directory.path()).map(drop).unwrap_err().kind();
    assert_eq!(open(), ErrorKind::NotFound, "an empty directory");
    fs::write(directory.path().join(FILE), "A letter, not a database.".repeat(1_000)).unwrap();
    assert_eq!(open(), ErrorKind::Corrupt, "a text file");
    fs::remove_file(directory.path().join(FILE)).unwrap();
    fs::create_dir(directory.path().join(FILE)).unwrap();
    assert_eq!(open(), ErrorKind::NotFound, "a folder of that name");
    let error = Options::new().open(directory.path().join("nowhere")).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(Database::open_read_only(directory.path()).is_err());
}
