//! Bodies in AWS's JSON protocols: structures are objects.
//!
//! `serde` also reads a structure from an array of its members in their order, which AWS refuses.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Error, Map, Value};

/// A structure.
pub(crate) fn structure<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    let members: Map<String, Value> = serde_json::from_value(value)?;
    serde_json::from_value(Value::Object(members))
}

/// A structure as a member, which may be left out.
pub(crate) fn member<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let value: Option<Value> = Option::deserialize(from)?;
    value.map(structure).transpose().map_err(D::Error::custom)
}

/// A list of structures.
pub(crate) fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    let values: Vec<Value> = Vec::deserialize(from)?;
    values.into_iter().map(structure).collect::<Result<_, _>>().map_err(D::Error::custom)
}
