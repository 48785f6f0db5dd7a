//! The laws of the house, read off its source.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::suite::Suite;

pub fn register(suite: &mut Suite) {
    suite.once("architecture::http_stays_at_the_door", http_stays_at_the_door);
    suite.once("architecture::queries_stay_in_stores", queries_stay_in_stores);
    suite.once("architecture::calls_to_the_outside_stay_in_clients", calls_to_the_outside_stay_in_clients);
    suite.once("architecture::the_clock_and_chance_stay_in_the_platform", the_clock_and_chance_stay_in_the_platform);
    suite.once("architecture::rooms_import_only_rooms_before_them", rooms_import_only_rooms_before_them);
    suite.once("architecture::rules_know_no_store_and_no_flow", rules_know_no_store_and_no_flow);
    suite.once("architecture::both_engines_have_the_same_migrations", both_engines_have_the_same_migrations);
    suite.once("architecture::files_are_short", files_are_short);
    suite.once("architecture::nothing_is_swept_under_the_carpet", nothing_is_swept_under_the_carpet);
    suite.once("architecture::every_locale_has_every_template", every_locale_has_every_template);
}

/// The rooms in the order of imports.
const ORDER: [&str; 9] =
    ["platform", "italy", "customers", "shop", "activation", "partners", "sandbox", "app", "cli"];
const LONGEST: usize = 400;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file: its path below `src/` and its text.
pub fn sources() -> Vec<(String, String)> {
    let source = root().join("src");
    let files = files_below(&source);
    let relative = |path: &Path| path.strip_prefix(&source).expect("a file of src").display().to_string();
    files
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| (relative(path), std::fs::read_to_string(path).expect("a source file")))
        .collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// The code of a file: without comments and without what only its own tests use.
fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Files that hold only tests.
fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

fn in_folder_or_file(path: &str, name: &str) -> bool {
    path.ends_with(&format!("/{name}.rs")) || path.contains(&format!("/{name}/"))
}

/// Asserts that no code outside `allowed` holds one of these words.
fn only_in(words: &[&str], allowed: impl Fn(&str) -> bool) {
    let offenders: Vec<String> = sources()
        .iter()
        .filter(|(path, _)| !allowed(path) && !is_test(path))
        .flat_map(|(path, text)| {
            let code = code_of(text);
            let found = |word: &&&str| code.contains(**word);
            words.iter().filter(found).map(|word| format!("src/{path} uses {word}")).collect::<Vec<_>>()
        })
        .collect();
    assert!(offenders.is_empty(), "{offenders:#?}");
}

fn is_door(path: &str) -> bool {
    in_folder_or_file(path, "api")
        || path.ends_with("extract.rs")
        || path == "app.rs"
        || path.starts_with("app/")
        || path.starts_with("platform/http/")
}

fn http_stays_at_the_door() {
    // Each command of the command line runs a future on actix's runtime.
    only_in(&["actix_web::", "actix_cors::", "actix_multipart::"], |path| is_door(path) || path.starts_with("cli/"));
    // A room's `routes` gathers those of its resources, so a room's `mod.rs` knows the type of the configuration.
    only_in(&["utoipa_actix_web::", "utoipa::path"], |path| is_door(path) || path.ends_with("/mod.rs"));
    only_in(&["utoipa::openapi"], |path| is_door(path) || path == "platform/ids.rs" || path.starts_with("platform/db/types"));
}

fn queries_stay_in_stores() {
    let is_store = |path: &str| in_folder_or_file(path, "store") || path.starts_with("platform/db/");
    // `Problem` converts from a failed query, and the two macros write a column's type.
    let defines = |path: &str| ["platform/problem.rs", "platform/ids.rs"].contains(&path);
    only_in(&["diesel::", "diesel_migrations::", "db::schema"], |path| is_store(path) || defines(path));
}

fn calls_to_the_outside_stay_in_clients() {
    only_in(&["reqwest::"], |path| path.ends_with("client.rs"));
    only_in(&["lettre::"], |path| path.starts_with("platform/mail/"));
    only_in(&["object_store::"], |path| path == "platform/storage.rs");
}

fn the_clock_and_chance_stay_in_the_platform() {
    only_in(&["Utc::now", "SystemTime::now", "Local::now", "rand::", "now_v7", "new_v4", "SecureRandom"], |path| {
        path.starts_with("platform/")
    });
}

