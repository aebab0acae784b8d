//! What the tables of `types.rs` become: structures that are read from parameters and written as
//! XML.

#[cfg(test)]
pub(crate) mod filled;

use std::borrow::Cow;

use crate::fault::Fault;
use crate::params::{Params, Read};
use crate::value::{Blob, Sensitive, Timestamp};
use crate::xml::{Response, Write, Xml};

/// A request's action and the type of its answer.
pub trait Operation {
    /// The action's name, such as `RunInstances`.
    const ACTION: &'static str;
    /// The XML namespace of the answer, which names the API version.
    const NAMESPACE: &'static str;
    /// The answer on success.
    type Response: Response;
}

/// The answer of operations without a result: `<return>true</return>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done;

impl Response for Done {
    fn write_members(&self, xml: &mut Xml) {
        xml.text("return", "true");
    }
}

/// The whole answer to the operation `O`.
pub fn document<O: Operation>(response: &O::Response, request_id: &str) -> String {
    let mut xml = Xml::document();
    xml.element(&format!("{}Response", O::ACTION), &[("xmlns", O::NAMESPACE)], |xml| {
        xml.text("requestId", request_id);
        response.write_members(xml);
    });
    xml.into_string()
}

/// Types that are one value: the rule in the fault for an invalid text, how they are read, and how
/// they are written. Any text is a `String`.
macro_rules! scalars {
    ($($type:ty: $rule:literal, $read:expr, $write:expr;)*) => {$(
        impl Read for $type {
            fn read(params: Params) -> Result<Self, Fault> {
                let (name, value) = params.into_value()?;
                let read: fn(&str) -> Option<Self> = $read;
                read(&value).ok_or_else(|| Fault::invalid_value(&name, shown(&value), $rule))
            }
        }

        impl Write for $type {
            fn write(&self, name: &str, xml: &mut Xml) {
                let write: fn(&Self) -> Cow<'_, str> = $write;
                xml.text(name, &write(self));
            }
        }
    )*};
}

scalars! {
    String: "", |value| Some(value.to_owned()), |it| it.as_str().into();
    bool: "Expecting true or false.", |value| value.parse().ok(),
        |it| if *it { "true" } else { "false" }.into();
    i32: "Expecting an integer.", |value| value.parse().ok(), |it| it.to_string().into();
    i64: "Expecting an integer.", |value| value.parse().ok(), |it| it.to_string().into();
    f64: "Expecting a number.",
        |value| value.parse().ok().filter(|number: &Self| number.is_finite()),
        |it| it.to_string().into();
    Sensitive: "", |value| Some(Self(value.to_owned())), |it| it.0.as_str().into();
    Timestamp: "Expecting a time such as 2026-11-22T08:00:00.000Z.",
        Self::parse, |it| it.to_string().into();
    Blob: "Expecting base64.", Self::from_base64, |it| it.to_base64().into();
}

/// As much of a refused value as helps to find it. What is long may be user data, and secret.
pub(crate) fn shown(value: &str) -> String {
    const LONGEST: usize = 40;
    if value.len() > LONGEST {
        return format!("{} bytes", value.len());
    }
    value.to_owned()
}

/// `Name { field: Type = "Parameter", … }`
macro_rules! input {
    ($name:ident { $($field:ident: $type:ty = $parameter:literal $(($rule:ident))?,)* }) => {
        #[doc = concat!("`", stringify!($name), "` of the API model.")]
        #[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
        #[serde(default)]
        #[expect(missing_docs, reason = "the API reference documents them")]
        pub struct $name { $(pub $field: $type,)* }

        crate::tables::reading!($name { $($field = $parameter $(($rule))?,)* });
    };
}

/// `Name { field: Type = "element", … }`
macro_rules! output {
    ($name:ident { $($field:ident: $type:ty = $element:literal $(($rule:ident))?,)* }) => {
        #[doc = concat!("`", stringify!($name), "` of the API model.")]
        #[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
        #[serde(default)]
        #[expect(missing_docs, reason = "the API reference documents them")]
        pub struct $name { $(pub $field: $type,)* }

        crate::tables::writing!($name { $($field = $element $(($rule))?,)* });
    };
}

/// `Name { field: Type = "Parameter" / "element", … }`; a rule is of how it is written.
macro_rules! both {
    ($name:ident { $($field:ident: $type:ty = $parameter:literal / $element:literal $(($rule:ident))?,)* }) => {
        crate::tables::input!($name { $($field: $type = $parameter,)* });
        crate::tables::writing!($name { $($field = $element $(($rule))?,)* });
    };
}

