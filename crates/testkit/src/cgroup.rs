//! A group of processes whose memory is limited, the kernel's for them included.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A control group; removed when it is dropped, once its processes have ended.
#[derive(Debug)]
pub struct MemoryCgroup {
    directory: PathBuf,
    /// The file that has the most that was ever used.
    peak: &'static str,
}

/// Where control groups are: of version 1, with the file of the limit, or of version 2.
const PLACES: [(&str, &str, &str); 2] = [
    ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes"),
    ("/sys/fs/cgroup", "memory.max", "memory.peak"),
];

impl MemoryCgroup {
    /// Makes a group whose processes may use `limit` bytes together.
    pub fn make(limit: u64) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("imds-test-{}-{number}", std::process::id());
        let has_limit = |(place, file, _): &&(&str, &str, &str)| {
            // In version 2 the root has no limit, but a list of what its children can limit.
            Path::new(place).join(file).exists()
                || fs::read_to_string(Path::new(place).join("cgroup.subtree_control"))
                    .is_ok_and(|list| list.contains("memory"))
        };
        let (place, file, peak) =
            PLACES.iter().find(has_limit).ok_or(io::Error::from(io::ErrorKind::NotFound))?;
        let group = Self { directory: Path::new(place).join(name), peak };
        fs::create_dir(&group.directory)?;
        fs::write(group.directory.join(file), limit.to_string())?;
        Ok(group)
    }

    /// `shell`, which becomes `program` once it is in the group.
    pub fn command(&self, mut shell: Command, program: &OsStr) -> Command {
        shell.args(["-c", "echo $$ >\"$0\" && exec \"$@\""]);
        shell.arg(self.directory.join("cgroup.procs")).arg(program);
        shell
    }

    /// The most that its processes used at a time, in bytes.
    pub fn peak(&self) -> io::Result<u64> {
        let text = fs::read_to_string(self.directory.join(self.peak))?;
        text.trim().parse().map_err(io::Error::other)
    }
}

impl Drop for MemoryCgroup {
    fn drop(&mut self) {
        // It fails while a process is in it, which is a failed test then.
        let _ = fs::remove_dir(&self.directory);
    }
}
