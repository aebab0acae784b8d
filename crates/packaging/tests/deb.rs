//! The Debian package: checked by lintian, installed and purged in a root of its own, its units by systemd.

use std::process::Command;

use testkit::{Finished, Need, Result, Trial, ensure};

use crate::artifacts::artifact;

/// A copy of this machine's file system, whose changes are in the memory of a mount namespace. Nothing of
/// the machine itself changes, and nothing runs as a service.
const ROOT: &str = r#"
set -e
mount --make-rprivate /
deb=$(mktemp)
cp "$1" "$deb"
mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work /mnt/debian
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/debian
mount -t tmpfs none /mnt/debian/run
mount -t tmpfs none /mnt/debian/tmp
mount -t proc proc /mnt/debian/proc
mount --rbind /dev /mnt/debian/dev
cp "$deb" /mnt/debian/tmp/imds.deb
rm "$deb"
inside() { PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot /mnt/debian "$@"; }
# What has changed, but for what dpkg notes of itself.
changes() { (cd /mnt/upper && find . -mindepth 1 ! -type d) | grep -Ev '^./(var/(lib/dpkg|log|cache)|run|tmp)/' | sort; }
"#;

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = testkit::tests![&[Need::Program("lintian")];
        lintian_finds_nothing,
    ];
    tests.extend(
        testkit::tests![&[Need::Root, Need::Program("dpkg"), Need::Program("systemd-analyze")];
            a_package_is_installed_and_purged_without_residue,
            settings_that_were_changed_outlive_a_removal,
            units_are_valid_and_expose_little,
        ],
    );
    tests
}

/// Runs a script in a root of its own, with the package at `/tmp/imds.deb`.
pub(crate) fn in_a_root_with(script: &str) -> Result<Finished> {
    let mut command = testkit::program("unshare");
    command.args(["--mount", "--pid", "--fork", "sh", "-c", &format!("{ROOT}{script}"), "sh"]);
    Finished::success(command.arg(artifact(".deb")?))
}

fn lintian_finds_nothing() -> Result<()> {
    let mut lintian = Command::new("lintian");
    lintian.args(["--fail-on=error,warning", "--allow-root", "--tag-display-limit=0"]);
    // The program that is built with the tests needs libraries, of which the package says nothing.
    lintian.args(["--suppress-tags", "undeclared-elf-prerequisites"]);
    let found = Finished::success(lintian.arg(artifact(".deb")?))?;
    ensure!(found.stdout.is_empty(), "{}", found.stdout);
    Ok(())
}

fn a_package_is_installed_and_purged_without_residue() -> Result<()> {
    let finished = in_a_root_with(
        r"
inside dpkg --install /tmp/imds.deb > /dev/null
changes
inside imds -V
inside ec2-imds get --help | head -n 1
inside man --path > /dev/null 2>&1 || true
# As the service leaves its state, and `systemctl enable` its links.
mkdir -p /mnt/debian/var/lib/private/imds
touch /mnt/debian/var/lib/private/imds/state.db
ln -s private/imds /mnt/debian/var/lib/imds
inside systemctl enable imds.service imds.socket 2> /dev/null
inside dpkg --purge imds > /dev/null
echo == residue
changes
",
    )?;
    let (installed, residue) = finished.stdout.split_once("== residue\n").unwrap_or_default();
    for file in [
        "./etc/imds/imds.toml",
        "./lib/systemd/system/imds.service",
        "./usr/bin/imds",
        "./usr/share/man/man1/imds-serve.1.gz",
        "./usr/share/bash-completion/completions/imds",
    ] {
        let installed = installed.replace("./usr/lib/systemd", "./lib/systemd");
        ensure!(installed.lines().any(|line| line == file), "{file} is not installed: {installed}");
    }
    ensure!(installed.contains(concat!("\nimds ", env!("CARGO_PKG_VERSION"))), "{installed}");
    ensure!(residue.is_empty(), "left behind: {residue}");
    Ok(())
}

fn settings_that_were_changed_outlive_a_removal() -> Result<()> {
    let finished = in_a_root_with(
        r"
inside dpkg --install /tmp/imds.deb > /dev/null
echo '# ours' >> /mnt/debian/etc/imds/imds.toml
inside dpkg --remove imds > /dev/null
tail -n 1 /mnt/debian/etc/imds/imds.toml
inside dpkg --install /tmp/imds.deb > /dev/null
tail -n 1 /mnt/debian/etc/imds/imds.toml
",
    )?;
    ensure!(finished.stdout == "# ours\n# ours\n", "{finished:#?}");
    Ok(())
}

fn units_are_valid_and_expose_little() -> Result<()> {
    let finished = in_a_root_with(
        r"
inside dpkg --install /tmp/imds.deb > /dev/null
inside systemd-analyze verify --man=no imds.service imds.socket 2>&1
inside systemd-analyze security --offline=true --threshold=20 --no-pager \
    /usr/lib/systemd/system/imds.service
",
    )?;
    ensure!(finished.stdout.contains("Overall exposure level for imds.service: "), "{finished:#?}");
    Ok(())
}
