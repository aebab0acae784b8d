//! Which crate imports which, and the layers inside a crate.

use super::graph::Graph;
use super::resolve::Scopes;
use super::source::{FileId, Tree};
use super::workspace::Workspace;
use crate::architecture::{CRATES, Crate, FOR_TESTS, LAYERS, Layer};

/// Every import between crates that the table does not have.
pub(crate) fn between_crates(workspace: &Workspace) -> Vec<String> {
    by_table(workspace, CRATES, FOR_TESTS)
}

fn by_table(workspace: &Workspace, table: &[Crate], for_tests: &[&str]) -> Vec<String> {
    let ours: Vec<&str> =
        workspace.packages.iter().map(|package| package.manifest.name.as_str()).collect();
    let mut broken = Vec::new();
    for package in &workspace.packages {
        let name = &package.manifest.name;
        let Some(row) = table.iter().find(|row| row.name == name) else {
            broken.push(format!(
                "crate {name} has no row; add one to CRATES in xtask/src/architecture.rs that says \
                 what it may import, and to the table in ARCHITECTURE.md"
            ));
            continue;
        };
        for dependency in &package.manifest.dependencies {
            let imported = dependency.name.as_str();
            let is_allowed = row.may_import.contains(&imported)
                || dependency.kind.as_deref() == Some("dev") && for_tests.contains(&imported);
            if ours.contains(&imported) && !is_allowed {
                let allowed = match row.may_import {
                    [] => "none of ours".to_owned(),
                    some => some.join(", "),
                };
                broken.push(format!(
                    "{name} imports {imported}, which xtask/src/architecture.rs does not allow \
                     (allowed: {allowed})"
                ));
            }
        }
    }
    broken
}

/// Every import inside a crate that goes against its layers.
pub(crate) fn inside_crates(workspace: &Workspace) -> Vec<String> {
    let mut broken = Vec::new();
    for package in &workspace.packages {
        for tree in package.products() {
            let scopes = Scopes::new(tree);
            let graph = Graph::new(tree, &scopes);
            for layer in LAYERS.iter().filter(|layer| layer.package == package.manifest.name) {
                broken.extend(by_layer(tree, &graph, layer));
            }
        }
    }
    broken
}

pub(super) fn by_layer(tree: &Tree, graph: &Graph<'_>, layer: &Layer) -> Vec<String> {
    let mut broken = Vec::new();
    for (from, to, uses) in graph.edges() {
        let (importer, imported) = (top_module(tree, from), top_module(tree, to));
        if importer == imported {
            continue;
        }
        let place = format!("{}:{}", tree.files[from].path.display(), uses[0].line);
        let path = &uses[0].path;
        let is_among = |modules: Option<&[&str]>, name: &str| {
            modules.is_none_or(|modules| modules.contains(&name))
        };
        if imported == layer.module && !is_among(layer.imported_by, &importer) {
            let allowed = layer.imported_by.unwrap_or_default().join(", ");
            broken.push(format!("{place}: {path}: only {allowed} may import `{imported}`"));
        }
        if importer == layer.module && !is_among(layer.may_import, &imported) {
            let allowed = layer.may_import.unwrap_or_default().join(", ");
            broken.push(format!(
                "{place}: {path}: `{importer}` may import only {allowed}, not `{imported}`"
            ));
        }
    }
    broken
}

/// The module below the crate's root that a file belongs to; the root file is `main` or `lib`.
fn top_module(tree: &Tree, file: FileId) -> String {
    let mut at = tree.modules.iter().position(|module| module.file == file).unwrap_or_default();
    while let Some(parent) = tree.modules[at].parent {
        if parent == 0 {
            let own = tree.modules[0].children.iter().find(|(_, child)| **child == at);
            return own.map(|(name, _)| name.clone()).unwrap_or_default();
        }
        at = parent;
    }
    let root = tree.files[0].path.file_stem().unwrap_or_default();
    root.to_string_lossy().into_owned()
}

