//! Which file of a target uses which, and the circles in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;

use super::mentions::Kind;
use super::resolve::{Found, Scopes};
use super::source::{FileId, Tree};

/// Edges between the files of a target, with the lines that make each.
pub(crate) struct Graph<'a> {
    tree: &'a Tree,
    edges: BTreeMap<FileId, BTreeMap<FileId, Vec<Use>>>,
}

/// One line that makes an edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    pub(crate) line: usize,
    pub(crate) path: String,
}

impl<'a> Graph<'a> {
    /// An edge is an import or a name in code, and leads to the file that defines what is named.
    /// `mod` items and re-exports alone make no edge; nor does code for tests.
    pub(crate) fn new(tree: &'a Tree, scopes: &Scopes<'_>) -> Self {
        let mut edges: BTreeMap<FileId, BTreeMap<FileId, Vec<Use>>> = BTreeMap::new();
        for (id, module) in tree.modules.iter().enumerate() {
            for mention in scopes.mentions(id) {
                if mention.kind == Kind::ReExport {
                    continue;
                }
                let Found::Item(to) = scopes.resolve(id, &mention.names) else { continue };
                if to != module.file {
                    let uses = edges.entry(module.file).or_default().entry(to).or_default();
                    uses.push(Use { line: mention.line, path: mention.names.join("::") });
                }
            }
        }
        for uses in edges.values_mut().flat_map(BTreeMap::values_mut) {
            uses.sort();
            uses.dedup();
        }
        Self { tree, edges }
    }

    /// All edges: from, to, and the lines.
    pub(crate) fn edges(&self) -> impl Iterator<Item = (FileId, FileId, &[Use])> {
        self.edges.iter().flat_map(|(from, targets)| {
            targets.iter().map(move |(to, uses)| (*from, *to, uses.as_slice()))
        })
    }

    /// For each edge that closes a circle the shortest one through it, each once, short ones first.
    /// A circle is its files in order; the last uses the first.
    pub(crate) fn circles(&self) -> Vec<Vec<FileId>> {
        let mut circles = BTreeSet::new();
        for (from, to, _) in self.edges() {
            if let Some(mut circle) = self.shortest(to, from) {
                let least = circle.iter().enumerate().min_by_key(|(_, file)| **file);
                let least = least.map_or(0, |(at, _)| at);
                circle.rotate_left(least);
                circles.insert((circle.len(), circle));
            }
        }
        circles.into_iter().map(|(_, circle)| circle).collect()
    }

    /// The shortest way along edges, both ends included.
    fn shortest(&self, from: FileId, to: FileId) -> Option<Vec<FileId>> {
        let mut before = BTreeMap::from([(from, from)]);
        let mut queue = VecDeque::from([from]);
        while let Some(at) = queue.pop_front() {
            if at == to {
                let mut way = vec![to];
                while way[way.len() - 1] != from {
                    way.push(before[&way[way.len() - 1]]);
                }
                way.reverse();
                return Some(way);
            }
            for next in self.edges.get(&at).into_iter().flat_map(BTreeMap::keys) {
                if !before.contains_key(next) {
                    before.insert(*next, at);
                    queue.push_back(*next);
                }
            }
        }
        None
    }

