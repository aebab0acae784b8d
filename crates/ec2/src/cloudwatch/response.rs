//! Responses, in the protocol of the request.

use serde_json::json;

use super::{Protocol, VERSION, cbor, fault};
use crate::fault::Fault;
use crate::member::{self, Member, Members};
use crate::xml::Xml;

/// A response's header fields and body.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Body {
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Further fields.
    pub headers: Vec<(&'static str, String)>,
    /// The document.
    pub bytes: Vec<u8>,
}

/// What an action gives.
pub fn success(protocol: Protocol, action: &str, result: &Members, request_id: &str) -> Body {
    let bytes = match protocol {
        Protocol::Query => {
            let mut xml = Xml::document();
            xml.element(&format!("{action}Response"), &[("xmlns", &namespace())], |xml| {
                xml.element(&format!("{action}Result"), &[], |xml| member::write(result, xml));
                xml.element("ResponseMetadata", &[], |xml| xml.text("RequestId", request_id));
            });
            xml.into_string().into_bytes()
        }
        Protocol::Json => member::json(result).to_string().into_bytes(),
        Protocol::Cbor => cbor::write(result),
    };
    body(protocol, request_id, bytes)
}

/// What a refused request gets.
pub fn error(protocol: Protocol, fault: &Fault, request_id: &str) -> Body {
    let Fault { code, message, .. } = fault;
    let kind = format!("com.amazonaws.cloudwatch#{}", fault::shape(code));
    let bytes = match protocol {
        Protocol::Query => {
            let mut xml = Xml::document();
            xml.element("ErrorResponse", &[("xmlns", &namespace())], |xml| {
                xml.element("Error", &[], |xml| {
                    xml.text("Type", fault.sender());
                    xml.text("Code", code);
                    xml.text("Message", message);
                });
                xml.text("RequestId", request_id);
            });
            xml.into_string().into_bytes()
        }
        Protocol::Json => json!({ "__type": kind, "message": message }).to_string().into_bytes(),
        Protocol::Cbor => cbor::write(&[
            ("__type", Member::Text(kind)),
            ("message", Member::Text(message.clone())),
        ]),
    };
    let mut body = body(protocol, request_id, bytes);
    if protocol != Protocol::Query {
        // The code that programs know from the Query protocol.
        body.headers.push(("x-amzn-query-error", format!("{code};{}", fault.sender())));
    }
    body
}

fn body(protocol: Protocol, request_id: &str, bytes: Vec<u8>) -> Body {
    let mut headers = vec![("x-amzn-requestid", request_id.to_owned())];
    let content_type = match protocol {
        Protocol::Query => "text/xml",
        Protocol::Json => "application/x-amz-json-1.0",
        Protocol::Cbor => {
            headers.push(("smithy-protocol", "rpc-v2-cbor".to_owned()));
            "application/cbor"
        }
    };
    Body { content_type, headers, bytes }
}

fn namespace() -> String {
    format!("http://monitoring.amazonaws.com/doc/{VERSION}/")
}
