//! What roles may do.

use std::collections::BTreeMap;

use imds_policy::Policy;

/// The policies of roles. A role without any may do nothing.
#[derive(Clone, Debug, Default)]
pub struct RolePolicies {
    by_role: BTreeMap<String, Vec<Policy>>,
}

impl RolePolicies {
    /// The policies of roles; a role may have several.
    pub fn new(policies: impl IntoIterator<Item = (String, Policy)>) -> Self {
        let mut by_role: BTreeMap<String, Vec<Policy>> = BTreeMap::new();
        for (role, policy) in policies {
            by_role.entry(role).or_default().push(policy);
        }
        Self { by_role }
    }

    /// Whether a role has a policy.
    pub fn has(&self, role: &str) -> bool {
        self.by_role.contains_key(role)
    }

    /// Those of one role.
    pub(crate) fn of(&self, role: &str) -> &[Policy] {
        self.by_role.get(role).map(Vec::as_slice).unwrap_or_default()
    }
}
