//! SDKs and programs on this machine that use the service, and what a lost token costs each of them.

mod client;
mod clients;
mod cost;
mod embedded;
mod files;
mod packages;
mod processes;
mod version;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use client::{Client, Mark};
use clients::clients;
use embedded::Search;
use files::name;
use processes::{Library, Program};

pub use client::InstalledClient;
pub use cost::Tokens;
pub use version::Version;

/// Finds all clients that are installed below `root` or part of a running program. `path` is the value of
/// `PATH`. Reads the executables of running programs, and the libraries that they have loaded.
pub(super) fn find(root: &Path, path: &OsStr) -> Vec<InstalledClient> {
    let running = processes::running(root);
    let pythons = packages::pythons(root, path, &running);
    let mut found: Vec<_> =
        clients().flat_map(|client| installed(client, root, &pythons, &running)).collect();
    let embedded = |client: &'static Client| match &client.mark {
        Mark::Embedded(embedded) => Some((client, embedded)),
        _ => None,
    };
    let (sdks, marks): (Vec<_>, Vec<_>) = clients().filter_map(embedded).unzip();
    let mut search = Search::new(marks);
    for program in &running {
        found.extend(parts(program, &sdks, &mut search));
    }
    found
}

/// The client as a package or a file.
fn installed(
    client: &'static Client,
    root: &Path,
    pythons: &[PathBuf],
    running: &[Program],
) -> Vec<InstalledClient> {
    let versions = match client.mark {
        Mark::Python(name) => {
            let loaded_by = |home: &Path| {
                let is_of_it = |library: &Library| {
                    packages::is_of_python_package(&library.file, name)
                        && packages::python_home(&library.file)
                            .and_then(|home| fs::canonicalize(home).ok())
                            .is_some_and(|place| place == home)
                };
                let program = running.iter().find(|it| it.libraries.iter().any(is_of_it));
                program.map(|program| program.name.clone())
            };
            let found = packages::python(pythons, name).into_iter();
            return found
                .map(|(index, version)| client.of(version).part_of(loaded_by(&pythons[index])))
                .collect();
        }
        Mark::AwsCli => packages::aws_cli(root, pythons),
        Mark::Node(name) => packages::node(root, running, name),
        Mark::Gem(name) => packages::gem(root, name),
        Mark::Composer(name) => packages::composer(root, running, name),
        Mark::File(file) if root.join(file).exists() => vec![None],
        Mark::File(_) | Mark::Embedded(_) | Mark::Library(_) | Mark::Running(_) => Vec::new(),
    };
    versions.into_iter().map(|version| client.of(version)).collect()
}

/// The program itself, if it is a client; else the clients that it was built with, and those in the libraries
/// that it has loaded. A Python package that is a client has been found as a package.
fn parts(
    program: &Program,
    sdks: &[&'static Client],
    search: &mut Search<'_>,
) -> Vec<InstalledClient> {
    let is_it =
        |client: &&Client| matches!(client.mark, Mark::Running(name) if name == program.name);
    if let Some(client) = clients().find(is_it) {
        return vec![client.of(None).part_of(Some(program.name.clone()))];
    }
    let mut found = Vec::new();
    let mut add = |within: String, client: InstalledClient| {
        found.push(client.part_of(Some(within)));
    };
    for (index, shown) in search.find(&program.executable) {
        add(program.name.clone(), sdks[index].shown(shown));
    }
    let is_packaged = |library: &&Library| {
        clients().any(|client| {
            matches!(client.mark, Mark::Python(name)
                     if packages::is_of_python_package(&library.file, name))
        })
    };
    for library in program.libraries.iter().filter(|library| !is_packaged(library)) {
        let file = name(&library.file);
        let within = format!("{} ({file})", program.name);
        let is_named =
            |client: &&Client| matches!(client.mark, Mark::Library(name) if file.starts_with(name));
        if let Some(client) = clients().find(is_named) {
            add(within, client.of(None));
            continue;
        }
        for (index, shown) in search.find(&library.file) {
            add(within.clone(), sdks[index].shown(shown));
        }
    }
    found
}

#[cfg(test)]
mod tests;
