//! The plan list: against a bare handler, and while others log in.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use super::figures::{Goal, Latencies, largest, median};
use super::http::{Answer, Connection, request};
use super::process::ServerProcess;

/// Connections that ask for the plan list at once.
const READERS: usize = 32;
const ROUNDS: usize = 6;
const ROUND: Duration = Duration::from_millis(1500);
/// Callers that log in at once.
const LOGINS: usize = 32;
/// One reader's pause between two requests beside the logins: the catalogue is asked at a steady pace and not flat out.
const PACE: Duration = Duration::from_millis(20);
const PACED_ROUNDS: usize = 4;
const PACED_ROUND: Duration = Duration::from_millis(2500);

/// Asks for the plan list once.
pub async fn plan_list(address: SocketAddr) -> Result<Answer, String> {
    let answer = Connection::open(address).await?.send("GET", "/v1/plans", &[], None).await?;
    let plans = answer.json(200, "GET /v1/plans")?;
    match plans["items"].as_array() {
        Some(items) if !items.is_empty() => Ok(answer),
        _ => Err(format!("GET /v1/plans has no plans: {plans}")),
    }
}

/// What came of one round.
struct Round {
    per_second: f64,
    latencies: Latencies,
    cpu_micros: f64,
    /// Cores that the server used.
    cores: f64,
}

/// Reads the plan list over [`READERS`] connections, flat out or at a pace.
async fn read_plans(
    server: &ServerProcess,
    expected_body: usize,
    round: Duration,
    pace: Option<Duration>,
) -> Result<Round, String> {
    let get = request(server.address, "GET", "/v1/plans", &[], None);
    let mut readers = JoinSet::new();
    let mut connections = Vec::new();
    for _ in 0..READERS {
        connections.push(Connection::open(server.address).await?);
    }
    let (cpu, started) = (server.cpu()?, Instant::now());
    for (index, mut connection) in connections.into_iter().enumerate() {
        let get = get.clone();
        readers.spawn(async move {
            let mut latencies = Latencies::default();
            // Readers at a pace do not all ask in the same moment.
            tokio::time::sleep(pace.unwrap_or_default() * index as u32 / READERS as u32).await;
            while started.elapsed() < round {
                let asked = Instant::now();
                connection.repeat(&get, expected_body).await?;
                latencies.add(asked.elapsed());
                if let Some(pace) = pace {
                    tokio::time::sleep(pace.saturating_sub(asked.elapsed())).await;
                }
            }
            Ok::<_, String>(latencies)
        });
    }
    let mut latencies = Latencies::default();
    while let Some(read) = readers.join_next().await {
        latencies.merge(read.map_err(|error| error.to_string())??);
    }
    let (seconds, cpu) = (started.elapsed().as_secs_f64(), server.cpu()?.saturating_sub(cpu).as_secs_f64());
    Ok(Round {
        per_second: latencies.count() as f64 / seconds,
        cpu_micros: cpu * 1e6 / latencies.count() as f64,
        cores: cpu / seconds,
        latencies,
    })
}

/// Compares negozio's plan list with the bare handler's same bytes, in turns.
pub async fn compare(negozio: &ServerProcess, bare: &ServerProcess) -> Result<Goal, String> {
    let (ours, theirs) = (plan_list(negozio.address).await?, plan_list(bare.address).await?);
    if ours.body != theirs.body || ours.headers.len() != theirs.headers.len() {
        return Err("the bare handler does not give the same answer".to_owned());
    }
    let body = ours.body.len();
    for server in [negozio, bare] {
        read_plans(server, body, ROUND / 3, None).await?;
    }
    let mut rounds = Vec::new();
    for turn in 0..ROUNDS {
        let (first, second) = if turn % 2 == 0 { (negozio, bare) } else { (bare, negozio) };
        let pair = [read_plans(first, body, ROUND, None).await?, read_plans(second, body, ROUND, None).await?];
        let [first, second] = pair;
        rounds.push(if turn % 2 == 0 { (first, second) } else { (second, first) });
    }
    println!("\n## Plan list, {READERS} connections, {body} bytes\n");
    println!(
        "| round | negozio req/s | bare req/s | ratio | negozio p50 / p99 | bare p50 / p99 | negozio CPU | bare CPU |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (turn, (ours, theirs)) in rounds.iter().enumerate() {
        println!(
            "| {} | {:.0} | {:.0} | {:.2} | {} | {} | {:.1} / {:.1} µs | {:.2} / {:.2} |",
            turn + 1,
            ours.per_second,
            theirs.per_second,
            ours.per_second / theirs.per_second,
            ours.latencies.summary(),
            theirs.latencies.summary(),
            ours.cpu_micros,
            theirs.cpu_micros,
            ours.cores,
            theirs.cores
        );
    }
    let ratio = median(rounds.iter().map(|(ours, theirs)| ours.per_second / theirs.per_second));
    let per_second = |of: fn(&(Round, Round)) -> &Round| median(rounds.iter().map(|pair| of(pair).per_second));
    let cpu = median(rounds.iter().map(|(ours, theirs)| theirs.cpu_micros / ours.cpu_micros));
    Ok(Goal {
        goal: "plan list ≥ 80 % of a bare handler's requests a second",
        measured: format!("{:.0} % ({:.0} req/s)", ratio * 100.0, per_second(|pair| &pair.0)),
        yardstick: format!(
            "bare handler: {:.0} req/s; by the server's own CPU time a request, {:.0} %",
            per_second(|pair| &pair.1),
            cpu * 100.0
        ),
        holds: ratio >= 0.8,
    })
}