macro_rules! reading {
    ($name:ident { $($field:ident = $parameter:literal $(($rule:ident))?,)* }) => {
        impl crate::params::Read for $name {
            fn read(mut params: crate::Params) -> Result<Self, crate::Fault> {
                let read =
                    Self { $($field: crate::tables::reading!(params $parameter $($rule)?),)* };
                params.finish()?;
                Ok(read)
            }
        }

        #[cfg(test)]
        impl crate::tables::filled::FilledInput for $name {
            fn filled_input(path: &str) -> Self {
                let below = |name: &str| {
                    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
                };
                Self { $($field: crate::tables::filled::FilledInput::filled_input(&below($parameter)),)* }
            }
        }
    };
    ($params:ident $parameter:literal) => { $params.member($parameter)? };
    ($params:ident $parameter:literal one_or_more) => { $params.one_or_more($parameter)? };
}

macro_rules! writing {
    ($name:ident { $($field:ident = $element:literal $(($rule:ident))?,)* }) => {
        impl crate::Response for $name {
            fn write_members(&self, xml: &mut crate::Xml) {
                $(crate::tables::writing!(self.$field, $element, xml $(, $rule)?);)*
            }
        }

        #[cfg(test)]
        impl crate::tables::filled::FilledOutput for $name {
            fn filled_output(path: &str) -> Self {
                let below = |name: &str| format!("{path}/{name}");
                Self { $($field: crate::tables::filled::FilledOutput::filled_output(&below($element)),)* }
            }
        }
    };
    ($value:expr, $element:literal, $xml:ident) => {
        crate::xml::Write::write(&$value, $element, $xml)
    };
    ($value:expr, $element:literal, $xml:ident, always) => {
        crate::xml::write_list(&$value, $element, $xml)
    };
    ($value:expr, $element:literal, $xml:ident, if_there) => {
        $value.iter().for_each(|list| crate::xml::write_list(list, $element, $xml))
    };
}

/// The API version, then `Action(Request) -> Response, …`; `(dry_run)` where the request can be tried.
macro_rules! operations {
    ($version:literal; $($action:ident($request:ident) -> $response:ident $(($dry_run:ident))?,)*) => {
        /// The supported API version. All others are refused: an answer in an older version would
        /// have to leave out newer members, such as the metadata options.
        pub const VERSION: &str = $version;

        /// A request of any action.
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        #[serde(untagged)]
        #[expect(missing_docs, reason = "the API reference documents them")]
        pub enum Request { $($action($request),)* }

        impl Request {
            /// The names of all actions, sorted.
            pub const ACTIONS: &'static [&'static str] = &[$(stringify!($action),)*];

            /// Reads the parameters of `action`.
            pub(crate) fn read_action(
                action: &str,
                params: crate::Params,
            ) -> Result<Self, crate::Fault> {
                match action {
                    $(stringify!($action) => {
                        crate::params::Read::read(params).map(Self::$action)
                    })*
                    _ => Err(crate::Fault::invalid_action(action, Self::ACTIONS)),
                }
            }

            /// One of each, with every member set.
            #[cfg(test)]
            pub(crate) fn filled() -> Vec<Self> {
                vec![$(Self::$action(crate::tables::filled::FilledInput::filled_input("")),)*]
            }

            /// The answer of each action, with every member set.
            #[cfg(test)]
            pub(crate) fn filled_answers() -> Vec<(&'static str, String)> {
                let id = "id";
                vec![$((
                    stringify!($action),
                    crate::document::<$request>(&crate::tables::filled::FilledOutput::filled_output(""), id),
                ),)*]
            }

            /// The action's name.
            pub fn action(&self) -> &'static str {
                match self { $(Self::$action(_) => stringify!($action),)* }
            }

            /// Whether `DryRun` is set. Some actions have no such parameter.
            pub fn dry_run(&self) -> bool {
                match self {
                    $(Self::$action(_request) => false $(|| _request.$dry_run == Some(true))?,)*
                }
            }
        }

        $(impl crate::Operation for $request {
            const ACTION: &'static str = stringify!($action);
            // The model's namespace has no slash at its end; on the wire it has.
            const NAMESPACE: &'static str =
                concat!("http://ec2.amazonaws.com/doc/", $version, "/");
            type Response = $response;
        })*
    };
}

pub(crate) use {both, input, operations, output, reading, writing};