fn rooms_import_only_rooms_before_them() {
    let rank = |room: &str| ORDER.iter().position(|known| *known == room);
    let mut offenders = Vec::new();
    for (path, text) in sources() {
        let room = path.split(['/', '.']).next().unwrap_or_default().to_owned();
        let Some(own) = rank(&room) else { continue };
        for named in crate_paths(&code_of(&text)) {
            if rank(&named).is_some_and(|imported| imported > own) {
                offenders.push(format!("src/{path} imports {named}"));
            }
        }
    }
    assert!(offenders.is_empty(), "{offenders:#?}");
}

/// The first segments of `crate::a` and `crate::{a, b::c}`.
fn crate_paths(code: &str) -> BTreeSet<String> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut rooms = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut name = String::new();
            for letter in group.chars() {
                match letter {
                    '{' => depth += 1,
                    '}' if depth == 1 => break,
                    '}' => depth -= 1,
                    ',' if depth == 1 => {
                        rooms.insert(first_segment(&name));
                        name.clear();
                        continue;
                    }
                    _ => {}
                }
                name.push(letter);
            }
            rooms.insert(first_segment(&name));
        } else {
            rooms.insert(rest.chars().take_while(|letter| is_name(*letter)).collect());
        }
    }
    rooms
}

fn first_segment(path: &str) -> String {
    path.trim().split("::").next().unwrap_or_default().trim().to_owned()
}

fn rules_know_no_store_and_no_flow() {
    let mut offenders = Vec::new();
    for (path, text) in sources() {
        let code = code_of(&text);
        let forbidden: &[&str] = if in_folder_or_file(&path, "rules") {
            &["::store", "::flow", "::api", "::jobs::enqueue", "platform::Platform", "DbConnection"]
        } else if in_folder_or_file(&path, "store") {
            &["::api", "::flow", "HttpResponse", "StatusCode", "NOT_FOUND"]
        } else {
            continue;
        };
        offenders.extend(forbidden.iter().filter(|word| code.contains(**word)).map(|word| format!("src/{path} uses {word}")));
    }
    assert!(offenders.is_empty(), "{offenders:#?}");
}

fn both_engines_have_the_same_migrations() {
    let names = |engine: &str| -> BTreeSet<String> {
        let folders = std::fs::read_dir(root().join("migrations").join(engine)).expect("the migrations");
        folders.flatten().map(|folder| folder.file_name().to_string_lossy().into_owned()).collect()
    };
    let sqlite = names("sqlite");
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, names("postgres"));
    for file in files_below(&root().join("migrations")) {
        assert!(["up.sql", "down.sql"].contains(&file.file_name().unwrap_or_default().to_str().unwrap_or_default()), "{}", file.display());
    }
}

fn files_are_short() {
    let tests = files_below(&root().join("tests"));
    let tests = tests.iter().map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap_or_default()));
    let long: Vec<String> = sources()
        .into_iter()
        // Written by diesel's command line, and one table after another.
        .filter(|(path, _)| path != "platform/db/schema.rs")
        .chain(tests)
        .filter(|(path, text)| path.ends_with(".rs") && text.lines().count() > LONGEST)
        .map(|(path, text)| format!("{path} has {} lines", text.lines().count()))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

fn nothing_is_swept_under_the_carpet() {
    let forbidden =
        ["#[allow(", "#![allow(", "todo!(", "unimplemented!(", ".unwrap()", ".expect(", "dbg!(", "unsafe {", "panic!("];
    only_in(&forbidden, |_| false);
    for (path, _) in sources() {
        let named = |name: &str| in_folder_or_file(&format!("/{path}"), name);
        assert!(!["utils", "helpers", "common", "models", "misc"].into_iter().any(named), "src/{path} says nothing by its name");
    }
}

fn every_locale_has_every_template() {
    let templates = files_below(&root().join("src"))
        .into_iter()
        .map(|path| path.display().to_string())
        .filter(|path| path.contains("/templates/it/") || path.contains("/templates/en/"))
        .collect::<Vec<_>>();
    assert!(!templates.is_empty());
    for path in &templates {
        let other = if path.contains("/templates/it/") {
            path.replace("/templates/it/", "/templates/en/")
        } else {
            path.replace("/templates/en/", "/templates/it/")
        };
        assert!(templates.contains(&other), "{path} exists in one language only");
    }
}
