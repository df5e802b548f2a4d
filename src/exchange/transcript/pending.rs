//! What a line or message holds beyond its words, until there is an event to keep it with.

use std::collections::BTreeMap;

use super::raw::{RawObject, one_line, push_field};
use super::report::ReadingReport;
use crate::object::Event;

/// Unknown fields, thinking and unknown blocks, all raw.
#[derive(Debug, Default)]
pub(super) struct Pending {
    fields: BTreeMap<String, String>,
    thinking: Vec<String>,
    blocks: Vec<String>,
}

impl Pending {
    /// Keeps a field that somebody asked to keep.
    pub(super) fn field(&mut self, name: &str, raw: &str) {
        self.fields.insert(name.to_owned(), one_line(raw));
    }

    /// Keeps and counts the fields of `object` that nobody took.
    pub(super) fn unknown(
        &mut self,
        scope: &str,
        object: &RawObject<'_>,
        report: &mut ReadingReport,
    ) {
        for name in object.names() {
            report.unknown_field(&format!("{scope}.{name}"));
            self.field(name, object.get(name).unwrap_or("null"));
        }
    }

    /// Keeps and counts a block that the model thought, and did not say.
    pub(super) fn thinking(&mut self, raw: &str, report: &mut ReadingReport) {
        report.unknown_field("block.thinking");
        self.thinking.push(one_line(raw));
    }

    /// Keeps and counts a block of an unknown type.
    pub(super) fn block(&mut self, kind: &str, raw: &str, report: &mut ReadingReport) {
        report.unknown_field(&format!("block.{kind}"));
        self.blocks.push(one_line(raw));
    }

    pub(super) fn has_thinking(&self) -> bool {
        !self.thinking.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.thinking.is_empty() && self.blocks.is_empty()
    }

    /// Moves all that is pending into the extra fields of `event`.
    pub(super) fn attach(&mut self, event: &mut Event) {
        if self.is_empty() {
            return;
        }
        for (name, blocks) in [
            ("thinking", std::mem::take(&mut self.thinking)),
            ("blocks", std::mem::take(&mut self.blocks)),
        ] {
            if !blocks.is_empty() {
                self.fields.insert(name.to_owned(), format!("[{}]", blocks.join(",")));
            }
        }
        let fields = std::mem::take(&mut self.fields);
        let mut inside = String::new();
        if let Some(Ok(mut before)) = event.extra.as_deref().map(RawObject::parse) {
            before.forget(&fields.keys().map(String::as_str).collect::<Vec<_>>());
            before.write(&mut inside);
        }
        for (name, raw) in &fields {
            push_field(&mut inside, name, raw);
        }
        event.extra = Some(format!("{{{inside}}}"));
    }
}
