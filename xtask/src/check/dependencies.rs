//! What the dependency graph may hold: licences, sources, bans, duplicates, and the Rust versions
//! that others ask for. The rules are `deny.toml`, which cargo-deny reads as well.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};

use crate::command::cargo;

/// Every dependency that `deny.toml` does not allow, and every line there that allows nothing.
pub(crate) fn refused(root: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(root.join("deny.toml")).context("deny.toml")?;
    let rules: Rules = toml::from_str(&text).context("deny.toml")?;
    let mut graph = Graph::default();
    for target in &rules.graph.targets {
        let arguments =
            format!("metadata --format-version 1 --all-features --filter-platform {target}");
        let output = cargo(&arguments).current_dir(root).output().context("cannot run cargo")?;
        if !output.status.success() {
            bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        graph.add(serde_json::from_slice(&output.stdout).context("cargo metadata")?);
    }
    Ok(judge(&rules, &graph))
}

/// The part of cargo-deny's configuration that is read here.
#[derive(Deserialize)]
struct Rules {
    graph: Targets,
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Targets {
    targets: Vec<String>,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    skip: Vec<Reasoned>,
    deny: Vec<Reasoned>,
}

/// A crate, or `crate@version`, and why.
#[derive(Deserialize)]
struct Reasoned {
    #[serde(rename = "crate")]
    what: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

/// What `cargo metadata` says of a whole graph.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Crate>,
    workspace_members: HashSet<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Crate {
    id: String,
    name: String,
    version: String,
    /// `None` for a crate of ours.
    source: Option<String>,
    license: Option<String>,
    rust_version: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
struct EdgeKind {
    kind: Option<String>,
}

/// The crates of all targets together.
#[derive(Default)]
struct Graph {
    crates: BTreeMap<String, Crate>,
    /// Those that more than tests need.
    built: BTreeSet<String>,
}

impl Graph {
    fn add(&mut self, metadata: Metadata) {
        let nodes: HashMap<&str, &Node> =
            metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let mut next: Vec<&str> = metadata.workspace_members.iter().map(String::as_str).collect();
        while let Some(id) = next.pop() {
            if self.built.insert(id.to_owned()) {
                let edges = nodes.get(id).into_iter().flat_map(|node| &node.deps);
                let built = edges.filter(|edge| {
                    edge.dep_kinds.iter().any(|it| it.kind.as_deref() != Some("dev"))
                });
                next.extend(built.map(|edge| edge.pkg.as_str()));
            }
        }
        // Without a node it is in the lock file, but not for this target.
        let known: HashSet<&str> = nodes.into_keys().collect();
        let used: Vec<_> =
            metadata.packages.into_iter().filter(|it| known.contains(it.id.as_str())).collect();
        self.crates.extend(used.into_iter().map(|it| (it.id.clone(), it)));
    }

    fn foreign(&self) -> impl Iterator<Item = &Crate> {
        self.crates.values().filter(|it| it.source.is_some())
    }
}

fn judge(rules: &Rules, graph: &Graph) -> Vec<String> {
    [
        licenses(&rules.licenses, graph),
        sources(&rules.sources, graph),
        banned(&rules.bans, graph),
        duplicates(&rules.bans, graph),
        rust_versions(graph),
    ]
    .concat()
}

fn licenses(rules: &Licenses, graph: &Graph) -> Vec<String> {
    let mut broken = Vec::new();
    let mut used = HashSet::new();
    let allowed: Vec<(&String, Licensee)> = rules
        .allow
        .iter()
        .filter_map(|name| match Licensee::parse(name) {
            Ok(licensee) => Some((name, licensee)),
            Err(error) => {
                broken.push(format!("deny.toml: {name} is not a licence of SPDX: {error}"));
                None
            }
        })
        .collect();
    for it in graph.foreign() {
        let stated = it.license.as_deref().unwrap_or_default();
        let Ok(expression) = Expression::parse_mode(stated, ParseMode::LAX) else {
            broken.push(format!("{} {}: no licence expression: {stated:?}", it.name, it.version));
            continue;
        };
        let is_allowed = expression.evaluate(|required| {
            let found = allowed.iter().find(|(_, licensee)| licensee.satisfies(required));
            used.extend(found.map(|(name, _)| *name));
            found.is_some()
        });
        if !is_allowed {
            broken.push(format!(
                "{} {}: licence {stated} is not allowed by deny.toml",
                it.name, it.version
            ));
        }
    }
    let unused = allowed.iter().filter(|(name, _)| !used.contains(name));
    broken.extend(unused.map(|(name, _)| format!("deny.toml: no crate has licence {name}")));
    broken
}

fn sources(rules: &Sources, graph: &Graph) -> Vec<String> {
    let is_allowed = |source: &str| {
        let registry = source.strip_prefix("registry+").or(source.strip_prefix("sparse+"));
        registry.is_some_and(|registry| rules.allow_registry.iter().any(|it| it == registry))
    };
    let others = graph.foreign().filter(|it| !it.source.as_deref().is_some_and(is_allowed));
    others
        .map(|it| {
            let source = it.source.as_deref().unwrap_or_default();
            format!("{} {}: source {source} is not allowed by deny.toml", it.name, it.version)
        })
        .collect()
}

fn banned(rules: &Bans, graph: &Graph) -> Vec<String> {
    let mut broken = Vec::new();
    for Reasoned { what, reason } in &rules.deny {
        let built = graph.foreign().filter(|it| graph.built.contains(&it.id));
        let found = built.filter(|it| is_meant(it, what));
        broken.extend(found.map(|it| format!("{} {}: banned: {reason}", it.name, it.version)));
    }
    broken
}

fn duplicates(rules: &Bans, graph: &Graph) -> Vec<String> {
    let mut broken = Vec::new();
    let mut by_name: BTreeMap<&str, Vec<&Crate>> = BTreeMap::new();
    for it in graph.foreign().filter(|it| graph.built.contains(&it.id)) {
        by_name.entry(&it.name).or_default().push(it);
    }
    by_name.retain(|_, versions| versions.len() > 1);
    for skip in &rules.skip {
        if skip.reason.trim().is_empty() {
            broken.push(format!("deny.toml: skipping {} needs a reason", skip.what));
        }
        let mut skipped = false;
        for versions in by_name.values_mut() {
            let before = versions.len();
            versions.retain(|it| !is_meant(it, &skip.what));
            skipped |= versions.len() < before;
        }
        if !skipped {
            broken.push(format!("deny.toml: {} is no duplicate; delete its line", skip.what));
        }
    }
    for (name, versions) in by_name.iter().filter(|(_, versions)| versions.len() > 1) {
        let versions: Vec<&str> = versions.iter().map(|it| it.version.as_str()).collect();
        broken.push(format!(
            "{name} comes in versions {}; update what asks for the old one, or skip it in \
             deny.toml with a reason",
            versions.join(" and ")
        ));
    }
    broken
}

/// Whether `name` or `name@version` means this crate; a version may be cut short (`1.2`).
fn is_meant(it: &Crate, what: &str) -> bool {
    let (name, version) = what.split_once('@').unwrap_or((what, ""));
    let rest = it.version.strip_prefix(version);
    it.name == name
        && (version.is_empty()
            || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '+', '-'])))
}

/// No dependency needs a newer Rust than the least of ours.
fn rust_versions(graph: &Graph) -> Vec<String> {
    let ours = graph.crates.values().filter(|it| it.source.is_none());
    let Some(least) = ours.filter_map(|it| release(it.rust_version.as_deref()?)).min() else {
        return vec!["Cargo.toml: no crate of ours states its rust-version".to_owned()];
    };
    graph
        .foreign()
        .filter_map(|it| {
            let needed = it.rust_version.as_deref()?;
            (release(needed)? > least).then(|| {
                format!(
                    "{} {} needs Rust {needed}, but ours is {}.{}; take an older version of it, \
                     or raise rust-version in Cargo.toml and the README",
                    it.name, it.version, least.0, least.1
                )
            })
        })
        .collect()
}

/// Major and minor version.
fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next().flatten().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
        [graph]
        targets = ["x"]
        [licenses]
        allow = ["MIT"]
        [bans]
        skip = []
        deny = [{ crate = "bad", reason = "it is bad" }]
        [sources]
        allow-registry = ["https://r"]
    "#;

    /// What is refused of a graph: our crate `app`, which imports each of `crates` as it says.
    fn of(rules: &str, crates: &[Foreign]) -> Vec<String> {
        let mut packages = vec![serde_json::json!({
            "id": "app", "name": "app", "version": "0.1.0", "source": null, "rust_version": "1.90",
        })];
        let mut nodes = Vec::new();
        let mut edges = Vec::new();
        for Foreign { name, version, license, source, kind, rust } in crates {
            let id = format!("{name}@{version}");
            nodes.push(serde_json::json!({ "id": id, "deps": [] }));
            edges.push(serde_json::json!({ "pkg": id, "dep_kinds": [{ "kind": kind }] }));
            packages.push(serde_json::json!({
                "id": id, "name": name, "version": version, "source": source, "license": license,
                "rust_version": rust,
            }));
        }
        nodes.push(serde_json::json!({ "id": "app", "deps": edges }));
        let metadata = serde_json::json!({
            "packages": packages, "workspace_members": ["app"], "resolve": { "nodes": nodes },
        });
        let mut graph = Graph::default();
        graph.add(serde_json::from_value(metadata).unwrap());
        judge(&toml::from_str(rules).unwrap(), &graph)
    }

    #[derive(Clone, Copy)]
    struct Foreign {
        name: &'static str,
        version: &'static str,
        license: Option<&'static str>,
        source: &'static str,
        kind: Option<&'static str>,
        rust: Option<&'static str>,
    }

    const GOOD: Foreign = Foreign {
        name: "good",
        version: "1.2.3",
        license: Some("MIT OR Apache-2.0"),
        source: "registry+https://r",
        kind: None,
        rust: Some("1.90.0"),
    };
    const OLD: Foreign = Foreign { version: "0.9.1", ..GOOD };

    #[test]
    fn a_good_graph_passes() {
        let old_style = Foreign { name: "other", license: Some("MIT/Apache-2.0"), ..GOOD };
        assert_eq!(of(RULES, &[GOOD, old_style]), Vec::<String>::new());
    }

    #[test]
    fn each_fault_is_named() {
        for (fault, expected) in [
            (Foreign { license: Some("GPL-3.0-only"), ..GOOD }, "licence GPL-3.0-only"),
            (Foreign { license: Some("MIT AND Zlib"), ..GOOD }, "licence MIT AND Zlib"),
            (Foreign { license: None, ..GOOD }, "no licence expression"),
            (Foreign { source: "git+https://r", ..GOOD }, "source git+https://r"),
            (Foreign { source: "registry+https://other", ..GOOD }, "source registry+https://other"),
            (Foreign { name: "bad", ..GOOD }, "bad 1.2.3: banned: it is bad"),
            (Foreign { rust: Some("1.91"), ..GOOD }, "needs Rust 1.91, but ours is 1.90"),
        ] {
            let with_other = Foreign { name: "other", ..GOOD };
            let broken = of(RULES, &[fault, with_other]);
            assert_eq!(broken.len(), 1, "{expected}: {broken:?}");
            assert!(broken[0].contains(expected), "{broken:?}");
        }
    }

    #[test]
    fn a_duplicate_needs_a_reason() {
        let skip = |what: &str| RULES.replace("skip = []", &format!("skip = [{what}]"));
        let broken = of(RULES, &[GOOD, OLD]);
        assert_eq!(broken.len(), 1, "{broken:?}");
        assert!(broken[0].starts_with("good comes in versions 0.9.1 and 1.2.3"), "{broken:?}");
        let with = skip("{ crate = \"good@0.9\", reason = \"another needs it\" }");
        assert_eq!(of(&with, &[GOOD, OLD]), Vec::<String>::new());
        let without = skip("{ crate = \"good@0.9\", reason = \" \" }");
        assert_eq!(of(&without, &[GOOD, OLD]), ["deny.toml: skipping good@0.9 needs a reason"]);
        let for_tests = Foreign { kind: Some("dev"), ..OLD };
        assert_eq!(of(RULES, &[GOOD, for_tests]), Vec::<String>::new());
    }

    #[test]
    fn a_line_that_allows_nothing_fails() {
        let skip = "skip = [{ crate = \"good@0\", reason = \"r\" }]";
        let broken = of(&RULES.replace("skip = []", skip), &[GOOD]);
        assert_eq!(broken, ["deny.toml: good@0 is no duplicate; delete its line"]);
        let broken = of(&RULES.replace("\"MIT\"", "\"MIT\", \"Zlib\", \"MTI\""), &[GOOD]);
        assert_eq!(broken.len(), 2, "{broken:?}");
        assert!(broken[0].contains("MTI is not a licence"), "{broken:?}");
        assert!(broken[1].contains("no crate has licence Zlib"), "{broken:?}");
    }
}
