//! What a query asks for: words and phrases, required, wanted or excluded.

use tantivy::Term;
use tantivy::query::Occur;
use tantivy::query_grammar::{
    Delimiter, UserInputAst, UserInputLeaf, UserInputLiteral, parse_query_lenient,
};
use tantivy::schema::Field;
use tantivy::tokenizer::TextAnalyzer;

use crate::error::Result;
use crate::limits;
use crate::search::fields::SEARCHED;

/// The deepest nesting of parentheses.
const DEPTH_MAX: usize = 16;
/// The most words of a query.
const WORDS_MAX: usize = 128;
/// Weights that a query gives its words stay between the reciprocal of this and this.
const BOOST_MAX: f32 = 1_000.0;

/// A part of a query.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Clause {
    /// Every memory.
    All,
    /// Words at their places, in one field.
    Phrase { field: usize, words: Vec<(usize, String)>, slop: u32, boost: f32 },
    /// Parts that are required, wanted or excluded; at least one of them is not excluded.
    Group(Vec<(Occur, Clause)>),
}

struct Parser<'a> {
    analyser: &'a mut TextAnalyzer,
    words: usize,
}

/// Reads a query leniently: what has no meaning is taken as words. `None` if it asks for nothing,
/// such as one that only excludes or has only stop words.
///
/// # Errors
/// `Limit` if it is too long, too deep or has too many words.
pub(super) fn parse(query: &str, analyser: &mut TextAnalyzer) -> Result<Option<Clause>> {
    limits::check("the query", query.len(), limits::QUERY_BYTES_MAX, "bytes")?;
    limits::check("the query", depth(query), DEPTH_MAX, "nested parentheses")?;
    let (ast, _mends) = parse_query_lenient(query);
    let mut parser = Parser { analyser, words: 0 };
    let clause = parser.clause(ast, false, 1.0);
    limits::check("the query", parser.words, WORDS_MAX, "words")?;
    Ok(clause)
}

fn depth(query: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for c in query.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

impl Parser<'_> {
    /// `exact` where several words in one must stand together: parts that are required or excluded.
    fn clause(&mut self, ast: UserInputAst, exact: bool, boost: f32) -> Option<Clause> {
        match ast {
            UserInputAst::Clause(parts) => {
                let mut group = Vec::new();
                for (occur, part) in parts {
                    let occur = occur.unwrap_or(Occur::Should);
                    let exact = exact || occur != Occur::Should;
                    group.extend(self.clause(part, exact, boost).map(|part| (occur, part)));
                }
                group_of(group)
            }
            UserInputAst::Boost(part, factor) => {
                let factor = factor.into_inner() as f32;
                let fits = factor >= BOOST_MAX.recip() && factor <= BOOST_MAX;
                self.clause(*part, exact, if fits { boost * factor } else { boost })
            }
            UserInputAst::Leaf(leaf) => match *leaf {
                UserInputLeaf::All => Some(Clause::All),
                UserInputLeaf::Literal(literal) => self.literal(&literal, exact, boost),
                UserInputLeaf::Set { field, elements } => {
                    self.loose(field.as_deref(), &elements.join(" "), boost)
                }
                UserInputLeaf::Regex { field, pattern } => {
                    self.loose(field.as_deref(), &pattern, boost)
                }
                UserInputLeaf::Range { field, lower, upper } => {
                    let ends = format!("{} {}", lower.term_str(), upper.term_str());
                    self.loose(field.as_deref(), &ends, boost)
                }
                UserInputLeaf::Exists { field } => self.loose(None, &field, boost),
            },
        }
    }

    fn literal(&mut self, literal: &UserInputLiteral, exact: bool, boost: f32) -> Option<Clause> {
        let phrase = exact || literal.delimiter != Delimiter::None;
        let named = literal.field_name.as_deref().map(|name| (name, place_of(name)));
        match named {
            Some((name, None)) => self.loose(None, &format!("{name} {}", literal.phrase), boost),
            _ if !phrase => self.loose(literal.field_name.as_deref(), &literal.phrase, boost),
            _ => {
                let words = self.words(&literal.phrase);
                everywhere(named.and_then(|(_, place)| place), &words, literal.slop, boost)
            }
        }
    }

    /// Each word for itself, all of them wanted.
    fn loose(&mut self, field: Option<&str>, text: &str, boost: f32) -> Option<Clause> {
        let place = field.and_then(place_of);
        let words = self.words(text);
        let each = words.into_iter().map(|(_, word)| (0, word));
        let parts: Vec<_> = each.filter_map(|word| everywhere(place, &[word], 0, boost)).collect();
        group_of(parts.into_iter().map(|part| (Occur::Should, part)).collect())
    }

    fn words(&mut self, text: &str) -> Vec<(usize, String)> {
        let mut words = Vec::new();
        let mut stream = self.analyser.token_stream(text);
        while stream.advance() {
            words.push((stream.token().position, stream.token().text.clone()));
        }
        self.words += words.len();
        words
    }
}

