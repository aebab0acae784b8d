//! The Rust files of one target, parsed, as the tree of modules that `mod` items make of them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use syn::{Attribute, Expr, ExprLit, Item, ItemMod, Lit, Meta, Token};

/// Index into [`Tree::files`].
pub(crate) type FileId = usize;

/// Index into [`Tree::modules`]; the root is 0.
pub(crate) type ModuleId = usize;

/// One target of a package (a library, a binary, a test): its files and modules.
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
    pub(crate) modules: Vec<Module>,
}

/// One source file.
pub(crate) struct File {
    /// Relative to the workspace's root.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) syntax: syn::File,
    /// Compiled for tests only.
    pub(crate) is_test: bool,
}

/// A module: a whole file, or a `mod name { … }` in one.
pub(crate) struct Module {
    pub(crate) file: FileId,
    pub(crate) parent: Option<ModuleId>,
    pub(crate) children: HashMap<String, ModuleId>,
    /// Names of the enclosing `mod name { … }` items in the same file, outermost first.
    pub(crate) inline: Vec<String>,
    pub(crate) is_test: bool,
}

impl Tree {
    /// Reads the target whose root file is `root`; `workspace` is the directory that paths are
    /// shown relative to.
    pub(crate) fn read(workspace: &Path, root: &Path, is_test: bool) -> Result<Self> {
        let mut tree = Self { files: Vec::new(), modules: Vec::new() };
        let directory = root.parent().context("a source file has no directory")?;
        tree.add_file(workspace, root, directory, None, is_test)?;
        Ok(tree)
    }

    /// The items of a module.
    pub(crate) fn items(&self, module: ModuleId) -> &[Item] {
        let module = &self.modules[module];
        let mut items = &self.files[module.file].syntax.items;
        for name in &module.inline {
            let found = items.iter().find_map(|item| match item {
                Item::Mod(child) if child.ident == name => child.content.as_ref(),
                _ => None,
            });
            match found {
                Some((_, content)) => items = content,
                None => return &[],
            }
        }
        items
    }

    /// Whether these are two files of which one is the other's parent module.
    pub(crate) fn is_parent_and_child(&self, files: &[FileId]) -> bool {
        let parent = |file: FileId| {
            let module = self.modules.iter().find(|module| module.file == file)?;
            Some(self.modules[module.parent?].file)
        };
        matches!(*files, [one, two] if parent(one) == Some(two) || parent(two) == Some(one))
    }

    /// Parses a file as a module whose children live in `directory`.
    fn add_file(
        &mut self,
        workspace: &Path,
        path: &Path,
        directory: &Path,
        parent: Option<ModuleId>,
        is_test: bool,
    ) -> Result<ModuleId> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let syntax = syn::parse_file(&text).map_err(|error| {
            let start = error.span().start();
            anyhow::anyhow!("{}:{}: {error}", path.display(), start.line)
        })?;
        let shown = path.strip_prefix(workspace).unwrap_or(path).to_owned();
        let file = self.files.len();
        self.files.push(File { path: shown, text, syntax, is_test });
        let module = self.add_module(file, parent, Vec::new(), is_test);
        self.add_children(workspace, path, module, directory)?;
        Ok(module)
    }

    fn add_module(
        &mut self,
        file: FileId,
        parent: Option<ModuleId>,
        inline: Vec<String>,
        is_test: bool,
    ) -> ModuleId {
        self.modules.push(Module { file, parent, children: HashMap::new(), inline, is_test });
        self.modules.len() - 1
    }

    /// Adds what the `mod` items of `module` name.
    fn add_children(
        &mut self,
        workspace: &Path,
        path: &Path,
        module: ModuleId,
        directory: &Path,
    ) -> Result<()> {
        let children: Vec<ItemMod> = self
            .items(module)
            .iter()
            .filter_map(|item| if let Item::Mod(child) = item { Some(child.clone()) } else { None })
            .collect();
        for child in children {
            let name = child.ident.to_string();
            let is_test = self.modules[module].is_test || is_for_tests(&child.attrs);
            let id = if child.content.is_some() {
                let inline =
                    [&self.modules[module].inline[..], std::slice::from_ref(&name)].concat();
                let file = self.modules[module].file;
                let id = self.add_module(file, Some(module), inline, is_test);
                self.add_children(workspace, path, id, &directory.join(&name))?;
                id
            } else {
                let (file, below) = file_of(&child, path, directory)?;
                self.add_file(workspace, &file, &below, Some(module), is_test)?
            };
            self.modules[module].children.insert(name, id);
        }
        Ok(())
    }
}

/// The file of `mod name;` in the file `parent`, and the directory of that module's own children.
fn file_of(module: &ItemMod, parent: &Path, directory: &Path) -> Result<(PathBuf, PathBuf)> {
    let name = module.ident.to_string();
    if let Some(stated) = module.attrs.iter().find_map(stated_path) {
        let file = parent.parent().unwrap_or(directory).join(stated);
        let below = file.with_extension("");
        return Ok((file, below));
    }
    let below = directory.join(&name);
    for file in [directory.join(format!("{name}.rs")), below.join("mod.rs")] {
        if file.is_file() {
            return Ok((file, below));
        }
    }
    bail!("{}: no file for `mod {name};` in {}", parent.display(), directory.display())
}

/// The value of `#[path = "…"]`.
fn stated_path(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    let Expr::Lit(ExprLit { lit: Lit::Str(value), .. }) = &pair.value else { return None };
    pair.path.is_ident("path").then(|| value.value())
}

/// Whether attributes say that something is compiled for tests only: `#[test]`, `#[cfg(test)]`, or
/// `#[cfg(all(test, …))]`.
pub(crate) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.parse_args::<Meta>().is_ok_and(|condition| implies_test(&condition))
    })
}

fn implies_test(condition: &Meta) -> bool {
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => list
            .parse_args_with(syn::punctuated::Punctuated::<Meta, Token![,]>::parse_terminated)
            .is_ok_and(|all| all.iter().any(implies_test)),
        _ => false,
    }
}
