//! Digests of files, and the list of them that goes with a release.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Writes `SHA256SUMS` of these files into their directory, as `sha256sum --check` reads it.
pub fn write_checksums(directory: &Path, files: &[PathBuf]) -> Result<()> {
    let mut lines = files
        .iter()
        .map(|file| {
            let name = file.file_name().context("not a file")?.to_string_lossy();
            Ok(format!("{}  {name}\n", sha256(&std::fs::read(file)?)))
        })
        .collect::<Result<Vec<_>>>()?;
    lines.sort_by(|one, other| one[64..].cmp(&other[64..]));
    Ok(std::fs::write(directory.join("SHA256SUMS"), lines.concat())?)
}

/// In hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    base16ct::lower::encode_string(&sha2::Sha256::digest(bytes))
}
