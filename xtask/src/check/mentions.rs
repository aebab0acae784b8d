//! Which paths a module's code writes, and where: what `use` items import, and what bodies,
//! signatures, attributes and macro calls name.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemUse, Macro, Meta, UseTree, Visibility};

use super::source::is_for_tests;

/// A path as written, for example `["crate", "tree", "Builder"]`.
pub(crate) type Names = Vec<String>;

/// One path in the code of a module.
pub(crate) struct Mention {
    pub(crate) names: Names,
    pub(crate) line: usize,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A `use` item that only this module and its children see.
    Import,
    /// `pub use` and `pub(…) use`: passes a name on.
    ReExport,
    /// Anything but a `use` item.
    Code,
}

/// What a module's items say, children left out. Code for tests is not looked at.
#[derive(Default)]
pub(crate) struct Mentions {
    pub(crate) paths: Vec<Mention>,
    /// Names that `use` items of the module bring into its scope.
    pub(crate) imports: Vec<(String, Names)>,
    /// Modules and enums that `use …::*` opens.
    pub(crate) globs: Vec<Names>,
}

/// Collects the mentions of a module from its items.
pub(crate) fn collect(items: &[Item]) -> Mentions {
    let mut mentions = Mentions::default();
    for item in items {
        match item {
            Item::Use(item) if !is_for_tests(&item.attrs) => {
                mentions.add_use(item, /* in module scope */ true);
            }
            // Inline modules are modules of their own.
            Item::Use(_) | Item::Mod(_) => {}
            item => mentions.visit_item(item),
        }
    }
    mentions
}

impl Mentions {
    fn add_use(&mut self, item: &ItemUse, in_module_scope: bool) {
        let kind = match &item.vis {
            Visibility::Inherited => Kind::Import,
            Visibility::Restricted(within) if within.path.is_ident("self") => Kind::Import,
            _ => Kind::ReExport,
        };
        let mut leaves = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut leaves);
        for Leaf { names, name, line } in leaves {
            if item.leading_colon.is_none() && in_module_scope {
                match name {
                    Some(name) => self.imports.push((name, names.clone())),
                    None => self.globs.push(names.clone()),
                }
            }
            self.paths.push(Mention { names, line, kind });
        }
    }

    fn add_code(&mut self, names: Names, line: usize) {
        self.paths.push(Mention { names, line, kind: Kind::Code });
    }

    /// Finds paths in tokens that are not parsed: the arguments of macros and attributes.
    fn scan(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => self.scan(group.stream()),
                TokenTree::Ident(first) if !is_member(&tokens[..at]) => {
                    let mut names = vec![first.to_string()];
                    while let Some(next) = after_colons(&tokens[at + 1..]) {
                        names.push(next);
                        at += 3;
                    }
                    self.add_code(names, first.span().start().line);
                }
                _ => {}
            }
            at += 1;
        }
    }
}

/// Whether the tokens before a name make it a field, a method, a lifetime, a macro's variable, or
/// the rest of a longer path (`<T as Trait>::name`).
fn is_member(before: &[TokenTree]) -> bool {
    let punct = |back: usize| match before.len().checked_sub(back).map(|at| &before[at]) {
        Some(TokenTree::Punct(punct)) => Some(punct.as_char()),
        _ => None,
    };
    match punct(1) {
        // `0..name` is not a member.
        Some('.') => punct(2) != Some('.'),
        Some(':') => punct(2) == Some(':'),
        Some('\'') => true,
        _ => false,
    }
}

/// The name after `::`.
fn after_colons(tokens: &[TokenTree]) -> Option<String> {
    match tokens {
        [TokenTree::Punct(one), TokenTree::Punct(two), TokenTree::Ident(name), ..]
            if one.as_char() == ':' && one.spacing() == Spacing::Joint && two.as_char() == ':' =>
        {
            Some(name.to_string())
        }
        _ => None,
    }
}

