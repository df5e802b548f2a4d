//! Which texts say nearly the same: word pairs as shingles, `MinHash` with banding to find
//! candidates (Broder, 1997), and the exact share of common shingles to decide.

use std::collections::{BTreeMap, BTreeSet};

/// How many minima of one text make a band; texts that agree in one band are compared.
const ROWS: usize = 3;
/// How many bands: with 21 of 3, two texts with 600 of 1000 shingles in common meet in 994 of 1000
/// cases.
const BANDS: usize = 21;
/// The most texts of one band that are compared with each other.
const BAND_MAX: usize = 200;

/// The least likeness of texts that say the same, per mille.
pub(super) const SAME: usize = 600;

/// The shingles of a text: hashes of each two words that follow one another, all sorted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Shingles(Vec<u64>);

impl Shingles {
    pub(super) fn of(text: &str) -> Self {
        let words = words(text);
        let hashes = if words.len() < 2 {
            words.iter().map(|word| hash(word.bytes())).collect::<BTreeSet<u64>>()
        } else {
            let pair = |pair: &[String]| hash(pair[0].bytes().chain([0]).chain(pair[1].bytes()));
            words.windows(2).map(pair).collect()
        };
        Self(hashes.into_iter().collect())
    }

    /// Common shingles by all shingles, per mille.
    pub(super) fn likeness(&self, other: &Self) -> usize {
        let common = self.0.iter().filter(|hash| other.0.binary_search(hash).is_ok()).count();
        (common * 1000).checked_div(self.0.len() + other.0.len() - common).unwrap_or(0)
    }

    fn minima(&self) -> Vec<u64> {
        let minimum =
            |seed: u64| self.0.iter().map(|hash| mix(hash ^ mix(seed))).min().unwrap_or(u64::MAX);
        (1..=(ROWS * BANDS) as u64).map(minimum).collect()
    }
}

/// The words of a text, in lower case.
pub(super) fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'');
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// What must be equal for two texts to say the same, however alike they are: numbers, names in code
/// marks, and words that turn a sentence around.
pub(super) fn stakes(text: &str) -> BTreeSet<String> {
    let turns = ["not", "no", "never", "without", "except", "unless", "don't", "isn't", "only"];
    let numbered = |word: &String| word.contains(|c: char| c.is_ascii_digit());
    let told = words(text).into_iter();
    let mut stakes: BTreeSet<String> =
        told.filter(|word| numbered(word) || turns.contains(&word.as_str())).collect();
    stakes.extend(text.split('`').skip(1).step_by(2).map(str::to_lowercase));
    stakes
}

/// How many texts say nearly what another one says: those that could go.
pub(crate) fn near_duplicates(texts: &[&str]) -> usize {
    groups(texts, SAME).iter().map(|group| group.len() - 1).sum()
}

/// Groups of texts that say nearly the same, by their numbers: the likeness to the first of its group
/// is at least `least`, per mille. Texts in no group are left out.
pub(super) fn groups(texts: &[&str], least: usize) -> Vec<Vec<usize>> {
    let shingles: Vec<Shingles> = texts.iter().map(|text| Shingles::of(text)).collect();
    let stakes: Vec<BTreeSet<String>> = texts.iter().map(|text| stakes(text)).collect();
    let mut bands: BTreeMap<(usize, u64), Vec<usize>> = BTreeMap::new();
    for (number, shingles) in shingles.iter().enumerate().filter(|(_, held)| !held.0.is_empty()) {
        for (band, minima) in shingles.minima().chunks(ROWS).enumerate() {
            let name = minima.iter().fold(0, |hash, minimum| mix(hash ^ minimum));
            bands.entry((band, name)).or_default().push(number);
        }
    }
    let mut near: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); texts.len()];
    for met in bands.values().filter(|met| met.len() > 1) {
        for (at, &a) in met.iter().enumerate().take(BAND_MAX) {
            near[a].extend(&met[at + 1..met.len().min(at + BAND_MAX)]);
        }
    }
    let mut grouped = vec![false; texts.len()];
    let mut groups = Vec::new();
    for first in 0..texts.len() {
        if grouped[first] {
            continue;
        }
        let alike = |other: &usize| {
            !grouped[*other]
                && stakes[first] == stakes[*other]
                && shingles[first].likeness(&shingles[*other]) >= least
        };
        let others: Vec<usize> = near[first].iter().copied().filter(alike).collect();
        if !others.is_empty() {
            let group: Vec<usize> = std::iter::once(first).chain(others).collect();
            for member in &group {
                grouped[*member] = true;
            }
            groups.push(group);
        }
    }
    groups
}

/// FNV-1a.
fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// `SplitMix64`'s finisher: one random function per seed.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
