//! Files with the policies of roles.

use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A file with an IAM policy, and the role that has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct RolePolicyFile {
    pub(crate) role: String,
    pub(crate) file: PathBuf,
}

impl FromStr for RolePolicyFile {
    type Err = String;

    /// Reads `ROLE=FILE`. A role's name may have an equals sign, a file's name rather has none.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.rsplit_once('=') {
            Some((role, file)) if !role.is_empty() && !file.is_empty() => {
                Ok(Self { role: role.to_owned(), file: file.into() })
            }
            _ => Err(format!("{text:?} is not of the form ROLE=FILE, such as my-role=policy.json")),
        }
    }
}

impl RolePolicyFile {
    /// The same, with a path relative to `directory`.
    pub(crate) fn in_directory(self, directory: &Path) -> Self {
        Self { file: directory.join(self.file), ..self }
    }
}
