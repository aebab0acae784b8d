//! The role of a launch.

use crate::credentials::{Credentials, RoleKeys};
use crate::ids::{AccountId, InstanceId, Invalid, derive};
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
    /// Since when the instance has the profile, in seconds since 1970; else since its launch. What is
    /// before the launch counts as the launch.
    pub since: Option<u64>,
}

impl LaunchRole {
    /// A role with made-up credentials, in an instance profile of the same name.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), profile_name: None, keys: None, since: None }
    }

    /// Whether a role can have this name.
    pub fn is_name(name: &str) -> bool {
        has_form(name, 64)
    }

    pub(super) fn resolve(
        self,
        instance: &InstanceId,
        account: &AccountId,
        launched_at: u64,
    ) -> Result<Role, Invalid> {
        if !Self::is_name(&self.name) {
            let rule = "it has 1 to 64 letters, digits and +=,.@_-";
            return Err(Invalid::new("role name", &self.name, rule));
        }
        let profile_name = self.profile_name.unwrap_or_else(|| self.name.clone());
        if !has_form(&profile_name, 128) {
            let rule = "it has 1 to 128 letters, digits and +=,.@_-";
            return Err(Invalid::new("instance profile name", &profile_name, rule));
        }
        // The profile's, on whichever instance it is.
        let seed = derive(&["profile", account.as_str(), &profile_name]);
        let digits: String = seed.iter().take(8).map(|byte| format!("{byte:02X}")).collect();
        let since = self.since.map_or(launched_at, |since| since.max(launched_at));
        Ok(Role {
            profile_name,
            profile_id: format!("AIPA0{}", &digits[..15]),
            since,
            credentials: Credentials::new(self.keys, instance, &self.name, since),
            name: self.name,
        })
    }
}

fn has_form(name: &str, most: usize) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    (1..=most).contains(&name.len()) && name.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An id belongs to the profile: another profile has another, and the same one the same everywhere.
    #[test]
    fn the_profile_has_its_id_and_its_time() {
        let resolved = |name: &str, instance: &str, account: &str, since| {
            let role = LaunchRole { since, ..LaunchRole::named(name) };
            role.resolve(&instance.parse().unwrap(), &account.parse().unwrap(), 1000).unwrap()
        };
        let (one, other) = ("i-11111111", "i-22222222");
        let (account, another) = ("123456789012", "210987654321");
        let first = resolved("a", one, account, None);
        assert_eq!(first.profile_id, resolved("a", other, account, Some(2000)).profile_id);
        assert_ne!(first.profile_id, resolved("b", one, account, None).profile_id);
        assert_ne!(first.profile_id, resolved("a", one, another, None).profile_id);
        for (since, expected) in [(None, 1000), (Some(2000), 2000), (Some(500), 1000)] {
            assert_eq!(resolved("a", one, account, since).since, expected);
        }
    }
}
