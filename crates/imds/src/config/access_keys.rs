//! Access keys of the EC2 API that somebody chose, with their secrets from files.

use std::path::Path;

use imds_account::Store;
use imds_account::access_key::{ChosenKey, keep_chosen};
use imds_account::clock::unix_ms;
use imds_account::records::AccessRole;
use imds_host::HostError;

use crate::error::CommandError;
use crate::input_file;
use crate::settings::AccessKeySettings;

/// More than any secret has, in bytes.
const MOST_SECRET: usize = 4096;

/// A key that should be there.
pub(crate) struct WantedKey {
    key: ChosenKey,
    role: AccessRole,
}

impl WantedKey {
    pub(super) fn read(settings: &AccessKeySettings) -> Result<Self, CommandError> {
        let AccessKeySettings { id, secret_file, read_only } = settings;
        let role = if *read_only { AccessRole::ReadOnly } else { AccessRole::Admin };
        Ok(Self { key: chosen_key(id.clone(), secret_file)?, role })
    }

    /// Makes sure that the account has it.
    pub(crate) fn keep(&self, store: &Store) -> Result<(), CommandError> {
        let kept = keep_chosen(store, &self.key, self.role, unix_ms() / 1000);
        kept.map_err(|error| HostError::from(error).into())
    }
}

/// A key whose secret is all of a file but the line feed at its end.
pub(crate) fn chosen_key(id: String, secret_file: &Path) -> Result<ChosenKey, CommandError> {
    let cannot_read = || CommandError::usage(format!("cannot read {}", secret_file.display()));
    let bytes = input_file::read_up_to(secret_file, MOST_SECRET);
    let bytes = bytes.map_err(|error| cannot_read().caused_by(error))?;
    // Nothing of it is shown.
    let secret = String::from_utf8(bytes).map_err(|_| cannot_read().hint("it is not text"))?;
    Ok(ChosenKey { id, secret: secret.trim_end_matches(['\r', '\n']).to_owned() })
}
