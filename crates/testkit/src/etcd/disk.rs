//! A disk of a few megabytes for one member.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::process::program;

/// A file system in memory, in a mount namespace of its own; gone when it is dropped.
#[derive(Debug)]
pub(super) struct Disk {
    /// Has the namespace as long as its input is open.
    holder: Child,
    place: PathBuf,
}

impl Disk {
    /// Makes one of so many megabytes, which is at `place` for what is started [in it](Self::inside).
    pub(super) fn make(place: &Path, megabytes: u16) -> Result<Self> {
        const SCRIPT: &str = r#"mount -t tmpfs -o "size=$1m" etcd "$2" && echo ready && exec cat"#;
        fs::create_dir_all(place)?;
        let mut unshare = program("unshare");
        unshare.args(["--mount", "sh", "-c", SCRIPT, "sh", &megabytes.to_string()]).arg(place);
        let mut holder = unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut ready = [0; 6];
        let output = holder.stdout.as_mut().context("standard output is piped")?;
        output.read_exact(&mut ready).context("cannot mount a disk")?;
        Ok(Self { holder, place: place.to_owned() })
    }

    /// A command that runs another one where the disk is.
    pub(super) fn inside(&self, program_there: &Path) -> Command {
        let mut nsenter = program("nsenter");
        nsenter.arg(format!("--mount=/proc/{}/ns/mnt", self.holder.id())).arg("--");
        nsenter.arg(program_there);
        nsenter
    }

    /// Fills it to the last byte.
    pub(super) fn fill(&self) -> Result<()> {
        let mut file = File::create(self.filler())?;
        let mut bytes = vec![0; 1 << 20];
        while !bytes.is_empty() {
            match file.write(&bytes) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => {
                    bytes.truncate(bytes.len() / 2);
                }
                Err(error) => bail!("{}: {error}", self.place.display()),
            }
        }
        Ok(())
    }

    /// Removes what fills it.
    pub(super) fn empty(&self) -> Result<()> {
        Ok(fs::remove_file(self.filler())?)
    }

    fn filler(&self) -> PathBuf {
        let place = self.place.strip_prefix("/").unwrap_or(&self.place);
        Path::new("/proc")
            .join(self.holder.id().to_string())
            .join("root")
            .join(place)
            .join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        // One that has ended already is as good.
        let _ = self.holder.wait();
    }
}
