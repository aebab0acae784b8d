//! The structure in numbers: `cargo xtask check --report`, as a table or as JSON.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;

use super::graph::Graph;
use super::resolve::Scopes;
use super::size::{self, Function};
use super::source::{File, Tree};
use super::workspace::{Package, Workspace};

/// The most that one crate may have of the lines of all.
const GOAL_PERCENT: f64 = 20.0;

/// What is counted, for whoever wants to count again.
const LEGEND: &str = "\
Files and lines are those of libraries and binaries. Lines: with code, so neither blank nor only a \
comment; without\ncode for tests; in brackets the generated ones among them. Share: of the lines of \
all crates. Edges: one file\nimports or names what another of its crate defines. Circles: the \
shortest one through each edge that closes one,\neach once; in brackets those of a parent module and \
its own child alone. Longest file and function: all their\nlines, generated files left out.";

/// The numbers of a workspace.
#[derive(Serialize)]
pub(crate) struct Report {
    /// Largest first.
    crates: Vec<Numbers>,
    lines: usize,
    largest_share_percent: f64,
    /// The same among published crates alone, without generated lines: the strictest reading.
    largest_share_of_published_written_percent: f64,
    largest_share_goal_percent: f64,
    circles: usize,
}

/// The numbers of a crate.
#[derive(Serialize)]
struct Numbers {
    name: String,
    is_published: bool,
    files: usize,
    lines: usize,
    /// Of the lines.
    generated_lines: usize,
    share_percent: f64,
    /// Crates of ours that it imports, outside tests.
    imports: Vec<String>,
    edges: usize,
    circles: usize,
    /// Of the circles, those of two files of which one is the other's parent.
    circles_of_parent_and_child: usize,
    files_in_circles: usize,
    longest_file: Longest,
    longest_function: Longest,
}

#[derive(Serialize, Default)]
struct Longest {
    /// File and line.
    place: String,
    name: String,
    lines: usize,
}

impl Report {
    /// Counts.
    pub(crate) fn new(workspace: &Workspace) -> Self {
        let ours: BTreeSet<&str> =
            workspace.packages.iter().map(|package| package.manifest.name.as_str()).collect();
        let mut crates: Vec<Numbers> =
            workspace.packages.iter().map(|package| Numbers::new(package, &ours)).collect();
        let all = crates.iter().map(|it| it.lines).sum();
        for numbers in &mut crates {
            numbers.share_percent = percent(numbers.lines, all);
        }
        crates.sort_by_key(|it| (!it.is_published, std::cmp::Reverse(it.lines)));
        let written: Vec<usize> = crates
            .iter()
            .filter(|it| it.is_published)
            .map(|it| it.lines - it.generated_lines)
            .collect();
        let most_written = written.iter().max().copied().unwrap_or_default();
        Self {
            lines: all,
            largest_share_percent: crates.iter().map(|it| it.share_percent).fold(0.0, f64::max),
            largest_share_of_published_written_percent: percent(most_written, written.iter().sum()),
            largest_share_goal_percent: GOAL_PERCENT,
            circles: crates.iter().map(|it| it.circles).sum(),
            crates,
        }
    }

    /// As a table for people.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{:15} {:>5} {:>11} {:>6} {:>5}  {:>9} {:>12}  {:32} imports",
            "crate",
            "files",
            "lines",
            "share",
            "edges",
            "circles",
            "longest file",
            "longest function",
        );
        for it in &self.crates {
            let lines = match it.generated_lines {
                0 => it.lines.to_string(),
                some => format!("{} ({some})", it.lines),
            };
            let circles = match it.circles_of_parent_and_child {
                0 => it.circles.to_string(),
                some => format!("{} ({some})", it.circles),
            };
            let function = format!("{} {}", it.longest_function.lines, it.longest_function.name);
            let _ = writeln!(
                text,
                "{:15} {:>5} {lines:>11} {:>5.1}% {:>5}  {circles:>9} {:>12}  {function:32} {}",
                it.name,
                it.files,
                it.share_percent,
                it.edges,
                it.longest_file.lines,
                it.imports.join(", "),
            );
        }
        let _ = writeln!(
            text,
            "\nLargest share: {:.1} % of {} lines; goal: at most {GOAL_PERCENT:.0} %. Of the lines that \
             people wrote in published crates: {:.1} %.\n\n{LEGEND}",
            self.largest_share_percent, self.lines, self.largest_share_of_published_written_percent
        );
        text
    }
}

