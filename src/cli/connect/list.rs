//! Which clients there are, and how they stand.

use std::path::Path;

use serde_json::{Value, json};

use super::clients::{CLIENTS, Client, Part};
use super::config::Config;
use super::places::Places;
use crate::cli::exit::Outcome;

/// How a client stands to Undream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum State {
    /// Its configuration does not name Undream.
    Apart,
    Connected,
    /// It is connected, and would fail for this reason.
    Broken(String),
    /// Its configuration cannot be understood.
    Unclear(String),
}

/// A client as it stands.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) client: &'static Client,
    pub(crate) found: bool,
    pub(crate) state: State,
    /// Whether it is this project's configuration that connects it.
    pub(crate) project: bool,
    pub(crate) program: Option<String>,
    pub(crate) db: Option<String>,
    pub(crate) hooks: bool,
}

impl Standing {
    pub(crate) fn word(&self) -> &'static str {
        match &self.state {
            State::Apart if self.found => "found",
            State::Apart => "not found",
            State::Connected => "connected",
            State::Broken(_) => "broken",
            State::Unclear(_) => "unclear",
        }
    }

    pub(crate) fn why(&self) -> Option<&str> {
        match &self.state {
            State::Broken(why) | State::Unclear(why) => Some(why),
            State::Apart | State::Connected => None,
        }
    }

    /// The command that connects it.
    pub(crate) fn command(&self) -> String {
        let scope = if self.project { " --project" } else { "" };
        format!("undream connect {}{scope} --yes", self.client.name)
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "client": self.client.name,
            "title": self.client.title,
            "found": self.found,
            "state": self.word(),
            "scope": if self.project { "project" } else { "user" },
            "why": self.why(),
            "program": self.program,
            "db": self.db,
            "hooks": self.hooks,
        })
    }
}

/// All clients: as the project connects them where it does, else as the user does.
pub(crate) fn survey() -> Outcome<Vec<Standing>> {
    let places = Places::from_environment()?;
    let stand = |client: &'static Client| {
        let of_project = standing(client, client.project, true, &places);
        let counts = of_project.state != State::Apart;
        if counts { of_project } else { standing(client, client.user, false, &places) }
    };
    Ok(CLIENTS.iter().map(stand).collect())
}

fn standing(
    client: &'static Client,
    parts: &'static [Part],
    project: bool,
    places: &Places,
) -> Standing {
    let found = client.is_found(places);
    let hooks = parts.iter().any(|part| !part.hooks.is_empty());
    let state = State::Apart;
    let mut standing = Standing { client, found, state, project, program: None, db: None, hooks };
    let (mut missing, mut links) = (0, Vec::new());
    for part in parts {
        match Config::read(part, places).and_then(|config| config.seen()) {
            Ok(seen) => {
                missing += seen.missing;
                links.extend(seen.links);
            }
            Err(failure) => standing.state = State::Unclear(failure.into_error().to_string()),
        }
    }
    let Some(first) = links.first() else { return standing };
    (standing.program, standing.db) = (Some(first.program.clone()), Some(first.db.clone()));
    if standing.state == State::Apart {
        let gone = links.iter().find(|link| !Path::new(&link.program).is_file());
        let lost = links.iter().find(|link| !Path::new(&link.db).is_dir());
        standing.state = match (gone, lost) {
            (Some(link), _) => State::Broken(format!("{} is no longer there", link.program)),
            (_, Some(link)) => State::Broken(format!("there is no database at {}", link.db)),
            _ if missing > 0 => State::Broken("a part of what was written is gone".to_owned()),
            _ if links.iter().any(|link| link != first) => {
                State::Broken("its parts name different programs or databases".to_owned())
            }
            _ => State::Connected,
        };
    }
    standing
}
