//! Whether the catalogue has all that is known of EC2, and the documentation all of the catalogue.

use imds_core::catalogue::{Category, categories};
use imds_core::tree::Tree;
use regex_lite::Regex;

use crate::{categories, fixture, snapshots};

/// What is known of EC2's paths, a line each.
const FACTS: &str = include_str!("paths.tsv");

/// AWS dates this one 2007-01-19, but `macs/` itself 2011-01-01.
const OLDER_THAN_ITS_DIRECTORY: &str = "meta-data/network/interfaces/macs/{mac}/local-hostname";

struct Fact {
    path: &'static str,
    since: Option<&'static str>,
    on_all: bool,
}

fn facts() -> impl Iterator<Item = Fact> {
    FACTS.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let [path, since, on] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        Fact { path, since: (since != "-").then_some(since), on_all: on == "all" }
    })
}

/// A path without what differs in how names in braces are called.
fn plain(path: &str) -> String {
    let path = Regex::new(r"\{[^}]+\}").unwrap().replace_all(path, "{}").into_owned();
    path.replace("public-keys/0/", "public-keys/{}/").trim_end_matches('/').to_owned()
}

#[test]
fn no_path_is_forgotten() {
    for fact in facts() {
        let known = categories();
        let Some(category) = known.iter().find(|one| plain(one.path) == plain(fact.path)) else {
            let directory = format!("{}/", plain(fact.path));
            let is_directory = known.iter().any(|one| plain(one.path).starts_with(&directory));
            assert!(is_directory, "{} is not in the catalogue", fact.path);
            continue;
        };
        if let Some(since) = fact.since.filter(|_| fact.path != OLDER_THAN_ITS_DIRECTORY) {
            assert_eq!(category.since, since, "{}", fact.path);
        }
        assert_eq!(category.absent == "never", fact.on_all, "{}: {}", fact.path, category.absent);
    }
}

#[test]
fn nothing_is_made_up() {
    for category in categories() {
        let is_known = facts().any(|fact| plain(fact.path) == plain(category.path));
        assert!(is_known, "{} is none of EC2's", category.path);
        assert!(category.example.is_empty() || category.is_served(), "{}", category.path);
    }
}

/// Each category is among what the other tests look at, by its value or in a whole tree.
#[test]
fn every_category_is_on_some_instance() {
    let mut instances = fixture::instances();
    instances.extend(snapshots::instances().map(|(_, instance)| instance));
    let leaves: Vec<_> = instances.iter().flat_map(|one| Tree::new(one).leaves()).collect();
    let directories: Vec<_> =
        instances.iter().flat_map(|one| Tree::new(one).directories()).collect();
    for category in categories().into_iter().filter(|category| category.is_served()) {
        let pattern = Regex::new(&format!("^{}$", plain(category.path).replace("{}", "[^/]+")));
        let pattern = pattern.unwrap();
        let is_there = |paths: &[String]| paths.iter().any(|path| pattern.is_match(path));
        assert!(is_there(&leaves) || is_there(&directories), "no test has a {}", category.path);
    }
}

#[test]
fn the_table_of_formats_agrees() {
    for (path, since) in categories::known() {
        let found = categories().into_iter().find(|one| plain(one.path) == plain(path));
        assert_eq!(found.map(|category| category.since), Some(since), "{path}");
    }
}

/// `docs/categories.md` has a line for each category, and no other.
#[test]
fn the_documentation_has_every_category() {
    let categories = categories();
    let table: Vec<_> = categories.iter().map(|category| row(category)).collect();
    snapshots::compare("../../docs/categories.md", &format!("{HEAD}{}\n", table.join("\n")));
}

const HEAD: &str = "\
# Categories

What is served below `/latest/` and, from the version named on, below every dated version. Paths are
absent from listings exactly when they are a 404; `user-data` alone is always listed. A directory is
there while anything is in it. `imds paths` prints this table with an example of each value.

Where AWS names no version, a category is as old as the directory it is in.

| path | since | absent |
|---|---|---|
";

fn row(category: &Category) -> String {
    let absent = match category.absent.strip_prefix("always: ") {
        Some(reason) => format!("**not served**: {reason}"),
        None => category.absent.to_owned(),
    };
    format!("| `{}` | {} | {absent} |", category.path, category.since)
}
