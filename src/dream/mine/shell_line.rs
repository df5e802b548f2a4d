//! Cuts a shell line into the words of its commands: quotes, separators, here-documents.

/// What ends a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum End {
    /// A pipe: the next command reads its output.
    Pipe,
    /// Another separator.
    Next,
    /// The end of the line.
    Line,
}

/// Cuts a shell line into words.
pub(super) struct ShellLine<'a> {
    rest: &'a str,
    /// The end marks of here-documents that begin after this line.
    awaited: Vec<String>,
}

impl<'a> ShellLine<'a> {
    /// A reader at the beginning of `line`.
    pub(super) fn new(line: &'a str) -> Self {
        Self { rest: line, awaited: Vec::new() }
    }

    /// The words of the next command, and what ends it.
    pub(super) fn simple(&mut self) -> (Vec<String>, End) {
        let mut words = vec![String::new()];
        let mut quote: Option<char> = None;
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            let after = &self.rest[at + c.len_utf8()..];
            let word = words.last_mut().expect("BUG: a command has at least one word");
            match (quote, c) {
                (Some(open), _) if c == open => quote = None,
                (_, '\\') if quote != Some('\'') => {
                    word.extend(chars.next().map(|(_, c)| c).filter(|c| *c != '\n'));
                }
                (None, '\'' | '"') => quote = Some(c),
                (None, ' ' | '\t' | '\r') => words.push(String::new()),
                (None, '#') if word.is_empty() => {
                    self.rest = &after[after.find('\n').unwrap_or(after.len())..];
                    chars = self.rest.char_indices();
                }
                (None, '\n') => {
                    self.await_documents(&words);
                    self.rest = after;
                    self.skip_documents();
                    return (words, if self.rest.is_empty() { End::Line } else { End::Next });
                }
                (None, '&') if after.starts_with('>') || word.ends_with('>') => word.push(c),
                (None, '|' | '&' | ';') => {
                    self.await_documents(&words);
                    let doubled = after.starts_with(c) && c != ';';
                    self.rest = &after[usize::from(doubled)..];
                    let end = if c == '|' && !doubled { End::Pipe } else { End::Next };
                    return (words, end);
                }
                (None, '(' | ')' | '{' | '}') if word.is_empty() => {}
                _ => word.push(c),
            }
        }
        self.rest = "";
        (words, End::Line)
    }

    fn await_documents(&mut self, words: &[String]) {
        for (at, word) in words.iter().enumerate() {
            let Some(from) = word.find("<<").filter(|from| !word[*from..].starts_with("<<<"))
            else {
                continue;
            };
            let mark = word[from + 2..].trim_start_matches('-');
            let mark =
                if mark.is_empty() { words.get(at + 1).map_or("", |next| next) } else { mark };
            let mark: String = mark.chars().take_while(|c| !"><|;&".contains(*c)).collect();
            self.awaited.push(mark);
        }
    }

    fn skip_documents(&mut self) {
        for mark in std::mem::take(&mut self.awaited) {
            let mut lines = self.rest.split_inclusive('\n');
            let skipped: usize = lines
                .by_ref()
                .scan(false, |done, line| {
                    let go_on = !*done;
                    *done = line.trim() == mark;
                    go_on.then_some(line.len())
                })
                .sum();
            self.rest = &self.rest[skipped..];
        }
    }
}
