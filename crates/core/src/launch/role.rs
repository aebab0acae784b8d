//! The role of a launch.

use crate::credentials::{Credentials, RoleKeys};
use crate::ids::{InstanceId, Invalid};
use crate::instance::Role;

/// A role by name, optionally with credentials.
#[derive(Clone)]
pub struct LaunchRole {
    /// The role's name: 1 to 64 characters, letters, digits and `+=,.@_-`.
    pub name: String,
    /// The instance profile's name, 1 to 128 of the same characters; else the role's.
    pub profile_name: Option<String>,
    /// Where its credentials come from; else they are made up.
    pub keys: Option<RoleKeys>,
}

impl LaunchRole {
    /// A role with made-up credentials, in an instance profile of the same name.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), profile_name: None, keys: None }
    }

    pub(super) fn resolve(self, instance: &InstanceId, launched_at: u64) -> Result<Role, Invalid> {
        let is_name = |name: &str, most: usize| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
            (1..=most).contains(&name.len()) && name.chars().all(allowed)
        };
        if !is_name(&self.name, 64) {
            let rule = "it has 1 to 64 letters, digits and +=,.@_-";
            return Err(Invalid::new("role name", &self.name, rule));
        }
        let profile_name = self.profile_name.unwrap_or_else(|| self.name.clone());
        if !is_name(&profile_name, 128) {
            let rule = "it has 1 to 128 letters, digits and +=,.@_-";
            return Err(Invalid::new("instance profile name", &profile_name, rule));
        }
        let seed = instance.derive("profile");
        let digits: String = seed.iter().take(8).map(|byte| format!("{byte:02X}")).collect();
        Ok(Role {
            profile_name,
            profile_id: format!("AIPA0{}", &digits[..15]),
            credentials: Credentials::new(self.keys, instance, &self.name, launched_at),
            name: self.name,
        })
    }
}
