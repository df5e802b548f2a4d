//! How text is cut into words: at everything but letters and digits, in lower case, without English
//! stop words, stemmed.

use std::mem;

use tantivy::tokenizer::{
    Language, LowerCaser, RawTokenizer, RemoveLongFilter, SimpleTokenizer, Stemmer, StopWordFilter,
    TextAnalyzer, TextAnalyzerBuilder, Token, TokenFilter, TokenStream, Tokenizer,
    TokenizerManager,
};

/// The name of our analyser inside an index.
pub(super) const WORDS: &str = "undream words";
/// Words of this many bytes or more are not indexed; ids and hashes are shorter.
const WORD_BYTES_MAX: usize = 256;
/// English words that say nothing: not indexed.
const STOP_WORDS: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it",
    "no", "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these",
    "they", "this", "to", "was", "will", "with",
];
/// For each first letter, a bit for each length of the stop words that begin with it.
const STOP_LENGTHS: [u8; 26] = {
    let (mut lengths, mut at) = ([0; 26], 0);
    while at < STOP_WORDS.len() {
        let word = STOP_WORDS[at].as_bytes();
        lengths[(word[0] - b'a') as usize] |= 1 << word.len();
        at += 1;
    }
    lengths
};

/// Makes our analyser known to an index.
pub(super) fn register(tokenizers: &TokenizerManager) {
    tokenizers.register(WORDS, analyser());
}

/// Gives the words of texts, each with its place.
pub(super) fn analyser() -> TextAnalyzer {
    words().filter(Stems).build()
}

/// Gives as many words as [`analyser`] does, but unstemmed: stemming is most of the work.
pub(super) fn counter() -> TextAnalyzer {
    words().build()
}

fn words() -> TextAnalyzerBuilder<impl Tokenizer> {
    let stop = StopWordFilter::remove(STOP_WORDS.map(str::to_owned));
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(WORD_BYTES_MAX))
        .filter(LowerCaser)
        .filter(stop)
}

/// How many words [`analyser`] gives for `text`.
pub(super) fn count_words(counter: &mut TextAnalyzer, text: &str) -> u64 {
    if text.is_ascii() {
        let cut = text.as_bytes().split(|byte| !byte.is_ascii_alphanumeric());
        return cut.filter(|word| is_indexed(word)).count() as u64;
    }
    let mut stream = counter.token_stream(text);
    let mut count = 0;
    while stream.advance() {
        count += 1;
    }
    count
}

/// Whether the analyser keeps an ASCII word.
fn is_indexed(word: &[u8]) -> bool {
    (1..WORD_BYTES_MAX).contains(&word.len()) && !is_stop_word(word)
}

fn is_stop_word(word: &[u8]) -> bool {
    let letter = usize::from(word[0].to_ascii_lowercase().wrapping_sub(b'a'));
    let lengths = STOP_LENGTHS.get(letter).copied().unwrap_or(0);
    word.len() < 8
        && lengths >> word.len() & 1 == 1
        && STOP_WORDS.iter().any(|stop| stop.as_bytes().eq_ignore_ascii_case(word))
}

/// Stems English words as tantivy's [`Stemmer`] does. Most words of a text were seen shortly
/// before, and what became of them then is looked up: stemming is most of the work otherwise.
#[derive(Clone)]
struct Stems;

/// Gives the words of another tokenizer stemmed.
struct Stemming<T> {
    words: T,
    stemmer: <Stemmer as TokenFilter>::Tokenizer<RawTokenizer>,
    known: KnownStems,
}

/// The stemmed words of one text.
struct StemStream<'a, S> {
    words: S,
    stemmer: &'a mut <Stemmer as TokenFilter>::Tokenizer<RawTokenizer>,
    known: &'a mut KnownStems,
}

impl TokenFilter for Stems {
    type Tokenizer<T: Tokenizer> = Stemming<T>;

    fn transform<T: Tokenizer>(self, words: T) -> Stemming<T> {
        let stemmer = Stemmer::new(Language::English).transform(RawTokenizer::default());
        Stemming { words, stemmer, known: KnownStems::default() }
    }
}

/// A clone has no word in mind.
impl<T: Clone> Clone for Stemming<T> {
    fn clone(&self) -> Self {
        let known = KnownStems::default();
        Self { words: self.words.clone(), stemmer: self.stemmer.clone(), known }
    }
}

impl<T: Tokenizer> Tokenizer for Stemming<T> {
    type TokenStream<'a> = StemStream<'a, T::TokenStream<'a>>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Self::TokenStream<'a> {
        let Self { words, stemmer, known } = self;
        StemStream { words: words.token_stream(text), stemmer, known }
    }
}

