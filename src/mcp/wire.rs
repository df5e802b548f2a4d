//! Carries messages: one JSON document per line in, one per line out.
//!
//! rmcp has such a transport; this one also answers lines that are no JSON or too long, holds back a
//! client that asks faster than it reads, and answers what was asked before the input ended.

use std::collections::HashSet;
use std::future::Future;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::RoleServer;
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ErrorData, JsonRpcMessage, RequestId,
    ServerJsonRpcMessage,
};
use rmcp::transport::Transport;
use serde_json::Value;
use tokio::sync::{Notify, mpsc};

/// The longest line: a text of the greatest length, and most of it escaped.
pub(crate) const LINE_BYTES_MAX: usize = 8 << 20;
/// So many requests are open at the same time; more wait to be read.
pub(super) const OPEN_MAX: usize = 32;

/// What was read of the input.
enum Line {
    Whole(Vec<u8>),
    TooLong,
}

/// A message on its way out.
struct Frame {
    bytes: Vec<u8>,
    /// The request it answers.
    id: Option<RequestId>,
}

/// What is still owed to the client.
#[derive(Default)]
struct Open {
    owed: Mutex<Owed>,
    changed: Notify,
}

#[derive(Default)]
struct Owed {
    /// Requests that were read and not answered.
    requests: HashSet<RequestId>,
    /// Messages that were not written yet.
    unwritten: usize,
    /// Nobody reads the output any more.
    broken: bool,
}

impl Open {
    fn owed(&self) -> MutexGuard<'_, Owed> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `enough` of what is owed was written; at once if nobody reads any more.
    async fn until(&self, enough: impl Fn(&Owed) -> bool) {
        loop {
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            {
                let owed = self.owed();
                if owed.broken || enough(&owed) {
                    return;
                }
            }
            changed.await;
        }
    }

    async fn broken(&self) {
        self.until(|_| false).await;
    }
}

/// Both directions of a connection with one client.
pub(crate) struct Wire {
    lines: mpsc::Receiver<Line>,
    frames: mpsc::UnboundedSender<Frame>,
    open: Arc<Open>,
    /// Whether a first request was read. What comes before it is passed over.
    begun: bool,
}

impl Wire {
    /// Reads `input` and writes `output`, each on a thread of its own, so that a slow client keeps
    /// nobody waiting.
    pub(crate) fn new(
        input: impl Read + Send + 'static,
        output: impl Write + Send + 'static,
    ) -> io::Result<Self> {
        let (line, lines) = mpsc::channel(OPEN_MAX);
        let (frames, frame) = mpsc::unbounded_channel();
        let open = Arc::new(Open::default());
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
        thread("undream mcp in").spawn(move || read_lines(BufReader::new(input), &line))?;
        let owing = Arc::clone(&open);
        thread("undream mcp out").spawn(move || write_frames(output, frame, &owing))?;
        Ok(Self { lines, frames, open, begun: false })
    }

    /// Takes a line apart; `None` if it needs no more.
    fn message(&mut self, line: Line) -> Option<ClientJsonRpcMessage> {
        let bytes = match line {
            Line::Whole(bytes) => bytes,
            Line::TooLong => {
                let message = format!(
                    "a message was longer than {LINE_BYTES_MAX} bytes and was not read; send less"
                );
                self.refuse(ErrorData::invalid_request(message, None), None);
                return None;
            }
        };
        if bytes.trim_ascii().is_empty() {
            return None;
        }
        let value: Value = match serde_json::from_slice(&bytes) {
            Ok(value) => value,
            Err(error) => {
                let message = format!(
                    "this line is no JSON ({error}); send one JSON-RPC message per line, in UTF-8"
                );
                self.refuse(ErrorData::parse_error(message, None), None);
                return None;
            }
        };
        let id = value.get("id").and_then(|id| serde_json::from_value(id.clone()).ok());
        if let Ok(message) = serde_json::from_value::<ClientJsonRpcMessage>(value) {
            return self.noted(message);
        }
        let message = "this is no message of the protocol; send a JSON-RPC 2.0 object with \
                       jsonrpc, method, id and params";
        self.refuse(ErrorData::invalid_request(message, None), id);
        None
    }

    /// Keeps in mind what is owed.
    fn noted(&mut self, message: ClientJsonRpcMessage) -> Option<ClientJsonRpcMessage> {
        match &message {
            JsonRpcMessage::Request(request) => {
                self.begun = true;
                self.open.owed().requests.insert(request.id.clone());
            }
            JsonRpcMessage::Notification(notification) => {
                // What is cancelled is not answered.
                if let ClientNotification::CancelledNotification(it) = &notification.notification
                    && let Some(id) = &it.params.request_id
                {
                    self.open.owed().requests.remove(id);
                }
            }
            _ => {}
        }
        self.begun.then_some(message)
    }

    fn refuse(&mut self, error: ErrorData, id: Option<RequestId>) {
        // Who does not read any more needs no answer.
        drop(self.queue(&ServerJsonRpcMessage::error(error, id)));
    }

    fn queue(&self, message: &ServerJsonRpcMessage) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(message)?;
        bytes.push(b'\n');
        let id = match message {
            JsonRpcMessage::Response(response) => Some(response.id.clone()),
            JsonRpcMessage::Error(error) => error.id.clone(),
            _ => None,
        };
        self.open.owed().unwritten += 1;
        let closed = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.frames.send(Frame { bytes, id }).map_err(closed)
    }
}

impl Transport<RoleServer> for Wire {
    type Error = io::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        std::future::ready(self.queue(&message))
    }

    /// Nothing is lost where this is dropped while it waits: what was read is handed out at once.
    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            self.open.until(|owed| owed.requests.len() + owed.unwritten < OPEN_MAX).await;
            let line = tokio::select! {
                line = self.lines.recv() => line,
                () = self.open.broken() => return None,
            };
            let Some(line) = line else {
                self.open.until(|owed| owed.requests.is_empty() && owed.unwritten == 0).await;
                return None;
            };
            if let Some(message) = self.message(line) {
                return Some(message);
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.open.until(|owed| owed.unwritten == 0).await;
        Ok(())
    }
}

/// Reads lines until the input ends. The last one needs no line end.
fn read_lines(mut input: impl BufRead, lines: &mpsc::Sender<Line>) {
    loop {
        let mut line = Vec::new();
        let most = LINE_BYTES_MAX as u64 + 1;
        match input.by_ref().take(most).read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                eprintln!("undream mcp: the input cannot be read: {error}");
                return;
            }
        }
        let whole = line.ends_with(b"\n") || line.len() <= LINE_BYTES_MAX;
        let line = if whole { Line::Whole(line) } else { Line::TooLong };
        let ended = matches!(line, Line::TooLong) && input.skip_until(b'\n').is_err();
        if lines.blocking_send(line).is_err() || ended {
            return;
        }
    }
}

/// Writes what is to be written until nobody has anything more to say.
fn write_frames(mut output: impl Write, mut frames: mpsc::UnboundedReceiver<Frame>, open: &Open) {
    while let Some(frame) = frames.blocking_recv() {
        let written = output.write_all(&frame.bytes).and_then(|()| output.flush());
        let mut owed = open.owed();
        owed.broken |= written.is_err();
        owed.unwritten -= 1;
        if let Some(id) = &frame.id {
            owed.requests.remove(id);
        }
        drop(owed);
        open.changed.notify_waiters();
    }
}
