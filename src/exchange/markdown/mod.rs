//! Memories as Markdown files: one file per memory, readable and editable by hand.
//!
//! - `document`: a memory's fields and text, and the file that holds them.
//! - `front_matter`: the lines between the fences, and the values in them.
//! - `location`: where in a directory the file of a key lies.
//! - `folder`: whole folders, both ways.

mod document;
mod folder;
mod front_matter;
mod location;
#[cfg(test)]
mod tests;

pub use folder::MarkdownImport;

#[cfg(test)]
use document::{Draft, from_markdown, to_markdown};
#[cfg(test)]
use location::{key_of_path, path_of_key};
