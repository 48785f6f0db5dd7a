//! Back to the first start: everything that was made is dropped, and the demo data are loaded again.

pub mod api;
pub mod store;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::platform::Platform;
use crate::platform::problem::Problem;

type Loading = Pin<Box<dyn Future<Output = Result<(), Problem>> + Send>>;

/// Loads the demo data and whatever is kept in memory of the database; `app` knows all of it.
pub struct DemoLoader(Box<dyn Fn(Arc<Platform>) -> Loading + Send + Sync>);

impl DemoLoader {
    /// A loader.
    pub fn new<F, Fut>(load: F) -> Self
    where
        F: Fn(Arc<Platform>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Problem>> + Send + 'static,
    {
        Self(Box::new(move |platform| Box::pin(load(platform))))
    }

    /// Loads.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(&self, platform: Arc<Platform>) -> Result<(), Problem> {
        (self.0)(platform).await
    }
}
