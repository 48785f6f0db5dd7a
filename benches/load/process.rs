//! The two servers under load, each a process of its own: ours, and a bare handler to measure it by.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};

use super::http::Answer;

/// The argument that makes this program the bare handler.
pub const BARE_HANDLER: &str = "--bare-handler";
/// How long a server may take to end.
const PATIENCE: Duration = Duration::from_secs(30);
/// Clock ticks a second in /proc (`USER_HZ`, 100 on every Linux).
const TICKS: f64 = 100.0;

/// A running server.
pub struct ServerProcess {
    /// Where it listens.
    pub address: SocketAddr,
    /// When it was spawned.
    pub spawned: Instant,
    child: Child,
    /// Kept open, so that it can go on printing.
    _output: BufReader<ChildStdout>,
}

impl ServerProcess {
    /// Starts negozio, as it is built for release, on the SQLite database and the data of a folder. Its log goes to a file there.
    pub fn negozio(folder: &Path, workers: usize) -> Result<Self, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_negozio"));
        let settings = [
            ("DATABASE_URL", format!("sqlite://{}", folder.join("negozio.db").display())),
            ("NEGOZIO_DATA_DIR", folder.display().to_string()),
            ("NEGOZIO_BIND", "127.0.0.1:0".to_owned()),
            ("NEGOZIO_MODE", "sandbox".to_owned()),
            ("NEGOZIO_WORKERS", workers.to_string()),
            ("NEGOZIO_RATE_LIMITS", "off".to_owned()),
        ];
        let log = std::fs::File::options().create(true).append(true).open(folder.join("server.log"));
        command.env_clear().envs(settings).current_dir(folder).stderr(log.map_err(|error| error.to_string())?);
        Self::spawn(command)
    }

    /// Starts the bare handler, which gives one answer of negozio's to every request.
    pub fn bare_handler(folder: &Path, workers: usize, answer: &Answer) -> Result<Self, String> {
        let file = folder.join("bare-answer.json");
        let body = String::from_utf8_lossy(&answer.body);
        let kept = serde_json::json!({ "headers": answer.headers, "body": body }).to_string();
        std::fs::write(&file, kept).map_err(|error| error.to_string())?;
        let mut command = Command::new(std::env::current_exe().map_err(|error| error.to_string())?);
        command.arg(BARE_HANDLER).arg(file).arg(workers.to_string());
        Self::spawn(command)
    }

    /// Spawns a server and waits for the line in which it says where it listens.
    fn spawn(mut command: Command) -> Result<Self, String> {
        let spawned = Instant::now();
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut line = String::new();
        output.read_line(&mut line).map_err(|error| error.to_string())?;
        let address = line.split_whitespace().find_map(|word| word.parse().ok());
        let address = address.ok_or_else(|| format!("the server does not say where it listens, but {line:?}"))?;
        Ok(Self { address, spawned, child, _output: output })
    }

    /// What it holds of memory (`VmRSS`), in MiB.
    pub fn resident_mib(&self) -> Result<f64, String> {
        let status = self.proc_file("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        kib.map(|kib| kib / 1024.0).ok_or_else(|| "no VmRSS".to_owned())
    }

    /// The CPU time that it has used.
    pub fn cpu(&self) -> Result<Duration, String> {
        let stat = self.proc_file("stat")?;
        // The name, in parentheses, may hold spaces; user and system time are the 12th and 13th words after it.
        let (_, words) = stat.rsplit_once(')').ok_or("no stat")?;
        let ticks: f64 = words.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<f64>().ok()).sum();
        Ok(Duration::from_secs_f64(ticks / TICKS))
    }

    fn proc_file(&self, name: &str) -> Result<String, String> {
        let path = PathBuf::from(format!("/proc/{}/{name}", self.child.id()));
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Ends it as an operator would, with SIGTERM.
    pub fn stop(mut self) -> Result<(), String> {
        let kill = format!("kill -TERM {}", self.child.id());
        Command::new("sh").args(["-c", &kill]).status().map_err(|error| error.to_string())?;
        let told = Instant::now();
        while told.elapsed() < PATIENCE {
            if self.child.try_wait().map_err(|error| error.to_string())?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err("the server does not end".to_owned())
    }
}

/// Nothing outlives the benchmark, however it ends.
impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves the answer in a file, with nothing around the handler, until killed.
pub fn serve_bare_handler(file: &str, workers: &str) -> Result<(), String> {
    let kept = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let (headers, body) = read_answer(&kept).ok_or("not an answer")?;
    let workers = workers.parse().map_err(|_| "not a number of workers")?;
    let server = HttpServer::new(move || {
        let (headers, body) = (headers.clone(), body.clone());
        let handler = web::get().to(move || {
            let mut response = HttpResponse::Ok();
            for header in &headers {
                response.insert_header((header.0.as_str(), header.1.as_str()));
            }
            std::future::ready(response.body(body.clone()))
        });
        App::new().route("/v1/plans", handler)
    });
    actix_web::rt::System::new().block_on(async move {
        let server = server.workers(workers).bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        println!("bare handler listens on {}", server.addrs().first().ok_or("no address")?);
        server.run().await.map_err(|error| error.to_string())
    })
}

/// The headers that a handler sets itself, and the body.
fn read_answer(kept: &str) -> Option<(Vec<(String, String)>, web::Bytes)> {
    let kept: serde_json::Value = serde_json::from_str(kept).ok()?;
    let headers: Vec<(String, String)> = serde_json::from_value(kept["headers"].clone()).ok()?;
    let own = headers.into_iter().filter(|(name, _)| name != "date" && name != "content-length");
    Some((own.collect(), kept["body"].as_str()?.to_owned().into()))
}
