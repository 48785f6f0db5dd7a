//! The list of tests, and how one runs.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use futures_util::FutureExt as _;
use libtest_mimic::{Failed, Trial};

use super::cluster;
use super::database::Engine;
use super::server::TestServer;
use negozio::platform::config::Config;

/// All tests, by name.
#[derive(Default)]
pub struct Suite {
    trials: Vec<Trial>,
}

impl Suite {
    /// A test that needs no server.
    pub fn once(&mut self, name: &str, test: fn()) {
        self.trials.push(Trial::test(name, move || {
            test();
            Ok(())
        }));
    }

    /// A test that each engine runs, on a server and a database of its own.
    pub fn on_both<F, Fut>(&mut self, name: &str, test: F)
    where
        F: Fn(Rc<TestServer>) -> Fut + Send + Copy + 'static,
        Fut: Future<Output = ()> + 'static,
    {
        self.on_both_with(name, |_| {}, test);
    }

    /// The same, with other settings of the server.
    pub fn on_both_with<F, Fut>(&mut self, name: &str, adjust: fn(&mut Config), test: F)
    where
        F: Fn(Rc<TestServer>) -> Fut + Send + Copy + 'static,
        Fut: Future<Output = ()> + 'static,
    {
        for engine in Engine::ALL {
            self.add(format!("{engine}::{name}"), engine, move || run_with_server(engine, adjust, test));
        }
    }

    /// A test that each engine runs without a server.
    pub fn on_each_engine(&mut self, name: &str, test: fn(Engine)) {
        for engine in Engine::ALL {
            self.add(format!("{engine}::{name}"), engine, move || {
                test(engine);
                Ok(())
            });
        }
    }

    fn add(&mut self, name: String, engine: Engine, run: impl FnOnce() -> Result<(), Failed> + Send + 'static) {
        let is_ignored = engine == Engine::Postgres && !cluster::is_available();
        self.trials.push(Trial::test(name, run).with_ignored_flag(is_ignored));
    }

    /// What is missing although CI must not leave a test out.
    pub fn missing_tools_in_ci(&self) -> Option<&'static str> {
        let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true" || ci == "1");
        if !is_ci {
            return None;
        }
        if cluster::is_available() { None } else { Some("PostgreSQL (initdb, postgres)") }
    }

    /// The tests as `libtest-mimic` takes them.
    pub fn into_trials(self) -> Vec<Trial> {
        self.trials
    }
}

/// Registers tests of the module under their own names.
#[macro_export]
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        /// Puts this module's tests on the list.
        pub fn register(suite: &mut $crate::support::suite::Suite) {
            let module = module_path!().rsplit("::").next().unwrap_or_default();
            $(suite.on_both(&format!("{module}::{}", stringify!($name)), $name);)*
        }
    };
}

/// A server of its own for the test, stopped and removed whatever the test does; a server with jobs left over fails it.
fn run_with_server<F, Fut>(engine: Engine, adjust: fn(&mut Config), test: F) -> Result<(), Failed>
where
    F: Fn(Rc<TestServer>) -> Fut,
    Fut: Future<Output = ()>,
{
    actix_web::rt::System::new().block_on(async move {
        let server = Rc::new(TestServer::start(engine, adjust).await);
        let outcome = AssertUnwindSafe(test(server.clone())).catch_unwind().await;
        let left_over = if outcome.is_ok() { server.wait_for_jobs().await } else { Ok(()) };
        server.stop().await;
        match outcome {
            Ok(()) => left_over.map_err(Failed::from),
            Err(panic) => Err(Failed::from(message_of(panic.as_ref()))),
        }
    })
}

fn message_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("the test panicked").to_owned()
}
