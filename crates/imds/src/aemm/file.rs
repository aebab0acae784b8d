//! The JSON of the mock's configuration file, as values by path.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::{Map, Value};

/// The values in the file that have not been taken yet, by their path. A path is in lower case, as the mock
/// reads it, with dots between the keys.
pub(super) struct MockFile(BTreeMap<String, Value>);

impl MockFile {
    pub(super) fn of(file: Value) -> Result<Self, String> {
        let Value::Object(file) = file else {
            return Err("not a JSON object".to_owned());
        };
        let mut values = BTreeMap::new();
        flatten("", file, &mut values);
        Ok(Self(values))
    }

    /// Takes a value: it is not in [`Self::remaining`] any more.
    pub(super) fn take(&mut self, path: &str) -> Option<Value> {
        self.0.remove(path)
    }

    /// Takes a value if it is the default.
    pub(super) fn take_default(&mut self, path: &str, default: &str) {
        if self.0.get(path).and_then(Value::as_str) == Some(default) {
            self.take(path);
        }
    }

    /// A value as text; `None` if it is empty, as in the files that the mock writes.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        let text = match self.0.get(path)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// Takes and parses a value.
    pub(super) fn parse<T: FromStr>(&mut self, path: &str) -> Result<Option<T>, String> {
        let text = self.text(path);
        self.take(path);
        let Some(text) = text else { return Ok(None) };
        // The value may be a secret.
        text.parse().map(Some).map_err(|_| format!("{path} has an invalid value"))
    }

    /// Takes a value if it can be parsed. Another value stays and is reported as without effect.
    pub(super) fn parse_fit<T: FromStr>(&mut self, path: &str) -> Option<T> {
        let parsed = self.text(path)?.parse().ok()?;
        self.take(path);
        Some(parsed)
    }

    /// The paths of the values that were not taken and are not empty.
    pub(super) fn remaining(&self) -> Vec<String> {
        let remaining = self.0.iter().filter(|(path, value)| {
            !value.is_null() && **value != Value::Bool(false) && self.text(path).is_some()
        });
        remaining.map(|(path, _)| path.clone()).collect()
    }
}

fn flatten(parent: &str, object: Map<String, Value>, values: &mut BTreeMap<String, Value>) {
    for (key, value) in object {
        let path = format!("{parent}{}", key.to_ascii_lowercase());
        match value {
            // A document is one value, served as it is written.
            Value::Object(inside) if !is_document(&path) => {
                flatten(&format!("{path}."), inside, values);
            }
            value => {
                values.insert(path, value);
            }
        }
    }
}

/// Whether a value is a JSON document of its own.
fn is_document(path: &str) -> bool {
    matches!(
        path,
        "metadata.values.iam-info"
            | "metadata.values.elastic-inference-accelerator"
            | "dynamic.values.instance-identity-document"
    )
}
