//! The signed paths beside the identity document, before and after the signatures are there.

use std::borrow::Cow;

use imds_core::identity::{Proof, Signatures};
use imds_core::request::Parsed;
use imds_core::response::{Body, Status};
use imds_core::token::{KEY_LENGTH, Key};
use imds_core::wire::Connection;
use imds_core::{Endpoint, HttpTokens, Keyring, Launch, Moment, Request, Response, respond};

const NOW: Moment = Moment { unix_ms: 1_750_000_000_000, steady_ms: 1_750_000_000_000, serial: 0 };

fn endpoint(http_tokens: HttpTokens) -> Endpoint {
    let mut launch = Launch::default();
    launch.options.http_tokens = Some(http_tokens);
    Endpoint::new(&launch.resolve().expect("the defaults make an instance"))
}

fn signatures() -> Signatures {
    let of = |proof: Proof| format!("made of {proof}").into_bytes();
    Signatures {
        pkcs7: of(Proof::Pkcs7),
        rsa2048: of(Proof::Rsa2048),
        signature: of(Proof::Signature),
    }
}

fn ask<'a>(endpoint: &'a Endpoint, method: &str, path: &str) -> Response<'a> {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n");
    let keyring = Keyring::new(Key::new(1, &[7; KEY_LENGTH]), Vec::new());
    match Request::parse(head.as_bytes()) {
        Parsed::Complete(request, _) => respond(endpoint, &keyring, &request, NOW),
        _ => panic!("{head:?} is a request"),
    }
}

fn signed(version: &str, proof: Proof) -> String {
    format!("/{version}/dynamic/instance-identity/{proof}")
}

#[test]
fn a_signed_path_is_pending_until_the_signatures_are_set() {
    let endpoint = endpoint(HttpTokens::Optional);
    for proof in Proof::ALL {
        let response = ask(&endpoint, "GET", &signed("latest", proof));
        assert!(response.pending);
        assert_eq!(response.status, Status::ServiceUnavailable);
        assert!(response.body.as_bytes().is_empty());
    }
    assert!(!endpoint.is_signed());
    endpoint.set_signatures(signatures());
    assert!(endpoint.is_signed());
    for proof in Proof::ALL {
        let response = ask(&endpoint, "GET", &signed("latest", proof));
        assert!(!response.pending);
        assert_eq!((response.status, response.content_type), (Status::Ok, "text/plain"));
        assert_eq!(response.body.as_bytes(), format!("made of {proof}").as_bytes());
        assert!(matches!(response.body, Body::Bytes(Cow::Borrowed(_))), "served without a copy");
    }
}

#[test]
fn nothing_else_is_pending() {
    let endpoint = endpoint(HttpTokens::Optional);
    let leaves = endpoint.tree().leaves();
    for path in leaves.filter(|path| Proof::ALL.iter().all(|p| !path.ends_with(p.as_str()))) {
        assert!(!ask(&endpoint, "GET", &format!("/latest/{path}")).pending, "{path}");
    }
    for method in ["PUT", "OPTIONS", "DELETE"] {
        assert!(!ask(&endpoint, method, &signed("latest", Proof::Pkcs7)).pending, "{method}");
    }
    assert!(!ask(&endpoint, "GET", "/latest/dynamic/instance-identity/dsa2048").pending);
}

/// A request without a token makes the service do no work.
#[test]
fn a_request_without_its_token_is_refused_at_once() {
    let endpoint = endpoint(HttpTokens::Required);
    let response = ask(&endpoint, "GET", &signed("latest", Proof::Pkcs7));
    assert_eq!((response.status, response.pending), (Status::Unauthorized, false));
}

#[test]
fn a_pending_answer_has_these_bytes() {
    let endpoint = endpoint(HttpTokens::Optional);
    let mut bytes = Vec::new();
    let date = imds_core::time::HttpDate::new(NOW.unix_seconds());
    ask(&endpoint, "GET", &signed("latest", Proof::Pkcs7)).write(
        Connection::Close,
        &date,
        &mut bytes,
    );
    let expected = "HTTP/1.0 503 Service Unavailable\r\n\
        Content-Length: 0\r\nContent-Type: text/plain\r\nDate: Sun, 15 Jun 2025 15:06:40 GMT\r\n\
        Connection: close\r\nServer: EC2ws\r\n\r\n";
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

#[test]
fn the_names_are_listed_whether_signed_or_not() {
    let endpoint = endpoint(HttpTokens::Optional);
    let list = |version| {
        let path = format!("/{version}/dynamic/instance-identity/");
        let response = ask(&endpoint, "GET", &path);
        String::from_utf8(response.body.as_bytes().to_vec()).unwrap()
    };
    assert_eq!(list("latest"), "document\npkcs7\nrsa2048\nsignature");
    assert_eq!(list("2009-04-04"), list("latest"));
    for proof in Proof::ALL {
        let before = ask(&endpoint, "GET", &signed("2008-09-01", proof));
        assert_eq!(before.status, Status::NotFound);
    }
}

#[test]
fn what_is_signed_is_what_is_served() {
    let endpoint = endpoint(HttpTokens::Optional);
    let served = ask(&endpoint, "GET", "/latest/dynamic/instance-identity/document");
    assert_eq!(served.body.as_bytes(), endpoint.document());
    let text = std::str::from_utf8(endpoint.document()).unwrap();
    let pending = imds_core::time::iso8601(endpoint.launched_at());
    assert!(text.contains(&format!("\"pendingTime\" : \"{pending}\"")), "{text}");
}
