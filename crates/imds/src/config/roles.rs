//! The roles of the settings, and where their credentials come from.

use imds_control::RolePolicies;
use imds_core::credentials::{AccessKeys, RoleKeys};
use imds_core::launch::LaunchRole;
use imds_policy::Policy;

use crate::credential_source::{CredentialSource, Provider};
use crate::error::CommandError;
use crate::input_file::{self, MOST_POLICY};
use crate::settings::{RolePolicyFile, RoleSettings, time};

impl RoleSettings {
    /// The source of the role's credentials, if one is set.
    pub(super) fn source(&self) -> Result<Option<CredentialSource>, CommandError> {
        let Self { access_key_id, credential_process, profile, role_arn, .. } = self;
        let key_id = access_key_id.as_ref();
        let provider = match (key_id, credential_process, role_arn, profile.clone()) {
            (_, None, None, None) => return Ok(None),
            (None, Some(line), None, None) => Provider::Process(line.clone()),
            (None, None, None, Some(profile)) => Provider::Profile(profile),
            (None, None, Some(arn), profile) => Provider::Role { arn: arn.clone(), profile },
            _ => {
                return Err(CommandError::usage(
                    "a role has credentials from one source: access-key-id with secret-access-key and session-token, or \
                     credential-process, or profile, or role-arn with or without a profile",
                ));
            }
        };
        Ok(Some(CredentialSource { provider, sts_endpoint: self.sts_endpoint.clone() }))
    }

    /// The keys in the settings, if there are any.
    fn keys(self) -> Result<Option<RoleKeys>, CommandError> {
        let keys = match (self.access_key_id, self.secret_access_key, self.session_token) {
            (None, None, None) => None,
            (Some(access_key_id), Some(secret_access_key), Some(session_token)) => {
                Some(AccessKeys { access_key_id, secret_access_key, session_token })
            }
            _ => {
                return Err(CommandError::usage(
                    "role credentials need access-key-id, secret-access-key and session-token: \
                     set all three, or none",
                ));
            }
        };
        let expires = self.expiration.map(|text| time(&text)).transpose();
        let expires =
            expires.map_err(|error| CommandError::usage(format!("expiration: {error}")))?;
        Ok(keys.map(|keys| RoleKeys::Given(keys, expires)))
    }
}

/// The role of the instance profile. If only the profile is set, its role has the same name.
pub(super) fn role(
    role: Option<RoleSettings>,
    profile_name: Option<String>,
) -> Result<Option<LaunchRole>, CommandError> {
    let Some(mut role) = role else {
        return Ok(profile_name.map(LaunchRole::named));
    };
    let name = role.name.take().ok_or_else(|| {
        CommandError::usage("[instance.role] has no name").hint("add a line: name = \"my-role\"")
    })?;
    Ok(Some(LaunchRole { profile_name, keys: role.keys()?, ..LaunchRole::named(name) }))
}

pub(super) fn identity_keys(role: RoleSettings) -> Result<Option<RoleKeys>, CommandError> {
    if role.name.is_some() {
        let message = "[instance.identity-role] takes no name: EC2 calls it ec2-instance";
        return Err(CommandError::usage(message));
    }
    role.keys()
}

/// The policies of roles, read from their files.
pub(super) fn role_policies(files: &[RolePolicyFile]) -> Result<RolePolicies, CommandError> {
    let read = |RolePolicyFile { role, file }: &RolePolicyFile| {
        if !LaunchRole::is_name(role) {
            return Err(CommandError::usage(format!(
                "{role:?} is not the name of a role: it has 1 to 64 letters, digits and +=,.@_-"
            )));
        }
        let text = input_file::read_text(file, MOST_POLICY).map_err(|error| {
            CommandError::usage(format!("cannot read {}", file.display())).caused_by(error)
        })?;
        let policy = Policy::parse(&text)
            .map_err(|error| CommandError::usage(format!("{}: {error}", file.display())))?;
        Ok((role.clone(), policy))
    };
    Ok(RolePolicies::new(files.iter().map(read).collect::<Result<Vec<_>, _>>()?))
}
