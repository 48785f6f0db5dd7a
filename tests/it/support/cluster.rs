//! A throwaway PostgreSQL cluster, shared by the tests of one process.
//!
//! It lies in memory, writes nothing durably, listens on a socket in its own folder only, and ends with the process
//! however that ends: the shell that watches over it stops it and removes its folder when its standard input closes.
//!
//! `NEGOZIO_TEST_POSTGRES` names a cluster to use instead (`postgres://superuser@host/postgres`), which is what a runner
//! with a process a test needs, such as cargo-nextest.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl as _};
use negozio::platform::db::connection::{Connector, DatabaseUrl, migrate};

/// Watches over the server: `$1` is the folder of its binaries, `$2` its own folder.
const WATCH: &str = r#"
"$1/postgres" -D "$2/data" >"$2/log" 2>&1 & server=$!
cat >/dev/null
kill -INT "$server"
wait "$server"
rm -rf "$2"
"#;
const SETTINGS: &[&str] = &[
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "max_connections=600",
    "shared_buffers=64MB",
    "listen_addresses=''",
];
const STARTING: Duration = Duration::from_secs(60);
/// Held while the template is made, so that processes that share a cluster make it once.
const TEMPLATE_LOCK: i64 = 8_114_772_001;

static BINARIES: LazyLock<Option<PathBuf>> = LazyLock::new(find_binaries);
static CLUSTER: Mutex<Option<Cluster>> = Mutex::new(None);

/// A running cluster with a migrated template database.
struct Cluster {
    /// The URL of a database, with `{}` for its name.
    url: String,
    template: String,
    watch: Option<Child>,
    next: u32,
}

/// Whether PostgreSQL can be used here.
pub fn is_available() -> bool {
    shared_cluster().is_some() || BINARIES.is_some()
}

