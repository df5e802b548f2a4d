//! Sends a question and waits: refusals that pass are waited for, all else is a failure. What goes
//! wrong is told without the key and without what was asked.

use std::error::Error as _;
use std::time::Duration;

use genai::adapter::AdapterKind;
use genai::chat::{
    ChatMessage, ChatOptions, ChatRequest, ChatResponse, ChatResponseFormat, JsonSpec, StopReason,
};
use genai::resolver::{AuthData, AuthResolver, Endpoint};
use genai::{Client, ClientBuilder, Headers, ModelIden, ModelSpec, ServiceTarget, webc};

use crate::dream::account::Account;
use crate::dream::llm::answer;
use crate::error::{Error, ErrorKind, Result};

/// How often a question is sent again.
const RETRIES_MAX: u32 = 3;
/// The first wait where the other side names none; each further one is twice as long.
const WAIT_FIRST: Duration = Duration::from_millis(500);
/// The longest wait that the other side may ask for.
const WAIT_MAX: Duration = Duration::from_secs(120);
/// How much of what the other side says goes into a failure.
const TOLD_CHARS: usize = 200;
/// A token has this many bytes or more, as far as is known before.
pub(super) const TOKEN_BYTES: u64 = 3;
/// Refusals that pass: too early, too many, and troubles of the server.
const PASSING: [u16; 8] = [408, 425, 429, 500, 502, 503, 504, 529];

/// Where questions go.
pub(super) struct Caller {
    client: Client,
    model: ModelSpec,
    options: ChatOptions,
    key: Option<String>,
    time_max: Duration,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) text: String,
    /// Whether it was cut off at the bound on its length.
    pub(super) cut: bool,
}

/// The provider of a model, by its name; `None` if the name belongs to none that has an address of its
/// own on the net.
fn provider(model: &str) -> Option<AdapterKind> {
    let kind = AdapterKind::from_model(model).ok()?;
    (kind != AdapterKind::Ollama).then_some(kind)
}

/// The name of the environment variable that commonly holds the key for a model.
pub(super) fn usual_key_variable(model: &str) -> Option<&'static str> {
    provider(model)?.default_key_env_name()
}

impl Caller {
    /// A caller of `model`, at `endpoint` if it is given, else at its provider's own address.
    pub(super) fn new(
        (model, endpoint): (&str, Option<&str>),
        key: Option<String>,
        (time_max, answer_tokens): (Duration, u32),
    ) -> Result<Self> {
        let (client, model) = match endpoint {
            Some(endpoint) => (Client::builder(), compatible(model, endpoint, key.clone()).into()),
            None => native(model, key.clone())?,
        };
        let schema = JsonSpec::new("proposals", answer::schema());
        let options = ChatOptions::default()
            .with_max_tokens(answer_tokens)
            .with_response_format(ChatResponseFormat::JsonSpec(schema));
        let client = client.build().map_err(|error| failed(describe(&error)))?;
        Ok(Self { client, model, options, key, time_max })
    }

