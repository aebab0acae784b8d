//! The keys of a directory as texts, to keep them elsewhere and to bring them back.

use std::io;
use std::path::{Path, PathBuf};

use imds_core::placement::Region;

use crate::authority::{Authority, Damage};
use crate::store::{IdentityError, file};
use crate::write_once::write_once;

/// Why keys are not brought back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The text is something else.
    #[error("the text for {region} does not hold identity keys")]
    Damaged {
        /// The Region.
        region: Region,
        /// What is wrong with it.
        source: Damage,
    },
    /// The directory has other keys. They are not changed.
    #[error("{} has other keys: they belong to another state", path.display())]
    Other {
        /// The file that is in the way.
        path: PathBuf,
    },
    /// The keys that the directory has cannot be read, or those of the text not be stored.
    #[error(transparent)]
    Files(#[from] IdentityError),
}

/// The keys in a directory as text, by Region. None if there is no such directory. They are secrets.
pub fn texts(directory: &Path) -> Result<Vec<(Region, String)>, IdentityError> {
    let unreadable = |source| IdentityError::Read { path: directory.to_owned(), source };
    let entries = match directory.read_dir() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
    let names = names.collect::<io::Result<Vec<_>>>().map_err(unreadable)?;
    let region = |name: &std::ffi::OsString| -> Option<Region> {
        name.to_str()?.strip_prefix("identity-")?.strip_suffix(".pem")?.parse().ok()
    };
    let mut regions: Vec<_> = names.iter().filter_map(region).collect();
    regions.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    let text = |region: Region| match Authority::load(&region, directory)? {
        Some(authority) => Ok(Some((region, authority.to_pem()?))),
        None => Ok(None),
    };
    regions.into_iter().map(text).filter_map(Result::transpose).collect()
}

/// Whether the keys of a text can be brought back to a directory, or are there already.
pub fn check(region: &Region, directory: &Path, text: &str) -> Result<(), RestoreError> {
    let damaged = |source| RestoreError::Damaged { region: region.clone(), source };
    let wanted = Authority::from_pem(region, text).map_err(damaged)?;
    let pem = |authority: &Authority| authority.to_pem().map_err(IdentityError::from);
    match Authority::load(region, directory)? {
        Some(found) if pem(&found)? != pem(&wanted)? => {
            Err(RestoreError::Other { path: file(region, directory) })
        }
        _ => Ok(()),
    }
}

/// Brings the keys of a text back to a directory that has none of the Region, or the same.
pub fn restore(region: &Region, directory: &Path, text: &str) -> Result<(), RestoreError> {
    check(region, directory, text)?;
    let path = file(region, directory);
    match write_once(&path, text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            check(region, directory, text)
        }
        Err(source) => Err(IdentityError::Write { path, source }.into()),
        Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn keys_come_back_as_they_were_and_replace_none() {
        let (from, to) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let region: Region = "eu-west-1".parse().unwrap();
        assert!(texts(&from.path().join("none")).unwrap().is_empty());
        Authority::load_or_create(&region, from.path()).unwrap_or_else(|error| panic!("{error}"));
        fs::write(from.path().join("identity-nowhere.pem.txt"), "").unwrap();
        let kept = texts(from.path()).unwrap();
        let [(found, text)] = &kept[..] else { panic!("{}", kept.len()) };
        assert_eq!(*found, region);
        // Also a second time.
        for _ in 0..2 {
            restore(&region, to.path(), text).unwrap();
            assert_eq!(texts(to.path()).unwrap(), kept);
        }
        let other = TempDir::new().unwrap();
        Authority::load_or_create(&region, other.path()).unwrap_or_else(|error| panic!("{error}"));
        let error = restore(&region, other.path(), text).unwrap_err();
        assert!(matches!(error, RestoreError::Other { .. }), "{error}");
        assert_ne!(texts(other.path()).unwrap(), kept);
        let error = check(&region, to.path(), "no keys").unwrap_err();
        assert!(matches!(error, RestoreError::Damaged { .. }), "{error}");
    }
}
