//! Responses, as XML or JSON.

use serde_json::json;

use super::VERSION;
use crate::fault::Fault;
use crate::member::{self, Member};
use crate::xml::Xml;

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
            xml.element(&format!("{action}Result"), &[], |xml| member::write(result, xml));
            xml.element("ResponseMetadata", &[], |xml| xml.text("RequestId", request_id));
        });
        xml.into_string()
    }

    /// The response in JSON.
    pub fn json(&self, request_id: &str) -> String {
        let Self { action, result } = self;
        let result_name = format!("{action}Result");
        let response = json!({
            result_name: member::json(result),
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
}

fn namespace() -> String {
    format!("https://sts.amazonaws.com/doc/{VERSION}/")
}
