//! What a fresh machine lacks: Debian packages and a Python environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::command::run;

/// A program, and the Debian package that has it.
pub(crate) type Package = (&'static str, &'static str);

/// Installs the packages whose programs are not there. Needs root only where one is missing.
pub(crate) fn debian(packages: &[Package]) -> Result<()> {
    let missing: Vec<_> =
        packages.iter().filter(|(program, _)| !is_there(program)).map(|(_, name)| *name).collect();
    if missing.is_empty() { Ok(()) } else { apt_get(&missing) }
}

fn apt_get(missing: &[&str]) -> Result<()> {
    if !is_there("apt-get") || !is_root() {
        bail!("install these first, as root: apt-get install {}", missing.join(" "));
    }
    run(Command::new("apt-get").args(["update", "-qq"]).stdout(Stdio::null()))?;
    run(Command::new("apt-get")
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(missing)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdout(Stdio::null()))
}

/// A Python environment below the target directory with `packages`; gives back its `bin`.
pub(crate) fn python(packages: &[&str]) -> Result<PathBuf> {
    let home = Path::new("target/python");
    let stamp = home.join("installed");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(std::path::absolute(home.join("bin"))?);
    }
    // Debian's Python comes without the part that makes environments, which is no program.
    let can_make_environments = Command::new("python3")
        .args(["-c", "import ensurepip"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !can_make_environments {
        apt_get(&["python3-venv"])?;
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(home))?;
    run(Command::new(home.join("bin/pip")).args(["install", "--quiet"]).args(packages))?;
    std::fs::write(stamp, wanted)?;
    Ok(std::path::absolute(home.join("bin"))?)
}

/// The server of etcd.
pub(crate) fn etcd() -> Result<PathBuf> {
    unpacked("etcd", &["etcd-server"])
}

/// Debian packages unpacked below the target directory, for what must not be installed: it would run
/// when the machine boots. Gives back where they are.
pub(crate) fn unpacked(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let home = Path::new("target").join(name);
    let stamp = home.join("unpacked");
    let wanted = packages.join("\n");
    if !std::fs::read_to_string(&stamp).is_ok_and(|unpacked| unpacked == wanted) {
        let archives = tempfile::tempdir()?;
        run(Command::new("apt-get")
            .args(["download", "-qq", "-o", "APT::Sandbox::User=root"])
            .args(packages)
            .current_dir(archives.path()))?;
        for archive in std::fs::read_dir(archives.path())? {
            run(Command::new("dpkg-deb").arg("--extract").arg(archive?.path()).arg(&home))?;
        }
        std::fs::write(stamp, wanted)?;
    }
    Ok(std::path::absolute(home)?)
}

/// What a Python package has below `part`, unpacked below the target directory: the rest would be a hundred
/// times as much. Needs the environment of [`python`]. Gives back where it is.
pub(crate) fn unpacked_wheel(name: &str, package: &str, part: &str) -> Result<PathBuf> {
    const UNPACK: &str = "import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
wheel.extractall(sys.argv[2], [it for it in wheel.namelist() if it.startswith(sys.argv[3])])";
    let home = Path::new("target").join(name);
    let stamp = home.join("unpacked");
    if !std::fs::read_to_string(&stamp).is_ok_and(|unpacked| unpacked == package) {
        let wheels = tempfile::tempdir()?;
        run(Command::new("target/python/bin/pip")
            .args(["download", "--quiet", "--no-deps", package, "--dest"])
            .arg(wheels.path()))?;
        for wheel in std::fs::read_dir(wheels.path())? {
            let mut python = Command::new("target/python/bin/python");
            run(python.args(["-c", UNPACK]).arg(wheel?.path()).arg(&home).arg(part))?;
        }
        std::fs::write(stamp, package)?;
    }
    Ok(std::path::absolute(home)?)
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    directories.map(|directory| directory.join(program)).any(|file| file.is_file())
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