impl<S: TokenStream> TokenStream for StemStream<'_, S> {
    fn advance(&mut self) -> bool {
        if !self.words.advance() {
            return false;
        }
        let text = &mut self.words.token_mut().text;
        let word = Short::new(text);
        if let Some(stem) = word.and_then(|word| self.known.get(word)) {
            text.clear();
            text.push_str(stem.as_str());
            return true;
        }
        stem(self.stemmer, text);
        if let (Some(word), Some(stem)) = (word, Short::new(text)) {
            self.known.note(word, stem);
        }
        true
    }

    fn token(&self) -> &Token {
        self.words.token()
    }

    fn token_mut(&mut self) -> &mut Token {
        self.words.token_mut()
    }
}

/// Puts its stem in place of `word`.
fn stem(stemmer: &mut impl Tokenizer, word: &mut String) {
    let mut stream = stemmer.token_stream(word);
    stream.advance();
    let stemmed = mem::take(&mut stream.token_mut().text);
    drop(stream);
    *word = stemmed;
}

/// A word of at most 15 bytes: the last byte counts them, the others are padded with zeros.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
struct Short([u8; 16]);

impl Short {
    fn new(word: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        bytes[..15].get_mut(..word.len())?.copy_from_slice(word.as_bytes());
        bytes[15] = word.len() as u8;
        Some(Self(bytes))
    }

    fn as_str(&self) -> &str {
        let word = &self.0[..usize::from(self.0[15])];
        str::from_utf8(word).expect("BUG: a short word is no text")
    }

    fn hash(self) -> u64 {
        let [low, high] =
            [0, 8].map(|at| self.0[at..at + 8].try_into().map_or(0, u64::from_le_bytes));
        (low ^ high.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// What became of the short words that were stemmed last: a table in which each word has one place,
/// shared with others, so that nothing is ever sought. It grows to half a megabyte, for each field
/// of each segment that is being written.
#[derive(Default)]
struct KnownStems {
    /// Words with their stems; none, or a power of two.
    places: Vec<(Short, Short)>,
    /// How many words were noted since the table was made.
    noted: usize,
}

impl KnownStems {
    const PLACES_MIN: usize = 1 << 8;
    const PLACES_MAX: usize = 1 << 14;

    fn get(&self, word: Short) -> Option<Short> {
        let (held, stem) = self.places.get(self.place(word))?;
        (*held == word).then_some(*stem)
    }

    fn note(&mut self, word: Short, stem: Short) {
        if self.noted >= self.places.len() && self.places.len() < Self::PLACES_MAX {
            let larger = (4 * self.places.len()).clamp(Self::PLACES_MIN, Self::PLACES_MAX);
            *self = Self { places: vec![Default::default(); larger], noted: 0 };
        }
        self.noted += 1;
        let place = self.place(word);
        self.places[place] = (word, stem);
    }

    fn place(&self, word: Short) -> usize {
        // The upper bits of a product depend on all bits of its factors.
        (word.hash() >> 40) as usize & self.places.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Texts of all sorts of words.
    fn texts() -> [String; 6] {
        let long = "x".repeat(WORD_BYTES_MAX);
        [
            String::new(),
            "Into THEIR such-that: was it, or was it not? there/these A.An".to_owned(),
            "The runner's RUNNING shoes, and the others' generously organised relays".to_owned(),
            "s ss ies ied 's a'b -- 12 3.4 ÀÉÎ straße İstanbul ﬁnal 東京 кошками".to_owned(),
            format!("{long} {} tail", &long[1..]),
            format!("{long} {} täil", &long[1..]),
        ]
    }

    fn tokens(analyser: &mut TextAnalyzer, text: &str) -> Vec<Token> {
        let mut tokens = Vec::new();
        analyser.token_stream(text).process(&mut |token| tokens.push(token.clone()));
        tokens
    }

    #[test]
    fn unstemmed_words_are_as_many_as_stemmed_ones() {
        for text in texts() {
            let stemmed = tokens(&mut analyser(), &text).len() as u64;
            assert_eq!(count_words(&mut counter(), &text), stemmed, "{text}");
        }
        assert_eq!(count_words(&mut counter(), "The runner and the relay"), 2);
    }

    #[test]
    fn words_are_looked_up_as_they_would_be_stemmed() {
        let mut stock = words().filter(Stemmer::new(Language::English)).build();
        let mut ours = analyser();
        for text in texts().iter().chain(&texts()) {
            assert_eq!(tokens(&mut ours, text), tokens(&mut stock, text), "{text}");
        }
        // More words than there are places, each twice.
        let many = |round: usize| (0..40_000).map(move |word| format!("w{}ings", word / 2 + round));
        for text in many(0).chain(many(1)) {
            assert_eq!(tokens(&mut ours, &text), tokens(&mut stock, &text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_words_are_looked_up_as_they_would_be_stemmed(
            list in prop::collection::vec("[a-cé]{0,12}(s|ed|ing|ly|ational|izer|y)?", 0..200)
        ) {
            let mut stock = words().filter(Stemmer::new(Language::English)).build();
            let mut ours = analyser();
            let text = list.join(" ");
            for _ in 0..2 {
                prop_assert_eq!(tokens(&mut ours, &text), tokens(&mut stock, &text));
            }
        }
    }
}
