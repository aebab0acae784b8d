//! From JSON to statements.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IntoDeserializer as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::condition::Condition;
use crate::error::PolicyError;
use crate::operator::Operator;
use crate::statement::{Action, Effect, Resource, Set, Statement};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Document {
    #[serde(default)]
    version: Version,
    #[serde(rename = "Id", default)]
    _id: Option<String>,
    statement: OneOrMore<Form>,
}

/// The version of the language. Without one, it is the older.
#[derive(Clone, Copy, Default, Deserialize, Eq, PartialEq)]
enum Version {
    #[default]
    #[serde(rename = "2008-10-17")]
    WithoutVariables,
    #[serde(rename = "2012-10-17")]
    WithVariables,
}

/// A statement as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Form {
    #[serde(default)]
    sid: Option<String>,
    effect: Effect,
    action: Option<OneOrMore<String>>,
    not_action: Option<OneOrMore<String>>,
    resource: Option<OneOrMore<String>>,
    not_resource: Option<OneOrMore<String>>,
    #[serde(default)]
    condition: Entries<Entries<OneOrMore<Scalar>>>,
}

/// A list, or its one item without the list.
struct OneOrMore<T>(Vec<T>);

/// A text; what JSON has as a number or a boolean is one too.
struct Scalar(String);

/// An object whose names must differ: of two that are the same, one would be lost.
struct Entries<T>(Vec<(String, T)>);

/// The statements of a policy.
pub(crate) fn statements(json: &str) -> Result<Vec<Statement>, PolicyError> {
    let document: Document = serde_json::from_str(json)?;
    let variables = document.version == Version::WithVariables;
    let read = |(index, form): (usize, Form)| {
        let number = form.sid.clone().filter(|sid| !sid.is_empty());
        let number = number.unwrap_or_else(|| (index + 1).to_string());
        form.read(variables).map_err(|rule| PolicyError::Statement { number, rule })
    };
    document.statement.0.into_iter().enumerate().map(read).collect()
}

impl Form {
    fn read(self, variables: bool) -> Result<Statement, String> {
        let conditions = self.condition.0.into_iter().map(|(name, keys)| {
            let operator = Operator::parse(&name)
                .ok_or_else(|| format!("{name:?} is not a condition operator"))?;
            let read = |(key, values): (String, OneOrMore<Scalar>)| {
                let values: Vec<_> = values.0.into_iter().map(|Scalar(text)| text).collect();
                Condition::parse(operator, &key, &values, variables)
            };
            keys.0.into_iter().map(read).collect::<Result<Vec<_>, _>>()
        });
        Ok(Statement {
            effect: self.effect,
            actions: set("Action", self.action, self.not_action, Action::parse)?,
            resources: set("Resource", self.resource, self.not_resource, |text| {
                Resource::parse(text, variables)
            })?,
            conditions: conditions
                .collect::<Result<Vec<_>, String>>()?
                .into_iter()
                .flatten()
                .collect(),
        })
    }
}

/// The set of `Action` or `NotAction`, of which a statement has one.
fn set<T>(
    name: &str,
    within: Option<OneOrMore<String>>,
    without: Option<OneOrMore<String>>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Set<T>, String> {
    let all = |texts: OneOrMore<String>| {
        let OneOrMore(texts) = texts;
        if texts.is_empty() {
            return Err(format!("{name} or Not{name} is empty"));
        }
        texts.iter().map(|text| parse(text)).collect::<Result<Vec<_>, _>>()
    };
    match (within, without) {
        (Some(texts), None) => all(texts).map(Set::In),
        (None, Some(texts)) => all(texts).map(Set::NotIn),
        (None, None) => Err(format!("it has neither {name} nor Not{name}")),
        (Some(_), Some(_)) => Err(format!("it has both {name} and Not{name}")),
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMoreVisitor(PhantomData))
    }
}

/// Written by hand, because a derived one would not say what is wrong with an item.
struct OneOrMoreVisitor<T>(PhantomData<fn() -> T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMoreVisitor<T> {
    type Value = OneOrMore<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("one value or a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(OneOrMore(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|item| OneOrMore(vec![item]))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(text.into_deserializer()).map(|item| OneOrMore(vec![item]))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        T::deserialize(flag.into_deserializer()).map(|item| OneOrMore(vec![item]))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        T::deserialize(number.into_deserializer()).map(|item| OneOrMore(vec![item]))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        T::deserialize(number.into_deserializer()).map(|item| OneOrMore(vec![item]))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        T::deserialize(number.into_deserializer()).map(|item| OneOrMore(vec![item]))
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text, a number or a boolean")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Scalar, E> {
        Ok(Scalar(flag.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<T>(PhantomData<fn() -> T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
    type Value = Entries<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<T>, A::Error> {
        let mut entries: Vec<(String, T)> = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, T>()? {
            if entries.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                return Err(A::Error::custom(format_args!("{name:?} is there twice")));
            }
            entries.push((name, value));
        }
        Ok(Entries(entries))
    }
}