    /// Sends a question until there is an answer or no hope; requests and tokens are added to `call`.
    pub(super) async fn ask(
        &self,
        request: &ChatRequest,
        (account, call): (&Account, usize),
    ) -> Result<Said> {
        let mut tries = 0;
        loop {
            account.amend(call, |call| call.requests += 1);
            let sent =
                self.client.exec_chat(self.model.clone(), request.clone(), Some(&self.options));
            let answer = tokio::time::timeout(self.time_max, sent).await.map_err(|_| {
                let seconds = self.time_max.as_secs_f64();
                failed(format!("the model did not answer within {seconds} s"))
            })?;
            let error = match answer {
                Ok(answer) => return Ok(said(answer, request, (account, call))),
                Err(error) => error,
            };
            let wait = retry_after(&error).unwrap_or(WAIT_FIRST * 2_u32.pow(tries));
            tries += 1;
            if !passes(&error) || tries > RETRIES_MAX {
                return Err(self.told(&error));
            }
            if wait > WAIT_MAX {
                let seconds = wait.as_secs();
                let why = format!("the model is to be asked again only after {seconds} s");
                return Err(failed(why).with_source(self.told(&error)));
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// What went wrong, in words that may be kept.
    fn told(&self, error: &genai::Error) -> Error {
        failed(self.scrubbed(&describe(error)))
    }

    fn scrubbed(&self, text: &str) -> String {
        let text = match self.key.as_deref() {
            Some(key) if !key.is_empty() => text.replace(key, "[key]"),
            _ => text.to_owned(),
        };
        let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        plain.take(TOLD_CHARS).collect::<String>().trim_end().to_owned()
    }
}

/// The answer; its tokens are counted, or reckoned where the server does not say how many there were.
fn said(answer: ChatResponse, request: &ChatRequest, (account, call): (&Account, usize)) -> Said {
    let text = answer.texts().concat();
    let asked: usize = request.messages.iter().map(ChatMessage::size).sum();
    let asked = asked + request.system.as_ref().map_or(0, String::len);
    let count = |told: Option<i32>, bytes: usize| {
        told.and_then(|tokens| u64::try_from(tokens).ok()).unwrap_or(bytes as u64 / TOKEN_BYTES)
    };
    let usage = (
        count(answer.usage.prompt_tokens, asked),
        count(answer.usage.completion_tokens, text.len()),
    );
    account.amend(call, |call| {
        call.tokens_in += usage.0;
        call.tokens_out += usage.1;
    });
    Said { text, cut: matches!(answer.stop_reason, Some(StopReason::MaxTokens(_))) }
}

fn failed(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::Io, why)
}

/// A server that speaks the common protocol, local or not.
fn compatible(model: &str, endpoint: &str, key: Option<String>) -> ServiceTarget {
    let base = format!("{}/", endpoint.trim_end_matches('/'));
    let auth = match key {
        Some(key) => AuthData::Key(key),
        // The request goes out without any key, not with an empty one.
        None => AuthData::RequestOverride {
            url: format!("{base}chat/completions"),
            headers: Headers::default(),
        },
    };
    let model = ModelIden::new(AdapterKind::OpenAI, model.to_owned());
    ServiceTarget { endpoint: Endpoint::from_owned(base), auth, model }
}

/// The model's provider at its own address. The key is handed over here; no environment is read.
fn native(model: &str, key: Option<String>) -> Result<(ClientBuilder, ModelSpec)> {
    let unknown = || {
        Error::invalid(format!(
            "`{model}` is a model of no known provider: name the address of a server that has it"
        ))
    };
    let kind = provider(model).ok_or_else(unknown)?;
    let missing = || Error::invalid(format!("the model `{model}` needs the key of its provider"));
    let key = key.ok_or_else(missing)?;
    let resolver = AuthResolver::from_resolver_fn(
        move |_: ModelIden| -> std::result::Result<Option<AuthData>, genai::resolver::Error> {
            Ok(Some(AuthData::Key(key)))
        },
    );
    let client = Client::builder().with_auth_resolver(resolver);
    Ok((client, ModelIden::new(kind, model.to_owned()).into()))
}

/// Whether asking again may help: the other side says so by its status, or the line broke.
fn passes(error: &genai::Error) -> bool {
    match error.status() {
        Some(status) => PASSING.contains(&status.as_u16()),
        None => matches!(
            error,
            genai::Error::WebModelCall {
                webc_error: webc::Error::Reqwest(_) | webc::Error::ResponseFailedInvalidJson { .. },
                ..
            }
        ),
    }
}

/// How long the other side asks to wait.
fn retry_after(error: &genai::Error) -> Option<Duration> {
    let value = error.headers()?.get("retry-after")?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// An error in words, without the request that it may hold.
fn describe(error: &genai::Error) -> String {
    let genai::Error::WebModelCall { webc_error, .. } = error else {
        return match error {
            genai::Error::ChatResponseGeneration { cause, .. } => {
                format!("the model's server gave an answer of another form: {cause}")
            }
            other => format!("the model cannot be asked: {other}"),
        };
    };
    match webc_error {
        webc::Error::ResponseFailedStatus { status, body, .. } => {
            format!("the model's server answered with status {}: {body}", status.as_u16())
        }
        webc::Error::ResponseFailedInvalidJson { cause, .. } => {
            format!("the model's server gave an answer that is no JSON, or not all of it: {cause}")
        }
        webc::Error::ResponseFailedNotJson { content_type, .. } => {
            format!("the model's server answered in `{content_type}`, not in JSON")
        }
        webc::Error::Reqwest(error) => {
            let mut text = format!("the model's server cannot be reached, or broke off: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                text = format!("{text}: {cause}");
                source = cause.source();
            }
            text
        }
        webc::Error::JsonValueExt(error) => format!("the model's server gave odd JSON: {error}"),
    }
}
