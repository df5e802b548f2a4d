//! What users say: requests, rules, names, corrections. Cue words are those of plain English.

use crate::dream::mine::failure::cut;

/// A longer message holds a paste: only its first lines are heard.
const MESSAGE_BYTES_MAX: usize = 700;
/// How many lines of a long message are heard.
const OPENING_LINES: usize = 2;
/// How many words after a verb its object is looked for.
const OBJECT_WORDS: usize = 4;
/// The most words of a sentence that is heard.
const SENTENCE_WORDS_MAX: usize = 40;

/// Words that follow a verb that opens a sentence as a command: "update the page".
const DETERMINERS: &str = " the a an this that these those it all any my our your his her each both \
    everything us me ";
/// Words that open a request; what follows is the thing to do.
const OPENERS: [&str; 22] = [
    "can you",
    "could you",
    "would you",
    "will you",
    "please",
    "let's",
    "lets",
    "let us",
    "we should",
    "you should",
    "should we",
    "can we",
    "could we",
    "i want you to",
    "i want to",
    "i'd like to",
    "i would like you to",
    "we need to",
    "you need to",
    "make sure to",
    "make sure you",
    "remember to",
];
/// Words that make a sentence a rule.
const RULES: [&str; 21] = [
    "don't",
    "do not",
    "dont",
    "never",
    "always",
    "instead",
    "rather than",
    "prefer",
    "should not",
    "shouldn't",
    "must",
    "no need",
    "avoid",
    "make sure",
    "not in this",
    "separate",
    "before you",
    "before we",
    "didn't ask",
    "no more",
    "not yet",
];
/// Words that open what is not to be done.
const BANS: [&str; 9] = [
    "don't",
    "dont",
    "do not",
    "never",
    "no need to",
    "avoid",
    "you shouldn't",
    "should not",
    "without",
];
/// Openings of a message that takes back or corrects what the agent did.
const CORRECTIONS: [&str; 23] = [
    "no,",
    "no ",
    "nope",
    "not ",
    "actually",
    "wait",
    "stop",
    "don't",
    "do not",
    "wrong",
    "that's wrong",
    "that's not",
    "that is not",
    "this is not",
    "this is wrong",
    "revert",
    "undo",
    "why did you",
    "why are you",
    "you should have",
    "i didn't",
    "i said",
    "hmm no",
];
/// Words that carry no subject of their own.
const EMPTY: &str = " a an the this that these those it its i i'm i'd i've you your we our us me my he \
    she they them their is are was were be been being am do does did done doing have has had having will \
    would can could should shall may might must not no nor and or but if then else so than as at by for \
    from in into of off on onto out over to up with without about after again all also always any because \
    before between both here there how what when where which who whom whose why just now only other same \
    some such too very more most much many one two first last next new old yes yeah ok okay please thanks \
    thank hi hello sure maybe still really actually instead rather let let's lets don't dont doesn't didn't \
    isn't can't won't it's that's there's what's i'll we'll you'll get got give go goes going make makes \
    made making want wants need needs use used using see seen look looks looking know think thought like \
    way thing things something anything nothing everything lot bit well good better best right wrong \
    never ever each every even though while during like need try tried seems seem say said says tell come \
    back take put set show work works working happen happens happened case time part kind point sense \
    looks feel keep help continue proceed start started ask asked question idea able being bad big small \
    however would've could've still already yet does want ones etc vs via per e g ";

/// What is asked for: a verb, and the first subject word after it.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Ask {
    pub(super) verb: String,
    pub(super) object: Option<String>,
}

/// What a user's message holds.
#[derive(Debug, Default)]
pub(super) struct Speech {
    /// What is asked for, each with its sentence.
    pub(super) asks: Vec<(Ask, String)>,
    /// Words of sentences that state a rule, each with its sentence.
    pub(super) rules: Vec<(String, String)>,
    /// Names, as written, each with its sentence.
    pub(super) names: Vec<(String, String)>,
    /// Verbs of what is not to be done, each with its sentence.
    pub(super) bans: Vec<(String, String)>,
    /// Two subject words side by side in a request or rule, each pair with its sentence.
    pub(super) phrases: Vec<(String, String)>,
    /// All words that carry a subject, each with its sentence.
    pub(super) words: Vec<(String, String)>,
    /// Whether the message corrects what was done before.
    pub(super) corrects: bool,
}

