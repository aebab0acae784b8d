//! Who asks, and on what grounds.

use imds_account::records::AccessRole;
use imds_core::InstanceId;
use imds_core::placement::Region;
use imds_core::response::ImdsVersion;
use imds_policy::Policy;

/// Who signed a request; anybody if requests need no signature.
pub(crate) struct Principal {
    /// Its ARN.
    pub(crate) arn: String,
    /// Its unique id, as `GetCallerIdentity` shows it.
    pub(crate) user_id: String,
    /// The Region that it signed for.
    pub(crate) region: Region,
    pub(crate) authority: Authority,
    /// Since when it has temporary credentials, in seconds since 1970, if it has.
    pub(crate) issued: Option<u64>,
}

/// What decides what a principal may do.
pub(crate) enum Authority {
    /// An access key.
    Key(AccessRole),
    /// The policies of a role.
    Role(RoleSession),
}

/// A session of a role.
pub(crate) struct RoleSession {
    /// The role's name.
    pub(crate) role: String,
    /// What restricts this session further.
    pub(crate) policy: Option<Policy>,
    /// The instance whose metadata served the credentials.
    pub(crate) source: Option<SourceInstance>,
}

/// Where an instance's credentials were served, and how they were fetched.
pub(crate) struct SourceInstance {
    pub(crate) id: InstanceId,
    pub(crate) region: Region,
    pub(crate) delivery: ImdsVersion,
}

impl Principal {
    /// Whether it may do everything: manage keys, events and links.
    pub(crate) fn is_admin(&self) -> bool {
        matches!(self.authority, Authority::Key(AccessRole::Admin))
    }
}
