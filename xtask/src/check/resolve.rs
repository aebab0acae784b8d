//! From a path as written to the file that defines what it names, through imports and re-exports.

use std::collections::HashMap;

use syn::Item;

use super::mentions::{self, Mention, Mentions, Names};
use super::source::{FileId, ModuleId, Tree};

/// The names of a target's modules.
pub(crate) struct Scopes<'a> {
    tree: &'a Tree,
    modules: Vec<Scope>,
}

struct Scope {
    names: HashMap<String, Vec<Name>>,
    /// Macros defined by `macro_rules!`, which children see without an import.
    macros: Vec<String>,
    globs: Vec<Names>,
    mentions: Vec<Mention>,
}

enum Name {
    Module(ModuleId),
    /// Defined in the module itself.
    Item,
    Import(Names),
}

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Module(ModuleId),
    /// An item that this file defines, or something inside that item.
    Item(FileId),
    /// Nothing of this target: a path into another crate, or a local variable.
    Outside(Names),
}

/// Modules and names that the current search has gone through, so that it ends.
type Trail = Vec<(ModuleId, String)>;

impl<'a> Scopes<'a> {
    pub(crate) fn new(tree: &'a Tree) -> Self {
        let mut modules: Vec<Scope> =
            (0..tree.modules.len()).map(|module| Scope::new(tree, module)).collect();
        // `#[macro_export]` puts a macro at the root, whichever module defines it.
        for module in 1..modules.len() {
            for name in exported_macros(tree.items(module)) {
                let path = path_of(tree, module, &name);
                modules[0].names.entry(name).or_default().push(Name::Import(path));
            }
        }
        Self { tree, modules }
    }

    /// The paths that a module writes.
    pub(crate) fn mentions(&self, module: ModuleId) -> &[Mention] {
        &self.modules[module].mentions
    }

    /// What `names`, written in `module`, leads to.
    pub(crate) fn resolve(&self, module: ModuleId, names: &[String]) -> Found {
        self.walk(module, names, &mut Vec::new())
    }

    fn walk(&self, module: ModuleId, names: &[String], trail: &mut Trail) -> Found {
        let outside = || Found::Outside(names.to_vec());
        let Some((first, mut rest)) = names.split_first() else { return Found::Module(module) };
        let mut found = match first.as_str() {
            "crate" => Found::Module(0),
            "self" if names.len() > 1 => Found::Module(module),
            "super" => match self.tree.modules[module].parent {
                Some(parent) => Found::Module(parent),
                None => return outside(),
            },
            name => self
                .lookup(module, name, !rest.is_empty(), trail)
                .or_else(|| rest.is_empty().then(|| self.inherited_macro(module, name))?)
                .unwrap_or_else(outside_one(name)),
        };
        while let Some((name, after)) = rest.split_first() {
            found = match found {
                Found::Item(_) => return found,
                Found::Outside(mut names) => {
                    names.extend_from_slice(rest);
                    return Found::Outside(names);
                }
                Found::Module(inside) if name == "super" => {
                    match self.tree.modules[inside].parent {
                        Some(parent) => Found::Module(parent),
                        None => return outside(),
                    }
                }
                Found::Module(inside) => {
                    match self.lookup(inside, name, !after.is_empty(), trail) {
                        Some(found) => found,
                        None => return outside(),
                    }
                }
            };
            rest = after;
        }
        found
    }

    /// What a module knows under `name`. One name may be a module and a function at once: before
    /// `::` the module is meant.
    fn lookup(
        &self,
        module: ModuleId,
        name: &str,
        as_prefix: bool,
        trail: &mut Trail,
    ) -> Option<Found> {
        let step = (module, name.to_owned());
        if trail.contains(&step) {
            return None;
        }
        trail.push(step);
        let mut all = Vec::new();
        for candidate in self.modules[module].names.get(name).into_iter().flatten() {
            all.push(match candidate {
                Name::Module(child) => Found::Module(*child),
                Name::Item => Found::Item(self.tree.modules[module].file),
                Name::Import(path) => self.walk(module, path, trail),
            });
        }
        if all.is_empty() {
            for glob in &self.modules[module].globs {
                if let Found::Module(opened) = self.walk(module, glob, trail) {
                    all.extend(self.lookup(opened, name, as_prefix, trail));
                }
            }
        }
        trail.pop();
        let is_module = |found: &&Found| matches!(found, Found::Module(_)) == as_prefix;
        let is_ours = |found: &&Found| !matches!(found, Found::Outside(_));
        all.iter()
            .find(|found| is_ours(found) && is_module(found))
            .or_else(|| all.iter().find(is_ours))
            .or(all.first())
            .cloned()
    }

    fn inherited_macro(&self, module: ModuleId, name: &str) -> Option<Found> {
        let parents =
            std::iter::successors(Some(module), |module| self.tree.modules[*module].parent);
        let mut having =
            parents.filter(|at| self.modules[*at].macros.iter().any(|own| own == name));
        having.next().map(|at| Found::Item(self.tree.modules[at].file))
    }
}

fn outside_one(name: &str) -> impl FnOnce() -> Found {
    let name = name.to_owned();
    || Found::Outside(vec![name])
}

impl Scope {
    fn new(tree: &Tree, module: ModuleId) -> Self {
        let items = tree.items(module);
        let Mentions { paths, imports, globs } = if tree.modules[module].is_test {
            Mentions::default()
        } else {
            mentions::collect(items)
        };
        let mut names: HashMap<String, Vec<Name>> = HashMap::new();
        for (name, child) in &tree.modules[module].children {
            names.entry(name.clone()).or_default().push(Name::Module(*child));
        }
        for name in items.iter().filter_map(defined) {
            names.entry(name).or_default().push(Name::Item);
        }
        for (name, path) in imports {
            names.entry(name).or_default().push(Name::Import(path));
        }
        let macros = items.iter().filter(|item| matches!(item, Item::Macro(_)));
        Self { names, macros: macros.filter_map(defined).collect(), globs, mentions: paths }
    }
}

/// The name that an item defines in its module. Modules are not items here.
fn defined(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Macro(item) => item.ident.as_ref()?.to_string(),
        Item::Static(item) => item.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::TraitAlias(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        Item::Union(item) => item.ident.to_string(),
        _ => return None,
    })
}

fn exported_macros(items: &[Item]) -> Vec<String> {
    let exported = items.iter().filter(|item| {
        matches!(item, Item::Macro(item)
            if item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export")))
    });
    exported.filter_map(defined).collect()
}

/// `crate::…::name` for something in `module`.
fn path_of(tree: &Tree, module: ModuleId, name: &str) -> Names {
    let mut path = vec![name.to_owned()];
    let mut at = module;
    while let Some(parent) = tree.modules[at].parent {
        let own = tree.modules[parent].children.iter().find(|(_, child)| **child == at);
        path.extend(own.map(|(name, _)| name.clone()));
        at = parent;
    }
    path.push("crate".to_owned());
    path.reverse();
    path
}
