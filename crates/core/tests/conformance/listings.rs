//! Listings tell the truth: what they name is there, and what is there they name.

use std::collections::BTreeSet;

use imds_core::options::Preferences;
use imds_core::tags::Tag;
use imds_core::tree::Tree;
use imds_core::{Instance, Launch, Switch, versions};
use proptest::prelude::*;

use crate::fixture::{self, NOW, full_launch};

/// The categories that captures of 2023 to 2026 list on Nitro instances, and those that slot in by
/// name where an instance has them.
const CATEGORIES: [&str; 32] = [
    "ami-id",
    "ami-launch-index",
    "ami-manifest-path",
    "autoscaling/",
    "block-device-mapping/",
    "events/",
    "hostname",
    "iam/",
    "identity-credentials/",
    "instance-action",
    "instance-id",
    "instance-life-cycle",
    "instance-type",
    "ipv6",
    "local-hostname",
    "local-ipv4",
    "mac",
    "managed-ssh-keys/",
    "metrics/",
    "network/",
    "placement/",
    "product-codes",
    "profile",
    "public-hostname",
    "public-ipv4",
    "public-keys/",
    "reservation-id",
    "security-groups",
    "services/",
    "spot/",
    "system",
    "tags/",
];

fn list(tree: &Tree, path: &str) -> Vec<String> {
    let found = tree.find(path, NOW).unwrap_or_else(|| panic!("no {path}"));
    let text = String::from_utf8(found.body.into_owned()).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Walks the listings of one version, and checks that it comes by everything there is, once.
fn walk(tree: &Tree, version: &str) {
    let directories: BTreeSet<_> =
        tree.directories().map(|path| format!("{version}/{path}")).collect();
    let mut seen = BTreeSet::new();
    let mut ahead = vec![version.to_owned()];
    while let Some(directory) = ahead.pop() {
        for name in list(tree, &directory) {
            let path = format!("{directory}/{}", segment(&directory, &name));
            if directories.contains(&path) {
                let wears_slash = directory != version && !directory.ends_with("/public-keys");
                assert_eq!(name.ends_with('/'), wears_slash, "{path}");
                ahead.push(path.clone());
            }
            let is_there = tree.find(&path, NOW).is_some();
            // User data are listed whether there are any or not.
            assert!(is_there || name == "user-data", "{path} is listed, and a 404");
            assert!(!is_there || seen.insert(path.clone()), "{path} is listed twice");
        }
    }
    for path in tree.leaves().chain(tree.directories()).filter(|path| !path.is_empty()) {
        let path = format!("{version}/{path}");
        assert_eq!(tree.find(&path, NOW).is_some(), seen.contains(&path), "{path}");
    }
}

/// The part of a path that a listed name stands for: `0=my-key` is requested as `0`.
pub(crate) fn segment<'a>(directory: &str, name: &'a str) -> &'a str {
    let name = name.strip_suffix('/').unwrap_or(name);
    if directory.ends_with("/public-keys") { name.split('=').next().unwrap() } else { name }
}

fn walk_all(instance: &Instance) {
    let tree = Tree::new(instance);
    assert_eq!(list(&tree, ""), versions::VERSIONS);
    for version in versions::VERSIONS {
        walk(&tree, version);
        assert!(list(&tree, version).contains(&"user-data".to_owned()), "{version}");
    }
}

#[test]
fn listings_name_what_is_there() {
    for instance in fixture::instances() {
        walk_all(&instance);
    }
}

#[test]
fn an_unknown_version_has_nothing() {
    let tree = Tree::new(&full_launch().resolve().unwrap());
    for version in ["2021-03-24", "0", "1", "1.0.0", "Latest", "latest ", "9999-12-31", "zzz"] {
        assert!(tree.find(version, NOW).is_none(), "{version}");
        for path in tree.leaves() {
            assert!(tree.find(&format!("{version}/{path}"), NOW).is_none(), "{version}/{path}");
        }
    }
}

#[test]
fn categories_stand_in_the_captured_order() {
    for instance in fixture::instances() {
        let names = list(&Tree::new(&instance), "latest/meta-data");
        let known: Vec<_> =
            CATEGORIES.into_iter().filter(|c| names.iter().any(|n| n == c)).collect();
        assert_eq!(names, known);
    }
}

#[test]
fn the_same_launch_gives_the_same_bytes() {
    let read = || {
        let tree = Tree::new(&full_launch().resolve().unwrap());
        let paths = tree.leaves().chain(tree.directories());
        let mut bytes = Vec::new();
        for (path, version) in paths.flat_map(|path| versions::VERSIONS.map(|v| (path.clone(), v)))
        {
            let found = tree.find(format!("{version}/{path}").trim_end_matches('/'), NOW);
            bytes.push(found.map(|found| found.body.into_owned()));
        }
        bytes
    };
    assert_eq!(read(), read());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn listings_name_what_is_there_whatever_is_launched(
        id in "i-[0-9a-f]{17}",
        zone in "(us|eu|ap)-(east|west|southeast)-[1-9][a-f]",
        (ipv6, tags_on, role, key, user_data) in any::<(bool, bool, bool, bool, bool)>(),
        tags in proptest::collection::btree_map("[0-9a-zA-Z+=,.@:-]{1,20}", ".{0,20}", 0..8),
    ) {
        let full = full_launch();
        let switch = |on: bool| on.then_some(Switch::Enabled);
        let tags = tags.iter().filter(|(key, _)| !matches!(key.as_str(), "." | ".."));
        let launch = Launch {
            instance_id: id.parse().ok(),
            zone: zone.parse().ok(),
            options: Preferences {
                http_protocol_ipv6: switch(ipv6),
                instance_metadata_tags: switch(tags_on),
                ..Preferences::default()
            },
            role: full.role.filter(|_| role),
            public_key: full.public_key.filter(|_| key),
            user_data: full.user_data.filter(|_| user_data),
            tags: tags.map(|(key, value)| Tag::new(key, value).unwrap()).collect(),
            ..full
        };
        walk_all(&launch.resolve().unwrap());
    }
}
