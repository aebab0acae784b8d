//! Other networks on this machine: those that this process can enter, and container engines that start
//! containers in any of them.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use imds_linux::Namespace;

use super::service;
use super::way::{Access, Scope, Way, at_once};

/// How many other networks are entered.
const LIMIT: usize = 64;

/// Sockets of container engines.
const ENGINES: [&str; 5] = [
    "var/run/docker.sock",
    "run/docker.sock",
    "run/podman/podman.sock",
    "run/containerd/containerd.sock",
    "run/crio/crio.sock",
];

pub(super) fn ways(scope: &Scope) -> Vec<Way> {
    let mut networks = others(&scope.root);
    let left = networks.split_off(networks.len().min(LIMIT));
    let entered = at_once(&networks, |(process, file)| {
        let places = service::usual(&format!(" in the network of {process}"));
        Namespace::open(file)?.run(|| service::ask_all(&places, scope.patience))
    });
    let barred = entered.iter().filter(|ways| ways.is_err()).count();
    let mut ways: Vec<_> = entered.into_iter().flatten().flatten().collect();
    if barred > 0 {
        let seen = "cannot be entered".to_owned();
        let place = format!("{barred} other networks on this machine");
        ways.push(Way { kind: "network", place, access: Access::Closed, seen });
    }
    ways.extend(unentered(left.len()));
    ways.extend(engines(scope));
    ways
}

/// The networks beyond the limit.
fn unentered(count: usize) -> Option<Way> {
    let place = format!("{count} more networks on this machine");
    let seen = format!("not tried: no more than {LIMIT} are entered");
    (count > 0).then_some(Way { kind: "network", place, access: Access::Untried, seen })
}

/// The networks of other processes, each once: the process, and a file to enter by.
fn others(root: &Path) -> Vec<(String, PathBuf)> {
    let identity = |file: &Path| fs::metadata(file).ok().map(|file| (file.dev(), file.ino()));
    let mut known: BTreeSet<_> = identity(Path::new("/proc/self/ns/net")).into_iter().collect();
    let mut found = Vec::new();
    let processes = fs::read_dir(root.join("proc")).into_iter().flatten().flatten();
    for process in processes {
        let number = process.file_name().to_string_lossy().into_owned();
        let file = process.path().join("ns/net");
        let is_process = number.bytes().all(|byte| byte.is_ascii_digit());
        let Some(identity) = identity(&file).filter(|_| is_process) else { continue };
        if known.insert(identity) {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            found.push((format!("process {number} ({})", name.trim()), file));
        }
    }
    found.sort();
    found
}

/// Sockets of container engines that take a connection: who has one starts a container in the host's network.
fn engines(scope: &Scope) -> Vec<Way> {
    let configured = scope.variables.get("DOCKER_HOST").and_then(|it| it.strip_prefix("unix:///"));
    let sockets: BTreeSet<_> = ENGINES
        .iter()
        .copied()
        .chain(configured)
        .map(|socket| scope.root.join(socket))
        .filter_map(|socket| fs::canonicalize(socket).ok())
        .collect();
    let ways = sockets.into_iter().map(|socket| {
        let (access, seen) = match UnixStream::connect(&socket) {
            Ok(_) => (Access::Untried, "starts containers in the host's network".to_owned()),
            Err(error) => (Access::Closed, format!("no connection ({error})")),
        };
        Way { kind: "engine", place: socket.display().to_string(), access, seen }
    });
    ways.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_network_is_found_once() {
        let root = tempfile::tempdir().unwrap();
        for number in 1..=LIMIT + 3 {
            let process = root.path().join(format!("proc/{number}"));
            fs::create_dir_all(process.join("ns")).unwrap();
            fs::write(process.join("comm"), "sh\n").unwrap();
            if number == 2 {
                fs::hard_link(root.path().join("proc/1/ns/net"), process.join("ns/net")).unwrap();
            } else {
                fs::write(process.join("ns/net"), "").unwrap();
            }
        }
        assert_eq!(others(root.path()).len(), LIMIT + 2);
    }

    #[test]
    fn networks_beyond_the_limit_do_not_pass_for_closed() {
        assert_eq!(unentered(0), None);
        let way = unentered(2).unwrap();
        assert_eq!((&*way.place, way.access), ("2 more networks on this machine", Access::Untried));
        assert_eq!(way.seen, "not tried: no more than 64 are entered");
    }
}
