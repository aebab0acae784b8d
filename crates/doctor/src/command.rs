//! Another program that has the name of this one.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The name that this program is called by.
const NAME: &str = "imds";
/// How many bytes of a script are looked at.
const BEGINNING: u64 = 4096;

/// A command that a shell runs instead of this program.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OtherCommand {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it is of the Python package ec2-metadata.
    pub is_of_ec2_metadata: bool,
}

/// The first command `imds` in `path`, the value of `PATH`, below `root`; `None` if it is this program or
/// there is none.
pub(super) fn first_other(root: &Path, path: &OsStr) -> Option<OtherCommand> {
    let own = fs::metadata("/proc/self/exe").ok().as_ref().map(identity);
    let commands = std::env::split_paths(path).map(|directory| directory.join(NAME));
    let is_executable = |file: &Metadata| file.is_file() && file.permissions().mode() & 0o111 != 0;
    let found = commands.filter_map(|path| {
        let file = root.join(path.strip_prefix("/").unwrap_or(&path));
        let metadata = fs::metadata(&file).ok().filter(is_executable)?;
        Some((path, file, identity(&metadata)))
    });
    let (path, file, identity) = { found }.next()?;
    (Some(identity) != own).then(|| OtherCommand { path, is_of_ec2_metadata: names_package(&file) })
}

fn names_package(file: &Path) -> bool {
    let mut text = Vec::new();
    let read = File::open(file).and_then(|file| file.take(BEGINNING).read_to_end(&mut text));
    read.is_ok() && String::from_utf8_lossy(&text).contains("ec2_metadata")
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_executable_of_the_path_counts() {
        let root = tempfile::tempdir().unwrap();
        let put = |file: &str, text: &str, mode| {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        };
        // As pip writes it.
        let script = "#!/venv/bin/python\nimport sys\nfrom ec2_metadata.cli import main\n";
        put("venv/bin/imds", script, 0o755);
        put("usr/bin/imds", "#!/bin/sh\n", 0o755);
        put("notes/imds", "", 0o644);
        std::os::unix::fs::symlink("/proc/self/exe", root.path().join("own")).unwrap();
        fs::create_dir(root.path().join("bin")).unwrap();
        std::os::unix::fs::symlink("/proc/self/exe", root.path().join("bin/imds")).unwrap();
        let other = |path, is_of_ec2_metadata| {
            Some(OtherCommand { path: PathBuf::from(path), is_of_ec2_metadata })
        };
        for (path, expected) in [
            ("/notes:/venv/bin:/usr/bin", other("/venv/bin/imds", true)),
            ("/usr/bin:/venv/bin", other("/usr/bin/imds", false)),
            ("/bin:/venv/bin", None),
            ("/notes:/nonexistent", None),
            ("", None),
        ] {
            assert_eq!(first_other(root.path(), OsStr::new(path)), expected, "{path}");
        }
    }
}
