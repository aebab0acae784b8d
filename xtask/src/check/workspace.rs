//! The packages of a workspace: what Cargo knows of them, and their source files.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use super::source::Tree;
use crate::command::cargo;

/// A workspace as Cargo describes it, with every Rust file parsed.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// A package of the workspace.
pub(crate) struct Package {
    pub(crate) manifest: Manifest,
    pub(crate) targets: Vec<Target>,
}

/// A library, binary, test, benchmark, example or build script.
pub(crate) struct Target {
    /// What others get: a library or a binary.
    pub(crate) is_product: bool,
    pub(crate) tree: Tree,
}

/// What `cargo metadata` says of one package.
#[derive(Deserialize)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    #[serde(rename = "manifest_path")]
    pub(crate) path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    /// `None` where every registry is allowed, empty where none is.
    pub(crate) publish: Option<Vec<String>>,
    pub(crate) rust_version: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) repository: Option<String>,
    pub(crate) readme: Option<PathBuf>,
    #[serde(default)]
    pub(crate) keywords: Vec<String>,
    #[serde(default)]
    pub(crate) categories: Vec<String>,
    targets: Vec<TargetManifest>,
}

#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` for a normal one, or `dev` or `build`.
    pub(crate) kind: Option<String>,
    /// The version requirement; `*` where none is stated.
    pub(crate) req: String,
    pub(crate) path: Option<PathBuf>,
}

#[derive(Deserialize)]
struct TargetManifest {
    kind: Vec<String>,
    src_path: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Manifest>,
    workspace_root: PathBuf,
}

impl Workspace {
    /// Reads the workspace that `directory` is in.
    pub(crate) fn read(directory: &Path) -> Result<Self> {
        let output = cargo("metadata --no-deps --format-version 1 --offline")
            .current_dir(directory)
            .output()
            .context("cannot run cargo")?;
        if !output.status.success() {
            bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let metadata: Metadata =
            serde_json::from_slice(&output.stdout).context("cargo metadata")?;
        let root = metadata.workspace_root;
        let packages = metadata.packages.into_iter().map(|mut manifest| {
            let targets = std::mem::take(&mut manifest.targets);
            let targets = targets.into_iter().map(|target| target.read(&root));
            Ok(Package { targets: targets.collect::<Result<_>>()?, manifest })
        });
        Ok(Self { packages: packages.collect::<Result<_>>()?, root })
    }
}

impl TargetManifest {
    fn read(self, root: &Path) -> Result<Target> {
        let is_product = self.kind.iter().any(|kind| kind == "bin" || kind.ends_with("lib"));
        let tree = Tree::read(root, &self.src_path, !is_product && self.kind != ["custom-build"])?;
        Ok(Target { is_product, tree })
    }
}

impl Package {
    /// The package's directory.
    pub(crate) fn directory(&self) -> &Path {
        self.manifest.path.parent().unwrap_or(Path::new(""))
    }

    /// Whether `cargo publish` takes it.
    pub(crate) fn is_published(&self) -> bool {
        self.manifest.publish.as_ref().is_none_or(|registries| !registries.is_empty())
    }

    /// Its libraries and binaries.
    pub(crate) fn products(&self) -> impl Iterator<Item = &Tree> {
        self.targets.iter().filter(|target| target.is_product).map(|target| &target.tree)
    }

    /// Every file of every target; one that two targets have comes twice.
    pub(crate) fn files(&self) -> impl Iterator<Item = &super::source::File> {
        self.targets.iter().flat_map(|target| &target.tree.files)
    }
}
