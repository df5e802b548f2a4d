//! The command line and the server for agents: faces that use only what a stranger could use, the crate's public API.

mod cli;
#[cfg(feature = "mcp")]
mod mcp;

fn main() -> std::process::ExitCode {
    cli::run(std::env::args_os())
}
