//! A Debian package, in the format of deb(5): an `ar` archive of two tar archives, one with what dpkg has to
//! know, one with the files.

use anyhow::Result;
use flate2::Compression;
use jiff::tz::TimeZone;
use jiff::{Timestamp, fmt::rfc2822};

use crate::release::Release;
use crate::tree::{Tree, gzip};

/// Scripts of the package, in `packaging/debian`.
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

/// Settings that dpkg keeps as the administrator has changed them.
const CONFFILE: &str = "etc/imds/imds.toml";

/// `imds_0.1.0_amd64.deb`
pub(crate) fn file_name(release: &Release) -> String {
    format!("{}_{}_{}.deb", release.name, release.version, release.architecture.debian())
}

pub(crate) fn package(release: &Release) -> Result<Vec<u8>> {
    let files = files(release)?;
    let control = control(release, &files)?;
    let members = [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar.gz", gzip(&control.tar("./", release.time)?, release.level)?),
        ("data.tar.gz", gzip(&files.tar("./", release.time)?, release.level)?),
    ];
    let mut package = b"!<arch>\n".to_vec();
    for (name, bytes) in members {
        let (time, size) = (release.time, bytes.len());
        package.extend(format!("{name:<16}{time:<12}0     0     100644  {size:<10}`\n").bytes());
        package.extend(bytes);
        // Members begin at even places.
        if size % 2 == 1 {
            package.push(b'\n');
        }
    }
    Ok(package)
}

/// What is installed.
fn files(release: &Release) -> Result<Tree> {
    let mut tree = release.installed()?;
    tree.file(CONFFILE, 0o644, release.source("packaging/imds.toml")?);
    for unit in ["imds.service", "imds.socket"] {
        let text = release.source(&format!("packaging/systemd/{unit}"))?;
        tree.file(&format!("lib/systemd/system/{unit}"), 0o644, text);
    }
    let copyright = release.source("packaging/debian/copyright")?;
    tree.file(&format!("usr/share/doc/{}/copyright", release.name), 0o644, copyright);
    let changelog = gzip(changelog(release)?.as_bytes(), Compression::best())?;
    tree.file(&format!("usr/share/doc/{}/changelog.gz", release.name), 0o644, changelog);
    let overrides = release.source("packaging/debian/lintian-overrides")?;
    let overrides = overrides.replace("@PACKAGE@", release.name);
    tree.file(&format!("usr/share/lintian/overrides/{}", release.name), 0o644, overrides);
    Ok(tree)
}

/// What dpkg has to know.
fn control(release: &Release, files: &Tree) -> Result<Tree> {
    let mut tree = Tree::default();
    let other = if release.name == "imds" { "imds-minimal" } else { "imds" };
    let control = release
        .source(&format!("packaging/debian/control.{}", release.name))?
        .replace("@VERSION@", &release.version)
        .replace("@ARCHITECTURE@", release.architecture.debian())
        .replace("@INSTALLED-SIZE@", &files.kibibytes().to_string())
        .replace("@OTHER@", other);
    tree.file("control", 0o644, control);
    tree.file("conffiles", 0o644, format!("/{CONFFILE}\n"));
    let sums = files.files().filter(|(path, _)| *path != CONFFILE);
    let sums = sums.map(|(path, bytes)| format!("{}  {path}\n", md5(bytes)));
    tree.file("md5sums", 0o644, sums.collect::<String>());
    for script in SCRIPTS {
        tree.file(script, 0o755, release.source(&format!("packaging/debian/{script}"))?);
    }
    Ok(tree)
}

/// The package's changes are those of the program; Debian's format has the date and who is answerable.
fn changelog(release: &Release) -> Result<String> {
    let time = Timestamp::from_second(release.time.try_into()?)?.to_zoned(TimeZone::UTC);
    Ok(format!(
        "{} ({}) unstable; urgency=medium\n\n  * See https://github.com/imds-rs/imds/blob/main/CHANGELOG.md\n\n \
         -- imds developers <imds@users.noreply.github.com>  {}\n",
        release.name,
        release.version,
        rfc2822::to_string(&time)?
    ))
}

/// In hexadecimal digits. dpkg knows no other digest for the files of a package.
fn md5(bytes: &[u8]) -> String {
    use md5::Digest as _;
    base16ct::lower::encode_string(&md5::Md5::digest(bytes))
}
