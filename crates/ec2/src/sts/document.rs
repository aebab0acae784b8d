//! Responses, as XML or JSON.

use serde_json::{Map, Value, json};

use super::VERSION;
use crate::fault::Fault;
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
    /// Further members.
    Members(Vec<(&'static str, Member)>),
}

/// A response of an action.
#[derive(Clone, Debug)]
pub struct Document {
    /// The action's name.
    pub action: &'static str,
    /// What the result has.
    pub result: Vec<(&'static str, Member)>,
}

impl Document {
    /// The response in XML.
    pub fn xml(&self, request_id: &str) -> String {
        let Self { action, result } = self;
        let mut xml = Xml::document();
        xml.element(&format!("{action}Response"), &[("xmlns", &namespace())], |xml| {
            xml.element(&format!("{action}Result"), &[], |xml| write(result, xml));
            xml.element("ResponseMetadata", &[], |xml| xml.text("RequestId", request_id));
        });
        xml.into_string()
    }

    /// The response in JSON.
    pub fn json(&self, request_id: &str) -> String {
        let Self { action, result } = self;
        let result_name = format!("{action}Result");
        let response = json!({
            result_name: members(result),
            "ResponseMetadata": { "RequestId": request_id },
        });
        json!({ format!("{action}Response"): response }).to_string()
    }
}

impl Fault {
    /// The whole response of STS in XML.
    pub fn sts_xml(&self, request_id: &str) -> String {
        let mut xml = Xml::document();
        xml.element("ErrorResponse", &[("xmlns", &namespace())], |xml| {
            xml.element("Error", &[], |xml| {
                xml.text("Type", self.sender());
                xml.text("Code", self.code);
                xml.text("Message", &self.message);
            });
            xml.text("RequestId", request_id);
        });
        xml.into_string()
    }

    /// The whole response of STS in JSON.
    pub fn sts_json(&self, request_id: &str) -> String {
        let (kind, code, message) = (self.sender(), self.code, &self.message);
        json!({
            "Error": { "Type": kind, "Code": code, "Message": message },
            "RequestId": request_id,
        })
        .to_string()
    }

    /// Whose fault it is.
    fn sender(&self) -> &'static str {
        if self.status < 500 { "Sender" } else { "Receiver" }
    }
}

fn namespace() -> String {
    format!("https://sts.amazonaws.com/doc/{VERSION}/")
}

fn write(members: &[(&'static str, Member)], xml: &mut Xml) {
    for (name, member) in members {
        match member {
            Member::Text(text) => xml.text(name, text),
            Member::Time(time) => xml.text(name, &time.to_string()),
            Member::Number(number) => xml.text(name, &number.to_string()),
            Member::Members(inner) => xml.element(name, &[], |xml| write(inner, xml)),
        }
    }
}

fn members(all: &[(&'static str, Member)]) -> Value {
    let value = |member: &Member| match member {
        Member::Text(text) => json!(text),
        Member::Time(time) => json!(time.unix_ms() / 1000),
        Member::Number(number) => json!(number),
        Member::Members(inner) => members(inner),
    };
    let all = all.iter().map(|(name, member)| ((*name).to_owned(), value(member)));
    Value::Object(all.collect::<Map<_, _>>())
}
