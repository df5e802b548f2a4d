//! A server of the common chat protocol that answers by script and keeps what it was asked.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// One answer of the script.
pub(crate) enum Reply {
    /// An answer of the model.
    Says(String),
    /// An answer of the model that was cut off at its bound.
    CutOff(String),
    /// A status, further header lines and a body.
    Status(u16, &'static str, String),
    /// Nothing, for as long as the other side waits.
    Hang,
    /// Half of an answer, then the end.
    Truncated,
}

/// What was asked: the head as text, the body.
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Asked {
    pub(crate) fn message(&self, role: &str) -> String {
        let messages = self.body["messages"].as_array().unwrap();
        let found = messages.iter().find(|message| message["role"] == role).unwrap();
        found["content"].as_str().unwrap().to_owned()
    }
}

pub(crate) struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers requests by `script`, one after the other; further ones are refused.
    pub(crate) fn new(script: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let book = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut script = script.into_iter();
            let mut held = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                book.lock().unwrap().push(read(&mut stream));
                match script.next() {
                    Some(Reply::Hang) => held.push(stream),
                    Some(reply) => write(&mut stream, reply),
                    None => write(&mut stream, Reply::Status(400, "", "the script is over".into())),
                }
            }
        });
        Self { port, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    pub(crate) fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn read(stream: &mut TcpStream) -> Asked {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4_096]);
    let end = loop {
        let count = stream.read(&mut chunk).unwrap();
        bytes.extend_from_slice(&chunk[..count]);
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let length = head.lines().find_map(|line| {
        let line = line.to_lowercase();
        line.strip_prefix("content-length:").map(|value| value.trim().parse::<usize>().unwrap())
    });
    while bytes.len() < end + length.unwrap() {
        let count = stream.read(&mut chunk).unwrap();
        bytes.extend_from_slice(&chunk[..count]);
    }
    Asked { head, body: serde_json::from_slice(&bytes[end..]).unwrap() }
}

fn write(stream: &mut TcpStream, reply: Reply) {
    let completion = |text: &str, reason: &str| {
        json!({
            "id": "1", "object": "chat.completion", "model": "gardener-7b",
            "choices": [{"index": 0, "finish_reason": reason,
                "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": 1_200, "completion_tokens": 300, "total_tokens": 1_500},
        })
        .to_string()
    };
    let (status, headers, body, shown) = match reply {
        Reply::Says(text) => (200, "", completion(&text, "stop"), usize::MAX),
        Reply::CutOff(text) => (200, "", completion(&text, "length"), usize::MAX),
        Reply::Status(status, headers, body) => (status, headers, body, usize::MAX),
        Reply::Truncated => (200, "", completion("{}", "stop"), 40),
        Reply::Hang => unreachable!("nothing is written"),
    };
    let head = format!(
        "HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body.as_bytes()[..body.len().min(shown)]).unwrap();
}
