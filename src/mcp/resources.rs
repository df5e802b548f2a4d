//! Resources: `undream://{store}/{key}` for memories, `undream://dreams/{n}` for dreams.

use rmcp::model::{
    ListResourcesResult, ReadResourceResult, Resource, ResourceContents, ResourceTemplate,
};
use serde_json::Value;
use undream::{Dream, ErrorKind, Key};

use super::answer::{Outcome, Refusal, clean, cleaned};
use super::asked::Asked;
use super::cursor::Cursor;
use super::dreams::{self, Page};
use super::scope::Scope;
use super::{reading, shape};

const SCHEME: &str = "undream://";
const JSON: &str = "application/json";
/// What stands in the place of a store where a dream is meant.
const DREAMS: &str = "dreams";
/// How many memories stand on a page.
const PAGE: usize = 100;
/// How many dreams, the newest, stand before the memories.
const DREAMS_MAX: usize = 20;
/// How many proposals of a dream a resource holds.
const PROPOSALS_MAX: usize = 20;

/// The forms that addresses have.
pub(crate) fn templates(scope: &Scope) -> Vec<ResourceTemplate> {
    let store = scope.store.name();
    vec![
        ResourceTemplate::new(format!("{SCHEME}{store}/{{+key}}"), "memory")
            .with_title("A memory")
            .with_description("A memory as data: text, trust, sources, author")
            .with_mime_type(JSON),
        ResourceTemplate::new(format!("{SCHEME}{DREAMS}/{{n}}"), "dream")
            .with_title("A dream")
            .with_description("A dream with its proposals and their evidence")
            .with_mime_type(JSON),
    ]
}

/// The newest dreams, then the memories of the branch in order of their keys.
pub(crate) fn list(scope: &Scope, cursor: Option<&str>) -> Outcome<ListResourcesResult> {
    let cursor = cursor.map(str::parse::<Cursor>).transpose()?;
    let mut resources = Vec::new();
    let snapshot = if let Some(cursor) = &cursor {
        cursor.snapshot(scope, 0)?
    } else {
        for dream in Dream::list(&scope.store)?.iter().rev().take(DREAMS_MAX) {
            resources.push(of_dream(dream)?);
        }
        scope.branch.snapshot()?
    };
    let after = cursor.as_ref().map(Cursor::place);
    let mut keys = snapshot.keys_from("", after.unwrap_or("")).peekable();
    let (mut count, mut last) = (0, None);
    while count < PAGE
        && let Some(found) = keys.next()
    {
        let (key, id) = found?;
        if after == Some(key.as_str()) {
            continue;
        }
        let record = snapshot.record(id)?;
        let mut resource = Resource::new(address(scope, &key), key.as_str()).with_mime_type(JSON);
        if let Some(line) = shape::line(&record)? {
            resource = resource.with_description(cleaned(&line));
        }
        resources.push(resource);
        (count, last) = (count + 1, Some(key));
    }
    let mut listed = ListResourcesResult::with_all_items(resources);
    if keys.peek().is_some() {
        listed.next_cursor = last.map(|last| Cursor::at(&[&snapshot], last).to_string());
    }
    Ok(listed)
}

fn of_dream(dream: &Dream) -> Outcome<Resource> {
    let manifest = dream.manifest()?;
    let about = format!("{}, {} proposals", manifest.status.name(), manifest.proposals);
    let number = manifest.number;
    Ok(Resource::new(format!("{SCHEME}{DREAMS}/{number}"), format!("dream {number}"))
        .with_description(about)
        .with_mime_type(JSON))
}

/// What stands at an address.
pub(crate) fn read(scope: &Scope, uri: &str) -> Outcome<ReadResourceResult> {
    let (store, path) = parts(uri)?;
    let mut value = match path.parse() {
        Ok(number) if store == DREAMS => {
            let page = Page { skipped: 0, limit: PROPOSALS_MAX, one: None };
            dreams::shown(scope, &dreams::open(scope, number)?, &page)?.0
        }
        _ if store == scope.store.name().as_str() => memory(scope, &path)?,
        _ => {
            let message = format!("there is nothing at `{uri}`");
            return Err(Refusal::new(ErrorKind::NotFound, message).hint(format!(
                "this server has {SCHEME}{}/KEY and {SCHEME}{DREAMS}/N",
                scope.store.name()
            )));
        }
    };
    clean(&mut value);
    let contents = ResourceContents::text(value.to_string(), uri).with_mime_type(JSON);
    Ok(ReadResourceResult::new(vec![contents]))
}

fn memory(scope: &Scope, path: &str) -> Outcome<Value> {
    let key = Key::new(path)?;
    let mut wanted = rmcp::model::JsonObject::new();
    wanted.insert("key".to_owned(), key.as_str().into());
    reading::get(scope, &Asked(&wanted))
}

/// The store and the path of an address.
fn parts(uri: &str) -> Outcome<(String, String)> {
    let wrong = || {
        Refusal::invalid(format!("`{}` is no address of this server", super::answer::cut(uri, 200)))
            .hint(format!("addresses are {SCHEME}STORE/KEY and {SCHEME}{DREAMS}/N"))
    };
    let rest = uri.strip_prefix(SCHEME).ok_or_else(wrong)?;
    let (store, path) = rest.split_once('/').ok_or_else(wrong)?;
    let (store, path) = (decoded(store), decoded(path));
    Ok((store.ok_or_else(wrong)?, path.ok_or_else(wrong)?))
}

/// The address of a memory: what has a meaning in addresses, or is no ASCII, is written as `%XX`.
fn address(scope: &Scope, key: &Key) -> String {
    let mut out = format!("{SCHEME}{}/", scope.store.name());
    for byte in key.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(byte.into());
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}

/// Undoes `%XX`; `None` if it is none, or no UTF-8.
fn decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.bytes());
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?].map(|digit| char::from(digit).to_digit(16));
            bytes.push((digits[0]? * 16 + digits[1]?) as u8);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
