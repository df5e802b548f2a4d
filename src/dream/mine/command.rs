//! Shell lines: which commands they hold, and what kind of work each does.

use crate::dream::mine::failure::cut;
use crate::dream::mine::shell_line::{End, ShellLine};

/// The longest shell line that is read, in bytes.
const LINE_BYTES_MAX: usize = 64 << 10;
/// The most commands that are read from one line.
const COMMANDS_MAX: usize = 40;
/// Words before a command that are not the command.
const WRAPPERS: [&str; 9] =
    ["sudo", "env", "time", "nohup", "command", "exec", "timeout", "nice", "xargs"];
/// Commands that only set the scene.
const SCENERY: [&str; 16] = [
    "cd", "pushd", "popd", "export", "set", "echo", "printf", "true", "false", "sleep", "source",
    ".", "exit", "then", "fi", "done",
];
/// Programs whose arguments are words to look for or files to look at, never tasks.
const READERS: [&str; 22] = [
    "grep", "rg", "cat", "ls", "find", "sed", "awk", "head", "tail", "rm", "mkdir", "cp", "mv",
    "wc", "touch", "git", "gh", "tree", "chmod", "sort", "diff", "which",
];
/// Programs whose first argument is a script.
const INTERPRETERS: [&str; 9] =
    ["python", "python3", "node", "ruby", "perl", "bash", "sh", "php", "deno"];

/// One command of a shell line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Command {
    /// The program and what tells its task: up to three words, such as `cargo test` or `sed -n`.
    pub(super) head: Vec<String>,
    /// The file that its output goes to.
    pub(super) writes: Option<String>,
    /// All words.
    pub(super) words: Vec<String>,
    /// Whether its input is another command's output.
    pub(super) piped: bool,
}

/// Programs that look at files and folders and change nothing.
const VIEWERS: [&str; 14] = [
    "cat", "nl", "head", "tail", "less", "ls", "tree", "find", "grep", "rg", "wc", "pwd", "stat",
    "file",
];

/// What kind of work a command does.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Class {
    Test,
    Lint,
    Format,
    Build,
}

impl Class {
    /// All classes.
    pub(super) const ALL: [Self; 4] = [Self::Test, Self::Lint, Self::Format, Self::Build];

    /// The class's name, in lower case.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Lint => "lint",
            Self::Format => "format",
            Self::Build => "build",
        }
    }

    /// Whether a program is named after its work, such as `shfmt`, `swiftlint` or `junittest`.
    fn is_ending_of(self, word: &str) -> bool {
        match self {
            Self::Test => word.ends_with("test") && word != "latest" || word.ends_with("tests"),
            Self::Lint => word.ends_with("lint"),
            Self::Format => word.ends_with("fmt"),
            Self::Build => false,
        }
    }

    fn cues(self) -> &'static [&'static str] {
        match self {
            Self::Test => &["tox", "nox", "jest", "mocha", "rspec", "phpunit", "gotestsum", "spec"],
            Self::Lint => &[
                "vet",
                "clippy",
                "flake8",
                "ruff",
                "mypy",
                "pyright",
                "golangci",
                "shellcheck",
                "rubocop",
                "typecheck",
                "biome",
                "detekt",
                "checkstyle",
                "phpstan",
                "credo",
            ],
            Self::Format => &["format", "prettier", "black", "isort", "spotless"],
            Self::Build => &[
                "build", "compile", "assemble", "make", "cmake", "ninja", "tsc", "gcc", "clang",
                "javac", "webpack", "msbuild",
            ],
        }
    }
}

impl Class {
    /// The kind of work that the head of a command tells.
    pub(super) fn of<S: AsRef<str>>(head: &[S]) -> Option<Self> {
        let head: Vec<&str> = head.iter().map(AsRef::as_ref).collect();
        let program = head.first()?;
        if READERS.contains(program) {
            return None;
        }
        let told = |class: &Self| {
            head.iter().any(|word| {
                let stem = word.rsplit_once('.').map_or(*word, |(stem, _)| stem);
                let mut parts = stem.split(|c: char| !c.is_ascii_alphanumeric());
                parts.any(|part| class.cues().contains(&part) || class.is_ending_of(part))
            })
        };
        Self::ALL.into_iter().find(told)
    }
}

impl Command {
    /// The kind of work, if its head tells.
    pub(super) fn class(&self) -> Option<Class> {
        Class::of(&self.head)
    }

    /// Whether it is one that only sets the scene.
    pub(super) fn is_scenery(&self) -> bool {
        self.head.first().is_none_or(|program| SCENERY.contains(&program.as_str()))
            && self.writes.is_none()
    }
}

/// Whether a command's head tells that it only looks at files and folders.
pub(super) fn looks(head: &str) -> bool {
    let mut words = head.split(' ');
    let reads = words.next().is_some_and(|program| VIEWERS.contains(&program));
    reads && words.all(|word| word != "<<") || head.starts_with("sed -n")
}

/// The commands of a shell line, in order. Text of here-documents is skipped.
pub(super) fn commands(line: &str) -> Vec<Command> {
    let line = cut(line, LINE_BYTES_MAX);
    let mut commands = Vec::new();
    let mut reader = ShellLine::new(line);
    let mut piped = false;
    while commands.len() < COMMANDS_MAX {
        let (words, end) = reader.simple();
        if let Some(command) = command(words, piped) {
            commands.push(command);
        }
        match end {
            End::Pipe => piped = true,
            End::Next => piped = false,
            End::Line => return commands,
        }
    }
    commands
}

