use std::collections::{BTreeMap, HashMap};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::rc::Rc;

use proptest::prelude::*;

use super::*;
use crate::error::{Error, ErrorKind, Result};

const SAMPLE: &[u8] = b"feature done\nblob\nmark :1\noriginal-oid 0123456789012345678901234567890123456789\ndata 6\nhello\n\nreset refs/heads/main\ncommit refs/heads/main\nmark :2\nauthor Ana B <ana@example.org> 17 +0100\ncommitter  <> -5 -0330\nencoding latin1\ndata 3\nnewM 100644 :1 \"a\\tb\"\nM 120000 0123456789012345678901234567890123456789 link to\n\ncommit refs/heads/main\ncommitter Bo <bo> 18 +0000\ndata 0\nfrom :2\nmerge :1\nmerge 0123456789012345678901234567890123456789\ndeleteall\nD x y\nR \"old name\" new\nC a \"b c\"\n\ntag v1\nfrom :2\ntagger Ana <a> 9 +0000\ndata 2\nhi\nreset refs/heads/side\nfrom :2\n\ndone\n";
const SHA: &str = "0123456789012345678901234567890123456789";

fn read(stream: &[u8]) -> Result<Vec<Command>> {
    // A small buffer, so that commands lie across its end.
    Stream::new(BufReader::with_capacity(7, stream)).collect()
}

fn ident(name: &str, email: &str, seconds: i64) -> Ident {
    Ident { name: name.into(), email: email.into(), seconds }
}

#[test]
fn every_command_of_a_stream_is_read() {
    let commands = read(SAMPLE).unwrap();
    let main = b"refs/heads/main".to_vec();
    let blob = Command::Blob {
        mark: Some(1),
        original: Some(SHA.to_owned()),
        data: Some(b"hello\n".to_vec()),
    };
    let modify = |mode, data, path: &[u8]| FileChange::Modify { mode, data, path: path.to_vec() };
    let first = Command::Commit {
        reference: main.clone(),
        mark: Some(2),
        original: None,
        author: Some(ident("Ana B", "ana@example.org", 17)),
        committer: ident("", "", -5),
        message: b"new".to_vec(),
        from: None,
        merges: vec![],
        changes: vec![
            modify(0o100_644, DataRef::Mark(1), b"a\tb"),
            modify(0o120_000, DataRef::Sha(SHA.to_owned()), b"link to"),
        ],
    };
    let second = Command::Commit {
        reference: main.clone(),
        mark: None,
        original: None,
        author: None,
        committer: ident("Bo", "bo", 18),
        message: vec![],
        from: Some(DataRef::Mark(2)),
        merges: vec![DataRef::Mark(1), DataRef::Sha(SHA.to_owned())],
        changes: vec![
            FileChange::DeleteAll,
            FileChange::Delete { path: b"x y".to_vec() },
            FileChange::Rename { from: b"old name".to_vec(), to: b"new".to_vec() },
            FileChange::Copy { from: b"a".to_vec(), to: b"b c".to_vec() },
        ],
    };
    let tag = Command::Tag {
        name: b"v1".to_vec(),
        original: None,
        from: DataRef::Mark(2),
        tagger: Some(ident("Ana", "a", 9)),
        message: b"hi".to_vec(),
    };
    let side =
        Command::Reset { reference: b"refs/heads/side".to_vec(), from: Some(DataRef::Mark(2)) };
    let reset = Command::Reset { reference: main, from: None };
    assert_eq!(commands, [blob, reset, first, second, tag, side]);
}

#[test]
fn a_stream_cut_short_anywhere_is_an_error() {
    for end in b"feature done\n".len()..SAMPLE.len() - 1 {
        let error = read(&SAMPLE[..end]).expect_err(&format!("cut at {end}"));
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
}

#[test]
fn what_git_never_writes_is_refused_with_its_place() {
    for (damage, word) in [
        ("frobnicate\n", "frobnicate"),
        ("blob\ndata -1\n", "data <count>"),
        ("blob\ndata <<END\nEND\n", "data <count>"),
        ("commit a\ndata 0\n", "committer"),
        ("commit a\ncommitter A a> 1 +0000\n", "A a>"),
        ("commit a\ncommitter A <a> 1\n", "A <a> 1"),
        ("commit a\ncommitter A <a> 1 0000\n", "A <a> 1 0000"),
        ("blob\ndata 5\nfour", "1 bytes early"),
        ("commit a\ncommitter A <a> 1 +0000\ndata 0\nM 100644 inline x\n", "inline"),
        ("commit a\ncommitter A <a> 1 +0000\ndata 0\nR one\n", "R one"),
        ("reset a\nfrom main\n", "main"),
        ("blob\nmark :x\n", "x"),
    ] {
        let error = read(damage.as_bytes()).expect_err(damage).to_string();
        assert!(error.contains("byte ") && error.contains(word), "{error}");
    }
}

#[test]
fn a_blob_too_large_to_hold_is_skipped_and_the_next_is_read() {
    let bytes = vec![b'x'; stream::DATA_BYTES_MAX as usize + 1];
    let head = format!("blob\nmark :1\ndata {}\n", bytes.len());
    let commands = read(&[head.as_bytes(), &bytes, b"\nblob\ndata 1\ny\n"].concat()).unwrap();
    let blob = |mark, data| Command::Blob { mark, original: None, data };
    assert_eq!(commands, [blob(Some(1), None), blob(None, Some(b"y".to_vec()))]);
}

proptest! {
    #[test]
    fn no_damage_makes_the_reader_panic(
        hits in prop::collection::vec((0..SAMPLE.len(), any::<u8>()), 1..6),
        cut in 0..SAMPLE.len(),
    ) {
        let mut stream = SAMPLE.to_vec();
        for (at, byte) in hits {
            stream[at] = byte;
        }
        drop(read(&stream));
        drop(read(&stream[cut..]));
    }
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Process::new("git").arg("-C").arg(directory).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn git_says_why_it_cannot_export() {
    let directory = tempfile::tempdir().unwrap();
    let error = export(directory.path(), None, &mut |_| Ok(())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("not a git repository"), "{error}");
}

#[test]
fn an_export_ends_with_the_error_of_whoever_receives_it() {
    let directory = tempfile::tempdir().unwrap();
    git(directory.path(), &["init", "-q"]);
    let commit =
        ["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m"];
    for message in ["one", "two"] {
        git(directory.path(), &[&commit[..], &[message]].concat());
    }
    let mut count = 0;
    let refuse = &mut |_| {
        count += 1;
        if count == 2 { Err(Error::stale("enough")) } else { Ok(()) }
    };
    let error = export(directory.path(), None, refuse).unwrap_err();
    assert_eq!((error.kind(), count), (ErrorKind::Stale, 2));
}

fn bundles() -> Vec<PathBuf> {
    let Some(data) = std::env::var_os("UNDREAM_DATA") else {
        println!("skipped: UNDREAM_DATA is not set");
        return Vec::new();
    };
    let files = std::fs::read_dir(Path::new(&data).join("git")).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|e| e == "bundle")).collect()
}

