//! One conversation, growing message by message into a transcript.

use super::wrapper::Wrapper;
use crate::error::{Error, Result};
use crate::exchange::transcript::bounds::Transcript;
use crate::exchange::transcript::report::ReadingReport;
use crate::exchange::transcript::thread::Thread;
use crate::limits;
use crate::object::{Event, Role};

/// The most bytes of what stands around the messages that are kept raw.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// Whose API the messages are for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::exchange::transcript) enum Form {
    OpenAi,
    Anthropic,
}

impl Form {
    fn source(form: Option<Self>) -> &'static str {
        match form {
            Some(Self::OpenAi) => "openai",
            Some(Self::Anthropic) => "anthropic",
            None => "messages",
        }
    }
}

/// A conversation under construction.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub(super) thread: Thread,
    /// What was asked for, else what a message gave away.
    pub(super) form: Option<Form>,
    pub(super) model: String,
}

impl Conversation {
    pub(super) fn new(form: Option<Form>) -> Self {
        Self { form, ..Self::default() }
    }

    /// Notes that something stands in `form` only. The first sign counts.
    pub(super) fn sign(&mut self, form: Form) {
        self.form.get_or_insert(form);
    }

    /// Takes what the wrapper says to the model before any message.
    pub(super) fn take_instructions(
        &mut self,
        wrapper: &mut Wrapper<'_>,
        report: &mut ReadingReport,
    ) {
        for (name, form) in [("system", Form::Anthropic), ("instructions", Form::OpenAi)] {
            if let Some(raw) = wrapper.fields.take(name) {
                self.sign(form);
                self.thread.take_content(Role::System, None, raw, report);
            }
        }
    }

    /// The transcript, without an id.
    ///
    /// # Errors
    /// `Invalid` if nothing was said; `Limit` if it holds more than a session may.
    pub(super) fn finish(
        self,
        mut wrapper: Wrapper<'_>,
        report: &mut ReadingReport,
    ) -> Result<Transcript> {
        if self.thread.is_full() {
            let max = limits::SESSION_BYTES_MAX;
            return Err(Error::limit(format!("the conversation is over {max} bytes")));
        }
        let events: Vec<Event> = self.thread.finish();
        if events.is_empty() {
            return Err(Error::invalid("the conversation has no messages"));
        }
        let mut facts = wrapper.take_facts();
        Form::source(self.form).clone_into(&mut facts.source);
        if facts.model.is_empty() {
            facts.model = self.model;
        }
        for name in [&mut facts.model, &mut facts.agent] {
            if name.is_empty() {
                "unknown".clone_into(name);
            }
        }
        wrapper.fields.forget_nulls();
        for name in wrapper.fields.names() {
            report.unknown_field(&format!("conversation.{name}"));
        }
        let extra = wrapper.fields.rest().map(|extra| match extra.len() {
            bytes if bytes > KEPT_BYTES_MAX => format!("{{\"cut_bytes\":{bytes}}}"),
            _ => extra,
        });
        Ok(Transcript { facts, extra, events })
    }
}