/// Hears a user's message.
pub(super) fn hear(message: &str) -> Speech {
    let mut speech = Speech::default();
    let lines_max = if message.len() > MESSAGE_BYTES_MAX { OPENING_LINES } else { usize::MAX };
    let message = cut(message.trim(), MESSAGE_BYTES_MAX).replace('\u{2019}', "'");
    let opening = message.to_lowercase();
    speech.corrects = CORRECTIONS.iter().any(|cue| opening.starts_with(cue));
    slash_command(&message, &mut speech);
    let mut fenced = false;
    for line in message.lines().map(str::trim).filter(|line| !line.is_empty()).take(lines_max) {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced && is_prose(line) {
            for sentence in sentences(line) {
                hear_sentence(sentence.trim(), &mut speech);
            }
        }
    }
    speech
}

/// Cuts after the marks that end sentences, where a space follows: not inside of names.
fn sentences(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, mark) in line.match_indices(['.', '!', '?', ';']) {
        let end = at + mark.len();
        if line[end..].starts_with(char::is_whitespace) {
            found.push(&line[start..end]);
            start = end;
        }
    }
    found.push(&line[start..]);
    found
}

/// A message such as `/check` or `/tools:check the page` asks for what its last part names.
fn slash_command(message: &str, speech: &mut Speech) {
    let first = message.split_whitespace().next().unwrap_or("");
    let Some(name) = first.strip_prefix('/').filter(|name| !name.contains(['/', '.'])) else {
        return;
    };
    let line = message.lines().next().unwrap_or("");
    let verb = name.rsplit(':').next().map(plain).filter(|verb| is_subject(verb));
    if let Some(verb) = verb {
        speech.words.push((base(&verb), line.to_owned()));
        speech.asks.push((Ask { verb: base(&verb), object: None }, line.to_owned()));
    }
}

/// Whether a line is somebody's words rather than a paste of code, logs or tables.
fn is_prose(line: &str) -> bool {
    let letters = line.chars().filter(|c| c.is_alphabetic() || *c == ' ').count();
    !line.is_empty()
        && !line.starts_with(['>', '|', '<', '{', '[', '+', '@', '$', '#'])
        && letters * 100 >= line.chars().count() * 75
}

fn hear_sentence(sentence: &str, speech: &mut Speech) {
    let tokens: Vec<&str> = sentence.split_whitespace().collect();
    if tokens.is_empty() || tokens.len() > SENTENCE_WORDS_MAX {
        return;
    }
    let words: Vec<String> = tokens.iter().map(|token| plain(token)).collect();
    let lower = format!(" {} ", words.join(" "));
    if let Some(ask) = asked(&lower).or_else(|| commanded(tokens[0], &words)) {
        speech.asks.push((ask, sentence.to_owned()));
    }
    let subjects: Vec<String> =
        words.iter().filter(|word| is_subject(word)).map(|word| base(word)).collect();
    let ruled = RULES.iter().any(|cue| lower.contains(&format!(" {cue} ")));
    if ruled || speech.asks.last().is_some_and(|(_, held)| held == sentence) {
        let pairs = words.windows(2).filter(|pair| pair.iter().all(|word| is_subject(word)));
        let pairs =
            pairs.map(|pair| (format!("{} {}", pair[0], base(&pair[1])), sentence.to_owned()));
        speech.phrases.extend(pairs);
    }
    if let Some(verb) = banned(&lower) {
        speech.bans.push((verb, sentence.to_owned()));
    }
    if ruled {
        speech.rules.extend(subjects.iter().map(|word| (word.clone(), sentence.to_owned())));
    }
    for token in &tokens[1..] {
        let name = token.trim_matches(|c: char| !c.is_alphanumeric());
        if is_name(name) || is_file(name) {
            speech.names.push((name.to_owned(), sentence.to_owned()));
        }
    }
    speech.words.extend(subjects.into_iter().map(|word| (word, sentence.to_owned())));
}

