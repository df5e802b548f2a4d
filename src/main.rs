//! The command line and the server for agents: faces that use only what a stranger could use, the crate's public API.

mod cli;
#[cfg(feature = "mcp")]
mod mcp;

/// Large commits make and drop hundreds of thousands of small things on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run(std::env::args_os())
}
