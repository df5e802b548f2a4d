//! A deterministic workload: memories of 120 to 500 bytes of invented words, as frequent as words
//! are, under keys like `agents/agent-017/notes/travel/9e3779b1`.

use undream::{Author, Branch, CommitId, Entry, Message, Result};

/// What the program of the command line uses; a rival in the same run has it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TOPICS: [&str; 20] = [
    "billing", "builds", "calls", "design", "drafts", "errors", "family", "garden", "goals",
    "hardware", "ideas", "language", "music", "network", "orders", "people", "places", "reviews",
    "tests", "travel",
];
const AGENTS: u64 = 50;
const WORDS: u64 = 30_000;

/// How many memories most measurements begin with.
pub(crate) const ENTRIES: u64 = 100_000;

/// A reproducible sequence of numbers (`SplitMix64`, by Steele, Lea and Flood).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// The key of the memory `number`. Numbers are scattered, so that the order of keys is not theirs.
pub(crate) fn key(number: u64) -> String {
    let mut chance = Numbers::new(number);
    let agent = chance.below(AGENTS);
    let topic = TOPICS[chance.below(TOPICS.len() as u64) as usize];
    let scattered = (number as u32).wrapping_mul(0x9e37_79b1);
    format!("agents/agent-{agent:03}/notes/{topic}/{scattered:08x}")
}

/// The folder of one topic of one agent: a hundred memories or so.
pub(crate) fn folder(number: u64) -> String {
    let key = key(number);
    key[..key.rfind('/').expect("BUG: a key without folders")].to_owned()
}

/// The text of a version of the memory `number`.
pub(crate) fn text(number: u64, version: u64) -> String {
    let mut chance = Numbers::new(number << 20 | version);
    let length = 120 + chance.below(381) as usize;
    let mut text = String::with_capacity(length + 16);
    while text.len() < length {
        if !text.is_empty() {
            text.push(' ');
        }
        push_word(&mut text, &mut chance);
    }
    text.truncate(length);
    text
}

/// Appends an invented word; the lower its rank, the more often it comes.
fn push_word(text: &mut String, chance: &mut Numbers) {
    const SYLLABLES: [&str; 16] = [
        "ba", "cor", "di", "fen", "gul", "ha", "jin", "ko", "lem", "mar", "no", "pel", "ri", "sun",
        "ta", "ve",
    ];
    // The cube of an even share falls off about as ranks of words do.
    let share = chance.below(1_000_000) as f64 / 1_000_000.0;
    let mut rank = (share.powi(3) * WORDS as f64) as u64;
    loop {
        text.push_str(SYLLABLES[(rank % 16) as usize]);
        rank /= 16;
        if rank == 0 {
            return;
        }
    }
}

/// The message of every commit.
pub(crate) fn message() -> Message {
    Author::agent("bench").message("Measured")
}

/// All memories to begin with: keys and texts.
pub(crate) fn all() -> Vec<(String, String)> {
    (0..ENTRIES).map(|number| (key(number), text(number, 0))).collect()
}

/// Writes memories in one commit.
pub(crate) fn load(branch: &Branch, memories: Vec<(String, String)>) -> Result<CommitId> {
    let mut transaction = branch.write()?;
    for (key, text) in memories {
        transaction.put(key, Entry::new(text))?;
    }
    transaction.commit(message())
}

/// Writes `version` of the memories `numbers` in one commit.
pub(crate) fn write(
    branch: &Branch,
    numbers: impl IntoIterator<Item = u64>,
    version: u64,
) -> Result<CommitId> {
    load(branch, numbers.into_iter().map(|number| (key(number), text(number, version))).collect())
}
