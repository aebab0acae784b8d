//! Conditions: an operator, a key, and the values that the key is compared with.

use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::context::Context;
use crate::operator::{Comparison, Operator, Order, Quantifier};
use crate::pattern::{Colons, Pattern, Syntax, matches, matches_arn};

/// One key of a condition block.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    operator: Operator,
    /// In lower case.
    key: String,
    /// At least one, all of the operator's type.
    values: Vec<Value>,
}

#[derive(Clone, Debug)]
enum Value {
    Text(Pattern),
    TextIgnoringCase(Pattern),
    Like(Pattern),
    Arn(Pattern),
    Number(Order, f64),
    Date(Order, Timestamp),
    Bool(bool),
    Binary(String),
    Network(Network),
    Null(bool),
}

/// A block of addresses. Bits behind its length do not matter.
#[derive(Clone, Copy, Debug)]
struct Network {
    address: IpAddr,
    length: u32,
}

impl Condition {
    /// Reads a condition; the error is the rule that it breaks.
    pub(crate) fn parse(
        operator: Operator,
        key: &str,
        values: &[String],
        variables: bool,
    ) -> Result<Self, String> {
        if key.is_empty() {
            return Err("a condition has a key without a name".to_owned());
        }
        if values.is_empty() {
            return Err(format!("the condition key {key} has no value"));
        }
        let value = |text: &String| {
            Value::parse(operator.comparison, text, variables)
                .map_err(|rule| format!("the condition key {key}: {rule}"))
        };
        let values = values.iter().map(value).collect::<Result<_, _>>()?;
        Ok(Self { operator, key: key.to_ascii_lowercase(), values })
    }

    pub(crate) fn holds(&self, context: &Context) -> bool {
        let actual = context.values(&self.key);
        let Operator { comparison, is_negated, if_exists, quantifier } = self.operator;
        if comparison == Comparison::Null {
            let is_absent = actual.is_empty();
            return self
                .values
                .iter()
                .any(|value| matches!(value, Value::Null(wanted) if *wanted == is_absent));
        }
        if actual.is_empty() {
            return match quantifier {
                Quantifier::All => true,
                Quantifier::Any => if_exists,
                Quantifier::One => if_exists || is_negated,
            };
        }
        let mut passes = actual.iter().map(|actual| {
            let compares = self.values.iter().any(|value| value.compares(actual, context));
            compares != is_negated
        });
        match quantifier {
            Quantifier::All => passes.all(|passes| passes),
            Quantifier::Any => passes.any(|passes| passes),
            // A key with several values needs a quantifier; without one, the stricter reading.
            Quantifier::One if is_negated => passes.all(|passes| passes),
            Quantifier::One => passes.any(|passes| passes),
        }
    }
}

impl Value {
    fn parse(comparison: Comparison, text: &str, variables: bool) -> Result<Self, String> {
        let pattern = |wildcards| Pattern::parse(text, Syntax { wildcards, variables });
        Ok(match comparison {
            Comparison::Text => Self::Text(pattern(false)?),
            Comparison::TextIgnoringCase => Self::TextIgnoringCase(pattern(false)?),
            Comparison::Like => Self::Like(pattern(true)?),
            Comparison::Arn => Self::Arn(pattern(true)?),
            Comparison::Number(order) => {
                let number = number(text).ok_or_else(|| format!("{text:?} is not a number"))?;
                Self::Number(order, number)
            }
            Comparison::Date(order) => {
                let rule = || {
                    format!(
                        "{text:?} is not a date such as 2026-01-31T12:00:00Z or seconds since 1970"
                    )
                };
                Self::Date(order, date(text).ok_or_else(rule)?)
            }
            Comparison::Bool => Self::Bool(boolean(text)?),
            Comparison::Null => Self::Null(boolean(text)?),
            Comparison::Binary => Self::Binary(text.to_owned()),
            Comparison::Address => {
                let rule = || format!("{text:?} is not an address or a block such as 10.0.0.0/8");
                Self::Network(Network::parse(text).ok_or_else(rule)?)
            }
        })
    }

    /// Whether the value of a request compares with this one. What is not of the operator's type does
    /// not.
    fn compares(&self, actual: &str, context: &Context) -> bool {
        let pattern = |pattern: &Pattern| pattern.resolve(context);
        match self {
            Self::Text(text) | Self::Like(text) => {
                pattern(text).is_some_and(|atoms| matches(&atoms, actual, Colons::Free))
            }
            Self::TextIgnoringCase(text) => pattern(text).is_some_and(|atoms| {
                let lower = atoms.iter().map(|atom| atom.to_lowercase()).collect::<Vec<_>>();
                matches(&lower, &actual.to_ascii_lowercase(), Colons::Free)
            }),
            Self::Arn(arn) => pattern(arn).is_some_and(|atoms| matches_arn(&atoms, actual)),
            Self::Number(order, wanted) => number(actual)
                .and_then(|actual| actual.partial_cmp(wanted))
                .is_some_and(|ordering| order.holds(ordering)),
            Self::Date(order, wanted) => {
                date(actual).is_some_and(|actual| order.holds(actual.cmp(wanted)))
            }
            Self::Bool(wanted) => boolean(actual) == Ok(*wanted),
            Self::Binary(wanted) => wanted == actual,
            Self::Network(network) => actual.parse().is_ok_and(|address| network.contains(address)),
            Self::Null(_) => false,
        }
    }
}

fn number(text: &str) -> Option<f64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse().ok().filter(|number: &f64| is_plain && number.is_finite())
}

fn boolean(text: &str) -> Result<bool, String> {
    if text.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if text.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(format!("{text:?} is neither true nor false"))
    }
}

/// A time, a day, or seconds since 1970.
fn date(text: &str) -> Option<Timestamp> {
    let seconds = || text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let day = || {
        let day: Date = text.parse().ok()?;
        day.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp())
    };
    seconds().or_else(|| text.parse().ok()).or_else(day)
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let length = length.unwrap_or(longest);
        (length <= longest).then_some(Self { address, length })
    }

    fn contains(self, address: IpAddr) -> bool {
        let is_same = |one: u128, other: u128, width: u32| {
            one.checked_shr(width - self.length).unwrap_or_default()
                == other.checked_shr(width - self.length).unwrap_or_default()
        };
        match (self.address, address) {
            (IpAddr::V4(one), IpAddr::V4(other)) => {
                is_same(one.to_bits().into(), other.to_bits().into(), 32)
            }
            (IpAddr::V6(one), IpAddr::V6(other)) => is_same(one.to_bits(), other.to_bits(), 128),
            _ => false,
        }
    }
}
