//! The command line: a face that uses only what a stranger could use, the crate's public API.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run(std::env::args_os())
}
