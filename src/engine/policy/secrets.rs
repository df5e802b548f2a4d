//! Finding secrets in texts: keys, tokens and passwords that a memory must not hold.
//!
//! Each pattern begins with, or closely follows, letters that mark what comes after as a secret, so
//! that prose, hashes and ids are left alone. What is found is named by its sort and place only.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use crate::object::Entry;

/// The version of the patterns below: a verdict names it.
pub(super) const VERSION: u32 = 1;

/// Sorts of secrets and how they look. `(?-u:\b)` bounds ASCII words; a value in the group `v` is
/// looked at more closely.
const PATTERNS: [(&str, &str); 16] = [
    ("AWS access key", r"(?-u:\b)(?:AKIA|ASIA)(?<v>[A-Z2-7]{16})(?-u:\b)"),
    (
        "AWS secret key",
        r#"(?i)aws_?(?:secret_?access_?key|secret_?key)["']?\s*[:=]\s*["']?(?<v>[A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"#,
    ),
    ("Google API key", r"(?-u:\b)AIza(?<v>[0-9A-Za-z_-]{35})(?:[^0-9A-Za-z_-]|$)"),
    ("Google OAuth secret", r"(?-u:\b)GOCSPX-(?<v>[0-9A-Za-z_-]{28})(?:[^0-9A-Za-z_-]|$)"),
    ("Azure account key", r"(?i)AccountKey=(?<v>[A-Za-z0-9+/]{86}==)"),
    ("GitHub token", r"(?-u:\b)gh[pousr]_(?<v>[0-9A-Za-z]{36,251})(?-u:\b)"),
    ("GitHub token", r"(?-u:\b)github_pat_(?<v>[0-9A-Za-z]{22}_[0-9A-Za-z]{59})(?-u:\b)"),
    ("GitLab token", r"(?-u:\b)glpat-(?<v>[0-9A-Za-z_-]{20,64})(?:[^0-9A-Za-z_-]|$)"),
    ("Slack token", r"(?-u:\b)xox[abeoprs]-(?<v>[0-9]{8,}-[0-9A-Za-z-]{10,})"),
    (
        "Slack webhook",
        r"hooks\.slack\.com/services/T[0-9A-Z]{6,}/B[0-9A-Z]{6,}/(?<v>[0-9A-Za-z]{20,})",
    ),
    ("model provider key", r"(?-u:\b)sk-(?:ant-|proj-|svcacct-|or-v1-)(?<v>[0-9A-Za-z_-]{24,})"),
    ("OpenAI key", r"(?-u:\b)sk-(?<v>[0-9A-Za-z]{20}T3BlbkFJ[0-9A-Za-z]{20})(?-u:\b)"),
    ("Stripe key", r"(?-u:\b)[rs]k_live_(?<v>[0-9A-Za-z]{20,})(?-u:\b)"),
    ("npm token", r"(?-u:\b)npm_(?<v>[0-9A-Za-z]{36})(?-u:\b)"),
    (
        "private key",
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----\s*(?<v>[A-Za-z0-9+/=\s:,-]{40})",
    ),
    (
        "password in a URL",
        r#"(?i)(?-u:\b)[a-z][a-z0-9+.-]{1,20}://[^\s/:@"'<>`]{1,64}:(?<v>[^\s/:@"'<>`]{4,128})@[a-z0-9\[]"#,
    ),
];

/// Words that stand where a secret would in an example.
const STAND_INS: [&str; 14] = [
    "example",
    "password",
    "passwd",
    "secret",
    "token",
    "placeholder",
    "redacted",
    "changeme",
    "your",
    "user",
    "pass",
    "hunter2",
    "dummy",
    "sample",
];

/// What every secret holds a part of, in the order of [`PATTERNS`]: a text without any of it holds
/// none. Words alone are found many times as fast as the patterns.
const MARKS: &str = "AKIA|ASIA|AWS|Aws|aWs|awS|AWs|AwS|aWS|aws|AIza|GOCSPX-\
    |KEY=|Key=|kEy=|keY=|KEy=|KeY=|kEY=|key=|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-\
    |hooks\\.slack\\.com|sk-|k_live_|npm_|-----BEGIN |://";

static MARKED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(MARKS).expect("BUG: the marks of secrets are malformed"));
static SET: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new(PATTERNS.map(|(_, pattern)| pattern)).expect("BUG: a secret pattern is malformed")
});
static EACH: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let compile = |(_, pattern): (&str, &str)| Regex::new(pattern);
    let each = PATTERNS.into_iter().map(compile).collect::<Result<_, _>>();
    each.expect("BUG: a secret pattern is malformed")
});

/// The sort of the first secret in `text`, if it holds one.
pub(super) fn find(text: &str) -> Option<&'static str> {
    if !MARKED.is_match(text) {
        return None;
    }
    for index in SET.matches(text) {
        let mut found = EACH[index].captures_iter(text);
        if found.any(|captures| is_secret(&captures["v"])) {
            return Some(PATTERNS[index].0);
        }
    }
    None
}

/// The sort of the first secret in the words of an entry.
pub(super) fn find_in(entry: &Entry) -> Option<&'static str> {
    let words = entry.title.iter().chain(&entry.context).chain(&entry.labels);
    let named = entry.attributes.iter().flat_map(|(name, value)| [name, value]);
    std::iter::once(&entry.text).chain(words).chain(named).find_map(|text| find(text))
}

