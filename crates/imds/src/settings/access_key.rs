//! Access keys of the EC2 API that somebody chose.

use std::path::PathBuf;

use serde::Deserialize;

/// A key, as `[[access-key]]` has it. The secret is in a file of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct AccessKeySettings {
    pub(crate) id: String,
    pub(crate) secret_file: PathBuf,
    #[serde(default)]
    pub(crate) read_only: bool,
}
