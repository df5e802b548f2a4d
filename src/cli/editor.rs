//! The editor that a person has named: a text goes in, what was made of it comes back.

use std::path::Path;
use std::process::Command;

use undream::ErrorKind;

use super::exit::{Failure, Outcome};

/// The editor's command; `None` if none is named.
pub(crate) fn named() -> Option<String> {
    let named = ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok());
    named.filter(|editor| !editor.trim().is_empty())
}

/// What `editor` makes of `text`.
///
/// # Errors
/// `Io` if it cannot run, or says that it failed.
pub(crate) fn edit(editor: &str, text: &str) -> Outcome<String> {
    let file = std::env::temp_dir().join(format!("undream-{}.txt", std::process::id()));
    std::fs::write(&file, text)?;
    let edited = run(editor, &file).and_then(|()| Ok(std::fs::read_to_string(&file)?));
    std::fs::remove_file(&file)?;
    edited
}

fn run(editor: &str, file: &Path) -> Outcome {
    let failed = |why: String| Failure::new(ErrorKind::Io, format!("`{editor}` {why}"));
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(file);
    let status = command.status().map_err(|error| failed(format!("cannot run: {error}")))?;
    if status.success() { Ok(()) } else { Err(failed(format!("ended with {status}"))) }
}
