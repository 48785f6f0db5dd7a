//! The laws of the house, read off its sources.

use std::path::{Path, PathBuf};

use crate::support::suite::Suite;

const ROOMS: [&str; 9] = ["platform", "italy", "customers", "shop", "activation", "partners", "sandbox", "app", "cli"];

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.once("architecture::rooms_import_only_earlier_rooms", rooms_import_only_earlier_rooms);
    suite.once("architecture::each_library_has_its_files", each_library_has_its_files);
    suite.once("architecture::both_databases_have_the_same_migrations", both_databases_have_the_same_migrations);
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.append(&mut sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source");
            found.push((path, text));
        }
    }
    found
}

fn room_of(path: &Path) -> Option<usize> {
    let room = path.components().nth(1)?.as_os_str().to_str()?.trim_end_matches(".rs").to_owned();
    ROOMS.iter().position(|known| *known == room)
}

/// The code of a file, without its comments.
fn code(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn rooms_import_only_earlier_rooms() {
    for (path, text) in sources(Path::new("src")) {
        let Some(own) = room_of(&path) else { continue };
        for later in &ROOMS[own + 1..] {
            assert!(
                !code(&text).contains(&format!("crate::{later}::")),
                "{} imports the later room {later}",
                path.display()
            );
        }
    }
}

fn each_library_has_its_files() {
    for (path, text) in sources(Path::new("src")) {
        let shown = path.display().to_string();
        let code = code(&text);
        let named = |names: &[&str]| {
            names.iter().any(|name| shown.ends_with(name) || shown.contains(&name.replace(".rs", "/")))
        };
        let is_http = named(&["/api.rs", "/extract.rs", "src/app.rs", "platform/http.rs"]);
        assert!(
            is_http || !code.contains("actix_web::"),
            "{shown} uses actix outside api, extract, app and platform/http"
        );
        let is_store = named(&["/store.rs", "platform/db.rs"]);
        assert!(is_store || !code.contains("diesel::prelude"), "{shown} queries outside a store");
        assert!(named(&["/client.rs"]) || !code.contains("reqwest::"), "{shown} calls out outside a client");
        let is_platform = shown.starts_with("src/platform/");
        for raw in ["Utc::now(", "SystemTime::now(", "rand::"] {
            assert!(is_platform || !code.contains(raw), "{shown} uses {raw} outside platform");
        }
        assert!(!code.contains("#[allow("), "{shown} allows a lint without a reason: use #[expect(…, reason)]");
    }
}

fn both_databases_have_the_same_migrations() {
    let names = |engine: &str| {
        let folder = std::fs::read_dir(format!("migrations/{engine}")).expect("migrations");
        let mut names: Vec<_> = folder.map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
}
