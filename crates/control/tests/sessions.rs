//! Temporary credentials over time, which a service on the wire cannot jump through.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "shared/alone.rs"]
mod alone;

use alone::issuer;
use hyper::http::request::Parts;
use imds_account::{Store, access_key, keys};
use imds_control::{Authentication, Control, Reply, RolePolicies};
use imds_core::credentials::{AccessKeys, ISSUER_KEY_LENGTH, Issuer, Session, Subject};
use imds_core::response::ImdsVersion;
use imds_ec2::sigv4::{Message, SecretKey, Signer};
use imds_policy::Policy;

const NOW: u64 = 1_795_334_400;

/// An account whose role `app` may look at everything.
fn control() -> Control {
    let policy =
        r#"{"Statement": {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}}"#;
    let store = Store::in_memory();
    access_key::ensure(&store, NOW).unwrap();
    Control {
        authentication: Authentication::Signature,
        policies: RolePolicies::new([("app".to_owned(), Policy::parse(policy).unwrap())]),
        ..alone::control(store)
    }
}

/// The reply to a call that is signed with `keys` for `service` at `now`.
fn call(control: &Control, keys: &AccessKeys, service: &str, body: &str, now: u64) -> Reply {
    let signer = Signer {
        access_key_id: keys.access_key_id.clone(),
        secret: SecretKey::new(&*keys.secret_access_key),
        region: "us-east-1".to_owned(),
        service: service.to_owned(),
    };
    let mut headers: Vec<(&str, &[u8])> = vec![("host", b"127.0.0.1:1339")];
    if !keys.session_token.is_empty() {
        headers.push(("x-amz-security-token", keys.session_token.as_bytes()));
    }
    let body = body.as_bytes();
    let message = Message { method: "POST", path: "/", query: "", headers: &headers, body };
    let signed = signer.sign(&message, now.try_into().unwrap()).unwrap();
    let mut request = hyper::Request::builder().method("POST").uri("/");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    for (name, value) in signed {
        request = request.header(name, value);
    }
    let (head, ()): (Parts, ()) = request.body(()).unwrap().into_parts();
    control.answer(&head, body, now)
}

const DESCRIBE: (&str, &str) = ("ec2", "Action=DescribeRegions&Version=2016-11-15");
const WHO: (&str, &str) = ("sts", "Action=GetCallerIdentity&Version=2011-06-15");

#[test]
fn temporary_credentials_end() {
    let control = control();
    let subject = Subject::Instance {
        role: "app".to_owned(),
        instance: "i-1234567890abcdef0".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        delivery: ImdsVersion::V2,
    };
    let keys = issuer().issue(&Session { subject, issued: NOW, expires: NOW + 900, nonce: 0 });
    for now in [NOW, NOW + 899] {
        for (service, body) in [DESCRIBE, WHO] {
            let reply = call(&control, &keys, service, body, now);
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
    }
    for now in [NOW + 900, NOW + 100_000] {
        let reply = call(&control, &keys, DESCRIBE.0, DESCRIBE.1, now);
        assert!(reply.text().contains("<Code>RequestExpired</Code>"), "{}", reply.text());
        let reply = call(&control, &keys, WHO.0, WHO.1, now);
        assert_eq!(reply.status, 403);
        assert!(reply.text().contains("<Code>ExpiredToken</Code>"), "{}", reply.text());
        // Who does not know the secret does not learn that they have expired.
        let guessed = AccessKeys { secret_access_key: "x".repeat(40), ..keys.clone() };
        let reply = call(&control, &guessed, WHO.0, WHO.1, now);
        assert!(reply.text().contains("<Code>InvalidClientTokenId</Code>"), "{}", reply.text());
    }
}

/// Credentials of another account are unknown, also by the same key material; so is one half with another.
#[test]
fn credentials_of_another_account_are_refused() {
    let control = control();
    let other = Issuer::new(&[1; ISSUER_KEY_LENGTH], "210987654321".parse().unwrap());
    let delivered = |delivery| {
        let (role, instance) = ("app".to_owned(), "i-1234567890abcdef0".parse().unwrap());
        let region = "us-east-1".parse().unwrap();
        let subject = Subject::Instance { role, instance, region, delivery };
        Session { subject, issued: NOW, expires: NOW + 900, nonce: 0 }
    };
    let (v1, v2) = (delivered(ImdsVersion::V1), delivered(ImdsVersion::V2));
    let refused = |keys: &AccessKeys| {
        let reply = call(&control, keys, DESCRIBE.0, DESCRIBE.1, NOW);
        assert!(reply.text().contains("<Code>AuthFailure</Code>"), "{}", reply.text());
    };
    assert_eq!(call(&control, &issuer().issue(&v2), DESCRIBE.0, DESCRIBE.1, NOW).status, 200);
    refused(&other.issue(&v2));
    let (v1, v2) = (issuer().issue(&v1), issuer().issue(&v2));
    // What was fetched by IMDSv1 does not become IMDSv2's by its token, with either id.
    refused(&AccessKeys { session_token: v2.session_token.clone(), ..v1.clone() });
    let access_key_id = v2.access_key_id;
    refused(&AccessKeys { session_token: v2.session_token, access_key_id, ..v1 });
}

/// The credentials that a key gets are worth nothing once the key is deleted.
#[test]
fn what_a_key_gets_ends_with_it() {
    let control = control();
    let stored = control.store.scan(&keys::access_keys()).unwrap().records;
    let (id, _) = stored.into_iter().next().unwrap();
    let subject = Subject::Key { id: id.clone() };
    let session = issuer().issue(&Session { subject, issued: NOW, expires: NOW + 900, nonce: 0 });
    assert_eq!(call(&control, &session, DESCRIBE.0, DESCRIBE.1, NOW).status, 200);
    let admin = imds_account::records::AccessRole::Admin;
    access_key::create(&control.store, admin, NOW).unwrap();
    access_key::delete(&control.store, &id).unwrap();
    let reply = call(&control, &session, DESCRIBE.0, DESCRIBE.1, NOW);
    assert!(reply.text().contains("<Code>AuthFailure</Code>"), "{}", reply.text());
}

/// Each service takes what is signed for it, and nothing else.
#[test]
fn services_are_told_apart() {
    let control = control();
    let stored = control.store.scan(&keys::access_keys()).unwrap().records;
    let (id, key) = stored.into_iter().next().unwrap();
    let keys = AccessKeys {
        access_key_id: id,
        secret_access_key: key.record.secret,
        session_token: String::new(),
    };
    let reply = call(&control, &keys, "ec2", WHO.1, NOW);
    assert!(reply.text().contains("<Code>SignatureDoesNotMatch</Code>"), "{}", reply.text());
    let reply = call(&control, &keys, "sts", DESCRIBE.1, NOW);
    assert!(reply.text().contains("<Code>AuthFailure</Code>"), "{}", reply.text());
    let reply = call(&control, &keys, "sts", "Action=AssumeRoleWithSAML&Version=2011-06-15", NOW);
    assert!(reply.text().contains("<Code>InvalidAction</Code>"), "{}", reply.text());
}
