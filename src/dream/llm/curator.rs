//! The curator: sessions in groups, a question for each, claims weighed and handed over best first.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::mpsc;
use std::time::Duration;

use genai::chat::{ChatMessage, ChatRequest};

use crate::dream::account::{Account, Call};
use crate::dream::curator::{Curator, CuratorInput, SuggestedChange, Suggestion};
use crate::dream::llm::answer;
use crate::dream::llm::caller::{Caller, TOKEN_BYTES, usual_key_variable};
use crate::dream::llm::cluster::{Sketch, group};
use crate::dream::llm::condense::condense;
use crate::dream::llm::question::{Question, instructions};
use crate::dream::order::{Order, Orders};
use crate::error::{Error, ErrorKind, Result};
use crate::limits;
use crate::object::{Key, Trust};

/// The version of the method: what is shown, how it is asked, how answers are read.
const VERSION: u32 = 1;
/// How long a question is unless told otherwise, in bytes.
const QUESTION_BYTES: usize = 64 << 10;
/// The shortest question that is worth asking.
const QUESTION_BYTES_MIN: usize = 4 << 10;
/// The most that is shown of one session beside others: this part of a question.
const SESSION_PART: usize = 8;
/// The part of a question that is kept for memories.
const MEMORY_PART: usize = 5;
/// The longest answer, in tokens.
const ANSWER_TOKENS: u32 = 8_192;
/// How many tokens a dream may take unless told otherwise.
const TOKENS_MAX: u64 = 1_000_000;
/// How long all of it may take unless told otherwise.
const TIME_MAX: Duration = Duration::from_secs(3_600);
/// How long one answer may take unless told otherwise.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(180);

/// How soon it is noticed that the dream was cancelled.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// A curator that asks a language model: of any known provider, or behind an address that speaks the
/// common chat protocol. Sessions that are alike are shortened and shown together; what the model
/// claims counts only with quotes that are found where it says.
#[derive(Clone, Debug)]
pub struct Llm {
    model: String,
    endpoint: Option<String>,
    key: Option<Secret>,
    tokens_max: u64,
    question_bytes_max: usize,
    time_max: Duration,
    request_time_max: Duration,
}

/// What must not be shown.
#[derive(Clone)]
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}

impl Llm {
    /// Asks the model of this name.
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            endpoint: None,
            key: None,
            tokens_max: TOKENS_MAX,
            question_bytes_max: QUESTION_BYTES,
            time_max: TIME_MAX,
            request_time_max: REQUEST_TIME_MAX,
        }
    }

    /// The environment variable that commonly holds the key for a model; `None` if the name belongs
    /// to no known provider. Nothing is read from it here.
    pub fn usual_key_variable(model: &str) -> Option<&'static str> {
        usual_key_variable(model)
    }

    /// The base address of a server that speaks the OpenAI-compatible chat protocol, such as
    /// `http://localhost:11434/v1`; the provider's own unless told otherwise.
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// The key that the server asks for. It is neither shown nor stored.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(Secret(key.into()));
        self
    }

    /// How many tokens a dream may take in all, read and written; a million unless told otherwise.
    /// Sessions that are left when the next question might go over it stay unread.
    #[must_use]
    pub fn tokens_max(mut self, tokens: u64) -> Self {
        self.tokens_max = tokens;
        self
    }

    /// How long the data of one question is at most, in bytes; 64 KiB unless told otherwise.
    #[must_use]
    pub fn question_bytes_max(mut self, bytes: usize) -> Self {
        self.question_bytes_max = bytes;
        self
    }

    /// How long all of it may take, with pauses; an hour unless told otherwise.
    #[must_use]
    pub fn time_max(mut self, time_max: Duration) -> Self {
        self.time_max = time_max;
        self
    }

    /// How long one answer may take; three minutes unless told otherwise.
    #[must_use]
    pub fn request_time_max(mut self, time_max: Duration) -> Self {
        self.request_time_max = time_max;
        self
    }

    /// Checks the settings without asking anything.
    ///
    /// # Errors
    /// `Invalid` if the model belongs to no known provider and there is no endpoint, if its provider
    /// needs a key and there is none, or if the endpoint is no plain `http` or `https` address.
    pub fn check(&self) -> Result<()> {
        self.caller().map(drop)
    }

    fn caller(&self) -> Result<Caller> {
        limits::check("the model's name", self.model.len(), limits::NAME_BYTES_MAX, "bytes")?;
        if self.model.trim().is_empty() || self.model.contains(char::is_control) {
            return Err(Error::invalid("the model has no name"));
        }
        if self.question_bytes_max < QUESTION_BYTES_MIN {
            let message = format!("a question needs at least {QUESTION_BYTES_MIN} bytes");
            return Err(Error::invalid(message));
        }
        if let Some(endpoint) = &self.endpoint {
            check_endpoint(endpoint)?;
        }
        let key = self.key.as_ref().map(|key| key.0.clone());
        let endpoint = self.endpoint.as_deref();
        Caller::new((&self.model, endpoint), key, (self.request_time_max, ANSWER_TOKENS))
    }

    /// Notes how it is set; the key is not noted, only whether there is one.
    fn describe(&self, prompt: &str, account: &Account) {
        account.setting("model", &self.model);
        account.setting("endpoint", self.endpoint.as_deref().unwrap_or("the provider's own"));
        account.setting("key", if self.key.is_some() { "given" } else { "none" });
        account.setting("tokens_max", self.tokens_max);
        account.setting("answer_tokens_max", ANSWER_TOKENS);
        account.setting("question_bytes_max", self.question_bytes_max);
        account.setting("prompt", prompt);
    }
}

