//! Files, encrypted before they are stored: identity documents and contracts.

use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt as _;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt};

use serde::{Deserialize, Serialize};

use super::crypto::Keyring;
use super::jobs::{Failure, Job};
use super::problem::Problem;

const PURPOSE: &str = "files";

/// Owes the erasure of a file.
#[derive(Serialize, Deserialize)]
pub struct EraseFile {
    /// Where it is stored.
    pub path: String,
}

impl Job for EraseFile {
    const KIND: &'static str = "erase_file";
}

/// The file store; clones share it.
#[derive(Clone)]
pub struct Storage {
    store: Arc<dyn ObjectStore>,
    keys: Keyring,
}

impl Storage {
    /// Files below a folder, which is made where it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn local(folder: &Path, keys: Keyring) -> Result<Self, String> {
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| error.to_string())?;
        Ok(Self { store: Arc::new(store), keys })
    }

    /// Stores a file, bound to its path: a sealed file moved elsewhere does not open.
    ///
    /// # Errors
    /// `internal_error` when the store fails.
    pub async fn put(&self, path: &str, bytes: &[u8]) -> Result<(), Problem> {
        let sealed = self.keys.seal(PURPOSE, path.as_bytes(), bytes)?;
        self.store.put(&ObjectPath::from(path), sealed.into()).await.map_err(Problem::internal)?;
        Ok(())
    }

    /// Reads a file back.
    ///
    /// # Errors
    /// `internal_error` when it is missing, or not as it was stored.
    pub async fn get(&self, path: &str) -> Result<Vec<u8>, Problem> {
        let found = self.store.get(&ObjectPath::from(path)).await.map_err(Problem::internal)?;
        let sealed = found.bytes().await.map_err(Problem::internal)?;
        self.keys.open(PURPOSE, path.as_bytes(), &sealed)
    }

    /// Removes a file; one that is already gone is no error.
    ///
    /// # Errors
    /// `internal_error` when the store fails.
    pub async fn delete(&self, path: &str) -> Result<(), Problem> {
        match self.store.delete(&ObjectPath::from(path)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Problem::internal(error)),
        }
    }

    /// Removes all files.
    ///
    /// # Errors
    /// `internal_error` when the store fails.
    pub async fn empty(&self) -> Result<(), Problem> {
        let mut files = self.store.list(None);
        while let Some(file) = files.next().await {
            let path = file.map_err(Problem::internal)?.location;
            match self.store.delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(Problem::internal(error)),
            }
        }
        Ok(())
    }

    /// Erases a file that a transaction owes the erasure of.
    ///
    /// # Errors
    /// When it should be tried again.
    pub async fn erase(&self, job: &EraseFile) -> Result<(), Failure> {
        Ok(self.delete(&job.path).await?)
    }
}
