//! Looks for programs and packages. Files that cannot be read are skipped.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;

use super::version::Version;

/// How many bytes of an executable are searched.
const SEARCH_LIMIT: usize = 256 << 20;
/// How many running programs are searched.
const PROGRAM_LIMIT: usize = 64;
/// How many bytes are searched at a time.
const PIECE: usize = 1 << 20;
/// How many bytes of a piece are searched again with the next one: more than a match and its version.
const OVERLAP: usize = 256;

/// A running program. Several processes may run it.
pub(super) struct Program {
    pub(super) name: String,
    executable: PathBuf,
    directory: PathBuf,
    /// The first argument of its command line: the interpreter, if it is a script.
    command: PathBuf,
}

/// The running programs below `root`, without this one.
pub(super) fn running(root: &Path) -> Vec<Program> {
    let own = fs::metadata("/proc/self/exe").map(|file| (file.dev(), file.ino())).ok();
    let mut seen = BTreeSet::new();
    let mut programs = Vec::new();
    for process in entries(&root.join("proc")) {
        let is_process = name(&process).bytes().all(|byte| byte.is_ascii_digit());
        let Ok(comm) = fs::read_to_string(process.join("comm")) else { continue };
        let executable = process.join("exe");
        let identity = fs::metadata(&executable).map(|file| (file.dev(), file.ino())).ok();
        let comm = comm.trim().to_owned();
        let words = fs::read(process.join("cmdline")).unwrap_or_default();
        let command = words.split(|byte| *byte == 0).next().unwrap_or_default();
        let command = PathBuf::from(OsStr::from_bytes(command));
        if is_process
            && (identity.is_none() || identity != own)
            && seen.insert((identity, comm.clone()))
            && programs.len() < PROGRAM_LIMIT
        {
            let directory = process.join("cwd");
            programs.push(Program { name: comm, executable, directory, command });
        }
    }
    programs
}

/// The directories of Python packages: the usual ones, and those of virtual environments that are in
/// `path` or that a running program belongs to.
pub(super) fn pythons(root: &Path, path: &OsStr, running: &[Program]) -> Vec<PathBuf> {
    let usual = ["usr", "usr/local", "opt/venv", "venv", "app/.venv"].map(PathBuf::from);
    let commands = running.iter().filter_map(|program| program.command.parent());
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
    // An environment may have several paths.
    let real: BTreeSet<_> =
        packages.filter_map(|directory| fs::canonicalize(directory).ok()).collect();
    real.into_iter().collect()
}

/// Versions of a Python package, from its metadata.
pub(super) fn python(pythons: &[PathBuf], package: &str) -> Vec<Option<Version>> {
    pythons.iter().flat_map(|packages| versions(packages, package)).map(Some).collect()
}

/// Versions of the AWS CLI, from 2 on.
pub(super) fn aws_cli(root: &Path, pythons: &[PathBuf]) -> Vec<Option<Version>> {
    let bundled = entries(&root.join("usr/local/aws-cli/v2"));
    let bundled = bundled.iter().filter_map(|place| Version::parse(name(place)).map(Some));
    let second = Version::parse("2");
    let packaged = python(pythons, "awscli").into_iter().filter(|version| *version >= second);
    packaged.chain(bundled).collect()
}

/// Versions of a package of Node.js, in the usual directories and in those that programs run in.
pub(super) fn node(root: &Path, running: &[Program], package: &str) -> Vec<Option<Version>> {
    let usual = ["usr/lib", "usr/local/lib", "app", "usr/src/app"].map(|place| root.join(place));
    let working = running.iter().map(|program| program.directory.clone());
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
    let working = running.iter().map(|program| &program.directory);
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

/// Finds `texts` in a program, each with the version that follows it: the index of the text, the version.
pub(super) fn built_in(program: &Program, texts: &[&str]) -> Vec<(usize, Version)> {
    let Ok(searcher) = AhoCorasick::new(texts) else { return Vec::new() };
    let Ok(file) = File::open(&program.executable) else { return Vec::new() };
    let mut file = file.take(SEARCH_LIMIT as u64);
    let mut found = BTreeSet::new();
    let mut window = Vec::with_capacity(PIECE + OVERLAP);
    loop {
        let searched = window.len().saturating_sub(OVERLAP);
        window.drain(..searched);
        match file.by_ref().take(PIECE as u64).read_to_end(&mut window) {
            Ok(1..) => {}
            Ok(0) | Err(_) => break,
        }
        for occurrence in searcher.find_iter(&window) {
            let rest = &window[occurrence.end()..window.len().min(occurrence.end() + 32)];
            let version = Version::parse(&String::from_utf8_lossy(rest));
            found.extend(version.map(|version| (occurrence.pattern().as_usize(), version)));
        }
    }
    // At a window's end a version may have been cut short; the whole one is the greatest.
    let mut last: Vec<(usize, Version)> = Vec::new();
    for (index, version) in found {
        last.retain(|(known, _)| *known != index);
        last.push((index, version));
    }
    last
}

/// Versions of entries `NAME-VERSION…` in a directory.
fn versions(directory: &Path, package: &str) -> Vec<Version> {
    let found = entries(directory)
        .into_iter()
        .filter_map(|entry| Version::parse(name(&entry).strip_prefix(package)?.strip_prefix('-')?));
    found.collect::<BTreeSet<_>>().into_iter().collect()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}
