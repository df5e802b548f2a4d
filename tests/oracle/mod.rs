//! Git itself, asked through processes that stay open.
#![expect(clippy::unwrap_used, unreachable_pub, reason = "a test's own module")]

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use tempfile::TempDir;

/// A bare clone of a bundle.
pub struct Repository {
    _directory: TempDir,
    pub path: PathBuf,
}

impl Repository {
    /// Clones `git/<name>.bundle` of the data; `None` if there is none on this machine.
    pub fn from_data(name: &str) -> Option<Self> {
        let Some(data) = std::env::var_os("UNDREAM_DATA") else {
            println!("skipped: UNDREAM_DATA is not set");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("clone");
        let bundle = Path::new(&data).join(format!("git/{name}.bundle"));
        let done = Command::new("git")
            .args(["clone", "--quiet", "--bare"])
            .arg(bundle)
            .arg(&path)
            .status()
            .unwrap();
        assert!(done.success());
        Some(Self { _directory: directory, path })
    }

    pub fn git(&self) -> Command {
        let mut git = Command::new("git");
        git.arg("-C").arg(&self.path);
        git
    }

    pub fn lines(&self, arguments: &[&str]) -> Vec<String> {
        let output = self.git().args(arguments).output().unwrap();
        assert!(output.status.success() || arguments[0] == "merge-base");
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// Every commit with its parents, parents first.
    pub fn commits(&self) -> Vec<(String, Vec<String>)> {
        let lines = self.lines(&["rev-list", "--all", "--parents", "--topo-order", "--reverse"]);
        let split = |line: &String| {
            let mut ids = line.split(' ').map(str::to_owned);
            (ids.next().unwrap(), ids.collect())
        };
        lines.iter().map(split).collect()
    }

    /// What each commit changed against its first parent, as raw lines of `git diff-tree`.
    pub fn changes(&self, commits: &[(String, Vec<String>)]) -> HashMap<String, Vec<String>> {
        let mut child = self
            .git()
            .args(["-c", "core.quotePath=false", "diff-tree", "--stdin", "--root", "-r"])
            .args(["--no-renames", "--raw", "--no-abbrev"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut questions = child.stdin.take().unwrap();
        let asked: String = commits
            .iter()
            .map(|(id, parents)| match parents.first() {
                Some(parent) => format!("{id} {parent}\n"),
                None => format!("{id}\n"),
            })
            .collect();
        let writer = std::thread::spawn(move || questions.write_all(asked.as_bytes()).unwrap());
        let mut found: HashMap<String, Vec<String>> = HashMap::new();
        let mut current = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if line.starts_with(':') {
                found.get_mut(&current).unwrap().push(line);
            } else {
                line.split(' ').next().unwrap().clone_into(&mut current);
                found.insert(current.clone(), Vec::new());
            }
        }
        writer.join().unwrap();
        assert!(child.wait().unwrap().success());
        found
    }

    /// The renames that `git fast-export -M` writes, by commit.
    pub fn renames(&self) -> HashMap<String, Vec<(String, String)>> {
        let mut child = self
            .git()
            .args(["fast-export", "--all", "-M", "--show-original-ids", "--reencode=yes"])
            .args(["--signed-tags=strip"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stream = BufReader::new(child.stdout.take().unwrap());
        let mut found: HashMap<String, Vec<(String, String)>> = HashMap::new();
        let mut commit = String::new();
        let mut in_commit = false;
        let mut line = Vec::new();
        loop {
            line.clear();
            if stream.read_until(b'\n', &mut line).unwrap() == 0 {
                break;
            }
            let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
            if let Some(count) = text.strip_prefix("data ") {
                let mut skipped = vec![0; count.parse().unwrap()];
                stream.read_exact(&mut skipped).unwrap();
            } else if text.starts_with("commit ") {
                in_commit = true;
            } else if text == "blob" {
                in_commit = false;
            } else if let Some(id) = text.strip_prefix("original-oid ")
                && in_commit
            {
                id.clone_into(&mut commit);
            } else if let Some(paths) = text.strip_prefix("R ") {
                found.entry(commit.clone()).or_default().push(two(paths));
            }
        }
        assert!(child.wait().unwrap().success());
        found
    }
}

/// Two paths of which either may be quoted.
fn two(text: &str) -> (String, String) {
    let (first, rest) = match text.strip_prefix('"') {
        Some(open) => {
            let end = open.find('"').unwrap();
            (&open[..end], &open[end + 2..])
        }
        None => text.split_once(' ').unwrap(),
    };
    assert!(!text.contains('\\'), "escapes are not understood here: {text}");
    (first.to_owned(), rest.trim_matches('"').to_owned())
}

/// Objects of a repository, from one `git cat-file --batch`.
pub struct Objects {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    trees: HashMap<String, Vec<(String, String, String)>>,
    texts: HashMap<String, Option<String>>,
}

impl Objects {
    pub fn of(repository: &Repository) -> Self {
        let mut child = repository
            .git()
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let questions = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, questions, answers, trees: HashMap::new(), texts: HashMap::new() }
    }

    fn read(&mut self, name: &str) -> Vec<u8> {
        let questions = self.questions.as_mut().unwrap();
        writeln!(questions, "{name}").unwrap();
        questions.flush().unwrap();
        let mut header = String::new();
        self.answers.read_line(&mut header).unwrap();
        let length: usize = header.trim().rsplit(' ').next().unwrap().parse().unwrap();
        let mut bytes = vec![0; length + 1];
        self.answers.read_exact(&mut bytes).unwrap();
        bytes.pop();
        bytes
    }

    /// Mode, name and id of what a tree holds.
    fn tree(&mut self, name: &str) -> Vec<(String, String, String)> {
        if let Some(tree) = self.trees.get(name) {
            return tree.clone();
        }
        let bytes = self.read(name);
        let mut entries = Vec::new();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let nul = rest.iter().position(|byte| *byte == 0).unwrap();
            let head = String::from_utf8(rest[..nul].to_vec()).unwrap();
            let mut id = String::new();
            for byte in &rest[nul + 1..nul + 21] {
                write!(id, "{byte:02x}").unwrap();
            }
            let (mode, file) = head.split_once(' ').unwrap();
            entries.push((mode.to_owned(), file.to_owned(), id));
            rest = &rest[nul + 21..];
        }
        self.trees.insert(name.to_owned(), entries.clone());
        entries
    }

    /// The text of a blob; `None` if it is none that a memory could hold.
    pub fn text(&mut self, id: &str) -> Option<String> {
        if !self.texts.contains_key(id) {
            let text = String::from_utf8(self.read(id)).ok();
            let text = text.filter(|text| !text.contains('\0') && text.len() <= 1 << 20);
            self.texts.insert(id.to_owned(), text);
        }
        self.texts[id].clone()
    }

    /// The text files of a commit, by path, with the ids of their blobs.
    pub fn files(&mut self, commit: &str) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut open = vec![(String::new(), format!("{commit}^{{tree}}"))];
        while let Some((prefix, tree)) = open.pop() {
            for (mode, name, id) in self.tree(&tree) {
                let path = format!("{prefix}{name}");
                if mode == "40000" {
                    open.push((format!("{path}/"), id));
                } else if is_file(&mode) && self.text(&id).is_some() {
                    files.insert(path, id);
                }
            }
        }
        files
    }
}

/// Whether git's mode is that of a file, not of a link or submodule.
pub fn is_file(mode: &str) -> bool {
    mode.starts_with("100")
}

impl Drop for Objects {
    fn drop(&mut self) {
        drop(self.questions.take());
        self.child.wait().unwrap();
    }
}
