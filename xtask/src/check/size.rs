//! How long files and functions are, and the comments that allow a long one.

use std::collections::BTreeSet;

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Block, ImplItemFn, Item, ItemFn, Signature, TraitItemFn};

use super::mentions::lines_of_code;
use super::source::{File, is_for_tests};
use super::workspace::Workspace;

/// The most lines of a file, and of a function from `fn` to its closing brace.
pub(crate) const MOST_LINES_OF_FILE: usize = 400;
pub(crate) const MOST_LINES_OF_FUNCTION: usize = 60;

/// A comment line that allows a long file: before its first item.
const LONG_FILE: &str = "// long file:";
/// A comment line that allows a long function: directly above `fn`, or above its attributes.
const LONG_FUNCTION: &str = "// long function:";

/// What the first comment of a generated file says.
const GENERATED: &str = "@generated";

/// A function, and where it is.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Of its first attribute or comment.
    first: usize,
    /// Of `fn`.
    pub(crate) line: usize,
    /// From `fn` to the closing brace; in code for tests without the lines of tables.
    pub(crate) lines: usize,
}

/// Every file and function that is too long, and every comment that allows what is not.
pub(crate) fn too_long(workspace: &Workspace) -> Vec<String> {
    let mut broken = BTreeSet::new();
    for package in &workspace.packages {
        for file in package.files().filter(|file| !is_generated(file)) {
            broken.extend(of_file(file));
        }
    }
    broken.into_iter().collect()
}

/// Whether a program wrote the file: its first comment says so.
pub(crate) fn is_generated(file: &File) -> bool {
    let start = file.text.lines().take_while(|line| line.starts_with("//"));
    start.into_iter().any(|line| line.contains(GENERATED))
}

fn of_file(file: &File) -> Vec<String> {
    let lines: Vec<&str> = file.text.lines().collect();
    let place = |line: usize| format!("{}:{line}", file.path.display());
    let mut broken = Vec::new();
    let mut used = BTreeSet::new();
    if lines.len() > MOST_LINES_OF_FILE {
        let first_item = file.syntax.items.first().map_or(1, |item| item.span().start().line);
        match reason(&lines, LONG_FILE, 1..first_item + 1) {
            Some(line) => used.extend([line]),
            None => broken.push(format!(
                "{}: {} lines, at most {MOST_LINES_OF_FILE}; split it, or say why before its first \
                 item: `{LONG_FILE} reason`",
                place(1),
                lines.len(),
            )),
        }
    }
    for function in functions(file).iter().filter(|it| it.lines > MOST_LINES_OF_FUNCTION) {
        let above = function.first.saturating_sub(1).max(1)..function.line + 1;
        match reason(&lines, LONG_FUNCTION, above) {
            Some(line) => used.extend([line]),
            None => broken.push(format!(
                "{}: function {}: {} lines, at most {MOST_LINES_OF_FUNCTION}; split it, or say why \
                 in the line above: `{LONG_FUNCTION} reason`",
                place(function.line),
                function.name,
                function.lines,
            )),
        }
    }
    for (index, line) in lines.iter().enumerate() {
        let is_mark = [LONG_FILE, LONG_FUNCTION].iter().any(|mark| line.trim().starts_with(mark));
        if is_mark && !used.contains(&(index + 1)) {
            broken.push(format!(
                "{}: allows nothing: no reason, or nothing long follows; complete or delete it",
                place(index + 1)
            ));
        }
    }
    broken
}

/// The line with `mark` and a reason.
fn reason(lines: &[&str], mark: &str, among: std::ops::Range<usize>) -> Option<usize> {
    among.into_iter().find(|line| {
        let text = lines.get(line - 1).map_or("", |line| line.trim());
        text.strip_prefix(mark).is_some_and(|reason| !reason.trim().is_empty())
    })
}

/// The functions of a file with a body, methods included, closures not.
pub(crate) fn functions(file: &File) -> Vec<Function> {
    let mut finder = Functions { found: Vec::new(), in_tests: file.is_test };
    finder.visit_file(&file.syntax);
    finder.found
}

struct Functions {
    found: Vec<Function>,
    in_tests: bool,
}

impl Functions {
    fn add(&mut self, attributes: &[syn::Attribute], signature: &Signature, body: &Block) {
        let line = signature.fn_token.span.start().line;
        let first = attributes.iter().map(|attribute| attribute.span().start().line).min();
        let mut lines = body.brace_token.span.close().end().line + 1 - line;
        if self.in_tests || is_for_tests(attributes) {
            let mut tables = Tables::default();
            tables.visit_block(body);
            lines -= tables.lines.len();
        }
        let first = first.unwrap_or(line).min(line);
        self.found.push(Function { name: signature.ident.to_string(), first, line, lines });
    }
}

impl<'a> Visit<'a> for Functions {
    fn visit_item(&mut self, item: &'a Item) {
        let before = self.in_tests;
        if let Item::Mod(module) = item {
            self.in_tests |= is_for_tests(&module.attrs);
        }
        visit::visit_item(self, item);
        self.in_tests = before;
    }

