//! Responses to requests whose body was not read, or not to its end.

use hyper::http::request::Parts;
use imds_ec2::cloudwatch::{self, Address};
use imds_ec2::{Fault, ssm};

use super::service::target;
use super::{Control, Reply, XML, ids};

impl Control {
    /// How a request with this head is refused, in the protocol that the head names. The Query protocol
    /// names its service in the body: there, as EC2 does.
    pub(super) fn refusals(head: &Parts) -> impl Fn(&Fault) -> Reply + use<> {
        let (target, query) = (target(head), head.uri.query().unwrap_or_default());
        let metrics = Address::of(target, head.uri.path(), query, &[]);
        let is_ssm = ssm::is_addressed(target);
        move |fault| {
            let request_id = ids::request_id().unwrap_or_default();
            if let Some(address) = &metrics {
                let cloudwatch::Body { content_type, headers, bytes } =
                    cloudwatch::error(address.protocol, fault, &request_id);
                return Reply { status: fault.status, content_type, headers, body: bytes };
            }
            let (content_type, body) = if is_ssm {
                (ssm::CONTENT_TYPE, fault.ssm_json())
            } else {
                (XML, fault.document(&request_id))
            };
            Reply {
                status: fault.status,
                content_type,
                headers: Vec::new(),
                body: body.into_bytes(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_is_refused_in_its_own_words() {
        let fault = Fault::new(413, "RequestEntityTooLarge", "The request is longer than 5 bytes");
        for (target, path, words) in [
            ("", "/", "<Errors><Error><Code>RequestEntityTooLarge</Code>"),
            ("", "/?Version=2010-08-01", "<Type>Sender</Type><Code>RequestEntityTooLarge</Code>"),
            (
                "GraniteServiceVersion20100801.ListMetrics",
                "/",
                r#""__type":"com.amazonaws.cloudwatch#RequestEntityTooLarge""#,
            ),
            ("AmazonSSM.GetParameters", "/", r#"{"__type":"RequestEntityTooLarge""#),
        ] {
            let request = hyper::Request::post(path).header("x-amz-target", target).body(());
            let (head, ()) = request.unwrap().into_parts();
            let reply = Control::refusals(&head)(&fault);
            assert_eq!(reply.status, 413);
            let text: String = reply.text().split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.replace("> <", "><").contains(words), "{target} {path}: {text}");
            assert!(text.contains("longer than 5 bytes"), "{text}");
        }
    }
}
