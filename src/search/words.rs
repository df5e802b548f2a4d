//! How text is cut into words: at everything but letters and digits, in lower case, without English
//! stop words, stemmed.
//!
//! The words are those of tantivy's own filters, one after the other. Most words of a text were seen
//! before, and what became of them then is looked up: stemming is most of the work otherwise.

use std::collections::HashMap;

use tantivy::tokenizer::{
    Language, RawTokenizer, Stemmer, StopWordFilter, TextAnalyzer, Token, TokenStream, Tokenizer,
};

/// Words of this many bytes or more are not indexed; ids and hashes are shorter.
pub(super) const WORD_BYTES_MAX: usize = 256;
/// How many words are kept in mind with their stems: those of a large English text.
const KNOWN_MAX: usize = 1 << 15;

/// Gives the words of texts, each with its place.
pub(super) fn analyser() -> TextAnalyzer {
    TextAnalyzer::builder(Words::new()).build()
}

/// Cuts texts into words. A clone begins with no word in mind.
struct Words {
    token: Token,
    lower: String,
    /// What became of words in lower case: their stems, or nothing for stop words.
    known: HashMap<Box<str>, Option<Box<str>>>,
    /// Takes one word in lower case.
    filters: TextAnalyzer,
}

/// The words of one text.
struct WordStream<'a> {
    text: &'a str,
    at: usize,
    words: &'a mut Words,
}

impl Words {
    fn new() -> Self {
        let stop = StopWordFilter::new(Language::English).expect("BUG: English has no stop words");
        let raw = TextAnalyzer::builder(RawTokenizer::default());
        Self {
            token: Token::default(),
            lower: String::new(),
            known: HashMap::new(),
            filters: raw.filter(stop).filter(Stemmer::new(Language::English)).build(),
        }
    }

    /// Makes `word` the text of the token; `false` if it is a stop word.
    fn enter(&mut self, word: &str) -> bool {
        self.lower.clear();
        if word.is_ascii() {
            self.lower.push_str(word);
            self.lower.make_ascii_lowercase();
        } else {
            self.lower.extend(word.chars().flat_map(char::to_lowercase));
        }
        self.token.text.clear();
        if let Some(known) = self.known.get(self.lower.as_str()) {
            self.token.text.push_str(known.as_deref().unwrap_or_default());
            return known.is_some();
        }
        let mut stream = self.filters.token_stream(&self.lower);
        let kept = stream.advance();
        if kept {
            self.token.text.push_str(&stream.token().text);
        }
        drop(stream);
        // Numbers and hashes hardly come twice.
        if self.known.len() < KNOWN_MAX && !self.lower.bytes().any(|byte| byte.is_ascii_digit()) {
            let stem = kept.then(|| self.token.text.as_str().into());
            self.known.insert(self.lower.as_str().into(), stem);
        }
        kept
    }
}

impl Clone for Words {
    fn clone(&self) -> Self {
        Self {
            token: Token::default(),
            lower: String::new(),
            known: HashMap::new(),
            filters: self.filters.clone(),
        }
    }
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        WordStream { text, at: 0, words: self }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        while let Some((start, end)) = run(self.text, self.at) {
            self.at = end;
            let token = &mut self.words.token;
            // What is left out leaves a gap.
            token.position = token.position.wrapping_add(1);
            (token.offset_from, token.offset_to) = (start, end);
            if end - start < WORD_BYTES_MAX && self.words.enter(&self.text[start..end]) {
                return true;
            }
        }
        false
    }

    fn token(&self) -> &Token {
        &self.words.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.words.token
    }
}

/// Where the next run of letters and digits from `at` on begins and ends, in bytes.
fn run(text: &str, at: usize) -> Option<(usize, usize)> {
    let start = at + skip(&text[at..], |c| !c.is_alphanumeric());
    let end = start + skip(&text[start..], char::is_alphanumeric);
    (start < end).then_some((start, end))
}

/// How many bytes of `text` come before the first character that is not `passed`.
fn skip(text: &str, passed: impl Fn(char) -> bool) -> usize {
    // Whole characters are read only from the first one on that is not ASCII.
    let ascii = text.bytes().take_while(|byte| byte.is_ascii() && passed(char::from(*byte)));
    let at = ascii.count();
    if text.as_bytes().get(at).is_none_or(u8::is_ascii) {
        return at;
    }
    let rest = &text[at..];
    at + rest.find(|c| !passed(c)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tantivy::tokenizer::{LowerCaser, RemoveLongFilter, SimpleTokenizer};

    use super::*;

    /// The same words by tantivy's own filters.
    fn filters() -> TextAnalyzer {
        let stop = StopWordFilter::new(Language::English).unwrap();
        TextAnalyzer::builder(SimpleTokenizer::default())
            .filter(RemoveLongFilter::limit(WORD_BYTES_MAX))
            .filter(LowerCaser)
            .filter(stop)
            .filter(Stemmer::new(Language::English))
            .build()
    }

    fn tokens(analyser: &mut TextAnalyzer, text: &str) -> Vec<Token> {
        let (mut stream, mut tokens) = (analyser.token_stream(text), Vec::new());
        while stream.advance() {
            tokens.push(stream.token().clone());
        }
        tokens
    }

    #[test]
    fn words_are_those_of_the_filters_the_first_time_and_the_second() {
        let long = "x".repeat(WORD_BYTES_MAX);
        let texts = [
            "",
            "The runner's RUNNING shoes, and the others' generously organised relays",
            "s ss ies ied 's a'b -- 12 3.4 ÀÉÎ straße İstanbul ﬁnal 東京 кошками",
            "ab1c2 ab1c2 the The THE Σίσυφος ΣΊΣΥΦΟΣ x²y ½",
            &format!("{long} {} tail", &long[1..]),
        ];
        let mut analyser = analyser();
        for text in texts.iter().chain(&texts) {
            assert_eq!(tokens(&mut analyser, text), tokens(&mut filters(), text), "{text}");
        }
        assert_eq!(tokens(&mut analyser, "The runner and the relay").len(), 2);
        let mut clone = analyser.clone();
        assert_eq!(tokens(&mut clone, "relays"), tokens(&mut analyser, "relays"));
    }

    proptest! {
        #[test]
        fn words_of_any_text_are_those_of_the_filters(
            texts in proptest::collection::vec("([a-zA-Z']{1,9}|\\PC{0,6})( |\\PC|[a-z0-9]{1,4}){0,20}", 1..6),
        ) {
            let mut analyser = analyser();
            for text in texts {
                prop_assert_eq!(tokens(&mut analyser, &text), tokens(&mut filters(), &text));
            }
        }
    }
}