impl<'a> Visit<'a> for Mentions {
    fn visit_item(&mut self, item: &'a Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'a syn::ImplItemFn) {
        if !is_for_tests(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_local(&mut self, local: &'a syn::Local) {
        if !is_for_tests(&local.attrs) {
            visit::visit_local(self, local);
        }
    }

    fn visit_field(&mut self, field: &'a syn::Field) {
        if !is_for_tests(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    /// A `use` inside a function: its names are not the module's.
    fn visit_item_use(&mut self, item: &'a ItemUse) {
        self.add_use(item, false);
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let names: Names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let Some(first) = path.segments.first() {
            self.add_code(names, first.ident.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'a Macro) {
        self.visit_path(&call.path);
        self.scan(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'a Attribute) {
        let Meta::List(list) = &attribute.meta else { return };
        if ["cfg", "derive", "doc", "expect", "allow"].iter().any(|name| list.path.is_ident(name)) {
            return;
        }
        self.scan(list.tokens.clone());
        // `#[serde(with = "crate::time::text")]` names code in a string.
        if list.path.is_ident("serde") {
            for token in list.tokens.clone() {
                let TokenTree::Literal(literal) = &token else { continue };
                let text = literal.to_string();
                let Ok(path) = syn::parse_str::<syn::Path>(text.trim_matches('"')) else {
                    continue;
                };
                let names = path.segments.iter().map(|segment| segment.ident.to_string());
                self.add_code(names.collect(), literal.span().start().line);
            }
        }
    }
}

/// One name that a `use` item imports; `None` for all names (`*`).
struct Leaf {
    names: Names,
    name: Option<String>,
    line: usize,
}

fn flatten(tree: &UseTree, prefix: &mut Names, leaves: &mut Vec<Leaf>) {
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            flatten(&path.tree, prefix, leaves);
            prefix.pop();
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, prefix, leaves);
            }
        }
        UseTree::Name(leaf) => {
            let mut names = prefix.clone();
            let line = leaf.ident.span().start().line;
            // `use a::b::{self}` imports `b`.
            if leaf.ident != "self" || names.is_empty() {
                names.push(leaf.ident.to_string());
            }
            leaves.push(Leaf { name: names.last().cloned(), names, line });
        }
        UseTree::Rename(leaf) => {
            let mut names = prefix.clone();
            if leaf.ident != "self" || names.is_empty() {
                names.push(leaf.ident.to_string());
            }
            let line = leaf.ident.span().start().line;
            leaves.push(Leaf { name: Some(leaf.rename.to_string()), names, line });
        }
        UseTree::Glob(leaf) => {
            let line = leaf.star_token.spans[0].start().line;
            leaves.push(Leaf { names: prefix.clone(), name: None, line });
        }
    }
}

pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The identifiers `unsafe` in a file, as lines. Comments and strings are not tokens of code.
pub(crate) fn lines_of_unsafe(tokens: TokenStream, lines: &mut Vec<usize>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => lines_of_unsafe(group.stream(), lines),
            TokenTree::Ident(ident) if ident == "unsafe" => lines.push(ident.span().start().line),
            _ => {}
        }
    }
}

/// The lines that hold code: neither blank nor only a comment.
pub(crate) fn lines_of_code(tokens: TokenStream, lines: &mut std::collections::BTreeSet<usize>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        let skipped = length_of_doc(&tokens[at..]);
        if skipped > 0 {
            at += skipped;
            continue;
        }
        let span = tokens[at].span();
        if let TokenTree::Group(group) = &tokens[at] {
            if group.delimiter() != Delimiter::None {
                lines.extend([group.span_open().start().line, group.span_close().end().line]);
            }
            lines_of_code(group.stream(), lines);
        } else {
            lines.extend(span.start().line..=span.end().line);
        }
        at += 1;
    }
}

/// How many tokens at the start are one documentation comment: `#[doc = …]` or `#![doc = …]`.
fn length_of_doc(tokens: &[TokenTree]) -> usize {
    let is = |at: usize, sign| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == sign);
    if !is(0, '#') {
        return 0;
    }
    let at = if is(1, '!') { 2 } else { 1 };
    let Some(TokenTree::Group(group)) = tokens.get(at) else { return 0 };
    let mut inside = group.stream().into_iter();
    let is_doc = matches!(inside.next(), Some(TokenTree::Ident(name)) if name == "doc")
        && matches!(inside.next(), Some(TokenTree::Punct(sign)) if sign.as_char() == '=');
    if is_doc { at + 1 } else { 0 }
}
