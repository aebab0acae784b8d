//! What holds for any bytes. The fuzzers include this file as well.

#[path = "parsed.rs"]
mod parsed;

use imds_ec2::sigv4::{Message, SecretKey, verify};
use imds_ec2::{Fault, Params, Request};

/// Parameters, known and unknown: there is a request or a fault, and faults can be sent.
pub(crate) fn check_params(bytes: &[u8]) {
    match Params::parse(b"", bytes).and_then(Request::read) {
        Ok(request) => {
            assert!(Request::ACTIONS.contains(&request.action()));
            let (_, _) = (request.dry_run(), request.is_read_only());
        }
        Err(fault) => {
            assert!((400..500).contains(&fault.status), "{fault}");
            check_xml(fault.message.as_bytes());
        }
    }
}

/// A request line, headers and body: nothing of it is a key's, so nothing may be verified.
pub(crate) fn check_authorization(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let target = lines.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name, value.as_bytes()))
        .collect();
    let message = Message { method: "POST", path, query, headers: &headers, body: b"" };
    for now in [0, 1_795_334_400, i64::MAX, i64::MIN] {
        let error = verify(&message, "ec2", now, |_, _| Some(SecretKey::new("unguessable")))
            .expect_err("nobody signed this");
        check_xml(Fault::from(error).document("id").as_bytes());
    }
}

/// Text goes into XML and comes out as it was, but for what XML cannot carry.
pub(crate) fn check_xml(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let document = Fault::client("Code", text.as_ref()).document("id");
    let texts = parsed::texts(&document).expect("well formed");
    let carried: String = text
        .chars()
        .map(|character| match character {
            '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'.. => character,
            _ => '\u{FFFD}',
        })
        .collect();
    assert_eq!(texts["/Errors/Error/Message"], carried);
    assert_eq!(
        (texts["/Errors/Error/Code"].as_str(), texts["/RequestID"].as_str()),
        ("Code", "id")
    );
}
