//! Functions for `#[serde(deserialize_with = "…")]`: values in the settings file that have a text form.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use imds_core::extra::Extra;
use imds_core::tags::Tag;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::time::duration;

/// Reads a value that has a text form and may be left out.
pub(crate) fn from_text<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    required_from_text(deserializer).map(Some)
}

/// Reads a value that has a text form and must not be left out.
pub(crate) fn required_from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = match Scalar::deserialize(deserializer)? {
        Scalar::Text(text) => text,
        Scalar::Number(number) => number.to_string(),
    };
    text.parse().map_err(D::Error::custom)
}

/// Reads a list of values that have a text form.
pub(crate) fn all_from_text<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
}

/// A string or a whole number: `hop-limit = 2` means the same as `hop-limit = "2"`.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a string or a whole number")]
enum Scalar {
    Text(String),
    Number(i64),
}

/// Reads tags from a table: `tags = { Name = "web-1" }`.
pub(crate) fn tags_from_table<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Tag>, D::Error> {
    let table = BTreeMap::<String, String>::deserialize(deserializer)?;
    let tags = table.iter().map(|(key, value)| Tag::new(key, value).map_err(D::Error::custom));
    tags.collect()
}

/// Reads values to put over the metadata from a table: `[paths]`, `"meta-data/rack" = "7"`.
pub(crate) fn paths_from_table<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Extra>, D::Error> {
    let table = BTreeMap::<String, String>::deserialize(deserializer)?;
    let paths = table.into_iter().map(|(path, value)| {
        let path = path.parse().map_err(D::Error::custom)?;
        Ok(Extra { path, value: value.into_bytes() })
    });
    paths.collect()
}

/// Reads a duration such as `1m 30s`.
pub(crate) fn duration_from_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    duration(&text).map(Some).map_err(D::Error::custom)
}