/// An address is stored with the dream, so it must not hold a password or a key.
fn check_endpoint(endpoint: &str) -> Result<()> {
    let rest = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"));
    let plain = |rest: &str| {
        !rest.is_empty() && !rest.contains(['@', '?', '#']) && !rest.contains(char::is_whitespace)
    };
    if rest.is_some_and(plain) {
        return Ok(());
    }
    let message = "an endpoint is `http://` or `https://`, a host and a path, without user, password and query";
    Err(Error::invalid(message))
}

impl Curator for Llm {
    fn name(&self) -> String {
        format!("llm:{}", self.model)
            .chars()
            .filter(|c| !c.is_control())
            .take(limits::NAME_BYTES_MAX / 4)
            .collect()
    }

    fn version(&self) -> String {
        VERSION.to_string()
    }

    fn trust_max(&self) -> Trust {
        Trust::Agent
    }

    fn propose(
        &self,
        input: &CuratorInput<'_>,
        suggest: &mut dyn FnMut(Suggestion) -> Result<()>,
    ) -> Result<()> {
        let caller = self.caller()?;
        let prompt = instructions(input.instructions);
        self.describe(&prompt, input.account);
        let (found, finds) = mpsc::channel();
        let mut pass = Pass { llm: self, input, caller, prompt, found, keys: BTreeSet::new() };
        // A thread of its own, because the caller may be one of a runtime, which must not wait.
        std::thread::scope(|scope| {
            let thread = scope.spawn(move || pass.in_time());
            // Handed over as it comes: what was found before a failure is kept.
            let mut taken = Ok(());
            for (call, suggestion) in finds {
                input.account.resting_on(call);
                taken = suggest(suggestion);
                if taken.is_err() {
                    break;
                }
            }
            let outcome = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            taken.and(outcome)
        })
    }
}

/// One dream of the model.
struct Pass<'a> {
    llm: &'a Llm,
    input: &'a CuratorInput<'a>,
    caller: Caller,
    prompt: String,
    /// Where to hand what was found, with the call it rests on.
    found: mpsc::Sender<(usize, Suggestion)>,
    /// What was claimed about so far.
    keys: BTreeSet<Key>,
}

