//! The curator: how it is set, and what it tells of that.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::mpsc;
use std::time::Duration;

use crate::dream::account::Account;
use crate::dream::curator::{Curator, CuratorInput, Suggestion};
use crate::dream::llm::caller::{Caller, usual_key_variable};
use crate::dream::llm::pass::{ANSWER_TOKENS, Pass};
use crate::dream::llm::question::instructions;
use crate::error::{Error, Result};
use crate::limits;
use crate::object::Trust;

/// The version of the method: what is shown, how it is asked, how answers are read.
const VERSION: u32 = 1;
/// How long a question is unless told otherwise, in bytes.
const QUESTION_BYTES: usize = 64 << 10;
/// The shortest question that is worth asking.
const QUESTION_BYTES_MIN: usize = 4 << 10;
/// How many tokens a dream may take unless told otherwise.
const TOKENS_MAX: u64 = 1_000_000;
/// How long all of it may take unless told otherwise.
const TIME_MAX: Duration = Duration::from_secs(3_600);
/// How long one answer may take unless told otherwise.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(180);

/// A curator that asks a language model: of any known provider, or behind an address that speaks the
/// common chat protocol. Sessions that are alike are shortened and shown together; what the model
/// claims counts only with quotes that are found where it says.
#[derive(Clone, Debug)]
pub struct Llm {
    model: String,
    endpoint: Option<String>,
    key: Option<Secret>,
    pub(super) tokens_max: u64,
    pub(super) question_bytes_max: usize,
    pub(super) time_max: Duration,
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
