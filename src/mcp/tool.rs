//! One tool: what it takes, what it gives, who may call it, and what clients are told of it.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool as Listed, ToolAnnotations};
use undream::ErrorKind;

use super::answer::{Outcome, Refusal};
use super::asked::Asked;
use super::schema::{Field, check, object, schema};
use super::scope::Scope;

/// What a scope must allow for a tool to be there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Needs {
    Nothing,
    Writing,
    Reviewing,
}

/// What a tool does to memory: nothing; it adds; it replaces or removes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Effect {
    Reads,
    Adds,
    Replaces,
}

/// Does what a tool is for.
pub(crate) type Run = fn(&Scope, &Asked<'_>) -> Outcome;

/// One tool.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    title: &'static str,
    description: &'static str,
    needs: Needs,
    effect: Effect,
    fields: Vec<Field>,
    parts: Vec<Field>,
    run: Run,
}

impl Tool {
    /// Whether the scope allows it at all.
    pub(crate) fn is_allowed(&self, scope: &Scope) -> bool {
        match self.needs {
            Needs::Nothing => true,
            Needs::Writing => scope.may_write,
            Needs::Reviewing => scope.may_write && scope.may_review,
        }
    }

    /// Checks the arguments and does it.
    pub(crate) fn call(&self, scope: &Scope, arguments: &JsonObject) -> Outcome {
        if !self.is_allowed(scope) {
            let why = if scope.may_write { "review" } else { "write" };
            let message = format!("{} is not allowed here: this server may not {why}", self.name);
            return Err(Refusal::new(ErrorKind::Blocked, message).hint(
                "nothing was written; tools/list names what is allowed, the person in charge \
                 starts the server with more",
            ));
        }
        check(&self.fields, arguments)?;
        if self.needs != Needs::Nothing {
            scope.check_session()?;
        }
        (self.run)(scope, &Asked(arguments))
    }

    /// As clients see it. All four hints are set: a client that knows none assumes the worst.
    pub(crate) fn listed(&self, scope: &Scope) -> Listed {
        // What starts dreams only reads where nothing may be started.
        let reads = self.effect == Effect::Reads || !scope.may_write;
        let hints = ToolAnnotations::with_title(self.title)
            .read_only(reads)
            .destructive(!reads && self.effect == Effect::Replaces)
            .idempotent(reads)
            .open_world(false);
        Listed::new(self.name, self.description, schema(&self.fields))
            .with_title(self.title)
            .with_raw_output_schema(Arc::new(schema(&self.parts)))
            .with_annotations(hints)
    }
}

impl Tool {
    /// A tool that everybody may call and that writes nothing.
    pub(crate) fn new(
        name: &'static str,
        title: &'static str,
        description: &'static str,
        run: Run,
    ) -> Self {
        Self {
            name,
            title,
            description,
            needs: Needs::Nothing,
            effect: Effect::Reads,
            fields: Vec::new(),
            parts: Vec::new(),
            run,
        }
    }

    /// Adds arguments.
    pub(crate) fn takes<const N: usize>(mut self, fields: [Field; N]) -> Self {
        self.fields.extend(fields);
        self
    }

    /// Adds parts of the answer.
    pub(crate) fn gives<const N: usize>(mut self, parts: [Field; N]) -> Self {
        self.parts.extend(parts);
        self.parts.push(object("error", "Why it was not done, and what to do"));
        self
    }

    /// Says that it writes, and what the scope must allow for it.
    pub(crate) fn writing(self, needs: Needs, effect: Effect) -> Self {
        Self { needs, effect, ..self }
    }
}
