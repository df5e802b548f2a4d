//! One dream of a model: a question for each group of sessions, one after the other, and what is
//! claimed handed over as it comes.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::Duration;

use genai::chat::{ChatMessage, ChatRequest};

use crate::dream::account::Call;
use crate::dream::curator::{CuratorInput, SuggestedChange, Suggestion};
use crate::dream::llm::answer;
use crate::dream::llm::caller::{Caller, Said, TOKEN_BYTES};
use crate::dream::llm::cluster::{Sketch, group};
use crate::dream::llm::condense::condense;
use crate::dream::llm::curator::Llm;
use crate::dream::llm::question::Question;
use crate::dream::order::{Order, Orders};
use crate::error::{Error, ErrorKind, Result};
use crate::object::Key;

/// The longest answer, in tokens.
pub(super) const ANSWER_TOKENS: u32 = 8_192;
/// The most that is shown of one session beside others: this part of a question.
const SESSION_PART: usize = 8;
/// The part of a question that is kept for memories.
const MEMORY_PART: usize = 5;
/// How soon it is noticed that the dream was cancelled.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// One dream of the model.
pub(super) struct Pass<'a> {
    pub(super) llm: &'a Llm,
    pub(super) input: &'a CuratorInput<'a>,
    pub(super) caller: Caller,
    pub(super) prompt: String,
    /// Where to hand what was found, with the call it rests on.
    pub(super) found: mpsc::Sender<(usize, Suggestion)>,
    /// What was claimed about so far.
    pub(super) keys: BTreeSet<Key>,
}

impl Pass<'_> {
    /// Asks everything in the time there is.
    pub(super) fn in_time(&mut self) -> Result<()> {
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

fn read(said: &Said) -> std::result::Result<Vec<answer::Claim>, String> {
    let told = |why: String| {
        if said.cut {
            return format!("it was cut off after {ANSWER_TOKENS} tokens; say less ({why})");
        }
        why
    };
    answer::read(&said.text).map_err(told)
}

fn repair(why: &str) -> String {
    format!(
        "That answer cannot be read: {why}. Answer again with the one JSON object and nothing else, \
         in the form that you were given."
    )
}
