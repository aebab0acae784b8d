//! Looks for packages. Files that cannot be read are skipped.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::files::{entries, name};
use super::processes::Program;
use super::version::Version;

/// The directories of Python packages: the usual ones, those of virtual environments that are in `path` or
/// that a running program belongs to, and those that a running program has a library of.
pub(super) fn pythons(root: &Path, path: &OsStr, running: &[Program]) -> Vec<PathBuf> {
    let usual = ["usr", "usr/local", "opt/venv", "venv", "app/.venv"].map(PathBuf::from);
    let commands = running.iter().flat_map(|program| &program.commands);
    let commands = commands.filter_map(|command| command.parent());
    let programs = std::env::split_paths(path).chain(commands.map(Path::to_owned));
    let environments = programs.filter(|directory| name(directory) == "bin");
    let environments = environments.filter_map(|bin| {
        bin.parent().and_then(|home| home.strip_prefix("/").ok()).map(Path::to_owned)
    });
    let homes: BTreeSet<_> = usual.into_iter().chain(environments).collect();
    let libraries = homes.iter().flat_map(|home| entries(&root.join(home).join("lib")));
    let libraries = libraries.filter(|directory| name(directory).starts_with("python"));
    let packages = libraries.flat_map(|library| {
        ["site-packages", "dist-packages"].map(|packages| library.join(packages))
    });
    let libraries = running.iter().flat_map(|program| &program.libraries);
    let loaded = libraries.filter_map(|library| python_home(&library.file)).map(Path::to_owned);
    // An environment may have several paths.
    let real: BTreeSet<_> =
        packages.chain(loaded).filter_map(|directory| fs::canonicalize(directory).ok()).collect();
    real.into_iter().collect()
}

/// Versions of a Python package, from its metadata, each with its place in `pythons`.
pub(super) fn python(pythons: &[PathBuf], package: &str) -> Vec<(usize, Option<Version>)> {
    let found = pythons.iter().enumerate().flat_map(|(index, packages)| {
        versions(packages, package).into_iter().map(move |version| (index, Some(version)))
    });
    found.collect()
}

/// The directory of Python packages that a file is in.
pub(super) fn python_home(file: &Path) -> Option<&Path> {
    file.ancestors().find(|place| ["site-packages", "dist-packages"].contains(&name(place)))
}

/// Whether a library belongs to a Python package: `deltalake/_internal.abi3.so`, `rasterio.libs/libgdal.so`,
/// `_awscrt.abi3.so`.
pub(super) fn is_of_python_package(library: &Path, package: &str) -> bool {
    let home = python_home(library);
    let within = home.and_then(|home| library.strip_prefix(home).ok());
    let first = within.and_then(|within| within.iter().next()).and_then(OsStr::to_str);
    let rest = first.and_then(|first| first.trim_start_matches('_').strip_prefix(package));
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

/// Versions of the AWS CLI, from 2 on.
pub(super) fn aws_cli(root: &Path, pythons: &[PathBuf]) -> Vec<Option<Version>> {
    let bundled = entries(&root.join("usr/local/aws-cli/v2"));
    let bundled = bundled.iter().filter_map(|place| Version::parse(name(place)).map(Some));
    let second = Version::parse("2");
    let packaged = python(pythons, "awscli").into_iter().map(|(_, version)| version);
    let packaged = packaged.filter(|version| *version >= second);
    packaged.chain(bundled).collect()
}

/// Versions of a package of Node.js, in the usual directories and in those that programs run in.
pub(super) fn node(root: &Path, running: &[Program], package: &str) -> Vec<Option<Version>> {
    let usual = ["usr/lib", "usr/local/lib", "app", "usr/src/app"].map(|place| root.join(place));
    let working = running.iter().flat_map(|program| program.directories.clone());
    let files = usual
        .into_iter()
        .chain(working)
        .map(|place| place.join("node_modules").join(package).join("package.json"));
    let real: BTreeSet<_> = files.filter_map(|file| fs::canonicalize(file).ok()).collect();
    real.iter()
        .filter_map(|file| {
            let package: serde_json::Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
            Some(package["version"].as_str().and_then(Version::parse))
        })
        .collect()
}

/// Versions of a Ruby gem.
pub(super) fn gem(root: &Path, gem: &str) -> Vec<Option<Version>> {
    let homes =
        ["var/lib/gems", "usr/lib/ruby/gems", "usr/local/lib/ruby/gems", "usr/local/bundle/ruby"];
    let homes = homes.iter().flat_map(|home| entries(&root.join(home)));
    let homes = homes.chain([root.join("usr/local/bundle")]);
    homes.flat_map(|home| versions(&home.join("gems"), gem)).map(Some).collect()
}

/// Versions of a PHP package that Composer installed: in the usual directories, in those that programs run
/// in, and in the directories above these.
pub(super) fn composer(root: &Path, running: &[Program], package: &str) -> Vec<Option<Version>> {
    let usual =
        ["var/www/html", "var/www", "app", "usr/src/app", "srv"].map(|place| root.join(place));
    let working = running.iter().flat_map(|program| &program.directories);
    let working = working.flat_map(|directory| [directory.clone(), directory.join("..")]);
    let files =
        usual.into_iter().chain(working).map(|place| place.join("vendor/composer/installed.json"));
    let real: BTreeSet<_> = files.filter_map(|file| fs::canonicalize(file).ok()).collect();
    real.iter()
        .filter_map(|file| {
            let installed: serde_json::Value =
                serde_json::from_slice(&fs::read(file).ok()?).ok()?;
            // Composer 1 writes the list alone.
            let packages = installed.get("packages").unwrap_or(&installed).as_array()?;
            let found = packages.iter().find(|it| it["name"] == package)?;
            let version = found["version"].as_str().unwrap_or_default();
            Some(Version::parse(version.trim_start_matches('v')))
        })
        .collect()
}

/// Versions of entries `NAME-VERSION…` in a directory. Python's tools write hyphens of a name as underscores,
/// older ones do not.
fn versions(directory: &Path, package: &str) -> Vec<Version> {
    let found = entries(directory).into_iter().filter_map(|entry| {
        let (head, rest) = name(&entry).split_at_checked(package.len())?;
        let is_it = head.replace('-', "_").eq_ignore_ascii_case(&package.replace('-', "_"));
        Version::parse(rest.strip_prefix('-').filter(|_| is_it)?)
    });
    found.collect::<BTreeSet<_>>().into_iter().collect()
}
