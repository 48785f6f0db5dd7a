//! The keys: configured, or in a sandbox made at its first start and kept.

use std::path::Path;

use crate::platform::auth::tokens::Tokens;
use crate::platform::config::Config;
use crate::platform::crypto;

/// The key that all others are derived from.
///
/// # Errors
/// Naming the variable that says where it should be.
pub fn master_key(config: &Config) -> Result<[u8; 32], String> {
    if let Some(key) = &config.master_key {
        return Ok(key.0);
    }
    let make = || crypto::random_bytes::<32>().map(|key| key.to_vec()).map_err(|problem| problem.to_string());
    let kept = kept_key(&config.data_dir.join("sandbox-master.key"), make)?;
    kept.try_into().map_err(|_| "NEGOZIO_DATA_DIR: sandbox-master.key is not 32 bytes".to_owned())
}

/// The key that signs access tokens.
///
/// # Errors
/// Naming the variable that says where it should be.
pub fn token_key(config: &Config) -> Result<Vec<u8>, String> {
    match &config.token_key {
        Some(key) => Ok(key.0.clone()),
        None => kept_key(&config.data_dir.join("sandbox-token.key"), Tokens::generate_key),
    }
}

/// A sandbox's key: made at its first start, readable by its owner alone, and kept.
fn kept_key(path: &Path, make: impl FnOnce() -> Result<Vec<u8>, String>) -> Result<Vec<u8>, String> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let failed = |error: std::io::Error| format!("NEGOZIO_DATA_DIR: {}: {error}", path.display());
    match std::fs::read(path) {
        Ok(key) => Ok(key),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = make()?;
            let mut file =
                std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
            file.write_all(&key).map_err(failed)?;
            Ok(key)
        }
        Err(error) => Err(failed(error)),
    }
}
