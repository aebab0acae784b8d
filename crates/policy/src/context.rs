//! What is known of a request.

use std::collections::BTreeMap;

/// The condition keys of a request, with their values. Names of keys are the same in upper and lower case.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Context {
    /// By name in lower case; a key that is there has a value.
    keys: BTreeMap<String, Vec<String>>,
}

impl Context {
    /// Sets a key with one value.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.set_all(key, [value.into()]);
    }

    /// Sets a key with several values; without any, the key is absent.
    pub fn set_all(&mut self, key: &str, values: impl IntoIterator<Item = String>) {
        let values: Vec<_> = values.into_iter().collect();
        if values.is_empty() {
            self.keys.remove(&key.to_ascii_lowercase());
        } else {
            self.keys.insert(key.to_ascii_lowercase(), values);
        }
    }

    /// The values of a key, whose name is in lower case; none if it is absent.
    pub(crate) fn values(&self, key: &str) -> &[String] {
        self.keys.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// The value of a key that has exactly one.
    pub(crate) fn single(&self, key: &str) -> Option<&str> {
        match self.values(key) {
            [value] => Some(value),
            _ => None,
        }
    }
}
