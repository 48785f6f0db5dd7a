//! `negozio openapi`.

use std::path::PathBuf;

use clap::Args;

use crate::app::contract;

/// Where the document goes.
#[derive(Args)]
pub struct Arguments {
    /// The folder of openapi.json and openapi.yaml.
    #[arg(long, default_value = "openapi")]
    folder: PathBuf,
    /// Write nothing, and fail where a file differs.
    #[arg(long)]
    check: bool,
}

/// Writes or checks the document.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    for (name, text) in contract::files()? {
        let path = arguments.folder.join(name);
        if !arguments.check {
            std::fs::create_dir_all(&arguments.folder).map_err(|error| error.to_string())?;
            std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
            return Err(format!("{} is not what the code says: run `cargo run -- openapi`", path.display()));
        }
    }
    Ok(())
}
