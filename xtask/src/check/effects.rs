//! What crates do without (sockets, files, a clock, …), and where `unsafe` may be.

use std::collections::BTreeSet;

use super::mentions;
use super::resolve::{Found, Scopes};
use super::workspace::Workspace;
use crate::architecture::{CRATES, Crate, UNSAFE_HOMES};

/// Every path to something that a crate does without. Code for tests may use anything.
pub(crate) fn used(workspace: &Workspace) -> Vec<String> {
    by_table(workspace, CRATES)
}

fn by_table(workspace: &Workspace, table: &[Crate]) -> Vec<String> {
    let mut broken = BTreeSet::new();
    for package in &workspace.packages {
        let name = &package.manifest.name;
        let Some(row) = table.iter().find(|row| row.name == name) else { continue };
        for tree in package.products() {
            let scopes = Scopes::new(tree);
            for (id, module) in tree.modules.iter().enumerate() {
                for mention in scopes.mentions(id) {
                    let Found::Outside(path) = scopes.resolve(id, &mention.names) else { continue };
                    let path = path.join("::");
                    let effects = row.without.iter();
                    let effect =
                        effects.filter(|effect| effect.paths.iter().any(|of| is_in(&path, of)));
                    for effect in effect {
                        broken.insert(format!(
                            "{}:{}: {path}: {name} does without {}",
                            tree.files[module.file].path.display(),
                            mention.line,
                            effect.name,
                        ));
                    }
                }
            }
        }
    }
    broken.into_iter().collect()
}

/// Whether a path is another one, or below it.
fn is_in(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Every `unsafe` outside its homes, tests included.
pub(crate) fn unsafe_code(workspace: &Workspace) -> Vec<String> {
    unsafe_outside(workspace, UNSAFE_HOMES)
}

fn unsafe_outside(workspace: &Workspace, homes: &[&str]) -> Vec<String> {
    let mut broken = BTreeSet::new();
    for file in workspace.packages.iter().flat_map(super::workspace::Package::files) {
        let shown = file.path.display().to_string();
        if homes.iter().any(|home| shown.starts_with(home)) {
            continue;
        }
        let mut lines = Vec::new();
        if let Ok(tokens) = file.text.parse() {
            mentions::lines_of_unsafe(tokens, &mut lines);
        }
        broken.extend(lines.iter().map(|line| {
            format!("{shown}:{line}: `unsafe` may be only in {}", homes.join(" and "))
        }));
    }
    broken.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::Effect;
    use crate::check::fixture::Fixture;

    const TABLE: &[Crate] = &[Crate {
        name: "app",
        may_import: &[],
        without: &[Effect { name: "files", paths: &["std::fs"] }],
    }];

    fn of(source: &str) -> Vec<String> {
        by_table(&Fixture::library(&[("lib.rs", source)]), TABLE)
    }

    #[test]
    fn a_crate_that_does_without_files_passes() {
        assert_eq!(
            of("use std::fmt; fn f(fs: u8) -> u8 { fs + 1 } // std::fs"),
            Vec::<String>::new()
        );
        assert_eq!(of("#[cfg(test)] mod tests { use std::fs; }"), Vec::<String>::new());
    }

    #[test]
    fn a_crate_that_uses_files_fails_however_it_names_them() {
        for source in [
            "use std::fs;",
            "fn f() { std::fs::read(\"x\"); }",
            "use std::{fmt, fs::File};",
            "use std as s; fn f() { s::fs::read(\"x\"); }",
            "fn f() { let _ = format!(\"{:?}\", std::fs::read(\"x\")); }",
        ] {
            let broken = of(source);
            assert!(!broken.is_empty(), "{source}");
            assert!(broken[0].starts_with("app/src/lib.rs:1: std::fs"), "{broken:?}");
        }
    }

    #[test]
    fn unsafe_only_at_home() {
        for source in ["fn f() { unsafe { g() } }", "fn f() { m!(unsafe { g() }) }"] {
            let workspace = Fixture::library(&[("lib.rs", source)]);
            assert_eq!(unsafe_outside(&workspace, &["app/src/"]), Vec::<String>::new());
            let broken = unsafe_outside(&workspace, &["linux/"]);
            assert_eq!(broken, ["app/src/lib.rs:1: `unsafe` may be only in linux/"]);
        }
    }

    #[test]
    fn the_word_alone_is_not_unsafe_code() {
        let words = "// unsafe\nconst A: &str = \"unsafe\"; fn not_unsafe() {}";
        let workspace = Fixture::library(&[("lib.rs", words)]);
        assert_eq!(unsafe_outside(&workspace, &[]), Vec::<String>::new());
    }
}
