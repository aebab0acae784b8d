//! What a response has, as the protocols of other services than EC2 write it.

use serde_json::{Map, Value, json};

use crate::value::Timestamp;
use crate::xml::Xml;

/// What a response has under a name.
#[derive(Clone, Debug)]
pub enum Member {
    /// A text.
    Text(String),
    /// A time: a date in XML, seconds since 1970 in JSON.
    Time(Timestamp),
    /// An integer.
    Number(u64),
    /// A number that may have a fraction.
    Float(f64),
    /// Values without names.
    List(Vec<Member>),
    /// Further members.
    Members(Members),
}

/// Members with their names.
pub type Members = Vec<(&'static str, Member)>;

impl From<&str> for Member {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// In XML, where elements of lists are called `member`.
pub(crate) fn write(members: &[(&'static str, Member)], xml: &mut Xml) {
    for (name, member) in members {
        write_one(name, member, xml);
    }
}

fn write_one(name: &str, member: &Member, xml: &mut Xml) {
    match member {
        Member::Text(text) => xml.text(name, text),
        Member::Time(time) => xml.text(name, &time.to_string()),
        Member::Number(number) => xml.text(name, &number.to_string()),
        Member::Float(number) => xml.text(name, &format!("{number:?}")),
        Member::Members(inner) => xml.element(name, &[], |xml| write(inner, xml)),
        Member::List(elements) => xml.element(name, &[], |xml| {
            for element in elements {
                write_one("member", element, xml);
            }
        }),
    }
}

/// In JSON.
pub(crate) fn json(members: &[(&'static str, Member)]) -> Value {
    let all = members.iter().map(|(name, member)| ((*name).to_owned(), value(member)));
    Value::Object(all.collect::<Map<_, _>>())
}

fn value(member: &Member) -> Value {
    match member {
        Member::Text(text) => json!(text),
        Member::Time(time) => json!(time.unix_ms() / 1000),
        Member::Number(number) => json!(number),
        Member::Float(number) => json!(number),
        Member::List(elements) => elements.iter().map(value).collect(),
        Member::Members(inner) => json(inner),
    }
}
