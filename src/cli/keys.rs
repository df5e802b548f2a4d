//! What a person types in a review: keys on a terminal, lines where there is none.

use std::io::{BufRead, IsTerminal, stdin, stdout};

use console::{Key, Term};

use super::exit::Outcome;

/// A key, and what was typed with it where whole lines are read.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Typed {
    pub(crate) key: char,
    pub(crate) words: Option<String>,
}

/// Where keys come from.
pub(crate) enum Keys {
    Terminal(Term),
    Lines,
}

impl Keys {
    pub(crate) fn open() -> Self {
        let terminal = stdin().is_terminal() && stdout().is_terminal();
        if terminal { Self::Terminal(Term::stdout()) } else { Self::Lines }
    }

    /// The rows and columns of the terminal; `None` where there is none.
    pub(crate) fn size(&self) -> Option<(usize, usize)> {
        match self {
            Self::Terminal(term) => {
                let (rows, columns) = term.size();
                Some((rows.into(), columns.into()))
            }
            Self::Lines => None,
        }
    }

    /// Takes the last screen away.
    pub(crate) fn clear(&self) -> Outcome {
        match self {
            Self::Terminal(term) => Ok(term.clear_screen()?),
            Self::Lines => Ok(()),
        }
    }

    /// The next key; at the end of the input it is `q`.
    pub(crate) fn next(&self) -> Outcome<Typed> {
        let term = match self {
            Self::Terminal(term) => term,
            Self::Lines => return Ok(read_line()?.map_or(typed("q"), |line| typed(&line))),
        };
        loop {
            let key = match term.read_key()? {
                Key::Char(key) => key,
                Key::Enter | Key::ArrowRight | Key::ArrowDown => 's',
                Key::ArrowLeft | Key::ArrowUp | Key::Backspace => 'b',
                Key::Escape => 'q',
                _ => continue,
            };
            return Ok(Typed { key, words: None });
        }
    }

    /// What is typed after a question: what came with the key, or else a line. Empty is `None`.
    pub(crate) fn answer(&self, question: &str, typed: Typed) -> Outcome<Option<String>> {
        let line = match (self, typed.words) {
            (_, Some(words)) => Some(words),
            (Self::Lines, None) => None,
            (Self::Terminal(term), None) => {
                term.write_str(&format!("{question}: "))?;
                Some(term.read_line()?)
            }
        };
        Ok(line.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()))
    }
}

fn read_line() -> Outcome<Option<String>> {
    let mut line = String::new();
    let read = stdin().lock().read_line(&mut line)?;
    Ok((read > 0).then_some(line))
}

/// A line as a key and what follows it.
fn typed(line: &str) -> Typed {
    let (first, rest) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
    let words = Some(rest.trim().to_owned()).filter(|words| !words.is_empty());
    Typed { key: first.chars().next().unwrap_or('s'), words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_key_and_what_follows_it() {
        let with = |key, words: &str| Typed { key, words: Some(words.to_owned()) };
        assert_eq!(typed("r  not ours \n"), with('r', "not ours"));
        assert_eq!(typed("reject not ours"), with('r', "not ours"));
        assert_eq!(typed("a\n"), Typed { key: 'a', words: None });
        assert_eq!(typed("\n"), Typed { key: 's', words: None });
    }
}
