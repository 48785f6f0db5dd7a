//! The composition root: builds the state, mounts the routes, wires the events and the jobs.

pub mod contract;
pub mod demo;
mod keys;
mod outside;
pub mod routes;
pub mod telemetry;
mod wiring;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::body::{BoxBody, EitherBody};
use actix_web::dev::{ServerHandle, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Condition, from_fn};
use actix_web::{App, HttpServer, web};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use utoipa_actix_web::AppExt as _;

use crate::activation::requests::streams;
use crate::platform::Platform;
use crate::platform::config::{Config, Jobs};
use crate::platform::http::context::request_context;
use crate::platform::jobs::runner;
use crate::platform::memory;
use crate::shop::payments::gateways::Gateways;

pub use wiring::Rooms;

/// Seconds that requests under way may take when the server is told to stop.
const SHUTDOWN_TIMEOUT: u64 = 20;
/// Seconds that a caller may take to send its headers.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// A running server.
pub struct Server {
    address: SocketAddr,
    rooms: Rooms,
    handle: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
    stop_jobs: watch::Sender<bool>,
    jobs: Option<JoinHandle<()>>,
    catalogue: JoinHandle<()>,
}

impl Server {
    /// Opens the database, loads what the mode asks for, binds the address and serves.
    ///
    /// # Errors
    /// What could not be opened, naming the variable that says so.
    pub async fn start(config: Config) -> Result<Self, String> {
        config.check()?;
        let listener =
            TcpListener::bind(config.bind).map_err(|error| format!("NEGOZIO_BIND {}: {error}", config.bind))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let workers = config.workers;
        let runs_jobs = config.jobs == Jobs::On;
        let rooms = Rooms::open(config, address).await?;
        let (stop_jobs, stopped) = watch::channel(false);
        let catalogue = actix_web::rt::spawn(rooms.clone().keep_catalogue_fresh(stopped.clone()));
        actix_web::rt::spawn(streams::watch(rooms.event_streams.clone().into_inner(), rooms.platform.db.clone()));
        actix_web::rt::spawn(memory::keep_low(stopped.clone()));
        let jobs = runs_jobs.then(|| spawn_jobs(&rooms, stopped));
        let mounted = rooms.clone();
        let document = contract::document_of(rooms.platform.config.is_sandbox())?;
        let known_methods = web::Data::new(routes::KnownMethods::of(&document));
        let document: web::Bytes = document.to_string().into();
        let mut server = HttpServer::new(move || app(&mounted, &document).app_data(known_methods.clone()))
            .client_request_timeout(REQUEST_TIMEOUT)
            .shutdown_timeout(SHUTDOWN_TIMEOUT)
            .disable_signals();
        if let Some(workers) = workers {
            server = server.workers(usize::from(workers));
        }
        let running = server.listen(listener).map_err(|error| error.to_string())?.run();
        let handle = running.handle();
        Ok(Self { address, rooms, handle, serving: actix_web::rt::spawn(running), stop_jobs, jobs, catalogue })
    }

    /// The bound address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The parts that the rooms work with.
    pub fn platform(&self) -> &Platform {
        &self.rooms.platform
    }

    /// As [`Server::platform`], shared, as jobs and chores take it.
    pub fn shared_platform(&self) -> Arc<Platform> {
        self.rooms.platform.clone().into_inner()
    }

    /// The ways to pay, as chores take them.
    pub fn gateways(&self) -> Arc<Gateways> {
        self.rooms.gateways()
    }

    /// Serves until SIGINT or SIGTERM, then stops.
    pub async fn until_stopped(self) {
        telemetry::stop_signal().await;
        self.stop().await;
    }

    /// Takes no more requests, ends those under way and the jobs, and returns.
    pub async fn stop(self) {
        tracing::info!("stopping");
        self.rooms.event_streams.stop();
        self.handle.stop(true).await;
        let _ = self.serving.await;
        let _ = self.stop_jobs.send(true);
        let _ = self.catalogue.await;
        if let Some(jobs) = self.jobs {
            let _ = jobs.await;
        }
    }
}

/// Runs a command to its end on the server's runtime.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(future)
}

/// Runs the jobs until SIGINT or SIGTERM.
///
/// # Errors
/// What could not be opened.
pub async fn work(config: Config) -> Result<(), String> {
    config.check()?;
    let address = config.bind;
    let rooms = Rooms::open(config, address).await?;
    let (stop, stopped) = watch::channel(false);
    let jobs = spawn_jobs(&rooms, stopped);
    telemetry::stop_signal().await;
    let _ = stop.send(true);
    jobs.await.map_err(|error| error.to_string())
}

fn spawn_jobs(rooms: &Rooms, stopped: watch::Receiver<bool>) -> JoinHandle<()> {
    let handlers = Arc::new(rooms.job_handlers());
    actix_web::rt::spawn(runner::run(rooms.platform.db.clone(), rooms.platform.clock.clone(), handlers, stopped))
}

/// What actix builds an application from, for each worker.
trait Service:
    ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<EitherBody<EitherBody<BoxBody>>>,
        Error = actix_web::Error,
        InitError = (),
    >
{
}
impl<
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<EitherBody<EitherBody<BoxBody>>>,
            Error = actix_web::Error,
            InitError = (),
        >,
> Service for T
{
}

fn app(rooms: &Rooms, document: &web::Bytes) -> App<impl Service + use<>> {
    let is_sandbox = rooms.platform.config.is_sandbox();
    let rooms = rooms.clone();
    let allowed_origins = &rooms.platform.config.allowed_origins;
    App::new()
        .into_utoipa_app()
        .configure(|config| routes::mount(config, is_sandbox))
        .split_for_parts()
        .0
        .configure(|config| rooms.provide(config))
        .configure(|config| routes::mount_operations(config, document.clone()))
        .wrap(from_fn(request_context))
        .wrap(Condition::new(!allowed_origins.is_empty(), cors(allowed_origins)))
}

fn cors(allowed_origins: &[String]) -> Cors {
    let exposed = [
        "ETag",
        "Link",
        "Location",
        "RateLimit",
        "RateLimit-Policy",
        "Retry-After",
        "X-Request-Id",
        "Deprecation",
        "Sunset",
    ];
    allowed_origins
        .iter()
        .fold(Cors::default(), |cors, origin| cors.allowed_origin(origin))
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([
            "Accept",
            "Accept-Language",
            "Authorization",
            "Content-Type",
            "Idempotency-Key",
            "If-Match",
            "If-None-Match",
            "Last-Event-ID",
            "X-Cart-Token",
            "X-Request-Id",
            "traceparent",
        ])
        .expose_headers(exposed)
        .max_age(3600)
}