impl Pass<'_> {
    fn in_time(&mut self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let time_max = self.llm.time_max;
        let orders = self.input.orders;
        let outcome = runtime.block_on(async {
            tokio::select! {
                outcome = tokio::time::timeout(time_max, self.ask_all()) => outcome,
                error = cancelled(orders) => Ok(Err(error)),
            }
        });
        // A name that is still being looked up must not hold the dream.
        runtime.shutdown_background();
        outcome.unwrap_or_else(|_| {
            let seconds = time_max.as_secs_f64();
            Err(Error::new(ErrorKind::Io, format!("the model did not finish within {seconds} s")))
        })
    }

    async fn ask_all(&mut self) -> Result<()> {
        for (number, group) in self.groups()?.into_iter().enumerate() {
            self.input.orders.heed()?;
            let question = self.question(&group)?;
            if !self.affords(question.text.len()) {
                if number == 0 {
                    let most = self.llm.tokens_max;
                    let message = format!("{most} tokens are not enough for one question");
                    return Err(Error::limit(message));
                }
                self.input.account.setting("stopped", "the next question might go over tokens_max");
                return Ok(());
            }
            self.ask(question).await?;
        }
        Ok(())
    }

    /// The sessions of each question.
    fn groups(&self) -> Result<Vec<Vec<usize>>> {
        let mut sketches = Vec::new();
        for session in self.input.sessions.sessions() {
            let events = self.input.sessions.glance(session.id())?;
            let lines = condense(&events, self.room() / SESSION_PART);
            let bytes = lines.iter().map(|line| line.json.len() + 1).sum();
            sketches.push(Sketch::of(session, &events, bytes));
        }
        Ok(group(&sketches, self.room()))
    }

    /// The bytes of a question that sessions may take.
    fn room(&self) -> usize {
        self.llm.question_bytes_max - self.llm.question_bytes_max / MEMORY_PART
    }

    /// Reads the sessions of a group. From here on they count as read.
    fn question(&self, group: &[usize]) -> Result<Question> {
        let all = self.input.sessions.sessions();
        let mut shown = Vec::new();
        for index in group {
            let events = self.input.sessions.glance(all[*index].id())?;
            let part = self.room() / SESSION_PART.min(group.len());
            shown.push((&all[*index], condense(&events, part)));
        }
        Question::new(self.input, shown, self.llm.question_bytes_max / MEMORY_PART)
    }

    /// Whether the tokens that are left are enough for a question of `bytes` and a whole answer.
    fn affords(&self, bytes: usize) -> bool {
        let (read, written) = self.input.account.tokens();
        let asked = (self.prompt.len() + bytes) as u64 / TOKEN_BYTES;
        read + written + asked + u64::from(ANSWER_TOKENS) <= self.llm.tokens_max
    }

    /// Asks a question, once more if the answer has another form, and weighs what is claimed.
    async fn ask(&mut self, question: Question) -> Result<()> {
        for asked in question.sessions.values() {
            self.input.sessions.events(&asked.id)?;
        }
        let account = self.input.account;
        let call = account.call(Call {
            sessions: question.shown(),
            memories: question.memories.keys().cloned().collect(),
            question_bytes: question.text.len() as u64,
            ..Call::default()
        });
        let request = ChatRequest::from_user(&question.text).with_system(&self.prompt);
        let said = self.caller.ask(&request, (account, call)).await?;
        let claims = match read(&said) {
            Ok(claims) => claims,
            Err(why) => {
                if !self.affords(question.text.len() + said.text.len()) {
                    let message = format!("tokens_max leaves none to repair an answer: {why}");
                    return Err(Error::limit(message));
                }
                account.amend(call, |call| call.repaired = true);
                let request = request
                    .append_message(ChatMessage::assistant(said.text))
                    .append_message(ChatMessage::user(repair(&why)));
                let said = self.caller.ask(&request, (account, call)).await?;
                read(&said).map_err(|why| {
                    let message = format!(
                        "the model's answer has a wrong form, also when asked again: {why}"
                    );
                    Error::new(ErrorKind::Io, message)
                })?
            }
        };
        let memory = self.input.memory;
        let is_held = |key: &Key| Ok(memory.get(key.as_str())?.is_some());
        let mut found = Vec::new();
        for claim in claims {
            match claim.weigh(&question, is_held)? {
                Ok(suggestion) => found.push(suggestion),
                Err(why) => account.dropped(format!("unfounded: it {why}")),
            }
        }
        self.hand_over(call, found)
    }

    /// The surest first. Two questions know nothing of each other, so one key may be claimed about
    /// twice; the first claim counts.
    fn hand_over(&mut self, call: usize, mut found: Vec<Suggestion>) -> Result<()> {
        found.sort_by_key(|suggestion| std::cmp::Reverse(suggestion.confidence));
        for suggestion in found {
            let key = suggestion.changes.iter().find_map(|change| match change {
                SuggestedChange::Put(key, _) | SuggestedChange::Remove(key) => Some(key.clone()),
                _ => None,
            });
            if key.is_some_and(|key| !self.keys.insert(key)) {
                self.input.account.dropped("another claim is about the same key");
            } else if self.found.send((call, suggestion)).is_err() {
                return Err(Error::new(ErrorKind::Stale, "nobody takes what the model claims"));
            }
        }
        Ok(())
    }
}

/// Waits until the dream is cancelled, or cannot hear whether it is.
async fn cancelled(orders: &Orders) -> Error {
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        match orders.now() {
            Ok(Order::Cancel) => {}
            Ok(_) => continue,
            Err(error) => return error,
        }
        if let Err(error) = orders.heed() {
            return error;
        }
    }
}

fn read(said: &super::caller::Said) -> std::result::Result<Vec<answer::Claim>, String> {
    answer::read(&said.text).map_err(|why| match said.cut {
        true => format!("it was cut off after {ANSWER_TOKENS} tokens; say less ({why})"),
        false => why,
    })
}

fn repair(why: &str) -> String {
    format!(
        "That answer cannot be read: {why}. Answer again with the one JSON object and nothing else, \
         in the form that you were given."
    )
}
