//! The catalogue as it is served: bytes made once a change and shared by all workers, so that a list costs no query.

use std::collections::HashMap;

use arc_swap::ArcSwap;
use bytes::Bytes;

use super::rules::{Audience, Plan, PlanId};
use super::store::{self, CatalogueState};
use crate::platform::clock::Time;
use crate::platform::crypto::sha256;
use crate::platform::db::{Db, DbConnection};
use crate::platform::locale::Locale;
use crate::platform::problem::Problem;

/// A serialized answer and its entity tag.
#[derive(Debug, Clone)]
pub struct Representation {
    /// JSON.
    pub body: Bytes,
    /// Strong entity tag.
    pub etag: String,
}

impl Representation {
    /// An answer with the tag that its bytes give.
    pub fn new(body: Vec<u8>) -> Self {
        let digest = sha256(&body);
        Self { etag: format!("\"{}\"", hex::encode(&digest[..12])), body: body.into() }
    }
}

/// What a caller can ask of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Question {
    /// The plans, all or of one audience.
    List(Option<Audience>),
    /// The comparison, all or of one audience.
    Comparison(Option<Audience>),
    /// One plan.
    Plan(PlanId),
}

/// Every answer of one state of the catalogue.
pub struct Snapshot {
    state: CatalogueState,
    plans: Vec<Plan>,
    answers: HashMap<(Question, Locale), Representation>,
}

/// Makes the answers of a list of plans; `api.rs` knows their form.
pub type Render = fn(&[Plan], &Question, Locale) -> Result<Representation, Problem>;

/// The catalogue in memory.
pub struct Catalogue {
    snapshot: ArcSwap<Snapshot>,
    render: Render,
}

impl Catalogue {
    /// Loads it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(db: &Db, render: Render, now: Time) -> Result<Self, Problem> {
        let snapshot = db.read(move |connection| Snapshot::read(connection, render, now)).await?;
        Ok(Self { snapshot: ArcSwap::from_pointee(snapshot), render })
    }

    /// Loads it again where a plan was changed, by this process or another, or a price has come into force.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn refresh(&self, db: &Db, now: Time) -> Result<(), Problem> {
        let state = db.read(move |connection| Ok(store::state(connection, now)?)).await?;
        if state != self.snapshot.load().state {
            let render = self.render;
            let snapshot = db.read(move |connection| Snapshot::read(connection, render, now)).await?;
            self.snapshot.store(snapshot.into());
        }
        Ok(())
    }

    /// The answer to a question; none for a plan that is not on offer.
    pub fn answer(&self, question: Question, locale: Locale) -> Option<Representation> {
        self.snapshot.load().answers.get(&(question, locale)).cloned()
    }

    /// The plan of an identifier or slug.
    pub fn find(&self, id_or_slug: &str) -> Option<PlanId> {
        let snapshot = self.snapshot.load();
        let by_id = id_or_slug.parse::<PlanId>().ok();
        snapshot.plans.iter().find(|plan| Some(plan.id) == by_id || plan.slug == id_or_slug).map(|plan| plan.id)
    }
}

impl Snapshot {
    fn read(connection: &mut DbConnection, render: Render, now: Time) -> Result<Self, Problem> {
        let state = store::state(connection, now)?;
        let plans = store::active(connection, now)?;
        let audiences = || std::iter::once(None).chain(Audience::ALL.iter().copied().map(Some));
        let lists = audiences().map(Question::List);
        let comparisons = audiences().map(Question::Comparison);
        let each = plans.iter().map(|plan| Question::Plan(plan.id));
        let mut answers = HashMap::new();
        for question in lists.chain(comparisons).chain(each) {
            for locale in Locale::ALL {
                answers.insert((question.clone(), *locale), render(&plans, &question, *locale)?);
            }
        }
        Ok(Self { state, plans, answers })
    }
}
