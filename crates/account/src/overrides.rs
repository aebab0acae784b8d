//! What the operator sets while the service runs and no record keeps.

use std::collections::HashMap;

use imds_core::credentials::{Issuer, RoleKeys};
use imds_core::extra::Extra;
use imds_core::placement::Region;
use imds_core::{InstanceId, Launch};

/// Values of the operator that are never stored: they are set anew at each start.
#[derive(Clone, Default)]
pub struct Overrides {
    /// Credentials by role.
    roles: HashMap<String, RoleKeys>,
    /// What issues those of other roles; without it, they are made up.
    issuer: Option<Issuer>,
    /// Whether instances have `iam/security-credentials-extended/`.
    extended_credentials: bool,
    default: Option<DefaultOverrides>,
}

/// Values for the default instance alone.
#[derive(Clone)]
struct DefaultOverrides {
    id: InstanceId,
    /// Credentials for its instance identity role.
    identity_keys: Option<RoleKeys>,
    /// Values over or beside its metadata.
    extra: Vec<Extra>,
}

impl Overrides {
    /// The overrides in `launch`, which describes the default instance, with the id `default`.
    pub fn of(launch: &Launch, default: &InstanceId) -> Self {
        let role = launch.role.as_ref();
        let keys = role.and_then(|role| Some((role.name.clone(), role.keys.clone()?)));
        let default = DefaultOverrides {
            id: default.clone(),
            identity_keys: launch.identity_keys.clone(),
            extra: launch.extra.clone(),
        };
        Self {
            roles: keys.into_iter().collect(),
            issuer: None,
            extended_credentials: launch.extended_credentials,
            default: Some(default),
        }
    }

    /// The same, with credentials of `issuer` where the operator has set none.
    #[must_use]
    pub fn with_issuer(self, issuer: Issuer) -> Self {
        Self { issuer: Some(issuer), ..self }
    }

    /// Whether instances have `iam/security-credentials-extended/`.
    pub fn has_extended_credentials(&self) -> bool {
        self.extended_credentials
    }

    /// The credentials for a role of an instance in `region`, unless they are made up.
    pub fn role_keys(&self, role: &str, region: &Region) -> Option<RoleKeys> {
        self.roles.get(role).cloned().or_else(|| self.issued(region))
    }

    /// The credentials for the identity role of an instance in `region`, unless they are made up.
    pub fn identity_keys(&self, instance: &InstanceId, region: &Region) -> Option<RoleKeys> {
        let set = self.of_default(instance).and_then(|default| default.identity_keys.clone());
        set.or_else(|| self.issued(region))
    }

    fn issued(&self, region: &Region) -> Option<RoleKeys> {
        Some(RoleKeys::Issued(self.issuer.clone()?, region.clone()))
    }

    /// The values over or beside an instance's metadata.
    pub fn extra(&self, instance: &InstanceId) -> Vec<Extra> {
        self.of_default(instance).map(|default| default.extra.clone()).unwrap_or_default()
    }

    /// Replaces the values over or beside the default instance's metadata.
    pub fn set_extra(&mut self, extra: Vec<Extra>) {
        if let Some(default) = &mut self.default {
            default.extra = extra;
        }
    }

    fn of_default(&self, instance: &InstanceId) -> Option<&DefaultOverrides> {
        self.default.as_ref().filter(|default| default.id == *instance)
    }
}
