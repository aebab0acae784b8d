//! The program of `cargo xtask dist` on the distributions that are supported: `cargo xtask distributions`. Each is a
//! root of its own below `target/distributions`, in namespaces without a network; nothing is installed on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::command::run;
use crate::install;

const HOME: &str = "target/distributions";

/// Debian's releases, by their names. Others are made of the same parts: a kernel, and maybe a libc.
const DEBIAN: [&str; 3] = ["bullseye", "bookworm", "trixie"];

/// What is tried in a root. Whoever reads `one line a check` knows what is supported.
const TRY: &str = r#"
set -e
mount --make-rprivate /
root=$1 program=$(realpath "$2") package=${3:+$(realpath "$3")}
# So that it is a file system of its own, as the root of a machine is.
mount --bind "$root" "$root"
cd "$root"
root=$PWD
# In a container, debootstrap leaves links to the machine's own.
for directory in proc dev sys; do
    [ ! -L "$root/$directory" ] || rm "$root/$directory"
done
mkdir -p "$root/proc" "$root/dev" "$root/tmp" "$root/etc" "$root/sys"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t sysfs sys "$root/sys" 2> /dev/null || true
mount -t tmpfs none "$root/tmp"
cp "$program" "$root/tmp/imds"
ip link set lo up
environment="PATH=/tmp:/usr/sbin:/usr/bin:/sbin:/bin HOME=/nonexistent"
inside() { chroot "$root" /usr/bin/env -i $environment "$@"; }
inside imds -V
# Twice on one state file: the first time all keys are made before rights are given up.
for time in first second; do
    chroot "$root" /usr/bin/env -i $environment imds serve --listen 127.0.0.1:1338 --control 127.0.0.1:1339 \
        --state /tmp/state/state.db --ready-file /tmp/ready.json > /dev/null 2> /tmp/imds-messages &
    tries=0
    until [ -e "$root/tmp/ready.json" ]; do
        [ $((tries += 1)) -lt 300 ] || { cat /tmp/imds-messages; exit 1; }
        sleep 0.1
    done
    for path in instance-id /latest/dynamic/instance-identity/pkcs7; do
        tries=0
        until answer=$(inside AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1338 imds get $path); do
            [ $((tries += 1)) -lt 100 ] || { cat /tmp/imds-messages; exit 1; }
            sleep 0.1
        done
        echo "serve, $time time, $path: $(echo "$answer" | head -n 1)"
    done
    [ $time = second ] || { kill $!; wait $!; }
done
# By its name: the C library is linked in, and looks names up by itself.
cp "$root/etc/hosts" /tmp/hosts 2> /dev/null || : > /tmp/hosts
echo "127.0.0.1 imds.test" >> /tmp/hosts
[ -e "$root/etc/hosts" ] || : > "$root/etc/hosts"
mount --bind /tmp/hosts "$root/etc/hosts"
answer=$(inside AWS_EC2_METADATA_SERVICE_ENDPOINT=http://imds.test:1338 imds get instance-id)
echo "name: $answer"
answer=$(inside imds exec -- /tmp/imds get instance-id)
echo "exec: $answer"
if [ -n "$package" ]; then
    cp "$package" "$root/tmp/imds.deb"
    inside dpkg --force-not-root --install /tmp/imds.deb > /dev/null
    answer=$(inside /usr/bin/imds -V)
    echo "package: $answer"
    inside dpkg --purge imds > /dev/null 2>&1
    [ ! -e "$root/usr/bin/imds" ] && [ ! -e "$root/etc/imds" ] && echo "purged"
fi
"#;

/// Runs all of them.
pub(crate) fn run_all() -> Result<()> {
    install::debian(&[
        ("debootstrap", "debootstrap"),
        ("busybox", "busybox-static"),
        ("ip", "iproute2"),
    ])?;
    let archive = artifact("-linux.tar.gz")?;
    let package = artifact(".deb")?;
    let unpacked = Path::new(HOME).join("imds");
    std::fs::create_dir_all(&unpacked)?;
    let mut tar = Command::new("tar");
    run(tar.args(["--strip-components=1", "-xf"]).arg(archive).arg("-C").arg(&unpacked))?;
    let program = unpacked.join("bin/imds");
    println!("== busybox");
    try_in(&busybox()?, &program, None)?;
    for name in DEBIAN {
        println!("== Debian {name}");
        try_in(&debian(name)?, &program, Some(&package))?;
    }
    Ok(())
}

fn try_in(root: &Path, program: &Path, package: Option<&Path>) -> Result<()> {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", TRY, "sh"]);
    command.arg(root).arg(program).arg(package.unwrap_or(Path::new("")));
    let status = command.status().context("cannot run unshare")?;
    if !status.success() {
        bail!("{}: {status}", root.display());
    }
    Ok(())
}

/// A root with nothing but busybox.
fn busybox() -> Result<PathBuf> {
    let root = Path::new(HOME).join("busybox");
    for directory in ["bin", "usr/bin", "etc"] {
        std::fs::create_dir_all(root.join(directory))?;
    }
    std::fs::copy("/usr/bin/busybox", root.join("bin/busybox"))
        .or_else(|_| std::fs::copy("/bin/busybox", root.join("bin/busybox")))?;
    let env = root.join("usr/bin/env");
    if !env.exists() {
        std::os::unix::fs::symlink("/bin/busybox", env)?;
    }
    Ok(root)
}

/// The packages that every installation has, unpacked.
fn debian(name: &str) -> Result<PathBuf> {
    let root = Path::new(HOME).join(name);
    let stamp = root.join("unpacked");
    if !stamp.exists() {
        if root.exists() {
            std::fs::remove_dir_all(&root)?;
        }
        let mut debootstrap = Command::new("debootstrap");
        // Without the second stage, which would configure what is never started.
        run(debootstrap.args(["--foreign", "--variant=minbase", name]).arg(&root))?;
        std::fs::write(stamp, "")?;
    }
    Ok(root)
}

/// The artifact of `imds` whose name ends so.
pub(crate) fn artifact(ending: &str) -> Result<PathBuf> {
    let files = std::fs::read_dir("target/dist").context("run cargo xtask dist first")?;
    let mut files = files.filter_map(|file| Some(file.ok()?.path()));
    let is_it = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("imds") && !name.starts_with("imds-minimal") && name.ends_with(ending)
    };
    files.find(is_it).with_context(|| format!("no {ending} in target/dist: run cargo xtask dist"))
}