#[expect(clippy::cast_precision_loss, reason = "lines of code are far below 2^52")]
fn percent(part: usize, all: usize) -> f64 {
    let tenths = (part as f64 * 1000.0 / all.max(1) as f64).round();
    tenths / 10.0
}

impl Numbers {
    fn new(package: &Package, ours: &BTreeSet<&str>) -> Self {
        let mut numbers = Self {
            name: package.manifest.name.clone(),
            is_published: package.is_published(),
            files: 0,
            lines: 0,
            generated_lines: 0,
            share_percent: 0.0,
            imports: package
                .manifest
                .dependencies
                .iter()
                .filter(|it| it.kind.is_none() && ours.contains(it.name.as_str()))
                .map(|it| it.name.clone())
                .collect(),
            edges: 0,
            circles: 0,
            circles_of_parent_and_child: 0,
            files_in_circles: 0,
            longest_file: Longest::default(),
            longest_function: Longest::default(),
        };
        for tree in package.products() {
            numbers.add_graph(tree);
            for file in tree.files.iter().filter(|file| !file.is_test) {
                numbers.add_file(file);
            }
        }
        numbers
    }

    fn add_graph(&mut self, tree: &Tree) {
        let scopes = Scopes::new(tree);
        let graph = Graph::new(tree, &scopes);
        let circles = graph.circles();
        self.edges += graph.edges().count();
        self.circles += circles.len();
        self.files_in_circles += circles.iter().flatten().collect::<BTreeSet<_>>().len();
        self.circles_of_parent_and_child +=
            circles.iter().filter(|circle| tree.is_parent_and_child(circle)).count();
    }

    fn add_file(&mut self, file: &File) {
        self.files += 1;
        let lines = size::code_lines(file);
        self.lines += lines;
        if size::is_generated(file) {
            self.generated_lines += lines;
            return;
        }
        let place = |line| format!("{}:{line}", file.path.display());
        let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let lines = file.text.lines().count();
        self.longest_file.take(Longest { place: place(1), name, lines });
        for Function { name, line, lines, .. } in size::functions(file) {
            self.longest_function.take(Longest { place: place(line), name, lines });
        }
    }
}

impl Longest {
    fn take(&mut self, other: Self) {
        if other.lines > self.lines {
            *self = other;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixture::Fixture;

    #[test]
    fn counts() {
        let mut fixture = Fixture::default();
        let root = "mod b;\npub use b::B;\n\nfn f() {\n    b::g();\n}\n";
        let child = "pub struct B;\npub fn g() {\n    super::f()\n}\n#[cfg(test)]\nmod tests {}\n";
        fixture.manifest("app", "", &[("lib.rs", root), ("b.rs", child)]);
        let generated = "//! @generated by hand\nconst A: u8 = 0;\n";
        let sources = [("lib.rs", "mod g;\n// c\nfn f() {}\n"), ("g.rs", generated)];
        fixture.manifest("core", "[dependencies]\napp = { path = \"../app\" }", &sources);
        fixture.package("lab", "", &[("lib.rs", "fn f() {}\n")]);
        let report = serde_json::to_value(Report::new(&fixture.read())).unwrap();
        let app = &report["crates"][0];
        assert_eq!(app["name"], "app");
        assert_eq!((&app["files"], &app["lines"]), (&2.into(), &9.into()), "{app}");
        assert_eq!((&app["edges"], &app["circles"]), (&2.into(), &1.into()), "{app}");
        assert_eq!(app["circles_of_parent_and_child"], 1);
        assert_eq!(app["share_percent"], 69.2);
        assert_eq!(app["longest_function"]["name"], "f");
        assert_eq!(app["longest_file"]["lines"], 6);
        let core = &report["crates"][1];
        assert_eq!((&core["lines"], &core["generated_lines"]), (&3.into(), &1.into()), "{core}");
        assert_eq!(core["imports"][0], "app");
        assert_eq!(report["crates"][2]["is_published"], false, "lab comes last");
        assert_eq!(report["lines"], 13);
        assert_eq!(report["largest_share_of_published_written_percent"], 81.8);
    }
}