/// Whether the secret part of a match is one, and not what stands in for one in an example: a
/// variable, a mask, a word that says so, or a few characters repeated.
fn is_secret(value: &str) -> bool {
    let opens = |c: char| matches!(c, '$' | '{' | '<' | '%' | '[' | '(');
    let distinct: HashSet<char> = value.chars().collect();
    let short = value.chars().count() < 12;
    let lower = value.to_lowercase();
    let stands_in = if short {
        STAND_INS.iter().any(|word| lower.starts_with(word))
    } else {
        ["example", "placeholder", "redacted", "your_", "your-", "xxxx"]
            .iter()
            .any(|word| lower.contains(word))
    };
    !value.starts_with(opens) && distinct.len() > 3 && !stands_in
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Joined at run time, so that this file holds no secret to anybody's scanner.
    fn samples() -> Vec<(&'static str, String)> {
        let body = |length: usize| -> String {
            "q7Zk2Xw9Rb4Tn6Lm8Jc3Hv5Gd1Fs0PaYeUo".chars().cycle().take(length).collect()
        };
        let upper = |length: usize| -> String {
            "QZ7XW4RB2TN6LM5JC3HVGDFSPAYEUOK".chars().cycle().take(length).collect()
        };
        vec![
            ("AWS access key", format!("{}{}", "AKIA", upper(16))),
            ("AWS secret key", format!("aws_secret_access_key = {}", body(40))),
            ("Google API key", format!("{}{}", "AIza", body(35))),
            ("Google OAuth secret", format!("{}{}", "GOCSPX-", body(28))),
            ("Azure account key", format!("AccountKey={}==", body(86))),
            ("GitHub token", format!("{}{}", "ghp_", body(36))),
            ("GitHub token", format!("{}{}_{}", "github_pat_", body(22), body(59))),
            ("GitLab token", format!("{}{}", "glpat-", body(20))),
            ("Slack token", format!("{}{}-{}", "xoxb-", "1234567890", body(24))),
            (
                "Slack webhook",
                format!("https://hooks.slack.com/services/T0AB1CD2/B0AB1CD2/{}", body(24)),
            ),
            ("model provider key", format!("{}{}", "sk-ant-", body(40))),
            ("OpenAI key", format!("{}{}T3BlbkFJ{}", "sk-", body(20), body(20))),
            ("Stripe key", format!("{}{}", "sk_live_", body(24))),
            ("npm token", format!("{}{}", "npm_", body(36))),
            ("private key", format!("-----BEGIN RSA {}-----\n{}", "PRIVATE KEY", body(64))),
            ("password in a URL", format!("postgres://app:{}@db.internal:5432/x", body(12))),
        ]
    }

    #[test]
    fn each_sort_of_secret_is_found_within_prose() {
        let samples = samples();
        assert_eq!(samples.len(), PATTERNS.len());
        for (sort, secret) in samples {
            assert_eq!(find(&secret), Some(sort), "{secret}");
            assert_eq!(find(&format!("Use `{secret}` for it.")), Some(sort), "{secret}");
            assert_eq!(find(&format!("see: {secret}\nand more")), Some(sort), "{secret}");
        }
    }

    #[test]
    fn letters_of_either_case_are_found_where_a_pattern_takes_both() {
        let mut samples = samples();
        samples.retain(|(sort, _)| {
            ["AWS secret key", "Azure account key", "password in a URL"].contains(sort)
        });
        assert_eq!(samples.len(), 3);
        for (sort, secret) in samples {
            let (name, value) = secret.split_once(['=', ':']).unwrap();
            let sign = &secret[name.len()..=name.len()];
            // Every way to write the first three letters, and the last three, of the name.
            for mask in 0..8_usize {
                let cased = |at: usize, c: char| {
                    let upper = mask >> (at % 3) & 1 == 1;
                    if upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
                };
                let name: String = name.chars().enumerate().map(|(at, c)| cased(at, c)).collect();
                let text = format!("{name}{sign}{value}");
                assert_eq!(find(&text), Some(sort), "{text}");
            }
        }
    }

    #[test]
    fn what_only_looks_like_a_secret_is_left_alone() {
        let harmless = [
            "Commit 3f2a9c1e5b7d8f6a4c2e0b9d7f5a3c1e8b6d4f2a was reverted.",
            "AKIAIOSFODNN7EXAMPLE is the access key of the manual.",
            "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "Set OPENAI_API_KEY=sk-... before running.",
            "Export GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx first.",
            "postgres://user:password@localhost/db",
            "postgres://user:${DB_PASSWORD}@localhost/db",
            "postgres://app:<password>@localhost/db and redis://:@localhost",
            "Open https://example.com:8443/a@b or http://host:80/x.",
            "git@github.com:owner/repo.git and ssh://git@github.com/owner/repo",
            "-----BEGIN PUBLIC KEY----- MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0 -----END PUBLIC KEY-----",
            "A key begins with `-----BEGIN RSA PRIVATE KEY-----` and must not be committed.",
            "aws_secret_access_key = ${AWS_SECRET}",
            "The task-runner-ant-build-files-are-kept-in-the-archive folder; risk-proj-management-of-all-kinds.",
            "npm_config_registry_url_is_set_in_the_environment_of_ci_only",
            "xoxb- tokens belong to bots, glpat- tokens to people.",
            "Ids look like 01HF7YAT00TQXR2N8M4K6W9V3B or 550e8400-e29b-41d4-a716-446655440000.",
        ];
        for text in harmless {
            assert_eq!(find(text), None, "{text}");
        }
    }

    #[test]
    fn every_word_of_an_entry_is_looked_at() {
        let secret = samples().swap_remove(5).1;
        let clean = Entry::fact("The token lies in the vault.");
        assert_eq!(find_in(&clean), None);
        for entry in [
            clean.clone().title(&secret),
            clean.clone().context(format!("said: {secret}")),
            clean.clone().label(&secret),
            clean.clone().attribute("token", &secret),
            Entry::new(&secret),
        ] {
            assert_eq!(find_in(&entry), Some("GitHub token"));
        }
    }
}
