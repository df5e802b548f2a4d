//! The conversations of one file.

use super::conversation::{Conversation, Form};
use super::message::is_message;
use super::salvage::{Part, parts};
use super::wrapper::Wrapper;
use crate::error::{Error, Result};
use crate::exchange::transcript::bounds::Transcript;
use crate::exchange::transcript::raw::{self, RawObject};
use crate::exchange::transcript::report::ReadingReport;
use crate::limits;

/// How all ids begin.
const PREFIX: &str = "messages:";
/// How deep lists of lists are looked into.
const DEPTH_MAX: usize = 4;

/// A transcript, with the name that it may share with others if it has none for sure.
#[derive(Debug)]
pub(in crate::exchange::transcript) struct Named {
    pub(in crate::exchange::transcript) transcript: Transcript,
    pub(in crate::exchange::transcript) base: Option<String>,
}

/// The conversations of one file, value by value.
#[derive(Debug)]
pub(in crate::exchange::transcript) struct File {
    form: Option<Form>,
    /// The id of the first conversation that has no name.
    base: String,
    nameless: usize,
    /// Messages that stand one per line.
    loose: Vec<String>,
    loose_bytes: usize,
}

impl File {
    /// A file under `name`, which is its path below what was to be read.
    pub(in crate::exchange::transcript) fn new(name: &str, form: Option<Form>) -> Self {
        let room = limits::NAME_BYTES_MAX - PREFIX.len() - "file:~18446744073709551615".len();
        let mut start = name.len().saturating_sub(room);
        while !name.is_char_boundary(start) {
            start += 1;
        }
        let base = format!("{PREFIX}file:{}", &name[start..]);
        Self { form, base, nameless: 0, loose: Vec::new(), loose_bytes: 0 }
    }

    /// Whether `text` is a message, a conversation, or a list of either.
    pub(in crate::exchange::transcript) fn knows(text: &str) -> bool {
        knows(text, DEPTH_MAX)
    }

    /// Takes one value: all of the file, or a line of it.
    pub(in crate::exchange::transcript) fn take(
        &mut self,
        text: &str,
        report: &mut ReadingReport,
    ) -> Vec<Result<Named>> {
        let mut found = Vec::new();
        self.collect(text, DEPTH_MAX, &mut found);
        found.into_iter().map(|wrapper| self.read(wrapper?, report)).collect()
    }

    /// What was said in messages that stood one per line.
    pub(in crate::exchange::transcript) fn finish(
        mut self,
        report: &mut ReadingReport,
    ) -> Option<Result<Named>> {
        let loose = std::mem::take(&mut self.loose);
        let messages: Vec<&str> = loose.iter().map(String::as_str).collect();
        (!messages.is_empty()).then(|| self.read(Wrapper::bare(messages), report))
    }

    /// Takes what is whole of a file that is no JSON as it stands. Gives that, and where what is
    /// not begins, each with the reason.
    pub(in crate::exchange::transcript) fn salvage(
        &mut self,
        bytes: &[u8],
        report: &mut ReadingReport,
    ) -> (Vec<Result<Named>>, Vec<(usize, String)>) {
        let (mut wrapper, mut damaged) = (Wrapper::default(), Vec::new());
        for part in parts(bytes) {
            match part {
                Part::Field(name, raw) => wrapper.fields.push(name, raw),
                Part::Element(raw) => wrapper.messages.push(raw),
                Part::Damaged(at, why) => damaged.push((at, why)),
            }
        }
        let message = |raw: &&str| RawObject::parse(raw).is_ok_and(|object| is_message(&object));
        if wrapper.messages.iter().any(message) {
            return (vec![self.read(wrapper, report)], damaged);
        }
        let found = wrapper.messages.iter().flat_map(|raw| self.take(raw, report));
        (found.collect(), damaged)
    }

    fn collect<'a>(&mut self, text: &'a str, depth: usize, found: &mut Vec<Result<Wrapper<'a>>>) {
        match RawObject::parse(text) {
            Ok(object) if is_message(&object) => {
                self.loose_bytes += text.len();
                // What is over the limit is refused when all is read.
                if self.loose_bytes <= 2 * limits::SESSION_BYTES_MAX {
                    self.loose.push(text.to_owned());
                }
            }
            Ok(object) => {
                let none = || Error::invalid("neither a message nor a conversation");
                found.push(Wrapper::of(object).ok_or_else(none));
            }
            Err(error) => match raw::array(text) {
                Some(list) if is_conversation(&list) => found.push(Ok(Wrapper::bare(list))),
                Some(list) if depth > 0 => {
                    for element in list {
                        self.collect(element, depth - 1, found);
                    }
                }
                _ => {
                    found.push(Err(Error::invalid(format!("no message or conversation: {error}"))))
                }
            },
        }
    }

    fn read(&mut self, mut wrapper: Wrapper<'_>, report: &mut ReadingReport) -> Result<Named> {
        let mut conversation = Conversation::new(self.form);
        conversation.take_instructions(&mut wrapper, report);
        for raw in std::mem::take(&mut wrapper.messages) {
            conversation.take(raw, report);
        }
        let id = wrapper.take_id();
        let mut transcript = conversation.finish(wrapper, report)?;
        let base = match id {
            Some((id, sure)) => {
                transcript.facts.id = format!("{PREFIX}{id}");
                (!sure).then(|| transcript.facts.id.clone())
            }
            None => {
                self.nameless += 1;
                transcript.facts.id = numbered(&self.base, self.nameless);
                Some(self.base.clone())
            }
        };
        Ok(Named { transcript, base })
    }
}

/// The id of the conversation that is the `number`th, from one, of those that share a name.
pub(in crate::exchange::transcript) fn numbered(base: &str, number: usize) -> String {
    if number == 1 { base.to_owned() } else { format!("{base}~{number}") }
}

fn is_conversation(list: &[&str]) -> bool {
    let message = |raw: &&str| RawObject::parse(raw).is_ok_and(|object| is_message(&object));
    list.iter().any(message)
}

fn knows(text: &str, depth: usize) -> bool {
    match RawObject::parse(text) {
        Ok(object) => is_message(&object) || Wrapper::of(object).is_some(),
        Err(_) => raw::array(text).is_some_and(|list| {
            is_conversation(&list)
                || (depth > 0 && list.first().is_some_and(|first| knows(first, depth - 1)))
        }),
    }
}