/// The histories of real repositories, replayed: mode, blob and path of every file of each commit.
#[derive(Default)]
struct Replay {
    blobs: HashMap<u64, String>,
    trees: HashMap<u64, Tree>,
    names: HashMap<String, u64>,
    merges: usize,
}

type Tree = BTreeMap<Rc<[u8]>, (u32, Rc<str>)>;

impl Replay {
    fn take(&mut self, command: Command) {
        match command {
            Command::Blob { mark, original, .. } => {
                self.blobs.insert(mark.unwrap(), original.unwrap());
            }
            Command::Commit { mark, original, from, merges, changes, .. } => {
                let parent = from.map(|from| match from {
                    DataRef::Mark(mark) => self.trees[&mark].clone(),
                    DataRef::Sha(sha) => panic!("a parent outside the stream: {sha}"),
                });
                let mut tree = parent.unwrap_or_default();
                for change in changes {
                    self.apply(&mut tree, change);
                }
                self.trees.insert(mark.unwrap(), tree);
                self.names.insert(original.unwrap(), mark.unwrap());
                self.merges += usize::from(!merges.is_empty());
            }
            Command::Reset { .. } | Command::Tag { .. } => {}
        }
    }

    fn apply(&self, tree: &mut Tree, change: FileChange) {
        match change {
            FileChange::Modify { mode, data, path } => {
                let blob = match data {
                    DataRef::Mark(mark) => self.blobs[&mark].clone(),
                    DataRef::Sha(sha) => sha,
                };
                tree.insert(path.into(), (mode, blob.into()));
            }
            FileChange::Delete { path } => drop(tree.remove(&path[..]).unwrap()),
            FileChange::Rename { from, to } => {
                let file = tree.remove(&from[..]).unwrap();
                tree.insert(to.into(), file);
            }
            FileChange::Copy { .. } | FileChange::DeleteAll => panic!("not asked for"),
        }
    }
}

/// The files of a commit, as git lists them.
fn tree_of(repository: &Path, commit: &str) -> Tree {
    let listing = git(repository, &["ls-tree", "-r", "-z", commit]);
    let file = |line: &str| {
        let (about, path) = line.split_once('\t').unwrap();
        let about: Vec<&str> = about.split(' ').collect();
        let mode = u32::from_str_radix(about[0], 8).unwrap();
        (path.as_bytes().into(), (mode, about[2].into()))
    };
    listing.split_terminator('\0').map(file).collect()
}

#[test]
fn real_histories_replay_to_the_trees_that_git_has() {
    for bundle in bundles() {
        let directory = tempfile::tempdir().unwrap();
        let bundle = bundle.to_str().unwrap();
        git(directory.path(), &["clone", "-q", "--bare", bundle, "clone"]);
        let clone = directory.path().join("clone");
        let mut replay = Replay::default();
        export(&clone, None, &mut |command| {
            replay.take(command);
            Ok(())
        })
        .unwrap();
        let commits = git(&clone, &["rev-list", "--all"]);
        let merges = git(&clone, &["rev-list", "--all", "--merges"]);
        assert_eq!(replay.names.len(), commits.lines().count(), "{bundle}");
        assert_eq!(replay.merges, merges.lines().count(), "{bundle}");
        for commit in commits.lines().step_by(97) {
            let tree = &replay.trees[&replay.names[commit]];
            assert_eq!(*tree, tree_of(&clone, commit), "{bundle} {commit}");
        }
        println!("{bundle}: {} commits, {} merges", replay.names.len(), replay.merges);
    }
}
