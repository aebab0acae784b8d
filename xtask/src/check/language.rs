//! Syntax that is newer than the declared minimum Rust. The compiler at hand takes it without a
//! word, and clippy's `incompatible_msrv` looks at the standard library alone.

use syn::visit::{self, Visit};
use syn::{Expr, PatGuard};

use super::workspace::Workspace;

/// The Rust that made `if let` guards of `match` stable.
const GUARDS_WITH_LET: u32 = 95;

/// Every piece of newer syntax.
pub(crate) fn too_new(workspace: &Workspace) -> Vec<String> {
    let mut broken = Vec::new();
    for package in &workspace.packages {
        let minimum = package.manifest.rust_version.as_deref().and_then(minor);
        if minimum.is_none_or(|minimum| minimum >= GUARDS_WITH_LET) {
            continue;
        }
        for tree in package.products() {
            for file in &tree.files {
                let mut guards = Guards::default();
                guards.visit_file(&file.syntax);
                broken.extend(guards.lines.iter().map(|line| {
                    format!(
                        "{}:{line}: `if let` in a guard needs Rust 1.{GUARDS_WITH_LET}, more than \
                         the package's rust-version",
                        file.path.display()
                    )
                }));
            }
        }
    }
    broken
}

/// 90 of `1.90`.
fn minor(version: &str) -> Option<u32> {
    version.split('.').nth(1)?.parse().ok()
}

#[derive(Default)]
struct Guards {
    lines: Vec<usize>,
}

impl<'a> Visit<'a> for Guards {
    fn visit_pat_guard(&mut self, pattern: &'a PatGuard) {
        if has_let(&pattern.guard) {
            self.lines.push(pattern.if_token.span.start().line);
        }
        visit::visit_pat_guard(self, pattern);
    }
}

/// Whether a condition is `let …`, or a chain with one.
fn has_let(condition: &Expr) -> bool {
    match condition {
        Expr::Let(_) => true,
        Expr::Binary(both) => has_let(&both.left) || has_let(&both.right),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixture::Fixture;

    fn of(rust: &str, source: &str) -> Vec<String> {
        let mut fixture = Fixture::default();
        fixture.package("app", &format!("rust-version = \"{rust}\"\n"), &[("lib.rs", source)]);
        too_new(&fixture.read())
    }

    #[test]
    fn a_guard_with_let_needs_a_newer_rust() {
        for guard in ["let Some(z) = y", "x && let Some(z) = y"] {
            let source = format!("fn f() {{ match x {{\n_ if {guard} => {{}}\n_ => {{}} }} }}");
            let broken = of("1.90", &source);
            assert_eq!(broken.len(), 1, "{guard}: {broken:?}");
            assert!(broken[0].starts_with("app/src/lib.rs:2: "), "{broken:?}");
            assert_eq!(of("1.95", &source), Vec::<String>::new());
        }
    }

    #[test]
    fn other_guards_and_chains_pass() {
        let source = "fn f() { if x && let Some(z) = y {} match x { _ if y => {} _ => {} } }";
        assert_eq!(of("1.90", source), Vec::<String>::new());
    }
}