/// What is asked for after an opener.
fn asked(lower: &str) -> Option<Ask> {
    let opened = OPENERS.iter().filter_map(|cue| {
        let at = lower.find(&format!(" {cue} "))?;
        Some(&lower[at + cue.len() + 2..])
    });
    let rest = opened.min_by_key(|rest| rest.len())?;
    let fillers =
        ["also", "just", "then", "now", "maybe", "please", "first", "again", "quickly", "to"];
    let mut words = rest.split(' ').skip_while(|word| fillers.contains(word));
    let verb = words.next().filter(|verb| is_subject(verb))?;
    Some(ask(verb, words))
}

/// What a sentence that opens with its verb commands: `update the page`, `sketch: two pages`.
fn commanded(first: &str, words: &[String]) -> Option<Ask> {
    let verb = words.first().filter(|verb| verb.len() > 3 && is_subject(verb))?;
    let next = words.get(1).map_or("", String::as_str);
    let told = first.ends_with(':') || DETERMINERS.split_whitespace().any(|word| word == next);
    told.then(|| ask(verb, words[1..].iter().map(String::as_str)))
}

fn ask<'a>(verb: &str, rest: impl Iterator<Item = &'a str>) -> Ask {
    // An object far behind belongs to something else.
    let object = rest.take(OBJECT_WORDS).find(|word| is_subject(word)).map(base);
    Ask { verb: base(verb), object }
}

/// The verb that is not to be done.
fn banned(lower: &str) -> Option<String> {
    let rest = BANS.iter().filter_map(|cue| {
        let at = lower.find(&format!(" {cue} "))?;
        Some(&lower[at + cue.len() + 2..])
    });
    let verb = rest.min_by_key(|rest| rest.len())?.split(' ').next()?;
    is_subject(verb).then(|| base(verb))
}

/// A token's letters, in lower case; empty if it is a path, a number or code.
fn plain(token: &str) -> String {
    let core = token.trim_matches(|c: char| !c.is_alphanumeric());
    let fits = core.chars().all(|c| c.is_alphabetic() || c == '\'' || c == '-');
    if fits { core.to_lowercase() } else { String::new() }
}

/// Whether a word carries a subject.
pub(super) fn is_subject(word: &str) -> bool {
    word.len() > 1 && !EMPTY.split_whitespace().any(|empty| empty == word)
}

/// A word without the ending of its plural.
pub(super) fn base(word: &str) -> String {
    let plural =
        word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") && !word.ends_with("us");
    word[..word.len() - usize::from(plural)].to_owned()
}

/// Whether a word is a file's name, without a path.
fn is_file(word: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(stem, ending)| {
        let plain =
            |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        stem.len() > 2
            && plain(stem)
            && (1..5).contains(&ending.len())
            && ending.chars().all(|c| c.is_ascii_lowercase())
    })
}

fn is_name(word: &str) -> bool {
    let mut chars = word.chars();
    let first = chars.next().is_some_and(char::is_uppercase);
    let rest = word.chars().count() > 2 && chars.clone().all(char::is_lowercase);
    first && rest && is_subject(&word.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_rules_and_names_are_heard() {
        let speech = hear(
            "Could you also translate the page? Never publish drafts on Fridays.\n> quoted Text",
        );
        let page = || Some("page".to_owned());
        assert_eq!(speech.asks[0].0, Ask { verb: "translate".into(), object: page() });
        assert_eq!(hear("Paint the page.").asks[0].0, Ask { verb: "paint".into(), object: page() });
        assert_eq!(hear("sketch: two ways").asks[0].0.verb, "sketch");
        assert!(hear("paint is wet").asks.is_empty());
        assert_eq!(hear("/house:paint the door").asks[0].0.verb, "paint");
        assert!(hear("/house/paint is empty").asks.is_empty());
        assert_eq!(hear("put it into NOTES.md").names[0].0, "NOTES.md");
        assert!(speech.rules.iter().any(|(word, _)| word == "publish"));
        assert_eq!(
            speech.names.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["Fridays"]
        );
        assert!(!speech.corrects);
    }

    #[test]
    fn corrections_are_told_from_requests() {
        assert!(hear("No, the other file").corrects);
        assert!(hear("that\u{2019}s not what I meant").corrects);
        assert!(!hear("nothing more").corrects && !hear("").corrects);
    }
}
