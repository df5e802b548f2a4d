//! A recall through the server beside the same search by the library, over 100,000 memories; and how
//! long a server takes from its start to its first answer. `docs/performance.md` tells what came out.

#[expect(dead_code, reason = "other measurements use the rest")]
mod workload;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use undream::{Branch, Database, Hit, Result, Search};
use workload::{ENTRIES, text, write};

/// How many recalls, and how many starts, are measured.
const RECALLS: usize = 300;
const STARTS: usize = 30;

/// A server, and how its client speaks to it.
struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Server {
    /// Starts a server, and waits for its answer to the greeting.
    fn start(database: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_undream"))
            .args(["mcp", "--session", "measured", "--db"])
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (input, output) = (input.expect("a pipe"), BufReader::new(output.expect("a pipe")));
        let mut server = Self { child, input, output };
        let about = r#"{"name":"bench","version":"1"}"#;
        server.ask(&format!(
            r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"2025-11-25","capabilities":{{}},"clientInfo":{about}}}}}"#
        ));
        server
    }

    fn ask(&mut self, line: &str) -> String {
        writeln!(self.input, "{line}").expect("the server reads");
        let mut answer = String::new();
        self.output.read_line(&mut answer).expect("the server answers");
        answer
    }

    fn recall(&mut self, query: &str) -> String {
        self.ask(&format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"recall","arguments":{{"query":"{query}"}}}}}}"#
        ))
    }

    fn end(mut self) {
        drop(self.input);
        self.child.wait().expect("the server ends");
    }
}

/// The two words that the memory `number` has in the middle.
fn query(number: u64) -> String {
    let text = text(number, 0);
    let words: Vec<&str> = text.split_whitespace().skip(3).take(2).collect();
    words.join(" ").replace(['"', '\\'], "")
}

/// The same as the server does for a recall, but by calls.
fn recall(search: &Search, main: &Branch, query: &str) -> Result<usize> {
    let snapshot = main.snapshot()?;
    let hits = search.at(&snapshot).query(query).limit(10).for_session("measured").run()?;
    let hits: Vec<Hit> = hits.collect::<Result<_>>()?;
    Ok(hits.len())
}

#[expect(clippy::disallowed_methods, reason = "this is what is measured")]
fn spent(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1_000.0;
    println!("{what:<44} median {:8.3} ms   90 % {:8.3} ms", at(50), at(90));
}

fn main() -> Result<()> {
    let directory = tempfile::tempdir().expect("there is room");
    let (large, small) = (directory.path().join("large"), directory.path().join("small"));
    let database = Database::open(&large)?;
    let main = database.store("default")?.branch("main")?;
    write(&main, 0..ENTRIES, 0)?;
    let search = Search::open(&database)?;
    search.catch_up()?;
    write(&Database::open(&small)?.store("default")?.branch("main")?, 0..100, 0)?;

    let mut server = Server::start(&large);
    let queries: Vec<String> = (0..RECALLS as u64).map(|number| query(number * 311)).collect();
    for query in &queries {
        assert!(server.recall(query).contains("\"isError\":false"), "{query}");
        recall(&search, &main, query)?;
    }
    let (mut by_server, mut by_library) = (Vec::new(), Vec::new());
    for query in &queries {
        by_server.push(spent(|| drop(server.recall(query))));
        by_library.push(spent(|| drop(recall(&search, &main, query))));
    }
    server.end();
    row("recall by the library, 100,000 memories", by_library);
    row("recall by the server, 100,000 memories", by_server);
    for (what, path) in [("100", &small), ("100,000", &large)] {
        let starts = (0..STARTS).map(|_| {
            let mut server = None;
            let time = spent(|| server = Some(Server::start(path)));
            server.expect("it started").end();
            time
        });
        row(&format!("start to first answer, {what} memories"), starts.collect());
    }
    Ok(())
}
