//! Replacing a file: all of it or nothing, and only if it is what was scanned.

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, fchown};
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// Tells whether a file is still what it was.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

/// Puts what `change` makes of the content in its place, by renaming a finished file over it. The
/// mode and the owner stay; a symbolic link stays one, and what it leads to is replaced.
pub(super) fn file<E: Error + 'static>(
    path: &Path,
    expected: &Fingerprint,
    change: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, Box<dyn Error>> {
    let path = fs::canonicalize(path)?;
    // A file that must not be written must not be replaced either.
    let metadata = OpenOptions::new().write(true).open(&path)?.metadata()?;
    let before = fs::read(&path)?;
    if Fingerprint::of(&before) != *expected {
        return Err("it changed since it was scanned; run the command again".into());
    }
    let after = change(&before)?;
    let folder = path.parent().ok_or("it is in no folder")?;
    let mut new = tempfile::Builder::new().prefix(".imds-migrate-").tempfile_in(folder)?;
    new.write_all(&after)?;
    let (owner, group) = (metadata.uid(), metadata.gid());
    let made = new.as_file().metadata()?;
    if (made.uid(), made.gid()) != (owner, group) {
        fchown(new.as_file(), Some(owner), Some(group))?;
    }
    new.as_file().set_permissions(metadata.permissions())?;
    new.as_file().sync_all()?;
    // The last look before the rename: somebody may have written meanwhile.
    if fs::read(&path)? != before {
        return Err("it changed while it was rewritten; run the command again".into());
    }
    new.persist(&path)?;
    Ok(after)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_keeps_its_mode_and_a_link_its_target() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a.sh"), folder.path().join("link.sh"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o750)).unwrap();
        std::os::unix::fs::symlink("a.sh", &link).unwrap();
        super::file(&link, &Fingerprint::of(b"old"), |_| Ok::<_, Infallible>(b"new".to_vec()))
            .unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o750);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing else is left behind");
    }

    #[test]
    fn a_file_that_changed_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.sh");
        let replace = || {
            super::file(&file, &Fingerprint::of(b"old"), |_| {
                fs::write(&file, "newer").map(|()| b"new".to_vec())
            })
        };
        fs::write(&file, "old").unwrap();
        assert!(replace().unwrap_err().to_string().contains("while it was rewritten"));
        assert!(replace().unwrap_err().to_string().contains("since it was scanned"));
        assert_eq!(fs::read(&file).unwrap(), b"newer");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing else is left behind");
    }
}
