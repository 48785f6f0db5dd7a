//! The server as a process of its own, which a test can kill.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::actors::Caller;
use super::database::Database;

/// A running process, killed when this is dropped.
pub struct Process {
    url: String,
    http: reqwest::Client,
    child: Child,
    /// Kept open, so that it can go on printing.
    _output: BufReader<ChildStdout>,
}

impl Process {
    /// Starts the binary on a database, as a sandbox, and waits until it says where it listens.
    pub fn start(database: &Database) -> Self {
        let log = std::fs::File::options().create(true).append(true).open(database.folder.path().join("server.log"));
        let mut child = Command::new(env!("CARGO_BIN_EXE_negozio"))
            .env_clear()
            .env("DATABASE_URL", &database.url)
            .env("NEGOZIO_DATA_DIR", database.folder.path())
            .env("NEGOZIO_BIND", "127.0.0.1:0")
            .env("NEGOZIO_MODE", "sandbox")
            .env("NEGOZIO_RATE_LIMITS", "off")
            .env("NEGOZIO_WORKERS", "2")
            .current_dir(database.folder.path())
            .stdout(Stdio::piped())
            .stderr(log.expect("a log"))
            .spawn()
            .expect("the server starts");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        output.read_line(&mut line).expect("a line");
        let address = line.split_whitespace().find_map(|word| word.parse::<std::net::SocketAddr>().ok());
        let address = address.unwrap_or_else(|| panic!("the server does not say where it listens, but {line:?}"));
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        Self { url: format!("http://{address}"), http, child, _output: output }
    }

    /// Somebody whom the server does not know.
    pub fn visitor(&self) -> Caller {
        Caller::new(self.http.clone(), self.url.clone())
    }

    /// Tells it to stop (SIGTERM), as whoever operates it does.
    pub fn tell_to_stop(&self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).expect("it can be told");
    }

    /// Waits until it has ended; says whether it did so without complaint.
    pub fn has_ended_well(mut self) -> bool {
        self.child.wait().expect("it ends").success()
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap_or_default()
    }

    /// Ends it at once, in the middle of whatever it does (SIGKILL).
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
