//! `completions`: a completion script for a shell.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};
use serde_json::json;

use super::arguments::Arguments;
use super::call::Call;
use super::exit::Outcome;

#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell to complete commands in
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let mut script = Vec::new();
        generate(self.shell, &mut Arguments::command(), "undream", &mut script);
        let script = String::from_utf8_lossy(&script);
        if call.json() {
            let shell = self.shell.to_string();
            return call.print_json(&json!({"completions": {"shell": shell, "script": script}}));
        }
        let mut page = call.page();
        page.write_all(script.as_bytes())?;
        Ok(page.finish()?)
    }
}