/// A fresh database: its URL and name. Starts the cluster the first time.
pub fn create_database() -> (String, String) {
    let mut cluster = CLUSTER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let cluster = cluster.get_or_insert_with(Cluster::start);
    cluster.next += 1;
    let name = format!("negozio_test_{}_{}", std::process::id(), cluster.next);
    let statement = format!("CREATE DATABASE {name} TEMPLATE {} STRATEGY file_copy", cluster.template);
    cluster.administer(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    (cluster.url_of(&name), name)
}

/// Removes a database.
pub fn drop_database(name: &str) {
    let cluster = CLUSTER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(cluster) = cluster.as_ref()
        && let Err(error) = cluster.administer(&format!("DROP DATABASE {name} WITH (FORCE)"))
    {
        eprintln!("database {name} stays behind: {error}");
    }
}

/// Stops the cluster and removes it.
pub fn stop() {
    let cluster = CLUSTER.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    if let Some(mut watch) = cluster.and_then(|cluster| cluster.watch) {
        drop(watch.stdin.take());
        let _ = watch.wait();
    }
}

impl Cluster {
    fn start() -> Self {
        let (url, watch) = match shared_cluster() {
            Some(url) => (url, None),
            None => {
                let (url, watch) = start_server();
                (url, Some(watch))
            }
        };
        let mut cluster = Self { url, template: format!("negozio_template_{}", migrations_digest()), watch, next: 0 };
        cluster.make_template();
        cluster
    }

    fn url_of(&self, database: &str) -> String {
        self.url.replacen("{}", database, 1)
    }

    fn connect(&self) -> PgConnection {
        PgConnection::establish(&self.url_of("postgres")).unwrap_or_else(|error| panic!("PostgreSQL: {error}"))
    }

    fn administer(&self, statement: &str) -> diesel::QueryResult<()> {
        self.connect().batch_execute(statement)
    }

    fn make_template(&mut self) {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            count: i64,
        }
        let mut connection = self.connect();
        let mut run = |statement: String| {
            connection.batch_execute(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
        };
        run(format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})"));
        let known = format!("SELECT count(*) AS count FROM pg_database WHERE datname = '{}'", self.template);
        let known: Count = diesel::sql_query(known).get_result(&mut connection).expect("a count of databases");
        if known.count > 0 {
            return;
        }
        let draft = format!("{}_draft", self.template);
        for statement in [format!("DROP DATABASE IF EXISTS {draft}"), format!("CREATE DATABASE {draft}")] {
            connection.batch_execute(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        let url: DatabaseUrl = self.url_of(&draft).parse().expect("a database URL");
        let mut migrated = Connector::new(url).open().expect("a connection to the template");
        migrate(&mut migrated).expect("the template migrates");
        drop(migrated);
        let rename = format!("ALTER DATABASE {draft} RENAME TO {}", self.template);
        connection.batch_execute(&rename).unwrap_or_else(|error| panic!("{rename}: {error}"));
    }
}

/// The cluster that the environment names, its URL with `{}` for the database.
fn shared_cluster() -> Option<String> {
    let url = std::env::var("NEGOZIO_TEST_POSTGRES").ok().filter(|url| !url.is_empty())?;
    let (server, _) = url.rsplit_once('/')?;
    Some(format!("{server}/{{}}"))
}

fn find_binaries() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    std::env::split_paths(&on_path)
        .chain(versions.into_iter().rev())
        // A link on the PATH leads to the folder where the server finds its share files.
        .filter_map(|folder| folder.join("initdb").canonicalize().ok()?.parent().map(Path::to_owned))
        .find(|folder| folder.join("postgres").exists())
}

/// PostgreSQL refuses to run as root; then it runs as the user that Debian's package makes, or as nobody.
fn ordinary_user() -> Option<(u32, u32)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let user = status.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_whitespace().nth(1)?;
    if user != "0" {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let entry = |name: &str| users.lines().find(|line| line.split(':').next() == Some(name));
    let fields: Vec<&str> = entry("postgres").or_else(|| entry("nobody"))?.split(':').collect();
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

fn start_server() -> (String, Child) {
    let binaries = BINARIES.as_ref().expect("PostgreSQL's binaries");
    let folder = tempfile::Builder::new()
        .prefix("negozio-pg-")
        .tempdir_in(memory_folder())
        .expect("a folder for the cluster")
        .keep();
    let user = ordinary_user();
    if let Some((user, group)) = user {
        std::os::unix::fs::chown(&folder, Some(user), Some(group)).expect("the folder can be given away");
    }
    let as_user = |program: &Path| {
        let mut command = Command::new(program);
        command.current_dir(&folder).process_group(0);
        if let Some((user, group)) = user {
            command.uid(user).gid(group);
        }
        command
    };
    let made = as_user(&binaries.join("initdb"))
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"])
        .arg("--pgdata")
        .arg(folder.join("data"))
        .output()
        .expect("initdb runs");
    assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
    configure(&folder);
    let watch = as_user(Path::new("/bin/sh"))
        .args(["-c", WATCH, "watch"])
        .arg(binaries)
        .arg(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the cluster's watch starts");
    let host = folder.to_string_lossy().replace('/', "%2F");
    let url = format!("postgres://postgres@{host}/{{}}");
    wait_until_ready(&url, &folder);
    (url, watch)
}

fn configure(folder: &Path) {
    let path = folder.join("data/postgresql.conf");
    let mut text = std::fs::read_to_string(&path).expect("the cluster's settings");
    text.push('\n');
    for setting in SETTINGS {
        text.push_str(setting);
        text.push('\n');
    }
    text.push_str(&format!("unix_socket_directories='{}'\n", folder.display()));
    std::fs::write(&path, text).expect("the cluster's settings can be written");
}

fn wait_until_ready(url: &str, folder: &Path) {
    let started = Instant::now();
    while let Err(error) = PgConnection::establish(&url.replacen("{}", "postgres", 1)) {
        if started.elapsed() > STARTING {
            let mut log = String::new();
            let _ = std::fs::File::open(folder.join("log")).and_then(|mut file| file.read_to_string(&mut log));
            panic!("PostgreSQL does not start: {error}\n{log}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Changes with any migration, so that a cluster that outlives a test run gets a new template.
fn migrations_digest() -> String {
    use sha2::Digest as _;
    let mut folders: Vec<PathBuf> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres"))
        .expect("the migrations")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    let mut digest = sha2::Sha256::new();
    for folder in folders {
        digest.update(std::fs::read(folder.join("up.sql")).unwrap_or_default());
    }
    hex::encode(&digest.finalize()[..6])
}

/// In memory where the machine has such a folder.
pub fn memory_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}
