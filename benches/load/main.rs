//! The house under load, each figure beside a yardstick of the same run: `cargo bench --bench load`.
//!
//! Starts the release binary on a SQLite database on disk and a bare handler beside it, asks both over loopback, and
//! prints a table. It fails where an answer is wrong, never because a figure is low: no machine's figures are another's.
//! A word after `--` (`starts`, `catalogue`, `purchases`, `logins`) runs only that part.

mod catalogue;
mod figures;
mod http;
mod process;
mod purchases;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use figures::{Goal, largest, median, print_goals};
use process::ServerProcess;

const STARTS: usize = 9;
/// What a server does by itself after its start is done by then.
const SETTLED: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.as_slice() {
        [command, file, workers] if command == process::BARE_HANDLER => process::serve_bare_handler(file, workers),
        // `cargo test --all-targets` runs benchmarks too, but without this argument: nothing is timed there.
        _ if !arguments.iter().any(|argument| argument == "--bench") => Ok(()),
        _ => run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    // Below the target directory and not in /tmp, which may be memory: FULL is to mean something.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).map_err(|error| error.to_string())?;
    let workers = std::thread::available_parallelism().map_err(|error| error.to_string())?.get();
    let parts: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| *wanted == part);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.map_err(|error| error.to_string())?.block_on(measure(folder.path(), workers, is_wanted));
    match outcome {
        Ok(goals) => print_goals(&goals),
        Err(error) => {
            let kept = folder.keep();
            return Err(format!("{error} (the server's log is in {})", kept.display()));
        }
    }
    Ok(())
}

async fn measure(folder: &Path, workers: usize, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<Goal>, String> {
    println!("# Speed: {workers} cores, {workers} workers, the client on one thread of the same machine");
    let mut goals = Vec::new();
    // The first start migrates the database and hashes the demo accounts' passwords.
    ServerProcess::negozio(folder, workers)?.stop()?;
    if is_wanted("starts") {
        goals.extend(start_often(folder, workers).await?);
    }
    if is_wanted("catalogue") {
        // The client needs a core to itself: with one worker a core it is what is measured, and every server is alike.
        let workers = workers.div_ceil(2);
        let negozio = ServerProcess::negozio(folder, workers)?;
        let answer = catalogue::plan_list(negozio.address).await?;
        let bare = ServerProcess::bare_handler(folder, workers, &answer)?;
        goals.push(catalogue::compare(&negozio, &bare).await?);
        negozio.stop()?;
    }
    let negozio = ServerProcess::negozio(folder, workers)?;
    if is_wanted("purchases") {
        goals.push(purchases::buy(&negozio, folder).await?);
    }
    if is_wanted("logins") {
        goals.extend(catalogue::beside_logins(&negozio).await?);
    }
    println!("\nAfter all that the server held {:.0} MiB.", negozio.resident_mib()?);
    negozio.stop()?;
    Ok(goals)
}

/// Starts the server on a migrated database again and again: how soon it answers, and what memory it then holds.
async fn start_often(folder: &Path, workers: usize) -> Result<[Goal; 2], String> {
    let mut answers = Vec::new();
    for _ in 0..STARTS {
        let server = ServerProcess::negozio(folder, workers)?;
        catalogue::plan_list(server.address).await?;
        answers.push(server.spawned.elapsed().as_secs_f64() * 1e3);
        server.stop()?;
    }
    let server = ServerProcess::negozio(folder, workers)?;
    catalogue::plan_list(server.address).await?;
    tokio::time::sleep(SETTLED).await;
    let memory = server.resident_mib()?;
    server.stop()?;
    let (usual, worst) = (median(answers.iter().copied()), largest(answers.iter().copied()));
    Ok([
        Goal {
            goal: "first answer within 200 ms of a start on a migrated database",
            measured: format!("{usual:.0} ms"),
            yardstick: format!("the median of {STARTS} starts; the slowest {worst:.0} ms"),
            holds: usual <= 200.0,
        },
        Goal {
            goal: "idle memory < 60 MiB",
            measured: format!("{memory:.1} MiB"),
            yardstick: format!("resident set {} s after the start and one answer", SETTLED.as_secs()),
            holds: memory < 60.0,
        },
    ])
}
