//! A user without any privilege.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use tempfile::TempDir;

use crate::{Finished, binary, program};

/// Runs commands as user 65534, where the tests run as root; else as the user that runs the tests.
#[derive(Debug)]
pub struct Nobody {
    bin: TempDir,
}

impl Nobody {
    /// Copies `imds` to where everybody may run it, for as long as this lives.
    pub fn new() -> Result<Self> {
        let bin = TempDir::new()?;
        std::fs::copy(binary(), bin.path().join("imds"))?;
        Finished::success(Command::new("chmod").args(["755", "--"]).arg(bin.path()))?;
        Ok(Self { bin })
    }

    /// A shell that runs `script` with `imds` on its path.
    pub fn shell(&self, script: &str) -> Command {
        let mut command = if imds_linux::user_namespace::is_needless() {
            let mut command = program("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh"]);
            command
        } else {
            program("sh")
        };
        command.args(["-c", script]).env("PATH", path_with(self.bin.path())).current_dir("/");
        command
    }
}

/// The path, with `directory` in front.
pub fn path_with(directory: &Path) -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut joined = directory.as_os_str().to_owned();
    joined.push(":");
    joined.push(path);
    joined
}
