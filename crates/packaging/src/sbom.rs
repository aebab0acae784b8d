//! What is inside the program, as a `CycloneDX` 1.6 document: the crates that are linked into it, with their
//! versions, licences and digests, and which uses which.
//!
//! Format: <https://cyclonedx.org/docs/1.6/json/>

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// What `cargo metadata` prints.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    repository: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    /// `None` is a dependency of the program; others are for builds and tests.
    kind: Option<String>,
}

/// `Cargo.lock`.
#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    /// Of the package that the registry has; ours have none.
    checksum: Option<String>,
}

impl Package {
    /// `pkg:cargo/serde@1.0.0`, the name of a package in any ecosystem.
    fn url(&self) -> String {
        // Build metadata follows a plus sign, which is a space where it is not escaped.
        format!("pkg:cargo/{}@{}", self.name, self.version.replace('+', "%2B"))
    }

    fn component(&self, digests: &HashMap<(String, String), String>) -> Value {
        let mut component = json!({
            "type": "library",
            "bom-ref": self.url(),
            "name": self.name,
            "version": self.version,
            "purl": self.url(),
        });
        if let Some(license) = &self.license {
            // Older crates have a slash for "or".
            let expression = license.replace('/', " OR ").replace("  OR  ", " OR ");
            component["licenses"] = json!([{ "expression": expression }]);
        }
        if let Some(digest) = digests.get(&(self.name.clone(), self.version.clone())) {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": digest }]);
        }
        if let Some(url) = self.repository.as_ref().filter(|_| self.source.is_some()) {
            component["externalReferences"] = json!([{ "type": "vcs", "url": url }]);
        }
        component
    }
}

/// What cargo says of a build of the package `imds`.
pub struct Build<'a> {
    /// What `cargo metadata` prints. It has the features of the whole workspace, so also crates for tests alone.
    pub metadata: &'a [u8],
    /// What `cargo tree --prefix none --edges normal,no-proc-macro` prints for the package and its features: a
    /// line such as `tokio v1.54.1` for each crate that is linked.
    pub tree: &'a str,
    /// `Cargo.lock`.
    pub lock: &'a str,
    /// The time of the commit, in seconds since 1970.
    pub time: u64,
}

/// The document for a build.
pub fn components(build: &Build<'_>) -> Result<Vec<u8>> {
    let metadata: Metadata = serde_json::from_slice(build.metadata).context("cargo metadata")?;
    let words = build.tree.lines().map(str::split_whitespace);
    let is_linked: HashSet<_> = words
        .filter_map(|mut words| Some((words.next()?, words.next()?.strip_prefix('v')?)))
        .collect();
    let linked =
        metadata.packages.iter().filter(|it| is_linked.contains(&(&*it.name, &*it.version)));
    let packages: HashMap<_, _> = linked.map(|it| (it.id.as_str(), it)).collect();
    let nodes: HashMap<_, _> =
        metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let root = metadata.packages.iter().find(|package| package.name == "imds");
    let root = root.context("the workspace has no package imds")?;

    // From the program to all that is linked into it.
    let mut uses = BTreeMap::new();
    let mut components = BTreeMap::new();
    let mut left = vec![root];
    let digests = digests(build.lock)?;
    while let Some(package) = left.pop() {
        if uses.contains_key(&package.url()) {
            continue;
        }
        let node = nodes.get(package.id.as_str()).context("a package without a node")?;
        let linked = node.deps.iter().filter(|it| it.dep_kinds.iter().any(|it| it.kind.is_none()));
        let linked = linked.filter_map(|it| packages.get(it.pkg.as_str()).copied());
        let linked: Vec<_> = linked.collect();
        let urls: BTreeSet<_> = linked.iter().map(|package| package.url()).collect();
        uses.insert(package.url(), urls);
        components.insert(package.url(), package.component(&digests));
        left.extend(linked);
    }
    let mut program = components.remove(&root.url()).context("the program itself")?;
    program["type"] = json!("application");
    let dependencies = uses.iter().map(|(url, uses)| json!({ "ref": url, "dependsOn": uses }));
    let document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": Timestamp::from_second(build.time.try_into()?)?.to_string(),
            "component": program,
        },
        "components": components.into_values().collect::<Vec<_>>(),
        "dependencies": dependencies.collect::<Vec<_>>(),
    });
    Ok(serde_json::to_vec_pretty(&document)?)
}

/// The digests of `Cargo.lock` by name and version.
fn digests(lock: &str) -> Result<HashMap<(String, String), String>> {
    let lock: Lock = toml::from_str(lock).context("Cargo.lock")?;
    let packages = lock.package.into_iter();
    Ok(packages.filter_map(|it| Some(((it.name, it.version), it.checksum?))).collect())
}
