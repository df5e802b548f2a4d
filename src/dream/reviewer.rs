//! Who decides on proposals.

use crate::object::{Author, Message};

/// Who decides, and in which session.
#[derive(Clone, Debug)]
pub(super) struct Reviewer {
    pub(super) author: Author,
    pub(super) session: Option<String>,
}

impl Reviewer {
    /// A reviewer outside of any session.
    pub(super) fn new(author: Author) -> Self {
        Self { author, session: None }
    }

    /// What a commit of the review says of itself.
    pub(super) fn message(&self, text: impl Into<String>) -> Message {
        let message = self.author.message(text);
        match &self.session {
            Some(id) => message.session(id),
            None => message,
        }
    }
}
