//! The façade before both databases: who must come back later, and what a transaction that fails leaves behind.

use std::sync::mpsc;

use actix_web::rt::task::JoinHandle;
use futures_util::FutureExt as _;
use negozio::platform::db::{Db, DbConnection};
use negozio::platform::problem::Problem;
use negozio::platform::sequences;

use crate::support::database::{Database, Engine};
use crate::support::suite::Suite;

/// More than may wait.
const CALLERS: usize = 1100;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.on_each_engine("database::who_finds_the_queue_full_is_told_to_come_back", full_queue);
    suite.on_each_engine("database::a_transaction_that_panics_takes_no_other_with_it", panics_alone);
}

fn open(database: &Database) -> Db {
    Db::open(&database.url.parse().expect("an address"), true).expect("a database")
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(work)
}

/// Keeps SQLite's one writer busy until the sender is dropped, so that what is written meanwhile waits together.
async fn hold(db: &Db) -> (mpsc::Sender<()>, JoinHandle<Result<(), Problem>>) {
    let (release, held) = mpsc::channel::<()>();
    let db = db.clone();
    let work = actix_web::rt::spawn(async move {
        db.write(move |_| {
            // An error says that the sender is gone.
            let _ = held.recv();
            Ok(())
        })
        .await
    });
    actix_web::rt::task::yield_now().await;
    (release, work)
}

fn full_queue(engine: Engine) {
    let database = Database::create(engine);
    block_on(async {
        let db = open(&database);
        let (release, held) = hold(&db).await;
        let mut callers: Vec<_> = (0..CALLERS).map(|_| Box::pin(db.write(|_| Ok(())))).collect();
        let answers: Vec<_> = callers.iter_mut().map(|caller| caller.now_or_never()).collect();
        let refused: Vec<Problem> = answers.iter().flatten().filter_map(|answer| answer.clone().err()).collect();
        assert!(!refused.is_empty(), "somebody finds the queue full");
        for problem in &refused {
            assert_eq!((problem.code.name, problem.retry_after), ("overloaded", Some(1)));
        }
        drop(release);
        held.await.expect("no panic").expect("it is done");
        for (caller, answer) in callers.into_iter().zip(answers) {
            if answer.is_none() {
                caller.await.expect("who waited is served");
            }
        }
        db.write(|_| Ok(())).await.expect("there is room again");
    });
}

fn panics_alone(engine: Engine) {
    fn count(tx: &mut DbConnection) -> Result<i64, Problem> {
        Ok(sequences::store::next(tx, "test")?)
    }
    let database = Database::create(engine);
    block_on(async {
        let db = open(&database);
        let (release, held) = hold(&db).await;
        let first = db.write(count);
        let panicking = db.write(|tx| -> Result<i64, Problem> {
            count(tx)?;
            panic!("as a defect of ours would");
        });
        let refused = db.write(|tx| -> Result<i64, Problem> {
            count(tx)?;
            Err(Problem::internal("refused"))
        });
        let last = db.write(count);
        let together = async { tokio::join!(first, panicking, refused, last) };
        let (together, _) = tokio::join!(together, async { drop(release) });
        held.await.expect("no panic").expect("it is done");
        let (first, panicking, refused, last) = together;
        assert!(panicking.is_err() && refused.is_err());
        let mut counted = [first.expect("counted"), last.expect("counted")];
        counted.sort_unstable();
        assert_eq!(counted, [1, 2]);
        assert_eq!(db.write(count).await.expect("counted"), 3);
    });
}