/// The words in one field, or in any.
fn everywhere(
    place: Option<usize>,
    words: &[(usize, String)],
    slop: u32,
    boost: f32,
) -> Option<Clause> {
    if words.is_empty() {
        return None;
    }
    let places = match place {
        Some(place) => place..place + 1,
        None => 0..SEARCHED.len(),
    };
    let phrase = |field: usize| Clause::Phrase {
        field,
        words: words.to_vec(),
        slop,
        boost: boost * SEARCHED[field].1,
    };
    group_of(places.map(|field| (Occur::Should, phrase(field))).collect())
}

/// The place of a field among the searched ones.
fn place_of(name: &str) -> Option<usize> {
    let name = if name == "label" { "labels" } else { name };
    SEARCHED.iter().position(|(held, _)| *held == name)
}

/// A group of what is not nothing; `None` if nothing in it could match.
fn group_of(mut parts: Vec<(Occur, Clause)>) -> Option<Clause> {
    if parts.iter().all(|(occur, _)| *occur == Occur::MustNot) {
        return None;
    }
    match parts.as_slice() {
        [(Occur::Should | Occur::Must, _)] => parts.pop().map(|(_, part)| part),
        _ => Some(Clause::Group(parts)),
    }
}

impl Clause {
    /// The words that matching texts may hold, for snippets; excluded ones are not among them.
    pub(super) fn wanted_words(&self, into: &mut Vec<String>) {
        match self {
            Self::All => {}
            Self::Phrase { words, .. } => into.extend(words.iter().map(|(_, word)| word.clone())),
            Self::Group(parts) => {
                for (occur, part) in parts {
                    if *occur != Occur::MustNot {
                        part.wanted_words(into);
                    }
                }
            }
        }
    }
}

/// The terms of a phrase with their places.
pub(super) fn terms(field: Field, words: &[(usize, String)]) -> Vec<(usize, Term)> {
    words.iter().map(|(at, word)| (*at, Term::from_field_text(field, word))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::words::analyser;

    fn read(query: &str) -> Result<Option<Clause>> {
        parse(query, &mut analyser())
    }

    fn words(query: &str) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(clause) = read(query).unwrap() {
            clause.wanted_words(&mut words);
        }
        words.dedup();
        words.sort();
        words.dedup();
        words
    }

    #[test]
    fn a_query_that_asks_for_nothing_is_nothing() {
        for query in ["", "-tea", "the", "(-tea)", "-tea -coffee", "()", "\"", "  "] {
            assert_eq!(read(query).unwrap(), None, "{query}");
        }
    }

    #[test]
    fn words_of_people_and_programs_are_taken_as_words() {
        assert_eq!(words("What's Caroline's plan?"), ["carolin", "plan", "s", "what"]);
        assert_eq!(words("error: std::vec not found"), ["error", "found", "std", "vec"]);
        assert_eq!(words("(unclosed \"quote"), ["quot", "unclos"]);
        assert_eq!(words("tea -coffee"), ["tea"]);
    }

    #[test]
    fn a_query_beyond_a_limit_is_refused_and_nothing_panics() {
        assert!(read(&"x".repeat(1_025)).is_err());
        assert!(read(&format!("{}a{}", "(".repeat(17), ")".repeat(17))).is_err());
        assert!(read(&"a1 ".repeat(129)).is_ok(), "equal words are one");
        let many: Vec<_> = (0..129).map(|at| format!("w{at}")).collect();
        assert!(read(&many.join(" ")).is_err());
        for query in [
            "^",
            "a^-1",
            "a^nan",
            "[a TO b]",
            "kind:[a TO",
            "x:/re/",
            "* AND",
            "NOT",
            "+",
            "a~",
            "\u{0}",
        ] {
            assert!(read(query).is_ok(), "{query}");
        }
    }
}
