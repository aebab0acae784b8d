//! Running programs, and the libraries that they have loaded. What cannot be read is skipped: processes of
//! other users, for all but root.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::files::{entries, name};

/// How many running programs are looked at.
const PROGRAM_LIMIT: usize = 64;

/// A running program. Several processes may run it.
pub(super) struct Program {
    pub(super) name: String,
    pub(super) executable: PathBuf,
    /// Where its processes run.
    pub(super) directories: BTreeSet<PathBuf>,
    /// The first arguments of their command lines: the interpreter, if it is a script.
    pub(super) commands: BTreeSet<PathBuf>,
    pub(super) libraries: BTreeSet<Library>,
}

/// A shared object that a program has loaded.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Library {
    /// Its device and inode.
    pub(super) identity: (u64, u64),
    /// Its path, as this process can open it.
    pub(super) file: PathBuf,
}

/// The running programs below `root`, without this one.
pub(super) fn running(root: &Path) -> Vec<Program> {
    let own = fs::metadata("/proc/self/exe").ok().as_ref().map(identity);
    let mut programs = BTreeMap::new();
    for process in entries(&root.join("proc")) {
        let is_process = name(&process).bytes().all(|byte| byte.is_ascii_digit());
        let Ok(comm) = fs::read_to_string(process.join("comm")) else { continue };
        let executable = process.join("exe");
        let identity = fs::metadata(&executable).ok().as_ref().map(identity);
        if !is_process || identity.is_some() && identity == own {
            continue;
        }
        let key = (identity, comm.trim().to_owned());
        if !programs.contains_key(&key) && programs.len() >= PROGRAM_LIMIT {
            continue;
        }
        let program = programs.entry(key).or_insert_with_key(|(_, comm)| Program {
            name: comm.clone(),
            executable,
            directories: BTreeSet::new(),
            commands: BTreeSet::new(),
            libraries: BTreeSet::new(),
        });
        program.directories.insert(process.join("cwd"));
        program.commands.insert(command(&process));
        program.libraries.extend(libraries(root, &process));
    }
    programs.into_values().collect()
}

fn command(process: &Path) -> PathBuf {
    let words = fs::read(process.join("cmdline")).unwrap_or_default();
    let command = words.split(|byte| *byte == 0).next().unwrap_or_default();
    PathBuf::from(OsStr::from_bytes(command))
}

/// The shared objects that a process executes code of, as its own file system shows them.
fn libraries(root: &Path, process: &Path) -> BTreeSet<Library> {
    let maps = fs::read(process.join("maps")).unwrap_or_default();
    let maps = String::from_utf8_lossy(&maps);
    let files: BTreeSet<_> = maps.lines().filter_map(executed_library).collect();
    let view = process.join("root");
    let view = if view.exists() { &view } else { root };
    let found = files.into_iter().filter_map(|file| {
        let file = view.join(file.trim_start_matches('/'));
        let identity = identity(&fs::metadata(&file).ok()?);
        Some(Library { identity, file })
    });
    found.collect()
}

/// The path in a line of `/proc/PID/maps`, if it is a shared object that is executed.
fn executed_library(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once(' ')?;
    let is_executed = rest.split(' ').next()?.contains('x');
    let path = &rest[rest.find('/')?..];
    let file = Path::new(path);
    let is_library = name(file).contains(".so") || file.extension().is_some_and(|it| it == "node");
    (is_executed && is_library && !path.ends_with(" (deleted)")).then_some(path)
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

#[cfg(test)]
mod tests {
    use super::executed_library;

    #[test]
    fn libraries_are_found_in_maps() {
        let object =
            "7f0a00-7f0b00 r-xp 00001000 fe:01 42    /srv/a venv/deltalake/_internal.abi3.so";
        for (line, expected) in [
            (object, Some("/srv/a venv/deltalake/_internal.abi3.so")),
            ("7f-80 r-xp 0 fe:01 42 /usr/lib/libgdal.so.32", Some("/usr/lib/libgdal.so.32")),
            (
                "7f-80 r-xp 0 fe:01 42 /app/node_modules/x/x.node",
                Some("/app/node_modules/x/x.node"),
            ),
            ("7f-80 r--p 0 fe:01 42 /usr/lib/libgdal.so.32", None),
            ("7f-80 r-xp 0 fe:01 42 /usr/lib/libgdal.so.32 (deleted)", None),
            ("7f-80 r-xp 0 fe:01 42 /usr/bin/python3.11", None),
            ("7f-80 r-xp 00000000 00:00 0    [vdso]", None),
            ("7f-80 rwxp 00000000 00:00 0", None),
            ("", None),
        ] {
            assert_eq!(executed_library(line), expected, "{line}");
        }
    }
}
