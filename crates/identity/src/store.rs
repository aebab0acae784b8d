//! Stores the keys of an [`Authority`]: one file for each Region in the state directory.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use imds_core::placement::Region;
use rustix::fs::OFlags;
use rustix::process::geteuid;

use super::authority::{Authority, Damage};
use super::key::KeyError;
use super::write_once::write_once;

/// How many bytes of a key file are read: several times its normal length.
const MAX_LENGTH: u64 = 64 * 1024;

/// Why the keys of a Region cannot be loaded, stored or used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file holds something else. It is not changed.
    #[error("{} does not hold identity keys; restore it, or remove it to make new ones", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Damage,
    },
    /// Others may read the file.
    #[error("{0} holds secret keys and others may read it: chmod 600 {0}", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// Another user made the file.
    #[error("{} belongs to user {owner}, and this process runs as another user", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The number of that user.
        owner: u32,
    },
    /// It is a named pipe, a device, a directory, or a symbolic link that leads nowhere.
    #[error("{} is not a file", path.display())]
    NotAFile {
        /// What was taken for the file.
        path: PathBuf,
    },
    /// Keys cannot be made.
    #[error("cannot make identity keys")]
    Make(#[from] KeyError),
    /// The file cannot be read.
    #[error("cannot read identity keys from {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot store identity keys in {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Authority {
    /// Loads the keys of a Region from `directory`; `None` if it has none.
    pub fn load(region: &Region, directory: &Path) -> Result<Option<Self>, IdentityError> {
        read(region, &file(region, directory))
    }

    /// Loads the keys of a Region from `directory`; makes and stores them if it has none.
    pub fn load_or_create(region: &Region, directory: &Path) -> Result<Self, IdentityError> {
        let path = file(region, directory);
        if let Some(authority) = read(region, &path)? {
            return Ok(authority);
        }
        let authority = Self::make(region)?;
        let text = authority.to_pem()?;
        match write_once(&path, text.as_bytes()) {
            Ok(()) => Ok(authority),
            // Another process stored keys first; those are used.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                read(region, &path)?.ok_or(IdentityError::Write { path, source: error })
            }
            Err(source) => Err(IdentityError::Write { path, source }),
        }
    }
}

/// The file in `directory` with the keys of a Region.
pub(super) fn file(region: &Region, directory: &Path) -> PathBuf {
    directory.join(format!("identity-{region}.pem"))
}

/// Reads the keys in a file; `None` if the file does not exist.
fn read(region: &Region, path: &Path) -> Result<Option<Authority>, IdentityError> {
    let path_buf = || path.to_owned();
    let unreadable = |source| IdentityError::Read { path: path_buf(), source };
    // A named pipe would be waited for.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    let options = options.read(true).custom_flags(flags.bits().cast_signed());
    let file = match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let is_link = path.is_symlink();
            return if is_link {
                Err(IdentityError::NotAFile { path: path_buf() })
            } else {
                Ok(None)
            };
        }
        file => file.map_err(unreadable)?,
    };
    let found = file.metadata().map_err(unreadable)?;
    if !found.is_file() {
        return Err(IdentityError::NotAFile { path: path_buf() });
    }
    if found.uid() != geteuid().as_raw() {
        return Err(IdentityError::Foreign { path: path_buf(), owner: found.uid() });
    }
    if found.mode() & 0o077 != 0 {
        return Err(IdentityError::Exposed { path: path_buf() });
    }
    let mut bytes = Vec::new();
    file.take(MAX_LENGTH).read_to_end(&mut bytes).map_err(unreadable)?;
    let authority = Authority::from_pem(region, &String::from_utf8_lossy(&bytes));
    authority.map(Some).map_err(|source| IdentityError::Damaged { path: path_buf(), source })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
    use std::thread;

    use imds_core::identity::Proof;
    use tempfile::TempDir;

    use super::*;

    fn region() -> Region {
        "us-east-1".parse().unwrap()
    }

    fn certificate(directory: &Path) -> String {
        let authority =
            Authority::load_or_create(&region(), directory).map_err(|error| error.to_string());
        authority.unwrap().certificate(Proof::Pkcs7).unwrap()
    }

    #[test]
    fn keys_are_made_once_and_for_their_owner_only() {
        let state = TempDir::new().unwrap();
        let directory = state.path().join("imds");
        let first = certificate(&directory);
        assert_eq!(certificate(&directory), first);
        let names: Vec<_> = fs::read_dir(&directory).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(names, [directory.join("identity-us-east-1.pem")], "and no draft");
        assert_eq!(fs::metadata(&names[0]).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&directory).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn all_who_start_together_have_the_same_keys() {
        let state = TempDir::new().unwrap();
        let certificates: Vec<_> = thread::scope(|scope| {
            let start = || scope.spawn(|| certificate(state.path()));
            let threads = [start(), start(), start()];
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(certificates.iter().all(|one| *one == certificates[0]));
    }

    #[test]
    fn a_file_with_other_content_is_refused_and_not_changed() {
        let state = TempDir::new().unwrap();
        let path = state.path().join("identity-us-east-1.pem");
        certificate(state.path());
        let whole = fs::read(&path).unwrap();
        let half = &whole[..whole.len() / 2];
        for bytes in [b"".as_slice(), b"\xff\0", half] {
            fs::write(&path, bytes).unwrap();
            let error = Authority::load_or_create(&region(), state.path()).err().unwrap();
            assert!(matches!(error, IdentityError::Damaged { .. }), "{error}");
            assert!(error.to_string().contains("identity-us-east-1.pem"), "{error}");
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
        fs::write(&path, &whole).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = Authority::load_or_create(&region(), state.path()).err().unwrap();
        assert!(error.to_string().contains("chmod 600 /"), "{error}");
    }

    #[test]
    fn what_is_no_file_of_ours_is_refused_at_once_and_stays() {
        let state = TempDir::new().unwrap();
        let path = state.path().join("identity-us-east-1.pem");
        let refusal = || Authority::load_or_create(&region(), state.path()).err().unwrap();
        let owner = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, owner).unwrap();
        assert!(matches!(refusal(), IdentityError::NotAFile { .. }), "{}", refusal());
        fs::remove_file(&path).unwrap();
        symlink("nowhere", &path).unwrap();
        assert!(matches!(refusal(), IdentityError::NotAFile { .. }), "{}", refusal());
        assert!(path.is_symlink() && !state.path().join("nowhere").exists());
        fs::remove_file(&path).unwrap();
        certificate(state.path());
        // Only root can give a file away.
        if chown(&path, Some(65534), None).is_ok() {
            assert!(matches!(refusal(), IdentityError::Foreign { owner: 65534, .. }));
        }
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_named() {
        let state = TempDir::new().unwrap();
        fs::write(state.path().join("imds"), "in the way").unwrap();
        let error = Authority::load_or_create(&region(), &state.path().join("imds")).err().unwrap();
        assert!(error.to_string().contains("/imds/identity-us-east-1.pem"), "{error}");
    }
}
