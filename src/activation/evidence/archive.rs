//! The ZIP around the bundle's files. Nothing is compressed (PDFs are so already) and every entry has the same date, so
//! equal files make equal bytes.

use std::io::{Cursor, Read as _, Write as _};

use zip::write::SimpleFileOptions;
use zip::{System, ZipArchive, ZipWriter};

use crate::platform::problem::Problem;

/// Name and content of a bundle's files, in their order.
pub type Files = Vec<(String, Vec<u8>)>;

/// Files that a bundle may have.
const MOST_FILES: usize = 64;
/// Bytes that a bundle's files may have together.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// Packs files.
///
/// # Errors
/// `internal_error` when two have the same name.
pub fn pack(files: &Files) -> Result<Vec<u8>, Problem> {
    let options = SimpleFileOptions::DEFAULT.system(System::Unix).unix_permissions(0o644);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        archive.start_file(name, options).map_err(Problem::internal)?;
        archive.write_all(content).map_err(Problem::internal)?;
    }
    Ok(archive.finish().map_err(Problem::internal)?.into_inner())
}

/// Reads what [`pack`] made.
///
/// # Errors
/// Why it is no such archive, for a person at a terminal.
pub fn unpack(archive: &[u8]) -> Result<Files, String> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).map_err(|error| format!("not a ZIP archive: {error}"))?;
    if archive.len() > MOST_FILES {
        return Err(format!("more than {MOST_FILES} files"));
    }
    let mut files = Files::new();
    let mut left = MOST_BYTES;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| format!("entry {index}: {error}"))?;
        let name = entry.name().map_err(|error| format!("entry {index}: {error}"))?.into_owned();
        if files.iter().any(|(known, _)| *known == name) {
            return Err(format!("{name} is there twice"));
        }
        let mut content = Vec::new();
        entry.take(left + 1).read_to_end(&mut content).map_err(|error| format!("{name}: {error}"))?;
        left = left.checked_sub(content.len() as u64).ok_or("the files are too large")?;
        files.push((name, content));
    }
    Ok(files)
}
