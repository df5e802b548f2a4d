//! `mcp`: serves an agent over the Model Context Protocol.

use clap::{Args, ValueEnum};

#[derive(Args, Debug)]
#[command(
    after_help = "The agent writes as --author; without it, and where UNDREAM_AUTHOR names a \
                        person, as agent:mcp."
)]
pub(crate) struct Mcp {
    /// Let nothing be written
    #[arg(long, conflicts_with_all = ["allow", "from"])]
    read_only: bool,
    /// The branch that the agent reads and writes
    #[arg(long, value_name = "BRANCH", default_value = "main")]
    branch: String,
    /// Create the branch from this revision if there is none yet
    #[arg(long, value_name = "REV")]
    from: Option<String>,
    /// The agent session, for the log and the recall log; else one of its own
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Also let the agent do this: review decides on dreams, merges and takes back
    #[arg(long, value_name = "WHAT")]
    allow: Vec<Allowed>,
}

/// What an agent may do beyond reading and writing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Allowed {
    /// Approve, reject and merge proposals, and take commits and dreams back
    Review,
}

#[cfg(not(feature = "mcp"))]
impl Mcp {
    #[expect(clippy::unused_self, reason = "with the feature the options are read")]
    pub(crate) fn run(&self, _call: &super::call::Call) -> super::exit::Outcome {
        let failure = super::exit::Failure::usage("this undream was built without `mcp`");
        Err(failure.hint("cargo install undream, which has it, or --features mcp"))
    }
}

#[cfg(feature = "mcp")]
mod serving {
    use undream::{Author, Branch, ErrorKind, RefName, Store};

    use super::super::call::{Access, Call};
    use super::super::exit::{Failure, Hinted, INTERRUPTED, Outcome};
    use super::{Allowed, Mcp};
    use crate::mcp::{End, Scope, serve_stdio};

    /// Who acts where nobody is named: what an agent writes must not count as a person's word.
    const AUTHOR: &str = "mcp";

    impl Mcp {
        pub(crate) fn run(&self, call: &Call) -> Outcome {
            let access = if self.read_only { Access::Read } else { Access::Write };
            let store = call.store(access)?;
            let author = call.agent_author(AUTHOR)?;
            let branch = self.branch(call, &store, &author)?;
            let session = self.session.clone().unwrap_or_else(|| own_session(&store));
            let scope = Scope::new(branch, author, session)?;
            let scope = if self.read_only { scope } else { scope.writing() };
            let reviews = self.allow.contains(&Allowed::Review);
            let scope = if reviews { scope.reviewing() } else { scope };
            drop(store);
            match serve_stdio(scope)? {
                End::Closed => Ok(()),
                End::Told => Err(Failure::new(ErrorKind::Io, "told to end").quiet(INTERRUPTED)),
            }
        }

        /// The branch, created if it is not there and it is said from what.
        fn branch(&self, call: &Call, store: &Store, author: &Author) -> Outcome<Branch> {
            let name = &self.branch;
            if RefName::new(name)?.is_reserved() {
                let text = format!("`{name}` is written by the engine only");
                return Err(Failure::usage(text).hint("--branch agents/NAME --from main"));
            }
            let branch = match (store.branch(name), &self.from) {
                (Err(error), Some(from)) if error.kind() == ErrorKind::NotFound => {
                    let commit = call.resolve(store, from)?;
                    match store.create_branch_as(name, commit, author) {
                        // Another server for the same agent was faster.
                        Err(error) if store.branch(name).is_err() => Err(error),
                        _ => store.branch(name),
                    }
                }
                (found, _) => found,
            };
            branch.hint_for(ErrorKind::NotFound, || {
                format!("undream mcp --branch {name} --from main, or undream branch list")
            })
        }
    }

    /// A session of its own for each server, so that the recall log can tell them apart.
    fn own_session(store: &Store) -> String {
        let now = store.database().now().to_string();
        format!("mcp-{now}-{}", std::process::id())
    }
}