/// The command that `words` make, if any.
fn command(words: Vec<String>, piped: bool) -> Option<Command> {
    let mut kept: Vec<String> = Vec::new();
    let mut writes = None;
    let mut document = false;
    let mut words = words.into_iter().filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        if let Some(from) = word.find("<<") {
            document = true;
            if word.ends_with("<<") || word.ends_with("<<-") {
                words.next();
            }
            // The target may be glued to the mark, as in `<<EOF>file`.
            writes = word[from..]
                .split_once('>')
                .map(|(_, to)| to.to_owned())
                .filter(|to| !to.is_empty())
                .or(writes);
        } else if let Some((_, to)) = word.rsplit_once('>') {
            let to = if to.is_empty() { words.next().unwrap_or_default() } else { to.to_owned() };
            let is_file = !to.starts_with('&') && !to.starts_with("/dev/");
            writes = is_file.then(|| name_of(&to).to_owned()).or(writes);
        } else if word != "<" {
            kept.push(word);
        }
    }
    let start = kept.iter().position(|word| !is_prefix(word)).unwrap_or(kept.len());
    let words: Vec<String> = kept.split_off(start);
    let head = head(&words, document)?;
    Some(Command { head, writes, words, piped })
}

fn is_prefix(word: &str) -> bool {
    let assignment = word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    });
    assignment
        || WRAPPERS.contains(&word)
        || word.starts_with(|c: char| c.is_ascii_digit())
        || ["if", "do", "while", "!", "else"].contains(&word)
}

/// The program and up to two words that tell its task.
fn head(words: &[String], document: bool) -> Option<Vec<String>> {
    let program = words.first()?;
    let program = if program.starts_with(['/', '~', '$']) || program.starts_with("../") {
        name_of(program)
    } else {
        program.trim_start_matches("./")
    };
    let fits = |word: &str| word.len() <= 40 && word.chars().all(|c| c.is_ascii_graphic());
    if program.is_empty()
        || !fits(program)
        || !program.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.')
    {
        return None;
    }
    let mut head = vec![program.to_owned()];
    let rest = &words[1..];
    if INTERPRETERS.contains(&program) {
        match rest.first().map(String::as_str) {
            Some("-m") => head.extend(rest.iter().take(2).cloned()),
            Some(flag) if flag.starts_with('-') && flag.len() > 1 => head.push(cut_flag(flag)),
            Some(script) if !document && fits(script) => head.push(name_of(script).to_owned()),
            _ => head.extend(document.then(|| "<<".to_owned())),
        }
    } else if document && ["cat", "tee"].contains(&program) {
        head.push("<<".to_owned());
    } else if let Some(flag) = rest.first().filter(|word| word.starts_with('-') && word.len() > 1) {
        head.push(cut_flag(flag));
    } else {
        head.extend(rest.iter().take_while(|word| is_task(word)).take(2).cloned());
    }
    head.retain(|word| fits(word));
    Some(head)
}

fn cut_flag(flag: &str) -> String {
    flag.split('=').next().unwrap_or(flag).to_owned()
}

fn is_task(word: &str) -> bool {
    let mut chars = word.chars();
    word.len() <= 30
        && chars.next().is_some_and(|c| c.is_ascii_lowercase())
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_:".contains(c))
}

/// The last part of a path.
pub(super) fn name_of(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads(line: &str) -> Vec<String> {
        commands(line).iter().map(|command| command.head.join(" ")).collect()
    }

    #[test]
    fn a_line_is_cut_into_its_commands() {
        assert_eq!(
            heads("cd /a/b && FOO=1 cargo test --lib x 2>&1 | tail -5; git commit -m 'a && b'"),
            ["cd", "cargo test", "tail -5", "git commit"]
        );
        assert_eq!(
            heads("sudo ./bin/check all # not; this\npython -m unittest foo"),
            ["bin/check all", "python -m unittest"]
        );
    }

    #[test]
    fn here_documents_are_not_commands() {
        let all =
            commands("cat <<'EOF' > try.py\nimport os; rm x\nEOF\npython try.py && rm try.py");
        assert_eq!(
            all.iter().map(|c| c.head.join(" ")).collect::<Vec<_>>(),
            ["cat <<", "python try.py", "rm"]
        );
        assert_eq!(all[0].writes.as_deref(), Some("try.py"));
        assert_eq!(commands("cat > a/b.txt << END\nx\nEND\n")[0].writes.as_deref(), Some("b.txt"));
    }

    #[test]
    fn the_class_is_told_by_words_of_the_head() {
        let class = |line: &str| commands(line).first().and_then(Command::class);
        assert_eq!(class("npm run test:unit"), Some(Class::Test));
        assert_eq!(class("python tests/runtests.py a"), Some(Class::Test));
        assert_eq!(class("cargo clippy"), Some(Class::Lint));
        assert_eq!(class("swiftlint --strict"), Some(Class::Lint));
        assert_eq!(class("./gradlew test"), Some(Class::Test));
        assert_eq!(class("terraform fmt -check"), Some(Class::Format));
        assert_eq!(class("docker pull latest"), None);
        assert_eq!(class("grep test ."), None);
        assert_eq!(class("ls latest"), None);
    }

    #[test]
    fn odd_lines_do_no_harm() {
        for odd in [
            "",
            "'",
            "\\",
            "a <<",
            "<<",
            "<<EOF",
            "| | &&",
            "\u{4f60} '\u{597d}",
            "a >",
            "> b",
            "#",
            "x\n#\n",
        ] {
            let _ignored = commands(odd);
        }
        let _ignored = commands(&"a;".repeat(100_000));
    }
}