/// Every circle of files, per crate.
pub(crate) fn circles(workspace: &Workspace) -> Vec<String> {
    let mut found = Vec::new();
    for package in &workspace.packages {
        for tree in package.products() {
            let scopes = Scopes::new(tree);
            let graph = Graph::new(tree, &scopes);
            for circle in graph.circles() {
                found.push(format!("{}: {}", package.manifest.name, graph.describe(&circle)));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixture::{Fixture, row};

    const TABLE: &[Crate] = &[row("core", &[]), row("lab", &[]), row("app", &["core"])];

    fn app(dependencies: &str) -> Workspace {
        let mut fixture = Fixture::default();
        fixture.package("core", "", &[("lib.rs", "")]);
        fixture.package("lab", "", &[("lib.rs", "")]);
        fixture.package("app", dependencies, &[("lib.rs", "")]);
        fixture.read()
    }

    #[test]
    fn an_import_in_the_table_passes() {
        let workspace = app("[dependencies]\ncore = { path = \"../core\" }\n");
        assert_eq!(by_table(&workspace, TABLE, &[]), Vec::<String>::new());
    }

    #[test]
    fn an_import_outside_the_table_fails() {
        let workspace = app("[dependencies]\nlab = { path = \"../lab\" }\n");
        let broken = by_table(&workspace, TABLE, &["lab"]);
        assert_eq!(broken.len(), 1, "{broken:?}");
        assert!(broken[0].starts_with("app imports lab"), "{broken:?}");
    }

    #[test]
    fn tests_may_import_what_is_for_tests() {
        let workspace = app("[dev-dependencies]\nlab = { path = \"../lab\" }\n");
        assert_eq!(by_table(&workspace, TABLE, &["lab"]), Vec::<String>::new());
        assert_eq!(by_table(&workspace, TABLE, &[]).len(), 1);
    }

    #[test]
    fn a_crate_without_a_row_fails_and_names_the_file_to_edit() {
        let broken = by_table(&app(""), &TABLE[..2], &[]);
        assert_eq!(broken.len(), 1, "{broken:?}");
        assert!(broken[0].contains("app") && broken[0].contains("xtask/src/architecture.rs"));
    }

    #[test]
    fn the_table_names_only_crates_that_have_a_row() {
        for row in CRATES {
            for imported in row.may_import {
                assert!(CRATES.iter().any(|row| row.name == *imported), "{imported}");
            }
        }
    }

    fn layers(main: &str, cli: &str, other: &str) -> Vec<String> {
        let mut fixture = Fixture::default();
        fixture.package(
            "imds",
            "",
            &[
                ("main.rs", &format!("mod cli; mod commands; mod error; mod other; {main}")),
                ("cli.rs", cli),
                ("commands.rs", "pub(crate) mod serve;"),
                ("commands/serve.rs", "pub(crate) struct Serve; pub(crate) fn run() {}"),
                ("error.rs", "pub(crate) struct Error;"),
                ("other.rs", other),
            ],
        );
        inside_crates(&fixture.read())
    }

    #[test]
    fn layers_in_order_pass() {
        let broken = layers("fn main() { commands::serve::run() }", "use crate::error::Error;", "");
        assert_eq!(broken, Vec::<String>::new());
    }

    #[test]
    fn only_main_imports_commands() {
        let broken = layers("fn main() {}", "", "use crate::commands::serve::Serve;");
        assert_eq!(broken.len(), 1, "{broken:?}");
        assert!(broken[0].contains("src/other.rs:1"), "{broken:?}");
    }

    #[test]
    fn the_command_line_imports_nothing_above_it() {
        let broken = layers("fn main() {}", "fn f() { crate::other::act() }", "pub fn act() {}");
        assert_eq!(broken.len(), 1, "{broken:?}");
        assert!(broken[0].contains("`cli` may import only error"), "{broken:?}");
        // Through a re-export in the root as well.
        let broken = layers("use commands::serve::Serve;", "use crate::Serve;", "");
        assert_eq!(broken.len(), 2, "{broken:?}");
    }
}
