//! Every operation with every member of its request and answer, compared with the model itself: finds
//! members that the tables lost or misname.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::value::{Blob, Sensitive, Timestamp};
use crate::{Done, Params, Request};

#[path = "../../tests/wire/parsed.rs"]
mod parsed;

/// A request with every member set, at `path`.
pub(crate) trait FilledInput {
    fn filled_input(path: &str) -> Self;
}

/// An answer with every member set, at `path`.
pub(crate) trait FilledOutput {
    fn filled_output(path: &str) -> Self;
}

/// The value that stands at `path`, as text, for a type of the model.
fn text(path: &str, kind: &str) -> String {
    match kind {
        "string" => path.to_owned(),
        "integer" | "long" => path.len().to_string(),
        "boolean" => path.len().is_multiple_of(2).to_string(),
        "double" => format!("{}.5", path.len()),
        "timestamp" => format!("1970-01-01T00:00:00.{:03}Z", path.len()),
        "blob" => Blob(path.into()).to_base64(),
        other => panic!("{path} has a new type {other}"),
    }
}

macro_rules! filled {
    ($($type:ty: $kind:literal, $parse:expr;)*) => {$(
        impl FilledInput for $type {
            fn filled_input(path: &str) -> Self {
                let parse: fn(String) -> Option<Self> = $parse;
                parse(text(path, $kind)).unwrap()
            }
        }

        impl FilledOutput for $type {
            fn filled_output(path: &str) -> Self {
                Self::filled_input(path)
            }
        }
    )*};
}

filled! {
    String: "string", Some;
    Sensitive: "string", |text| Some(Self(text));
    i32: "integer", |text| text.parse().ok();
    i64: "long", |text| text.parse().ok();
    bool: "boolean", |text| text.parse().ok();
    f64: "double", |text| text.parse().ok();
    Timestamp: "timestamp", |text| Self::parse(&text);
    Blob: "blob", |text| Self::from_base64(&text);
}

impl<T: FilledInput> FilledInput for Option<T> {
    fn filled_input(path: &str) -> Self {
        Some(T::filled_input(path))
    }
}

impl<T: FilledInput> FilledInput for Vec<T> {
    fn filled_input(path: &str) -> Self {
        vec![T::filled_input(&format!("{path}.1"))]
    }
}

impl<T: FilledOutput> FilledOutput for Option<T> {
    fn filled_output(path: &str) -> Self {
        Some(T::filled_output(path))
    }
}

impl<T: FilledOutput> FilledOutput for Vec<T> {
    fn filled_output(path: &str) -> Self {
        vec![T::filled_output(&format!("{path}/item"))]
    }
}

impl FilledOutput for Done {
    fn filled_output(_: &str) -> Self {
        Done
    }
}

fn model() -> Value {
    serde_json::from_str(include_str!("../../model/ec2.json")).unwrap()
}

/// From a path to that of a member, or to that of a list's element.
type Step<'a> = &'a dyn Fn(&str, Option<(&str, &Value)>) -> String;

/// Every leaf below `shape`, with the text that stands there.
fn leaves(
    model: &Value,
    shape: &str,
    path: &str,
    step: Step<'_>,
    leaves: &mut BTreeMap<String, String>,
) {
    let shape = &model["shapes"][shape];
    let below = |reference: &Value, path: &str, all: &mut BTreeMap<String, String>| {
        self::leaves(model, reference["shape"].as_str().unwrap(), path, step, all);
    };
    match shape["type"].as_str().unwrap() {
        "structure" => {
            for (name, member) in shape["members"].as_object().unwrap() {
                below(member, &step(path, Some((name, member))), leaves);
            }
        }
        "list" => below(&shape["member"], &step(path, None), leaves),
        kind => {
            leaves.insert(path.to_owned(), text(path, kind));
        }
    }
}

#[test]
fn every_answer_is_written_whole() {
    let model = model();
    let step = |path: &str, member: Option<(&str, &Value)>| match member {
        None => format!("{path}/item"),
        Some((name, member)) => {
            format!("{path}/{}", member["locationName"].as_str().unwrap_or(name))
        }
    };
    let answers = Request::filled_answers();
    assert_eq!(answers.len(), model["operations"].as_object().unwrap().len());
    for (action, document) in answers {
        let mut expected = BTreeMap::from([("/requestId".to_owned(), "id".to_owned())]);
        match model["operations"][action]["output"]["shape"].as_str() {
            Some(output) => leaves(&model, output, "", &step, &mut expected),
            None => drop(expected.insert("/return".to_owned(), "true".to_owned())),
        }
        assert_eq!(parsed::texts(&document).unwrap(), expected, "{action}");
    }
}

#[test]
fn every_request_is_read_whole() {
    let model = model();
    let step = |path: &str, member: Option<(&str, &Value)>| {
        let Some((name, member)) = member else { return format!("{path}.1") };
        let located = || member["locationName"].as_str().unwrap_or(name);
        let name = member["queryName"].as_str().unwrap_or_else(located);
        let name = name[..1].to_uppercase() + &name[1..];
        if path.is_empty() { name } else { format!("{path}.{name}") }
    };
    for request in Request::filled() {
        let action = request.action();
        let mut parameters = BTreeMap::from([
            ("Action".to_owned(), action.to_owned()),
            ("Version".to_owned(), crate::VERSION.to_owned()),
        ]);
        let input = model["operations"][action]["input"]["shape"].as_str().unwrap();
        leaves(&model, input, "", &step, &mut parameters);
        let pairs: Vec<_> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={}", value.replace('+', "%2B")))
            .collect();
        let read = Params::parse(b"", pairs.join("&").as_bytes()).and_then(Request::read);
        assert_eq!(read.as_ref(), Ok(&request), "{action}");
    }
}
