//! Edits of JSON, with comments and trailing commas where the client allows them, that leave
//! everything else as it stands.

use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstRootNode};
use jsonc_parser::{ParseOptions, json};
use serde_json::Value;

use super::clients::Hook;
use super::link::{Link, NAME};

/// How deep a configuration may be nested.
const DEPTH_MAX: usize = 100;
/// Under which name files list hooks.
const HOOKS: &str = "hooks";

const JSON: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_loose_object_property_names: false,
    allow_trailing_commas: true,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
};

/// A configuration in JSON.
pub(super) struct Jsonc {
    root: CstRootNode,
    top: CstObject,
}

impl Jsonc {
    /// Reads a configuration; an empty text is an empty one.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if depth(text) > DEPTH_MAX {
            return Err(format!("it is nested deeper than {DEPTH_MAX} levels"));
        }
        let text = if text.trim().is_empty() { "{}\n" } else { text };
        let root = CstRootNode::parse(text, &JSON).map_err(|error| error.to_string())?;
        let top = root.object_value().ok_or("it is no JSON object")?;
        Ok(Self { root, top })
    }

    pub(super) fn text(&self) -> String {
        self.root.to_string()
    }

    /// What it says, without the form in which it does.
    pub(super) fn value(&self) -> Value {
        self.root.to_serde_value().unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.top.properties().is_empty()
    }

    /// Whether there is anything under this path.
    pub(super) fn has(&self, path: &[&str]) -> bool {
        let value = self.value();
        path.iter().try_fold(&value, |at, name| at.get(name)).is_some()
    }

    /// How Undream is started as a server.
    pub(super) fn server(&self, servers: &str) -> Result<Option<Link>, String> {
        let Some(servers) = object(&self.top, servers)? else { return Ok(None) };
        let Some(entry) = object(&servers, NAME)? else { return Ok(None) };
        match link(&entry) {
            Some(link) => Ok(Some(link)),
            None => Err(format!("its server `{NAME}` is something else; rename that one first")),
        }
    }

    /// Adds the server, or brings its command up to date and leaves its other fields.
    pub(super) fn set_server(
        &self,
        servers: &str,
        typed: bool,
        link: &Link,
        words: Vec<String>,
    ) -> Result<(), String> {
        let known = self.server(servers)?;
        let wrong = || format!("its `{servers}` is no object");
        let listed = self.top.object_value_or_create(servers).ok_or_else(wrong)?;
        if known.is_some() {
            let entry = listed.object_value(NAME).ok_or_else(wrong)?;
            let words = link.renewed(&args(&entry));
            let (program, list) = (Value::from(link.program.clone()), Value::from(words.clone()));
            set(&entry, "command", &program, || link.program.clone().into());
            set(&entry, "args", &list, || words.clone().into());
            return Ok(());
        }
        let mut fields = Vec::new();
        if typed {
            fields.push(("type".to_owned(), "stdio".into()));
        }
        fields.push(("command".to_owned(), link.program.clone().into()));
        fields.push(("args".to_owned(), words.into()));
        listed.append(NAME, CstInputValue::Object(fields));
        Ok(())
    }

    /// Takes the server out, and with it the list that it leaves empty, unless that is to `stay`.
    pub(super) fn remove_server(&self, servers: &str, stay: bool) -> Result<(), String> {
        if self.server(servers)?.is_none() {
            return Ok(());
        }
        let Some(property) = self.top.get(servers) else { return Ok(()) };
        if let Some(listed) = property.object_value() {
            if let Some(entry) = listed.get(NAME) {
                entry.remove();
            }
            if listed.properties().is_empty() && !stay {
                property.remove();
            }
        }
        Ok(())
    }

    /// The link of the hook for `hook`, if it is there.
    pub(super) fn hook(&self, hook: &Hook) -> Result<Option<Link>, String> {
        Ok(self.find(hook)?.map(|found| found.link))
    }

    /// Adds a hook, or brings its command up to date.
    pub(super) fn set_hook(&self, hook: &Hook, client: &str, link: &Link) -> Result<(), String> {
        if let Some(found) = self.find(hook)? {
            let line = string(&found.entry, "command").unwrap_or_default();
            let line = link.renewed_line(client, hook.verb, &line);
            set(&found.entry, "command", &Value::from(line.clone()), || line.clone().into());
            return Ok(());
        }
        let wrong = |name: &str| format!("its `{name}` is not what hooks are");
        let hooks = self.top.object_value_or_create(HOOKS).ok_or_else(|| wrong(HOOKS))?;
        let event = hooks.array_value_or_create(hook.event).ok_or_else(|| wrong(hook.event))?;
        let (line, timeout) = (link.hook_line(client, hook.verb), hook.timeout);
        event.append(json!({
            "hooks": [{ "type": "command", "command": line, "timeout": timeout }]
        }));
        Ok(())
    }

    /// Takes a hook out, and with it what it leaves empty, unless that is to stay.
    pub(super) fn remove_hook(
        &self,
        hook: &Hook,
        stay: &dyn Fn(&[&str]) -> bool,
    ) -> Result<(), String> {
        let Some(found) = self.find(hook)? else { return Ok(()) };
        CstNode::from(found.entry).remove();
        if found.siblings.elements().is_empty() {
            CstNode::from(found.group).remove();
        }
        let Some(hooks) = self.top.get(HOOKS) else { return Ok(()) };
        let Some(listed) = hooks.object_value() else { return Ok(()) };
        if let Some(event) = listed.get(hook.event)
            && event.array_value().is_some_and(|groups| groups.elements().is_empty())
            && !stay(&[HOOKS, hook.event])
        {
            event.remove();
        }
        if listed.properties().is_empty() && !stay(&[HOOKS]) {
            hooks.remove();
        }
        Ok(())
    }

    fn find(&self, hook: &Hook) -> Result<Option<Found>, String> {
        let Some(hooks) = object(&self.top, HOOKS)? else { return Ok(None) };
        once(&hooks, hook.event)?;
        let Some(groups) = hooks.array_value(hook.event) else { return Ok(None) };
        for group in groups.elements().into_iter().filter_map(|group| group.as_object()) {
            let Some(siblings) = group.array_value(HOOKS) else { continue };
            for entry in siblings.elements().into_iter().filter_map(|entry| entry.as_object()) {
                let line = string(&entry, "command").unwrap_or_default();
                if let Some((link, verb)) = Link::of_hook(&line)
                    && verb == hook.verb
                {
                    return Ok(Some(Found { group, siblings, entry, link }));
                }
            }
        }
        Ok(None)
    }
}

