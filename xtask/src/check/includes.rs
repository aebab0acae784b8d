//! `include_str!`, `include_bytes!` and `include!` of files outside their package: those are not in
//! what `cargo publish` uploads.

use std::path::{Component, Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

use super::workspace::Workspace;

const MACROS: [&str; 3] = ["include", "include_bytes", "include_str"];

/// Every inclusion that leaves its package.
pub(crate) fn outside_package(workspace: &Workspace) -> Vec<String> {
    let mut broken = Vec::new();
    for package in &workspace.packages {
        let home = package.directory();
        for file in package.files() {
            let mut found = Vec::new();
            if let Ok(tokens) = file.text.parse() {
                inclusions(tokens, &mut found);
            }
            let path = workspace.root.join(&file.path);
            let directory = path.parent().unwrap_or(home);
            for (line, included) in found {
                if !plain(&directory.join(&included)).starts_with(home) {
                    broken.push(format!(
                        "{}:{line}: includes {included}, which is outside its package and so not \
                         in what is published; move the file into {}, or have an integration test \
                         read it by path",
                        file.path.display(),
                        home.strip_prefix(&workspace.root).unwrap_or(home).display(),
                    ));
                }
            }
        }
    }
    broken.sort();
    broken.dedup();
    broken
}

/// Lines and paths of inclusions of a literal path.
fn inclusions(tokens: TokenStream, found: &mut Vec<(usize, String)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for window in tokens.windows(3) {
        let [TokenTree::Ident(name), TokenTree::Punct(sign), TokenTree::Group(group)] = window
        else {
            continue;
        };
        if sign.as_char() == '!'
            && MACROS.iter().any(|including| name == including)
            && let Ok(path) = syn::parse2::<syn::LitStr>(group.stream())
        {
            found.push((name.span().start().line, path.value()));
        }
    }
    for token in tokens {
        if let TokenTree::Group(group) = token {
            inclusions(group.stream(), found);
        }
    }
}

/// A path without `..`, by its text alone.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        if component == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(component);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixture::Fixture;

    #[test]
    fn a_file_of_the_package_may_be_included() {
        let source = "const A: &str = include_str!(\"../data/a.txt\"); // include_str!(\"/x\")";
        let workspace = Fixture::library(&[("lib.rs", source)]);
        assert_eq!(outside_package(&workspace), Vec::<String>::new());
    }

    #[test]
    fn a_file_outside_the_package_may_not() {
        for source in [
            "const A: &str = include_str!(\"../../README.md\");",
            "mod b { fn f() { g(include_bytes!(\"../../x\")) } }",
            "#[cfg(test)] mod tests { fn f() { assert!(include_str!(\"/etc/hosts\").len() > 0) } }",
        ] {
            let broken = outside_package(&Fixture::library(&[("lib.rs", source)]));
            assert_eq!(broken.len(), 1, "{source}: {broken:?}");
            assert!(broken[0].starts_with("app/src/lib.rs:1: includes "), "{broken:?}");
        }
    }
}
