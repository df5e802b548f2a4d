//! The story that shows what the database is for, told with the program's own commands.

mod notes;
mod story;

pub(crate) use story::Demo;
