//! The arguments of one call, checked against the schema of its tool before anybody reads them.

use std::str::FromStr;

use rmcp::model::JsonObject;
use serde_json::Value;
use undream::{Source, Trust, TrustFilter};

use super::answer::{Outcome, Refusal};
use super::cursor::Cursor;

/// The arguments of one call.
pub(crate) struct Asked<'a>(pub(crate) &'a JsonObject);

impl<'a> Asked<'a> {
    fn value(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.value(name).and_then(Value::as_str)
    }

    pub(crate) fn needed(&self, name: &str) -> Outcome<&'a str> {
        self.text(name).ok_or_else(|| Refusal::invalid(format!("the argument `{name}` is missing")))
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.value(name).and_then(Value::as_u64)
    }

    pub(crate) fn needed_number(&self, name: &str) -> Outcome<u64> {
        let missing = || Refusal::invalid(format!("the argument `{name}` is missing"));
        self.number(name).ok_or_else(missing)
    }

    /// How many items a page shall have.
    pub(crate) fn limit(&self, usual: usize) -> usize {
        self.number("limit").map_or(usual, |limit| limit as usize)
    }

    /// A list of texts; `None` if it is not given.
    pub(crate) fn texts(&self, name: &str) -> Option<Vec<&'a str>> {
        let items = self.value(name)?.as_array()?;
        Some(items.iter().filter_map(Value::as_str).collect())
    }

    pub(crate) fn numbers(&self, name: &str) -> Vec<u32> {
        let items = self.value(name).and_then(Value::as_array);
        let numbers = items.into_iter().flatten().filter_map(Value::as_u64);
        numbers.filter_map(|number| u32::try_from(number).ok()).collect()
    }

    /// Where to go on; `None` on the first page.
    pub(crate) fn cursor(&self) -> Outcome<Option<Cursor>> {
        self.text("cursor").map(Cursor::from_str).transpose()
    }

    /// How far what is given must be trusted.
    pub(crate) fn trusted(&self) -> TrustFilter {
        let least = self.text("min_trust").and_then(Trust::from_name).unwrap_or_default();
        let without = self.texts("without").unwrap_or_default();
        let without = without.into_iter().filter_map(Source::from_name);
        without.fold(TrustFilter::new().min_trust(least), TrustFilter::without)
    }
}
