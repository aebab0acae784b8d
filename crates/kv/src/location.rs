//! Where state is: from a URL to an engine.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use crate::engine::Kv;
use crate::memory::Memory;
use crate::open_error::OpenError;
use crate::sqlite::Sqlite;
#[cfg(feature = "etcd")]
use crate::{
    etcd::{Etcd, EtcdLocation},
    sealed::{SealKeys, Sealed},
};

/// Opens the engine that `url` names: see [`Location::parse`].
pub fn open(url: impl AsRef<OsStr>) -> Result<Arc<dyn Kv>, OpenError> {
    Location::parse(url)?.open()
}

/// Where state is.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Location {
    /// In the process: lost when it ends.
    Memory,
    /// In this SQLite file, and in others beside it.
    Sqlite(PathBuf),
    /// In an etcd cluster, for several hosts.
    #[cfg(feature = "etcd")]
    Etcd(EtcdLocation),
}

impl Location {
    /// Reads `memory`, `sqlite:PATH`, the path of an SQLite file, or
    /// `etcd://[USER@]HOST:PORT[,HOST:PORT…][/PREFIX]?PARAMETERS`. `./memory` is a file.
    ///
    /// Parameters, with `&` between them: `seal-key=FILE` (as `SealKeys::read` has it), `ca=FILE` (TLS,
    /// and the certificates by which members are checked), `cert=FILE&key=FILE` (our own certificate),
    /// `password-file=FILE` (of the user), `plaintext=allow` (without TLS beyond this machine), and
    /// `host=NAME` ([`host`](Self::host)). Keys begin with `PREFIX/`, by default `imds/`.
    ///
    /// # Errors
    /// [`OpenError::Unsupported`] for another URL, such as `redis://host`,
    /// [`OpenError::Etcd`] for a wrong one of etcd, and [`OpenError::NoPath`] if there is no path.
    pub fn parse(url: impl AsRef<OsStr>) -> Result<Self, OpenError> {
        let url = url.as_ref();
        if url == "memory" || url == "memory:" {
            return Ok(Self::Memory);
        }
        let bytes = url.as_bytes();
        #[cfg(feature = "etcd")]
        if let Some(rest) = strip_etcd(bytes) {
            let invalid = |problem: String| OpenError::Etcd { problem };
            let rest = str::from_utf8(rest).map_err(|_| invalid("the URL is no text".into()))?;
            return EtcdLocation::parse(rest).map(Self::Etcd).map_err(invalid);
        }
        let path = match bytes.strip_prefix(b"sqlite:") {
            Some(path) => OsStr::from_bytes(path),
            None => match scheme(bytes) {
                Some(scheme) => return Err(OpenError::Unsupported { scheme }),
                None => url,
            },
        };
        if path.is_empty() { Err(OpenError::NoPath) } else { Ok(Self::Sqlite(path.into())) }
    }

    /// The URL of a state that several hosts may share; it has no secret. `None` where there is only this
    /// host.
    pub fn shared_url(&self) -> Option<String> {
        match self {
            #[cfg(feature = "etcd")]
            Self::Etcd(location) => Some(location.url()),
            _ => None,
        }
    }

    /// The name of this host among those that share the state, if the URL has one.
    pub fn host(&self) -> Option<&str> {
        match self {
            #[cfg(feature = "etcd")]
            Self::Etcd(location) => location.host(),
            _ => None,
        }
    }

    /// Opens the engine, and creates its file if it does not exist.
    pub fn open(&self) -> Result<Arc<dyn Kv>, OpenError> {
        Ok(match self {
            Self::Memory => Arc::new(Memory::new()),
            Self::Sqlite(path) => Arc::new(Sqlite::open(path)?),
            #[cfg(feature = "etcd")]
            Self::Etcd(location) => Arc::new(open_sealed(location)?),
        })
    }

    /// Whether several processes and hosts may have the state at the same time.
    pub fn is_shared(&self) -> bool {
        !matches!(self, Self::Memory | Self::Sqlite(_))
    }
}

/// As messages name it: without what is secret, or the names of files that are.
impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => formatter.write_str("memory"),
            Self::Sqlite(path) => path.display().fmt(formatter),
            #[cfg(feature = "etcd")]
            Self::Etcd(location) => location.fmt(formatter),
        }
    }
}

/// Opens a cluster, and what seals values in it.
#[cfg(feature = "etcd")]
pub(crate) fn open_sealed(location: &EtcdLocation) -> Result<Sealed, OpenError> {
    let Some(path) = location.seal_key() else { return Err(OpenError::NoSealKey) };
    Ok(Sealed::new(Arc::new(Etcd::open(location)?), SealKeys::read(path)?))
}

/// What follows `etcd:`, in whichever case, without the `//` that belongs to it.
#[cfg(feature = "etcd")]
fn strip_etcd(url: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = url.split_at_checked(b"etcd:".len())?;
    let is_etcd = scheme.eq_ignore_ascii_case(b"etcd:");
    is_etcd.then(|| rest.strip_prefix(b"//").unwrap_or(rest))
}

/// The scheme of `scheme://…`, or `etcd` of `etcd:…`. Other colons may be in a file's name.
fn scheme(url: &[u8]) -> Option<String> {
    let end = url.iter().position(|byte| *byte == b':')?;
    let (scheme, rest) = url.split_at(end);
    let is_scheme = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
        && (rest.starts_with(b"://") || scheme.eq_ignore_ascii_case(b"etcd"));
    is_scheme.then(|| String::from_utf8_lossy(scheme).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_engines() {
        let file = |path: &str| Some(Location::Sqlite(path.into()));
        for (url, expected) in [
            ("memory", Some(Location::Memory)),
            ("memory:", Some(Location::Memory)),
            ("./memory", file("./memory")),
            ("sqlite:/a/state.db", file("/a/state.db")),
            ("sqlite:state.db", file("state.db")),
            ("sqlite:///a/state.db", file("///a/state.db")),
            ("/a/state.db", file("/a/state.db")),
            ("state:1.db", file("state:1.db")),
            ("a/b://c", file("a/b://c")),
            ("sqlite:", None),
            ("Etcd://127.0.0.1:1", Location::parse("etcd://127.0.0.1:1").ok()),
            ("", None),
        ] {
            assert_eq!(Location::parse(url).ok(), expected, "{url}");
        }
        let not_text = OsStr::from_bytes(b"sqlite:/a/\xff");
        let path = OsStr::from_bytes(b"/a/\xff");
        assert_eq!(Location::parse(not_text).ok(), Some(Location::Sqlite(path.into())));
    }

    #[test]
    fn another_engine_is_refused_without_its_secrets() {
        for url in ["redis://secret", "postgres://secret"] {
            let text = open(url).err().map(|error| error.to_string()).unwrap_or_default();
            let scheme = url.split(':').next().unwrap_or_default();
            assert!(text.starts_with(&format!("{scheme}: is not in this build: use ")), "{text}");
            assert!(!text.contains("secret"), "{text}");
        }
        let text = open("etcd://root:secret@127.0.0.1:2379").err().map(|error| error.to_string());
        assert!(text.is_some_and(|text| !text.contains("secret") && text.starts_with("etcd: ")));
        for url in ["etcd:secret", "ETCD://secret", "etcd:"] {
            let text = open(url).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(
                text.starts_with("etcd: a member is not HOST:PORT; the form is etcd://"),
                "{text}"
            );
            assert!(!text.contains("secret"), "{text}");
        }
    }
}