    fn visit_item_fn(&mut self, item: &'a ItemFn) {
        self.add(&item.attrs, &item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'a ImplItemFn) {
        self.add(&item.attrs, &item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'a TraitItemFn) {
        if let Some(body) = &item.default {
            self.add(&item.attrs, &item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

/// The lines between the first and the last of each table: an array, a `vec!` or a text.
#[derive(Default)]
struct Tables {
    lines: BTreeSet<usize>,
}

impl Tables {
    fn add(&mut self, span: proc_macro2::Span) {
        self.lines.extend(span.start().line + 1..span.end().line);
    }
}

impl<'a> Visit<'a> for Tables {
    fn visit_expr_array(&mut self, array: &'a syn::ExprArray) {
        self.add(array.bracket_token.span.join());
    }

    fn visit_lit_str(&mut self, text: &'a syn::LitStr) {
        self.add(text.span());
    }

    fn visit_macro(&mut self, call: &'a syn::Macro) {
        if call.path.is_ident("vec") {
            self.add(call.delimiter.span().join());
        }
    }
}

/// How many lines of a file hold code that is not for tests: no blank line, no comment alone.
pub(crate) fn code_lines(file: &File) -> usize {
    if file.is_test {
        return 0;
    }
    let mut lines = BTreeSet::new();
    if let Ok(tokens) = file.text.parse() {
        lines_of_code(tokens, &mut lines);
    }
    let mut tests = TestLines::default();
    tests.visit_file(&file.syntax);
    lines.difference(&tests.lines).count()
}

#[derive(Default)]
struct TestLines {
    lines: BTreeSet<usize>,
}

impl<'a> Visit<'a> for TestLines {
    fn visit_item(&mut self, item: &'a Item) {
        if is_for_tests(super::mentions::attributes(item)) {
            let span = item.span();
            self.lines.extend(span.start().line..=span.end().line);
        } else {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'a ImplItemFn) {
        if is_for_tests(&item.attrs) {
            let span = item.span();
            self.lines.extend(span.start().line..=span.end().line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixture::Fixture;

    fn of(source: &str) -> Vec<String> {
        too_long(&Fixture::library(&[("lib.rs", source)]))
    }

    fn statements(count: usize) -> String {
        "    f();\n".repeat(count)
    }

    #[test]
    fn a_function_of_60_lines_passes_and_one_of_61_fails() {
        let function = |lines: usize| format!("fn f() {{\n{}}}\n", statements(lines - 2));
        assert_eq!(of(&function(60)), Vec::<String>::new());
        let broken = of(&format!("#![allow(x)]\n/// What it does.\n{}", function(61)));
        assert_eq!(broken.len(), 1, "{broken:?}");
        assert!(broken[0].starts_with("app/src/lib.rs:3: function f: 61 lines"), "{broken:?}");
        let method = format!("impl S {{\n{}\n}}", function(61));
        assert_eq!(of(&method).len(), 1);
    }

    #[test]
    fn a_reason_above_allows_a_long_function() {
        let long = format!("fn f() {{\n{}}}\n", statements(80));
        for above in [
            "// long function: one table of states\n",
            "// long function: one table of states\n#[inline]\n",
            "/// What it does.\n// long function: one table of states\n#[inline]\n",
        ] {
            assert_eq!(of(&format!("{above}{long}")), Vec::<String>::new(), "{above}");
        }
        let broken = of(&format!("// long function:\n{long}"));
        assert_eq!(broken.len(), 2, "a reason that is empty: {broken:?}");
        let broken = of(&format!("// long function: far away\n\nfn g() {{}}\n\n{long}"));
        assert_eq!(broken.len(), 2, "{broken:?}");
    }

    #[test]
    fn a_comment_that_allows_nothing_fails() {
        assert_eq!(of("// long function: it was once\nfn f() {}\n").len(), 1);
        assert_eq!(of("// long file: it was once\nfn f() {}\n").len(), 1);
    }

    #[test]
    fn a_file_of_400_lines_passes_and_one_of_401_fails() {
        let file = |lines: usize| "const A: u8 = 0;\n".repeat(lines);
        assert_eq!(of(&file(400)), Vec::<String>::new());
        assert_eq!(of(&file(401)).len(), 1);
        assert_eq!(of(&format!("// long file: constants\n{}", file(401))), Vec::<String>::new());
        assert_eq!(
            of(&format!("//! @generated by a program.\n{}", file(401))),
            Vec::<String>::new()
        );
    }

    #[test]
    fn the_lines_of_a_table_in_a_test_do_not_count() {
        let table = format!("    for x in [\n{}    ] {{ f(x) }}\n", "        1,\n".repeat(80));
        assert_eq!(of(&format!("#[test]\nfn t() {{\n{table}}}\n")), Vec::<String>::new());
        assert_eq!(of(&format!("fn t() {{\n{table}}}\n")).len(), 1);
        let in_module = format!("#[cfg(test)]\nmod tests {{\nfn t() {{\n{table}}}\n}}\n");
        assert_eq!(of(&in_module), Vec::<String>::new());
    }

    #[test]
    fn code_is_neither_blank_nor_comment_nor_test() {
        let source = "//! Doc.\n\n/// Doc.\nfn f() { // c\n    /* c */\n    g();\n\n}\n\
                      const A: &str = \"a\n\nb\";\n#[cfg(test)]\nmod tests {\n    fn t() {}\n}\n";
        let workspace = Fixture::library(&[("lib.rs", source)]);
        assert_eq!(code_lines(workspace.packages[0].files().next().unwrap()), 6);
    }
}
