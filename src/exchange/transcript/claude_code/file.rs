//! One file's lines, sorted into conversations: the main one, and one per subagent.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::conversation::Conversation;
use crate::error::{Error, Result};
use crate::exchange::transcript::bounds::Transcript;
use crate::exchange::transcript::raw::{self, RawObject};
use crate::exchange::transcript::report::ReadingReport;

/// The lines of one file under construction.
#[derive(Debug, Default)]
pub(in crate::exchange::transcript) struct File {
    /// The file's name without its endings.
    stem: String,
    /// The session that the lines name first.
    session: Option<String>,
    /// Whether any line names the session that the file is called after.
    names_itself: bool,
    /// The conversations in order of appearance; the main one has no agent.
    conversations: Vec<(Option<String>, Conversation)>,
    /// Where each agent's conversation stands.
    places: HashMap<Option<String>, usize>,
    /// To which agent the lines of older versions belong, which name only their parent line.
    agents: HashMap<String, String>,
    /// The lines seen: a resumed session repeats some.
    seen: HashSet<String>,
}

impl File {
    pub(in crate::exchange::transcript) fn new(path: &Path) -> Self {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let name =
            name.strip_suffix(".jsonl").or_else(|| name.strip_suffix(".json")).unwrap_or(name);
        Self { stem: name.to_owned(), ..Self::default() }
    }

    /// Whether `object` looks like a line of such a file.
    pub(in crate::exchange::transcript) fn knows(object: &RawObject<'_>) -> bool {
        let addressed = ["sessionId", "uuid", "leafUuid", "messageId"];
        object.has("type") && addressed.iter().any(|name| object.has(name))
    }

    /// Takes one line.
    ///
    /// # Errors
    /// `Invalid` if the line is no JSON object that says its type.
    pub(in crate::exchange::transcript) fn take(
        &mut self,
        line: &str,
        report: &mut ReadingReport,
    ) -> Result<()> {
        let object = RawObject::parse(line)
            .map_err(|error| Error::invalid(format!("not a JSON object: {error}")))?;
        let kind = object.get("type").and_then(raw::string);
        let kind = kind.ok_or_else(|| Error::invalid("the line has no `type`"))?;
        let uuid = object.get("uuid").and_then(raw::string);
        if uuid.is_some_and(|uuid| !self.seen.insert(uuid)) {
            report.unknown_line(&format!("{kind} (repeated)"));
            return Ok(());
        }
        if let Some(session) = object.get("sessionId").and_then(raw::string) {
            self.names_itself |= session == self.stem;
            self.session.get_or_insert(session);
        }
        let agent = self.agent(&object);
        self.conversation(agent).take(&kind, line, object, report);
        Ok(())
    }

    /// The transcripts of all conversations in which anything was said.
    ///
    /// # Errors
    /// `Limit` in the place of a conversation that holds more than a session may.
    pub(in crate::exchange::transcript) fn finish(self) -> Vec<Result<Transcript>> {
        let named = self.session.filter(|_| !self.names_itself);
        let session = named.unwrap_or(self.stem);
        let finish = |(agent, conversation): (Option<String>, Conversation)| {
            let id = match agent {
                None => format!("claude-code:{session}"),
                Some(agent) => format!("claude-code:{session}/agent-{agent}"),
            };
            conversation.finish(id)
        };
        self.conversations.into_iter().filter_map(finish).collect()
    }

    /// The subagent a line belongs to: the one it names, the one its parent line belongs to, or one
    /// that it begins. `None` is the main conversation.
    fn agent(&mut self, object: &RawObject<'_>) -> Option<String> {
        let string = |name: &str| object.get(name).and_then(raw::string);
        let of_file = self.stem.strip_prefix("agent-");
        if object.get("isSidechain") != Some("true") && of_file.is_none() {
            return None;
        }
        let named = string("agentId").or_else(|| of_file.map(str::to_owned));
        let inherited = || string("parentUuid").and_then(|uuid| self.agents.get(&uuid).cloned());
        let uuid = string("uuid").unwrap_or_default();
        let begun = || uuid.chars().take(8).collect();
        let agent = named.or_else(inherited).unwrap_or_else(begun);
        let agent = agent.strip_prefix("agent-").unwrap_or(&agent).to_owned();
        self.agents.insert(uuid, agent.clone());
        Some(agent)
    }

    fn conversation(&mut self, agent: Option<String>) -> &mut Conversation {
        let place = *self.places.entry(agent.clone()).or_insert(self.conversations.len());
        if place == self.conversations.len() {
            let conversation = Conversation::new(agent.is_some());
            self.conversations.push((agent, conversation));
        }
        &mut self.conversations[place].1
    }
}
