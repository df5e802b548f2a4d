//! Runs a server until its client goes away, or somebody ends the process.

use std::io::{self, Read, Write};
use std::time::Duration;

use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;
use tokio::signal::unix::{SignalKind, signal};
use undream::{Error, ErrorKind, Result};

use super::scope::Scope;
use super::server::Server;
use super::wire::Wire;

/// How long calls that are under way may take where the process is told to end.
const GRACE: Duration = Duration::from_secs(5);

/// How a server ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// The client went away.
    Closed,
    /// The process was told to end.
    Told,
}

/// Serves one client on standard input and output.
///
/// # Errors
/// `Invalid` if the client does not begin as the protocol says; `Io` if the streams fail.
pub(crate) fn serve_stdio(scope: Scope) -> Result<End> {
    serve(scope, io::stdin(), io::stdout())
}

/// Serves one client on any two streams.
pub(crate) fn serve(
    scope: Scope,
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
) -> Result<End> {
    let wire = Wire::new(input, output)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let end = runtime.block_on(until_it_ends(Server::new(scope), wire));
    // A commit that is under way lands whole before the process ends.
    runtime.shutdown_timeout(GRACE);
    end
}

async fn until_it_ends(server: Server, wire: Wire) -> Result<End> {
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let told = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    let served = async {
        let running = match server.serve(wire).await {
            Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
            other => other.map_err(|error| unlike_the_protocol(&error))?,
        };
        let ended = running.waiting().await;
        ended
            .map(drop)
            .map_err(|error| Error::new(ErrorKind::Io, "serving broke off").with_source(error))
    };
    tokio::select! {
        ended = served => ended.map(|()| End::Closed),
        () = told => Ok(End::Told),
    }
}

fn unlike_the_protocol(error: &ServerInitializeError) -> Error {
    let message = format!("the client did not begin as the protocol says: {error}");
    Error::new(ErrorKind::Invalid, message)
}
