//! What a test needs of the machine.

use std::path::Path;

use crate::cgroup::MemoryCgroup;
use crate::users::has_all_users;

/// Something that a machine may lack.
#[derive(Clone, Copy, Debug)]
pub enum Need {
    /// A program on the path, such as `curl`.
    Program(&'static str),
    /// Ethernet devices that end in a process: `/dev/net/tun`.
    Tap,
    /// Answers that leave together, by `io_uring`.
    IoUring,
    /// File systems that end in a process: `/dev/fuse`.
    Fuse,
    /// Real root: programs that switch users, or want devices.
    Root,
    /// The Python environment of `cargo xtask test`, with the aws CLI and boto3.
    Python,
    /// What Debian's instances run at their start, unpacked by `cargo xtask test`.
    Guests,
    /// The programs in Rust and JavaScript that `cargo xtask test` makes of AWS's SDKs.
    Clients,
    /// Prometheus, unpacked by `cargo xtask test`.
    Prometheus,
    /// containerd, unpacked by `cargo xtask test`.
    Containerd,
    /// Docker, unpacked by `cargo xtask test`; its daemon needs containerd.
    Docker,
    /// etcd, unpacked by `cargo xtask test`.
    Etcd,
    /// Packer, unpacked by `cargo xtask test`.
    Packer,
    /// Ansible's modules for AWS, unpacked by `cargo xtask test`; the program is in the Python environment.
    Ansible,
    /// Groups of processes whose memory can be limited (cgroup v1 or v2), and the right to make them.
    MemoryCgroup,
    /// Two minutes of time: in CI, or with `IMDS_TEST_SLOW=1`.
    Patience,
}

impl Need {
    /// Whether it is there; else what is missing.
    pub(crate) fn check(self) -> Result<(), String> {
        if let Some(variable) = self.variable()
            && !is_set(variable)
        {
            return Err(format!("{variable} is not set; `cargo xtask test` sets it"));
        }
        match self {
            Self::Program(name) if find(name).is_none() => {
                Err(format!("the program {name} is not installed"))
            }
            Self::Tap if !can_open(Path::new("/dev/net/tun")) => {
                Err("/dev/net/tun cannot be opened".to_owned())
            }
            Self::IoUring if !imds_linux::send::can_be_together() => {
                Err("io_uring is forbidden here, or the kernel too old for it".to_owned())
            }
            Self::Fuse if !can_open(Path::new("/dev/fuse")) => {
                Err("/dev/fuse cannot be opened".to_owned())
            }
            Self::Root if !imds_linux::user_namespace::is_needless() => {
                Err("only root can do this".to_owned())
            }
            Self::Root if !has_all_users() => {
                Err("only root outside of a user namespace can do this".to_owned())
            }
            Self::MemoryCgroup => MemoryCgroup::make(1 << 30).map(drop).map_err(|error| {
                format!("the memory of processes cannot be limited here: {error}")
            }),
            Self::Patience if !is_set("CI") && !is_set("IMDS_TEST_SLOW") => {
                Err("it takes two minutes; IMDS_TEST_SLOW=1 runs it".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// The variable by which `cargo xtask test` says where it is.
    fn variable(self) -> Option<&'static str> {
        match self {
            Self::Python => Some("IMDS_TEST_PYTHON"),
            Self::Guests => Some("IMDS_TEST_GUESTS"),
            Self::Clients => Some("IMDS_TEST_CLIENTS"),
            Self::Prometheus => Some("IMDS_TEST_PROMETHEUS"),
            Self::Containerd => Some("IMDS_TEST_CONTAINERD"),
            Self::Docker => Some("IMDS_TEST_DOCKER"),
            Self::Etcd => Some("IMDS_TEST_ETCD"),
            Self::Packer => Some("IMDS_TEST_PACKER"),
            Self::Ansible => Some("IMDS_TEST_ANSIBLE"),
            _ => None,
        }
    }
}

fn can_open(device: &Path) -> bool {
    std::fs::OpenOptions::new().read(true).write(true).open(device).is_ok()
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some()
}

fn find(name: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    directories.map(|directory| directory.join(name)).find(|file| file.is_file())
}
