//! The tests cannot reach a network: not the machine's, and not a real metadata service. Nor do they get in each
//! other's way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use regex_lite::Regex;
use testkit::{Context as _, Result, Trial, ensure, tests};

pub(crate) fn tests() -> Vec<Trial> {
    tests![&[]; nothing_is_reachable_but_loopback, no_two_tests_listen_on_one_address]
}

fn nothing_is_reachable_but_loopback() -> Result<()> {
    for address in ["169.254.169.254:80", "[fd00:ec2::254]:80", "192.0.2.1:80"] {
        let address: SocketAddr = address.parse()?;
        let error = TcpStream::connect_timeout(&address, Duration::from_secs(5)).err();
        let unreachable = error.and_then(|error| error.raw_os_error());
        // ENETUNREACH: not even tried.
        ensure!(unreachable == Some(101), "{address}: {unreachable:?}");
    }
    Ok(())
}

/// Where a test does not take a port that is free, its address is in no other file, and its port there once.
fn no_two_tests_listen_on_one_address() -> Result<()> {
    let place = Regex::new(r"(127\.0\.0\.\d+):([1-9]\d+)")?;
    let (mut files, mut places) = (BTreeMap::new(), BTreeSet::new());
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"))? {
        let text = fs::read_to_string(&file)?;
        for found in place.captures_iter(&text).filter(|found| &found[1] != "127.0.0.1") {
            ensure!(places.insert(found[0].to_owned()), "{} is there twice", &found[0]);
            let known = files.entry(found[1].to_owned()).or_insert_with(|| file.clone());
            ensure!(
                *known == file,
                "{} is in {} and {}",
                &found[1],
                known.display(),
                file.display()
            );
        }
    }
    ensure!(places.len() > 10, "only {places:?} were found");
    Ok(())
}

/// The Rust files below a directory.
fn sources(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}
