//! `init`: creates a database.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use undream::ErrorKind;

use super::call::{Call, DIRECTORY};
use super::exit::{Hinted, Outcome};
use super::paint::quoted;

#[derive(Args, Debug)]
pub(crate) struct Init {
    /// The directory to create; .undream if neither this nor --db is given
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

impl Init {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let given = self.directory.as_ref().or(call.globals.db.as_ref());
        let directory = given.cloned().unwrap_or_else(|| PathBuf::from(DIRECTORY));
        let shown = directory.display().to_string();
        let named = match given {
            Some(_) => format!("--db {} ", quoted(&shown)),
            None => String::new(),
        };
        let database = call
            .options()?
            .create(&directory)
            .hint_for(ErrorKind::Invalid, || format!("undream {named}status"))?;
        if call.json() {
            let id = database.id().to_string();
            return call.print_json(&json!({"database": {"directory": shown, "id": id}}));
        }
        call.note(format!("Created a database in {shown}, with the store `default`."));
        call.note(format!("Next: undream {named}put notes/first \"What is worth remembering.\""));
        Ok(())
    }
}
