//! Values of a request, in whichever protocol: the Query protocol has texts where the others have numbers.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::fault::{missing, validation};
use crate::fault::Fault;
use crate::params::Params;
use crate::value::Timestamp;

/// A time: seconds since 1970, or ISO 8601.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Time {
    /// Seconds since 1970.
    Seconds(f64),
    /// ISO 8601.
    Text(String),
}

/// An integer, or its digits.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Integer {
    /// An integer.
    Number(i64),
    /// Its digits.
    Text(String),
}

/// A truth value, or its name.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Flag {
    /// A truth value.
    Value(bool),
    /// `true` or `false`.
    Text(String),
}

impl Time {
    /// In seconds since 1970; a fraction of a second is dropped.
    ///
    /// # Errors
    /// `ValidationError` names the parameter.
    pub fn required(time: Option<&Self>, parameter: &str) -> Result<u64, Fault> {
        let seconds = match time.ok_or_else(|| missing(parameter))? {
            #[expect(clippy::cast_possible_truncation, reason = "it ends at the greatest integer")]
            Self::Seconds(seconds) => Some(*seconds as i64),
            Self::Text(text) => Timestamp::parse(text).map(|time| time.unix_ms() / 1000),
        };
        // Until the year 9999.
        let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
        seconds.filter(|seconds| *seconds < 253_402_300_800).ok_or_else(|| {
            validation(format!("The parameter {parameter} must be a time between 1970 and 9999."))
        })
    }
}

impl Integer {
    /// Its value.
    ///
    /// # Errors
    /// `ValidationError` names the parameter.
    pub fn positive(&self, parameter: &str) -> Result<u64, Fault> {
        let value = match self {
            Self::Number(number) => u64::try_from(*number).ok(),
            Self::Text(digits) => digits.parse().ok(),
        };
        let value = value.filter(|value| (1..=i32::MAX as u64).contains(value));
        value
            .ok_or_else(|| validation(format!("The parameter {parameter} must be greater than 0.")))
    }

    /// The same of a parameter that must be there.
    ///
    /// # Errors
    /// Also `MissingParameter`.
    pub fn required(number: Option<&Self>, parameter: &str) -> Result<u64, Fault> {
        number.ok_or_else(|| missing(parameter))?.positive(parameter)
    }
}

impl Flag {
    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        match self {
            Self::Value(value) => *value,
            Self::Text(text) => text == "true",
        }
    }
}

/// The text of a parameter that must be there.
///
/// # Errors
/// `MissingParameter`.
pub fn required<'a>(text: Option<&'a String>, parameter: &str) -> Result<&'a str, Fault> {
    text.map(String::as_str).filter(|text| !text.is_empty()).ok_or_else(|| missing(parameter))
}

/// The action of a request in the Query protocol, and its parameters as a tree.
pub(super) fn of_params(params: &Params) -> Result<(String, Value), Fault> {
    let mut tree = match tree(params)? {
        Value::Object(tree) => tree,
        _ => Map::new(),
    };
    tree.remove("Version");
    match tree.remove("Action") {
        Some(Value::String(action)) => Ok((action, Value::Object(tree))),
        _ => Err(missing("Action")),
    }
}

/// Lists are `Name.member.1`, and have members of their own or are values. `Name=` is an empty list, or a text
/// that says nothing: both are left out.
fn tree(params: &Params) -> Result<Value, Fault> {
    if let Some(elements) = params.list("member")? {
        return elements.map(tree).collect();
    }
    match params.text() {
        Some(text) => Ok(Value::String(text.to_owned())),
        None => {
            let members = params.members().filter(|(_, member)| member.text() != Some(""));
            let members = members.map(|(name, member)| Ok((name.to_owned(), tree(member)?)));
            members.collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
    }
}
