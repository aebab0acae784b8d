//! What a runtime says in the environment.

use std::collections::BTreeMap;

use super::error::{CniError, Code};

/// The variables that are read.
pub const VARIABLES: [&str; 5] =
    ["CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS"];

/// Linux allows 15 bytes in the name of an interface.
const MAX_INTERFACE_LEN: usize = 15;

/// The environment of one call. An empty variable is as one that is not set.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Environment(BTreeMap<&'static str, String>);

impl Environment {
    /// As `variable` has it, which is asked for [`VARIABLES`].
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let named = VARIABLES.map(|name| (name, variable(name)));
        Self(named.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn required(&self, name: &str) -> Result<&str, CniError> {
        let missing = format!("{name} is not set");
        self.get(name).ok_or_else(|| CniError::new(Code::InvalidEnvironment, missing))
    }

    pub(super) fn command(&self) -> Result<&str, CniError> {
        self.required("CNI_COMMAND").map_err(|error| {
            error.details("a container runtime sets it; `imds cni` is not for people")
        })
    }

    pub(super) fn container(&self) -> Result<&str, CniError> {
        let rule = "use letters, digits, '_', '.' and '-', a letter or digit first";
        self.checked("CNI_CONTAINERID", is_name, rule)
    }

    pub(super) fn interface(&self) -> Result<&str, CniError> {
        let rule = "use 1 to 15 bytes without space, '/' and ':'; not \".\" or \"..\"";
        self.checked("CNI_IFNAME", is_interface, rule)
    }

    /// The path of the container's network namespace.
    pub(super) fn namespace(&self) -> Result<&str, CniError> {
        let rule = "use an absolute path without control characters";
        self.checked("CNI_NETNS", is_path, rule)
    }

    /// The same, where it may be missing: the container is gone.
    pub(super) fn namespace_if_any(&self) -> Result<Option<&str>, CniError> {
        self.get("CNI_NETNS").map(|_| self.namespace()).transpose()
    }

    /// `CNI_ARGS`: pairs such as `K8S_POD_NAME=web-1;K8S_POD_NAMESPACE=shop`. Other keys are for others.
    pub(super) fn arguments(&self) -> Result<BTreeMap<&str, &str>, CniError> {
        let text = self.get("CNI_ARGS").unwrap_or_default();
        let pairs = text.split(';').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let invalid = || invalid("CNI_ARGS", pair, "use KEY=VALUE pairs between ';'");
                pair.split_once('=').ok_or_else(invalid)
            })
            .collect()
    }

    fn checked(
        &self,
        name: &str,
        is_valid: fn(&str) -> bool,
        rule: &str,
    ) -> Result<&str, CniError> {
        let value = self.required(name)?;
        if is_valid(value) { Ok(value) } else { Err(invalid(name, value, rule)) }
    }
}

fn invalid(name: &str, value: &str, rule: &str) -> CniError {
    CniError::new(Code::InvalidEnvironment, format!("{name} is {value:?}")).details(rule)
}

/// The rule of container ids, and of the names of networks.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

fn is_interface(text: &str) -> bool {
    text.len() <= MAX_INTERFACE_LEN
        && text != "."
        && text != ".."
        && !text.contains(|letter: char| {
            letter.is_whitespace() || letter.is_control() || "/:".contains(letter)
        })
}

/// As a link takes it.
pub(super) fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.contains(char::is_control)
}
