//! Values of a request, in whichever protocol: the Query protocol has texts where the others have numbers.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::fault::{missing, validation};
use crate::fault::Fault;
use crate::params::Params;
use crate::value::Timestamp;

/// A time: seconds since 1970, or ISO 8601.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged, expecting = "a time is seconds since 1970, or ISO 8601")]
pub enum Time {
    /// Seconds since 1970.
    Seconds(f64),
    /// ISO 8601.
    Text(String),
}

/// An integer, or its digits.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged, expecting = "an integer is expected")]
pub enum Integer {
    /// An integer.
    Number(i64),
    /// Its digits.
    Text(String),
}

/// A truth value, or its name.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged, expecting = "true or false is expected")]
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
            Self::Number(number) => Some(i128::from(*number)),
            Self::Text(digits) => digits.parse().ok(),
        };
        let rule = match value {
            None => "be an integer".to_owned(),
            Some(..=0) => "be greater than 0".to_owned(),
            Some(value) => match i32::try_from(value) {
                Ok(value) => return Ok(u64::from(value.unsigned_abs())),
                Err(_) => format!("be less than or equal to {}", i32::MAX),
            },
        };
        Err(validation(format!("The parameter {parameter} must {rule}.")))
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
    if let Some(text) = params.text() {
        return Ok(Value::String(text.to_owned()));
    }
    let members = params.members().filter(|(_, member)| member.text() != Some(""));
    let members = members.map(|(name, member)| Ok((name.to_owned(), tree(member)?)));
    members.collect::<Result<Map<_, _>, _>>().map(Value::Object)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_integer_is_one_of_32_bits() {
        let read = |value: Value| {
            let read = serde_json::from_value::<Integer>(value).map_err(|it| it.to_string())?;
            read.positive("Period").map_err(|fault| fault.message)
        };
        for (value, expected) in [
            (json!(60), Ok(60)),
            (json!("60"), Ok(60)),
            (json!(i32::MAX), Ok(2_147_483_647)),
            (json!(0), Err("must be greater than 0.")),
            (json!("-5"), Err("must be greater than 0.")),
            (json!(1_u64 << 31), Err("must be less than or equal to 2147483647.")),
            (json!(1_u64 << 62), Err("must be less than or equal to 2147483647.")),
            (json!("36893488147419103232"), Err("must be less than or equal to 2147483647.")),
            (json!("1m"), Err("must be an integer.")),
            (json!(1.5), Err("an integer is expected")),
            (json!(u64::MAX), Err("an integer is expected")),
        ] {
            let outcome = read(value.clone());
            match expected {
                Ok(number) => assert_eq!(outcome, Ok(number), "{value}"),
                Err(words) => assert!(
                    outcome.as_ref().is_err_and(|it| it.contains(words)),
                    "{value}: {outcome:?}"
                ),
            }
        }
    }
}
