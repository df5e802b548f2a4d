//! Keys that look like one that is not there.

use undream::Snapshot;

use super::exit::Outcome;

/// How many keys are compared: beyond that, a listing helps more.
const KEYS_MAX: usize = 2_000;
/// How many are named.
const NAMED_MAX: usize = 3;
/// How alike they must be, of 1.
const LIKENESS_MIN: f32 = 0.6;

/// The keys most like `key`, those of its own folder first.
pub(crate) fn nearest_keys(snapshot: &Snapshot, key: &str) -> Outcome<Vec<String>> {
    let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut scored = Vec::new();
    for prefix in [folder, ""] {
        for found in snapshot.keys(prefix).take(KEYS_MAX) {
            let (found, _) = found?;
            let likeness = similar::TextDiff::from_chars(key, found.as_str()).ratio();
            if likeness >= LIKENESS_MIN {
                scored.push((likeness, found.to_string()));
            }
        }
        if !scored.is_empty() || prefix.is_empty() {
            break;
        }
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    Ok(scored.into_iter().map(|(_, key)| key).take(NAMED_MAX).collect())
}
