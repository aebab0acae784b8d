//! The names of condition operators.

use std::cmp::Ordering;

/// What an operator's name says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operator {
    pub(crate) comparison: Comparison,
    /// True where the values do *not* compare, and where the key is absent.
    pub(crate) is_negated: bool,
    /// `…IfExists`: true where the key is absent.
    pub(crate) if_exists: bool,
    pub(crate) quantifier: Quantifier,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Comparison {
    Text,
    TextIgnoringCase,
    Like,
    Number(Order),
    Date(Order),
    Bool,
    Binary,
    Address,
    Arn,
    /// Whether the key is absent.
    Null,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// How many of the key's values must compare.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Quantifier {
    /// The key has one value.
    One,
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

impl Order {
    pub(crate) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// Name, comparison, and whether it is negated. Source: IAM User Guide, "IAM JSON policy elements:
/// Condition operators".
const OPERATORS: &[(&str, Comparison, bool)] = &[
    ("StringEquals", Comparison::Text, false),
    ("StringNotEquals", Comparison::Text, true),
    ("StringEqualsIgnoreCase", Comparison::TextIgnoringCase, false),
    ("StringNotEqualsIgnoreCase", Comparison::TextIgnoringCase, true),
    ("StringLike", Comparison::Like, false),
    ("StringNotLike", Comparison::Like, true),
    ("NumericEquals", Comparison::Number(Order::Equal), false),
    ("NumericNotEquals", Comparison::Number(Order::Equal), true),
    ("NumericLessThan", Comparison::Number(Order::Less), false),
    ("NumericLessThanEquals", Comparison::Number(Order::LessOrEqual), false),
    ("NumericGreaterThan", Comparison::Number(Order::Greater), false),
    ("NumericGreaterThanEquals", Comparison::Number(Order::GreaterOrEqual), false),
    ("DateEquals", Comparison::Date(Order::Equal), false),
    ("DateNotEquals", Comparison::Date(Order::Equal), true),
    ("DateLessThan", Comparison::Date(Order::Less), false),
    ("DateLessThanEquals", Comparison::Date(Order::LessOrEqual), false),
    ("DateGreaterThan", Comparison::Date(Order::Greater), false),
    ("DateGreaterThanEquals", Comparison::Date(Order::GreaterOrEqual), false),
    ("Bool", Comparison::Bool, false),
    ("BinaryEquals", Comparison::Binary, false),
    ("IpAddress", Comparison::Address, false),
    ("NotIpAddress", Comparison::Address, true),
    ("ArnEquals", Comparison::Arn, false),
    ("ArnLike", Comparison::Arn, false),
    ("ArnNotEquals", Comparison::Arn, true),
    ("ArnNotLike", Comparison::Arn, true),
    ("Null", Comparison::Null, false),
];

impl Operator {
    /// The operator of this name. `Null` is about absence already, so it has no `IfExists`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (quantifier, base) = match name.split_once(':') {
            None => (Quantifier::One, name),
            Some(("ForAllValues", base)) => (Quantifier::All, base),
            Some(("ForAnyValue", base)) => (Quantifier::Any, base),
            Some(_) => return None,
        };
        let (base, if_exists) =
            base.strip_suffix("IfExists").map_or((base, false), |base| (base, true));
        let (_, comparison, is_negated) = *OPERATORS.iter().find(|(known, ..)| *known == base)?;
        let is_null = comparison == Comparison::Null;
        if is_null && (if_exists || quantifier != Quantifier::One) {
            return None;
        }
        Some(Self { comparison, is_negated, if_exists, quantifier })
    }
}
