//! Values put over an instance's own metadata.

use imds_core::extra::Extra;
use imds_core::tree::Tree;
use imds_core::{FrontEnd, Instance};

use crate::fixture::{self, NOW};

fn tree(extra: &[(&str, &[u8])]) -> Tree {
    let extra = extra
        .iter()
        .map(|(path, value)| Extra { path: path.parse().unwrap(), value: value.to_vec() });
    Tree::new(&Instance { extra: extra.collect(), ..fixture::instance(FrontEnd::Nitro, "bare") })
}

fn get(tree: &Tree, path: &str) -> Option<(Vec<u8>, &'static str)> {
    tree.find(path, NOW).map(|found| (found.body.into_owned(), found.content_type))
}

#[test]
fn a_new_path_comes_with_its_directories() {
    let tree = tree(&[("meta-data/rack/row", b"7"), ("meta-data/rack/any", b"\xff\n")]);
    for version in ["latest", "1.0"] {
        let get = |path: &str| get(&tree, &format!("{version}/meta-data/{path}"));
        assert_eq!(get("rack"), Some((b"any\nrow".to_vec(), "text/plain")));
        assert_eq!(get("rack/row"), Some((b"7".to_vec(), "text/plain")));
        assert_eq!(get("rack/any"), Some((b"\xff\n".to_vec(), "text/plain")));
        let (listing, _) = get("").unwrap();
        assert!(String::from_utf8(listing).unwrap().lines().any(|name| name == "rack/"));
    }
}

#[test]
fn a_value_replaces_the_instances_own_in_the_same_versions() {
    let tree = tree(&[
        ("meta-data/system", b"other"),
        ("user-data", b"data"),
        ("dynamic/instance-identity/pkcs7", b"mine"),
    ]);
    assert_eq!(get(&tree, "latest/meta-data/system"), Some((b"other".to_vec(), "text/plain")));
    assert_eq!(get(&tree, "2022-07-09/meta-data/system"), None);
    let user_data = get(&tree, "latest/user-data");
    assert_eq!(user_data, Some((b"data".to_vec(), "application/octet-stream")));
    let signature = tree.find("latest/dynamic/instance-identity/pkcs7", NOW).unwrap();
    assert_eq!((&*signature.body, signature.pending), (b"mine".as_slice(), false));
}

/// The same bytes as without them, everywhere else.
#[test]
fn nothing_else_changes() {
    let (with, without) = (tree(&[("meta-data/rack", b"7")]), tree(&[]));
    for path in without.leaves() {
        let path = format!("latest/{path}");
        assert_eq!(get(&with, &path), get(&without, &path), "{path}");
    }
}
