//! `branch` and `tag`: lists, creates and deletes names for commits.

use std::io::Write;

use clap::{Args, Subcommand};
use serde_json::json;
use undream::{ErrorKind, RefInfo, RefKind, Store};

use super::call::{Access, Call};
use super::exit::{Failure, Hinted, Outcome};
use super::nearest::{LIKENESS_MIN, likeness};
use super::paint::escape;
use super::time::ago;

#[derive(Args, Debug)]
pub(crate) struct References {
    #[command(subcommand)]
    verb: Option<Reference>,
}

#[derive(Debug, Subcommand)]
enum Reference {
    /// List them; the same as no command
    List,
    /// Create one
    Create(Create),
    /// Delete one; its commits stay, and undo brings it back
    Delete(Delete),
}

#[derive(Args, Debug)]
pub(crate) struct Create {
    /// How to call it
    name: String,
    /// The commit it points to: any revision
    #[arg(value_name = "REV", default_value = "main")]
    revision: String,
}

#[derive(Args, Debug)]
pub(crate) struct Delete {
    /// Its name, as list shows it
    name: String,
}

/// Which sort of name a verb is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Sort {
    Branch,
    Tag,
}

impl Sort {
    fn word(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Tag => "tag",
        }
    }

    fn kind(self) -> RefKind {
        match self {
            Self::Branch => RefKind::Branch,
            Self::Tag => RefKind::Tag,
        }
    }

    fn found(self, store: &Store) -> Outcome<Vec<RefInfo>> {
        Ok(store.refs()?.into_iter().filter(|found| found.kind == self.kind()).collect())
    }
}

impl References {
    pub(crate) fn run(&self, call: &Call, sort: Sort) -> Outcome {
        match &self.verb {
            None | Some(Reference::List) => list(call, sort),
            Some(Reference::Create(create)) => create.run(call, sort),
            Some(Reference::Delete(delete)) => delete.run(call, sort),
        }
    }
}

fn list(call: &Call, sort: Sort) -> Outcome {
    let store = call.store(Access::Read)?;
    let found = sort.found(&store)?;
    if call.json() {
        let mut values = Vec::with_capacity(found.len());
        for info in &found {
            let commit = store.commit(info.commit)?;
            values.push(json!({
                "name": info.name.as_str(),
                "commit": info.commit.to_string(),
                "committed": commit.committed().to_string(),
                "message": commit.message(),
            }));
        }
        let field = if sort == Sort::Branch { "branches" } else { "tags" };
        return call.print_json(&json!({field: values}));
    }
    let eye = call.eye(&store)?;
    let mut page = call.long_page();
    let width = found.iter().map(|info| info.name.as_str().chars().count()).max().unwrap_or(0);
    for info in &found {
        let commit = store.commit(info.commit)?;
        let pad = width - info.name.as_str().chars().count();
        writeln!(
            page,
            "{}{:pad$}  {}  {:<10}  {}",
            eye.paint.name(info.name.as_str()),
            "",
            eye.id(info.commit.object())?,
            ago(commit.committed(), eye.now),
            escape(commit.summary()),
        )?;
    }
    if found.is_empty() {
        let word = sort.word();
        let hint = if sort == Sort::Tag { ": undream tag create NAME" } else { " yet" };
        call.note(format!("There is no {word}{hint}."));
    }
    Ok(page.finish()?)
}

impl Create {
    fn run(&self, call: &Call, sort: Sort) -> Outcome {
        let store = call.store(Access::Write)?;
        let commit = call.resolve(&store, &self.revision)?;
        let author = call.author()?;
        let created = match sort {
            Sort::Branch => store.create_branch_as(&self.name, commit, &author).map(drop),
            Sort::Tag => store.create_tag(&self.name, commit, &author),
        };
        let word = sort.word();
        created.hint_for(ErrorKind::Invalid, || format!("undream {word} list"))?;
        if call.json() {
            let commit = commit.to_string();
            return call.print_json(&json!({word: {"name": self.name, "commit": commit}}));
        }
        let digits = store.database().abbreviations()?.of(commit.object())?;
        call.note(format!("Created {word} {} at {digits}.", escape(&self.name)));
        Ok(())
    }
}

impl Delete {
    fn run(&self, call: &Call, sort: Sort) -> Outcome {
        let store = call.store(Access::Write)?;
        let word = sort.word();
        let found = sort.found(&store)?;
        let Some(info) = found.iter().find(|info| info.name.as_str() == self.name) else {
            let message = format!("there is no {word} `{}`", self.name);
            let names = found.iter().map(|info| info.name.to_string());
            let names = names.filter(|name| likeness(name, &self.name) >= LIKENESS_MIN);
            let failure = Failure::new(ErrorKind::NotFound, message).candidates(names);
            return Err(failure.hint(format!("undream {word} list")));
        };
        store.delete_ref(&self.name, info.commit, &call.author()?)?;
        if call.json() {
            let commit = info.commit.to_string();
            return call.print_json(&json!({"deleted": {"name": self.name, "commit": commit}}));
        }
        let digits = store.database().abbreviations()?.of(info.commit.object())?;
        call.note(format!("Deleted {word} {}, which was at {digits}.", escape(&self.name)));
        call.note("To have it again: undream undo");
        Ok(())
    }
}