    /// A circle as text: each file with the lines by which it uses the next.
    pub(crate) fn describe(&self, circle: &[FileId]) -> String {
        let name = |file: FileId| self.tree.files[file].path.display();
        let mut text = format!("circle of {} files", circle.len());
        for (at, from) in circle.iter().enumerate() {
            let to = circle[(at + 1) % circle.len()];
            let _ = write!(text, "\n    {} uses {}", name(*from), name(to));
            for Use { line, path } in self.edges[from][&to].iter().take(3) {
                let _ = write!(text, "\n      line {line}: {path}");
            }
            if let more @ 1.. = self.edges[from][&to].len().saturating_sub(3) {
                let _ = write!(text, "\n      and {more} more");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixture::Fixture;

    /// The edges of a library of these files, as `from>to`, and the circles as `a,b,…`.
    fn of(sources: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let workspace = Fixture::library(sources);
        let tree = workspace.packages[0].products().next().unwrap();
        let name = |file: FileId| {
            let path = tree.files[file].path.strip_prefix("app/src").unwrap();
            path.with_extension("").display().to_string()
        };
        let scopes = Scopes::new(tree);
        let graph = Graph::new(tree, &scopes);
        let edges = graph.edges().map(|(from, to, _)| format!("{}>{}", name(from), name(to)));
        let circles = graph
            .circles()
            .into_iter()
            .map(|circle| circle.into_iter().map(name).collect::<Vec<_>>().join(","));
        let mut edges: Vec<String> = edges.collect();
        edges.sort();
        (edges, circles.collect())
    }

    fn edges(sources: &[(&str, &str)]) -> Vec<String> {
        of(sources).0
    }

    const A_B: (&str, &str) = ("lib.rs", "mod a; mod b;");

    #[test]
    fn one_way_is_no_circle() {
        let b = ("b.rs", "pub struct B; pub fn f() {}");
        let (edges, circles) =
            of(&[A_B, ("a.rs", "use crate::b::B; fn f(_: B) { crate::b::f() }"), b]);
        assert_eq!((edges, circles), (vec!["a>b".to_owned()], vec![]));
    }

    #[test]
    fn two_siblings_in_a_circle() {
        let (_, circles) = of(&[
            A_B,
            ("a.rs", "use crate::b::B; pub struct A;"),
            ("b.rs", "pub struct B; fn f() -> super::a::A { todo!() }"),
        ]);
        assert_eq!(circles, ["a,b"]);
    }

    #[test]
    fn a_circle_of_three_comes_once_and_names_its_lines() {
        let workspace = Fixture::library(&[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "\nuse crate::b::B;\npub struct A;"),
            ("b.rs", "use crate::c::C;\npub struct B;"),
            ("c.rs", "pub struct C;\n\nfn f(_: &crate::a::A) {}"),
        ]);
        let tree = workspace.packages[0].products().next().unwrap();
        let scopes = Scopes::new(tree);
        let graph = Graph::new(tree, &scopes);
        let circles = graph.circles();
        assert_eq!(circles.len(), 1);
        let text = graph.describe(&circles[0]);
        assert_eq!(
            text,
            "circle of 3 files\
             \n    app/src/a.rs uses app/src/b.rs\n      line 2: crate::b::B\
             \n    app/src/b.rs uses app/src/c.rs\n      line 1: crate::c::C\
             \n    app/src/c.rs uses app/src/a.rs\n      line 3: crate::a::A"
        );
    }

    #[test]
    fn a_parent_may_use_its_child_and_the_child_not_its_parent() {
        let parent = ("lib.rs", "mod a; fn f() { a::g() } pub struct P;");
        assert_eq!(of(&[parent, ("a.rs", "pub fn g() {}")]).1, Vec::<String>::new());
        assert_eq!(of(&[parent, ("a.rs", "use super::P; pub fn g() {}")]).1, ["lib,a"]);
    }

    #[test]
    fn a_facade_makes_no_circle() {
        let facade = ("lib.rs", "mod a; mod b; pub use a::A; pub(crate) use b::*;");
        let a = ("a.rs", "use crate::B; pub struct A;");
        assert_eq!(edges(&[facade, a, ("b.rs", "pub struct B;")]), ["a>b"]);
        // But one that uses what it passes on depends on it.
        let uses = ("lib.rs", "mod a; mod b; pub use a::A; fn f(_: A) {} pub struct L;");
        let b = ("b.rs", "use crate::L;");
        assert_eq!(edges(&[uses, ("a.rs", "pub struct A;"), b]), ["b>lib", "lib>a"]);
    }

    #[test]
    fn an_import_is_followed_to_the_file_that_defines() {
        let root = ("lib.rs", "mod a; mod b; mod c; use c::C as Renamed;");
        let b = ("b.rs", "pub use crate::c::*; pub use super::c as again;");
        let c = ("c.rs", "pub struct C; pub enum E { One } pub fn f() {}");
        for through in [
            "use crate::b::C;",
            "use crate::b::{again::C};",
            "use crate::Renamed;",
            "use super::b; fn f(_: b::C) {}",
            "use crate::b as other; fn f() { other::again::f() }",
            "use crate::b::*; fn f(_: C) {}",
            "use crate::b::E::*;",
            "fn f() { use crate::b::E; }",
            "fn f() { match 1 { crate::b::E::One => {} } }",
            "fn f() { println!(\"{}\", crate::b::f()) }",
            "fn f() { tokio::select! { _ = crate::b::f() => {} } }",
            "#[derive(Deserialize)] struct S { #[serde(with = \"crate::b::E\")] f: u8 }",
            "#[derive(Parser)] struct S { #[arg(value_parser = crate::b::f)] f: u8 }",
            "impl crate::b::C {}",
            "pub(crate) use crate::b::C; fn f(_: C) {}",
            "mod inner { use super::super::b::C; }",
        ] {
            let found = edges(&[root, ("a.rs", through), b, c]);
            assert!(found.contains(&"a>c".to_owned()), "{through}: {found:?}");
            assert!(!found.contains(&"a>b".to_owned()), "{through}: {found:?}");
        }
    }

    #[test]
    fn what_is_no_use_makes_no_edge() {
        let b = ("b.rs", "pub struct B; pub fn b() {} pub mod c { pub fn b() {} }");
        for none in [
            "#[cfg(test)] mod tests { use crate::b::B; }",
            "#[cfg(all(test, unix))] mod tests { use crate::b::B; }",
            "#[cfg(test)] use crate::b::B;",
            "struct S; impl S { #[cfg(test)] fn f(_: crate::b::B) {} }",
            "pub use crate::b::B;",
            "// crate::b::B\nconst A: &str = \"crate::b::B\";",
            "/// [`crate::b::B`]\nfn f() {}",
            "use std::fmt; fn b() { self::b(); fmt::b() }",
            "fn f(b: u8) { g.b(); assert!(x.b()); b::<u8>() }",
            "fn f() { other::b::B }",
            "pub(in crate::a) fn f() {}",
        ] {
            assert_eq!(edges(&[A_B, ("a.rs", none), b]), Vec::<String>::new(), "{none}");
        }
    }

    #[test]
    fn macros_lead_to_the_file_that_defines_them() {
        let exported = "#[macro_export] macro_rules! m { () => { $crate::c::f() } }";
        let sources =
            [("lib.rs", "mod b; mod a; mod c;"), ("b.rs", exported), ("c.rs", "pub fn f() {}")];
        let with = |a| [&sources[..], &[("a.rs", a)]].concat();
        assert_eq!(edges(&with("fn f() { crate::m!() }")), ["a>b", "b>c"]);
        // Below its definition a macro is known without an import.
        let textual = [("lib.rs", "macro_rules! m { () => {} } mod a;"), ("a.rs", "m!();")];
        assert_eq!(edges(&textual), ["a>lib"]);
    }

    #[test]
    fn imports_that_name_each_other_end() {
        let sources =
            [A_B, ("a.rs", "pub use crate::b::X; use X as Y;"), ("b.rs", "pub use crate::a::X;")];
        assert_eq!(of(&sources), (vec![], vec![]));
        let globs =
            [A_B, ("a.rs", "pub use crate::b::*; fn f(_: X) {}"), ("b.rs", "pub use crate::a::*;")];
        assert_eq!(of(&globs), (vec![], vec![]));
    }

    #[test]
    fn modules_are_found_where_rust_finds_them() {
        let sources = [
            ("lib.rs", "mod a; mod inline { mod b; } #[path = \"odd/name.rs\"] mod c;"),
            ("a.rs", "mod deep; use deep::D;"),
            ("a/deep.rs", "pub struct D; use crate::c::C;"),
            ("inline/b.rs", "use crate::c::C;"),
            ("odd/name.rs", "pub struct C;"),
        ];
        assert_eq!(edges(&sources), ["a/deep>odd/name", "a>a/deep", "inline/b>odd/name"]);
    }
}
