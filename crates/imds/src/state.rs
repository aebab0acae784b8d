//! What outlives the process: the token key, and where other state is kept.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use imds_core::Keyring;
use imds_core::token::{KEY_LENGTH, Key};

use crate::error::{CommandError, Kind};

/// The id of the only key there is.
const KEY_ID: u8 = 1;

/// A keyring that lives as long as the process.
pub(crate) fn ephemeral_keyring() -> Result<Keyring, CommandError> {
    Ok(keyring(&random_key()?))
}

/// The keyring kept in the state directory, made at first use: a token outlives a restart.
pub(crate) fn kept_keyring() -> Result<Keyring, CommandError> {
    let path = directory()?.join("token.key");
    let failed = |error: io::Error| {
        let kind = match error.kind() {
            io::ErrorKind::PermissionDenied => Kind::Denied,
            _ => Kind::Unavailable,
        };
        CommandError::new(kind, format!("cannot keep the token key in {}", path.display()))
            .caused_by(error)
            .hint("set XDG_STATE_HOME to a directory that can be written")
    };
    if !path.exists() {
        match write_once(&path, &random_key()?) {
            // Another process was first; its key is the one.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            written => written.map_err(failed)?,
        }
    }
    read_key(&path).map_err(failed)?.map(|key| keyring(&key)).ok_or_else(|| {
        CommandError::usage(format!(
            "{} is not a token key: it must be {KEY_LENGTH} bytes that only its owner may read",
            path.display()
        ))
        .hint(format!("chmod 600 {}", path.display()))
        .hint(format!("or remove it, and every token in use is refused: rm {}", path.display()))
    })
}

/// Where state is kept: `$XDG_STATE_HOME/imds`, else `~/.local/state/imds` (XDG Base Directory Specification).
pub(crate) fn directory() -> Result<PathBuf, CommandError> {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .map(|base| base.join("imds"))
        .ok_or_else(|| {
            CommandError::usage("neither XDG_STATE_HOME nor HOME is set to an absolute path")
                .hint("set XDG_STATE_HOME to a directory for the token key")
        })
}

fn keyring(key: &[u8; KEY_LENGTH]) -> Keyring {
    Keyring::new(Key::new(KEY_ID, key), Vec::new())
}

fn random_key() -> Result<[u8; KEY_LENGTH], CommandError> {
    let mut key = [0; KEY_LENGTH];
    getrandom::fill(&mut key).map_err(|error| {
        CommandError::new(Kind::Unavailable, "the kernel gives no random bytes").caused_by(error)
    })?;
    Ok(key)
}

/// Writes a whole file or none of it, for its owner only, and never over one that is there.
pub(crate) fn write_once(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let draft = path.with_extension(format!("{:016x}", getrandom::u64()?));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    written
}

/// The key, or `None` where the file cannot be one.
fn read_key(path: &Path) -> io::Result<Option<[u8; KEY_LENGTH]>> {
    let file = File::open(path)?;
    let is_private = file.metadata()?.mode().trailing_zeros() >= 6;
    let mut bytes = Vec::with_capacity(KEY_LENGTH + 1);
    file.take(KEY_LENGTH as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes.try_into().ok().filter(|_| is_private))
}
