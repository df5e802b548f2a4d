//! What arguments a tool takes, in the few words of JSON Schema that every client understands.
//!
//! Several clients refuse tools whose schemas use more than `type`, `properties`, `required`,
//! `description`, `enum`, `items`, `minimum` and `maximum`, so schemas are written, not derived.

use rmcp::model::JsonObject;
use serde_json::{Value, json};

use super::answer::{Outcome, Refusal};

/// One named argument, or one named part of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    sort: Sort,
    description: &'static str,
    required: bool,
}

#[derive(Clone, Debug)]
enum Sort {
    Text,
    Choice(&'static [&'static str]),
    Number(u64, u64),
    Texts,
    Choices(&'static [&'static str]),
    Numbers,
    Flag,
    Object,
    Objects,
}

impl Field {
    fn new(name: &'static str, sort: Sort, description: &'static str) -> Self {
        Self { name, sort, description, required: false }
    }

    /// The call is refused without it.
    pub(crate) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    fn schema(&self) -> Value {
        let mut schema = match &self.sort {
            Sort::Text => json!({"type": "string"}),
            Sort::Choice(among) => json!({"type": "string", "enum": among}),
            Sort::Number(least, most) => {
                json!({"type": "integer", "minimum": least, "maximum": most})
            }
            Sort::Texts => json!({"type": "array", "items": {"type": "string"}}),
            Sort::Choices(among) => {
                json!({"type": "array", "items": {"type": "string", "enum": among}})
            }
            Sort::Numbers => {
                json!({"type": "array", "items": {"type": "integer", "minimum": 1}})
            }
            Sort::Flag => json!({"type": "boolean"}),
            Sort::Object => json!({"type": "object"}),
            Sort::Objects => json!({"type": "array", "items": {"type": "object"}}),
        };
        schema["description"] = self.description.into();
        schema
    }

    /// What `value` should have been; `None` if it fits.
    fn wants(&self, value: &Value) -> Option<String> {
        let each = |fits: &dyn Fn(&Value) -> bool| {
            value.as_array().is_some_and(|items| items.iter().all(fits))
        };
        let among = |value: &Value, among: &[&str]| {
            value.as_str().is_some_and(|text| among.contains(&text))
        };
        let (fits, wanted) = match &self.sort {
            Sort::Text => (value.is_string(), "a string".to_owned()),
            Sort::Choice(names) => (among(value, names), format!("one of {}", names.join(", "))),
            Sort::Number(least, most) => (
                value.as_u64().is_some_and(|number| (*least..=*most).contains(&number)),
                format!("a whole number from {least} to {most}"),
            ),
            Sort::Texts => (each(&Value::is_string), "a list of strings".to_owned()),
            Sort::Choices(names) => {
                (each(&|value| among(value, names)), format!("a list of {}", names.join(", ")))
            }
            Sort::Numbers => (
                each(&|value| value.as_u64().is_some_and(|n| u32::try_from(n).is_ok())),
                "a list of whole numbers".to_owned(),
            ),
            Sort::Flag => (value.is_boolean(), "true or false".to_owned()),
            Sort::Object => (value.is_object(), "an object".to_owned()),
            Sort::Objects => (each(&Value::is_object), "a list of objects".to_owned()),
        };
        (!fits).then_some(wanted)
    }
}

pub(crate) fn text(name: &'static str, description: &'static str) -> Field {
    Field::new(name, Sort::Text, description)
}

pub(crate) fn choice(
    name: &'static str,
    among: &'static [&'static str],
    description: &'static str,
) -> Field {
    Field::new(name, Sort::Choice(among), description)
}

pub(crate) fn number(
    name: &'static str,
    (least, most): (u64, u64),
    description: &'static str,
) -> Field {
    Field::new(name, Sort::Number(least, most), description)
}

pub(crate) fn texts(name: &'static str, description: &'static str) -> Field {
    Field::new(name, Sort::Texts, description)
}

pub(crate) fn choices(
    name: &'static str,
    among: &'static [&'static str],
    description: &'static str,
) -> Field {
    Field::new(name, Sort::Choices(among), description)
}

pub(crate) fn numbers(name: &'static str, description: &'static str) -> Field {
    Field::new(name, Sort::Numbers, description)
}

pub(crate) fn flag(name: &'static str, description: &'static str) -> Field {
    Field::new(name, Sort::Flag, description)
}

pub(crate) fn object(name: &'static str, description: &'static str) -> Field {
    Field::new(name, Sort::Object, description)
}

pub(crate) fn objects(name: &'static str, description: &'static str) -> Field {
    Field::new(name, Sort::Objects, description)
}

/// The schema of an object with these fields.
pub(crate) fn schema(fields: &[Field]) -> JsonObject {
    let properties: JsonObject =
        fields.iter().map(|field| (field.name.to_owned(), field.schema())).collect();
    let required: Vec<&str> =
        fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut schema = JsonObject::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    schema
}

/// Checks the arguments of a call against the fields of its tool. An argument that is null counts
/// as not given.
pub(crate) fn check(fields: &[Field], arguments: &JsonObject) -> Outcome<()> {
    let names = || {
        let names: Vec<_> = fields.iter().map(|field| format!("`{}`", field.name)).collect();
        if names.is_empty() {
            return "it takes no arguments".to_owned();
        }
        format!("its arguments are {}", names.join(", "))
    };
    for (name, value) in arguments {
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            return Err(Refusal::invalid(format!("there is no argument `{name}`")).hint(names()));
        };
        if !value.is_null()
            && let Some(wanted) = field.wants(value)
        {
            return Err(Refusal::invalid(format!("`{name}` must be {wanted}")).hint(names()));
        }
    }
    let given = |field: &Field| arguments.get(field.name).is_some_and(|value| !value.is_null());
    match fields.iter().find(|field| field.required && !given(field)) {
        Some(field) => {
            let message = format!("the argument `{}` is missing", field.name);
            Err(Refusal::invalid(message).hint(field.description))
        }
        None => Ok(()),
    }
}
