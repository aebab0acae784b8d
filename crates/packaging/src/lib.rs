//! The artifacts of a release, made of a built program: an archive, a Debian package, an OCI image, a list
//! of what is inside, and checksums. For `cargo xtask dist`, and for the tests of the artifacts.
//!
//! Bytes follow from the program, the source and the time of the commit alone: two runs make the same
//! files. Nothing is downloaded, and no other tool is run but the program itself, which prints its manual
//! pages and completions.

mod checksum;
mod deb;
mod image;
mod release;
mod sbom;
mod tree;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

pub use checksum::write_checksums;
pub use release::{Architecture, Release};
pub use sbom::{Build, components};

/// Writes all artifacts into a directory, and `SHA256SUMS` beside them. Returns their paths.
pub fn write_all(release: &Release, directory: &Path) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    let artifacts = [
        (release.file_name("tar.gz"), release.archive()?),
        (deb::file_name(release), deb::package(release)?),
        (release.file_name("oci.tar"), image::archive(release)?),
        (release.file_name("cdx.json"), release.sbom.clone()),
    ];
    artifacts
        .into_iter()
        .map(|(name, bytes)| {
            let path = directory.join(name);
            std::fs::write(&path, bytes)
                .with_context(|| format!("cannot write {}", path.display()))?;
            Ok(path)
        })
        .collect()
}