/// Undream's hook, and what it stands in.
struct Found {
    group: CstObject,
    siblings: CstArray,
    entry: CstObject,
    link: Link,
}

fn link(entry: &CstObject) -> Option<Link> {
    Link::of_server(&string(entry, "command")?, &args(entry))
}

fn args(entry: &CstObject) -> Vec<String> {
    let args = entry.get("args").and_then(|args| args.value()?.to_serde_value());
    args.and_then(|args| serde_json::from_value(args).ok()).unwrap_or_default()
}

/// The object under `name`; an error if something else stands there, or two things do.
fn object(of: &CstObject, name: &str) -> Result<Option<CstObject>, String> {
    once(of, name)?;
    match of.get(name) {
        None => Ok(None),
        Some(property) => match property.object_value() {
            Some(object) => Ok(Some(object)),
            None => Err(format!("its `{name}` is no object")),
        },
    }
}

/// Of two values under one name, readers differ on which one counts.
fn once(of: &CstObject, name: &str) -> Result<(), String> {
    let named = |property: &jsonc_parser::cst::CstObjectProp| {
        property
            .name()
            .and_then(|found| found.decoded_value().ok())
            .is_some_and(|found| found == name)
    };
    match of.properties().iter().filter(|property| named(property)).count() {
        0 | 1 => Ok(()),
        _ => Err(format!("`{name}` is there twice")),
    }
}

fn string(of: &CstObject, name: &str) -> Option<String> {
    of.get(name)?.value()?.as_string_lit()?.decoded_value().ok()
}

/// Sets a field, unless it says so already.
fn set(of: &CstObject, name: &str, wanted: &Value, input: impl Fn() -> CstInputValue) {
    match of.get(name) {
        Some(property) => {
            if property.value().and_then(|value| value.to_serde_value()).as_ref() != Some(wanted) {
                property.set_value(input());
            }
        }
        None => drop(of.append(name, input())),
    }
}

/// How deep the brackets of `text` are nested; those in strings and comments count too.
fn depth(text: &str) -> usize {
    let (mut depth, mut most) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        most = most.max(depth);
    }
    most
}