/// Reads the plan list, alone and beside [`LOGINS`] callers that log in without end, in turns.
pub async fn beside_logins(negozio: &ServerProcess) -> Result<Vec<Goal>, String> {
    println!("\n## Plan list beside {LOGINS} logins\n");
    println!(
        "| readers | alone, p50 / p99 | beside logins, p50 / p99 | ratio of p99 | reads/s alone | beside | logins/s | login p50 / p99 |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let paced = rounds_beside_logins(negozio, Some(PACE)).await?;
    let flat_out = rounds_beside_logins(negozio, None).await?;
    let goal = |goal, rounds: &[(f64, f64)]| {
        let ratio = median(rounds.iter().map(|(alone, beside)| beside / alone));
        let worst = largest(rounds.iter().map(|(_, beside)| *beside));
        Goal {
            goal,
            measured: format!("{ratio:.1} × (worst round's p99 {worst:.1} ms)"),
            yardstick: format!("its own p99 alone: {:.1} ms", median(rounds.iter().map(|(alone, _)| *alone))),
            holds: ratio <= 3.0,
        }
    };
    Ok(vec![
        goal("catalogue's p99 under 32 parallel logins within 3 × its own: read flat out", &flat_out),
        goal("the same: read at a steady pace", &paced),
    ])
}

async fn rounds_beside_logins(negozio: &ServerProcess, pace: Option<Duration>) -> Result<Vec<(f64, f64)>, String> {
    let body = plan_list(negozio.address).await?.body.len();
    let mut ratios = Vec::new();
    for _ in 0..PACED_ROUNDS {
        let alone = read_plans(negozio, body, PACED_ROUND, pace).await?;
        let mut logins = JoinSet::new();
        let until = Instant::now() + Duration::from_millis(300) + PACED_ROUND;
        for _ in 0..LOGINS {
            logins.spawn(log_in_until(negozio.address, until));
        }
        // Until the queue of passwords is full.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let beside = read_plans(negozio, body, PACED_ROUND, pace).await?;
        let mut login = Latencies::default();
        while let Some(done) = logins.join_next().await {
            login.merge(done.map_err(|error| error.to_string())??);
        }
        let (own, under) = (alone.latencies.quantile(0.99), beside.latencies.quantile(0.99));
        println!(
            "| {} | {} | {} | {:.1} | {:.0} | {:.0} | {:.0} | {} |",
            pace.map_or("flat out".to_owned(), |pace| format!("one request in {} ms each", pace.as_millis())),
            alone.latencies.summary(),
            beside.latencies.summary(),
            under / own,
            alone.per_second,
            beside.per_second,
            login.count() as f64 / (PACED_ROUND.as_secs_f64() + 0.3),
            login.summary()
        );
        ratios.push((own, under));
    }
    Ok(ratios)
}

async fn log_in_until(address: SocketAddr, until: Instant) -> Result<Latencies, String> {
    let mut connection = Connection::open(address).await?;
    let login = json!({ "email": "customer@example.com", "password": "negozio-sandbox-2026" });
    let mut latencies = Latencies::default();
    while Instant::now() < until {
        let asked = Instant::now();
        let session = connection.send("POST", "/v1/sessions", &[], Some(&login)).await?;
        session.json(201, "POST /v1/sessions")?;
        latencies.add(asked.elapsed());
    }
    Ok(latencies)
}
