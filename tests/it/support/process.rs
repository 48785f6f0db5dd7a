//! The server, or a worker beside it, as a process of its own, which a test can kill.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::actors::Caller;
use super::database::Database;

/// A child, killed when this is dropped.
struct Running(Child);

impl Running {
    fn tell_to_stop(&self) {
        kill_process(Pid::from_child(&self.0), Signal::TERM).expect("it can be told");
    }

    fn has_ended_well(mut self) -> bool {
        self.0.wait().expect("it ends").success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The file that the processes on a database log to.
fn log_of(database: &Database) -> PathBuf {
    database.folder.path().join("server.log")
}

/// The binary on a database, as a sandbox.
fn command(database: &Database, variables: &[(&str, &str)]) -> Command {
    let log = std::fs::File::options().create(true).append(true).open(log_of(database));
    let mut command = Command::new(env!("CARGO_BIN_EXE_negozio"));
    command
        .env_clear()
        .env("DATABASE_URL", &database.url)
        .env("NEGOZIO_DATA_DIR", database.folder.path())
        .env("NEGOZIO_BIND", "127.0.0.1:0")
        .env("NEGOZIO_MODE", "sandbox")
        .env("NEGOZIO_RATE_LIMITS", "off")
        .env("NEGOZIO_WORKERS", "2")
        .envs(variables.iter().copied())
        .current_dir(database.folder.path())
        .stderr(log.expect("a log"));
    command
}

/// A running server, killed when this is dropped.
pub struct Process {
    url: String,
    http: reqwest::Client,
    running: Running,
    /// Kept open, so that it can go on printing.
    _output: BufReader<ChildStdout>,
}

impl Process {
    /// Starts the binary on a database, as a sandbox, and waits until it says where it listens.
    pub fn start(database: &Database) -> Self {
        Self::start_with(database, &[])
    }

    /// The same, with more variables.
    pub fn start_with(database: &Database, variables: &[(&str, &str)]) -> Self {
        let child = command(database, variables).stdout(Stdio::piped()).spawn();
        let mut running = Running(child.expect("the server starts"));
        let mut output = BufReader::new(running.0.stdout.take().expect("its output"));
        let mut line = String::new();
        output.read_line(&mut line).expect("a line");
        let address = line.split_whitespace().find_map(|word| word.parse::<std::net::SocketAddr>().ok());
        let address = address.unwrap_or_else(|| panic!("the server does not say where it listens, but {line:?}"));
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        Self { url: format!("http://{address}"), http, running, _output: output }
    }

    /// Somebody whom the server does not know.
    pub fn visitor(&self) -> Caller {
        Caller::new(self.http.clone(), self.url.clone())
    }

    /// Tells it to stop (SIGTERM), as whoever operates it does.
    pub fn tell_to_stop(&self) {
        self.running.tell_to_stop();
    }

    /// Waits until it has ended; says whether it did so without complaint.
    pub fn has_ended_well(self) -> bool {
        self.running.has_ended_well()
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap_or_default()
    }

    /// Ends it at once, in the middle of whatever it does (SIGKILL).
    pub fn kill(self) {
        drop(self.running);
    }
}

/// A running `negozio worker`, killed when this is dropped.
pub struct Worker(Running);

impl Worker {
    /// Starts one beside a server on the same database, for which it works.
    pub fn start(database: &Database, server: &Process) -> Self {
        // Its own setting is passed over: it does nothing but jobs. Nor does it listen, although the address is taken.
        let variables = [("NEGOZIO_JOBS", "off"), ("NEGOZIO_BIND", server.address())];
        let child = command(database, &variables).arg("worker").stdout(Stdio::null()).spawn();
        Self(Running(child.expect("the worker starts")))
    }

    /// Tells it to stop (SIGTERM), and waits until it has ended; says whether it did so without complaint.
    pub fn ends_well_when_told(self) -> bool {
        self.0.tell_to_stop();
        self.0.has_ended_well()
    }
}

/// What the processes on a database have logged.
pub fn logged(database: &Database) -> String {
    std::fs::read_to_string(log_of(database)).expect("the log")
}
