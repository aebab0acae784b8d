//! The crate that signs for AWS's own Rust SDK, against ours.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use imds_ec2::sigv4::{AuthError, Message, SecretKey, Signer, Verified, verify};
use proptest::prelude::*;

/// What a client wants to send, and with which key.
#[derive(Debug, Clone)]
struct Sent {
    method: &'static str,
    uri: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    key: String,
    secret: String,
    region: String,
    now: i64,
}

prop_compose! {
    fn sent()(
        method in prop::sample::select(vec!["GET", "POST", "PUT"]),
        path in "(/|(/[a-zA-Z0-9._~%-]{1,8}){1,3}/?)",
        query in "(\\?([A-Za-z0-9.]{1,6}=([A-Za-z0-9_.~-]|%[2-7][0-9A-F]|%C3%A4){0,8}&?){1,4})?",
        headers in prop::collection::vec(("[a-w][a-z0-9]{2,9}", "[!-~]([ -~]{0,12}[!-~])?"), 0..4),
        amz in prop::collection::vec(("x-amz-meta-[a-z]{1,5}", "[!-~]{1,9}"), 0..2),
        body: Vec<u8>,
        key in "[A-Z0-9]{16,20}",
        secret in "[ -~]{1,40}",
        region in "[a-z]{2}-[a-z]{4,9}-[1-9]",
        now in 0_i64..4_000_000_000,
    ) -> Sent {
        let path = path.replace('%', "%41");
        let mut headers = [headers, amz].concat();
        headers.sort();
        headers.dedup_by(|a, b| a.0 == b.0);
        headers.push(("host".to_owned(), "127.0.0.1:1339".to_owned()));
        let uri = format!("http://127.0.0.1:1339{path}{query}");
        Sent { method, uri, headers, body, key, secret, region, now }
    }
}

/// How long a presigned request is valid, in seconds.
const EXPIRES: i64 = 60;

/// The request as the SDK's crate signs it.
fn signed_by_sdk(sent: &Sent, location: SignatureLocation) -> http::Request<Vec<u8>> {
    let credentials = Credentials::new(&sent.key, &sent.secret, None, None, "test");
    let identity: Identity = credentials.into();
    let mut settings = SigningSettings::default();
    settings.signature_location = location;
    settings.expires_in = matches!(location, SignatureLocation::QueryParams)
        .then_some(Duration::from_secs(EXPIRES.unsigned_abs()));
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(sent.now.unsigned_abs());
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&sent.region)
        .name("ec2")
        .time(time)
        .settings(settings)
        .build()
        .unwrap();
    let headers = sent.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let signable =
        SignableRequest::new(sent.method, &sent.uri, headers, SignableBody::Bytes(&sent.body));
    let (instructions, _) = sign(signable.unwrap(), &params.into()).unwrap().into_parts();

    let mut request = http::Request::builder().method(sent.method).uri(&sent.uri);
    for (name, value) in &sent.headers {
        request = request.header(name, value);
    }
    let mut request = request.body(sent.body.clone()).unwrap();
    instructions.apply_to_request_http1x(&mut request);
    request
}

fn verified(
    request: &http::Request<Vec<u8>>,
    now: i64,
    secret: &str,
) -> Result<Verified, AuthError> {
    let headers: Vec<_> =
        request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let message = Message {
        method: request.method().as_str(),
        path: request.uri().path(),
        query: request.uri().query().unwrap_or_default(),
        headers: &headers,
        body: request.body(),
    };
    verify(&message, "ec2", now, |_, _| Some(SecretKey::new(secret)))
}

proptest! {
    #[test]
    fn what_the_sdk_signs_is_verified(sent in sent(), late in -900_i64..=900) {
        for location in [SignatureLocation::Headers, SignatureLocation::QueryParams] {
            let request = signed_by_sdk(&sent, location);
            let who = Verified { access_key_id: sent.key.clone(), region: sent.region.clone() };
            // A presigned one says itself when it ends.
            let has_ended = matches!(location, SignatureLocation::QueryParams) && late > EXPIRES;
            let expected = if has_ended { None } else { Some(who) };
            prop_assert_eq!(verified(&request, sent.now + late, &sent.secret).ok(), expected);
        }
    }

    #[test]
    fn what_was_changed_on_the_way_is_refused(sent in sent(), at: prop::sample::Index, bit in 0_u32..8) {
        for location in [SignatureLocation::Headers, SignatureLocation::QueryParams] {
            let mut request = signed_by_sdk(&sent, location);
            request.body_mut().push(b' ');
            prop_assert!(verified(&request, sent.now, &sent.secret).is_err());
            request.body_mut().pop();
            if !request.body().is_empty() {
                let byte = at.index(request.body().len());
                request.body_mut()[byte] ^= 1_u8 << bit;
                prop_assert!(verified(&request, sent.now, &sent.secret).is_err());
                request.body_mut()[byte] ^= 1_u8 << bit;
            }
            *request.method_mut() = http::Method::DELETE;
            prop_assert_eq!(verified(&request, sent.now, &sent.secret), Err(AuthError::Refused));
            *request.method_mut() = sent.method.parse().unwrap();
            request.headers_mut().insert("host", "127.0.0.1:1340".parse().unwrap());
            prop_assert_eq!(verified(&request, sent.now, &sent.secret), Err(AuthError::Refused));
        }
    }

    #[test]
    fn we_sign_as_the_sdk_does(sent in sent()) {
        let request = signed_by_sdk(&sent, SignatureLocation::Headers);
        let signer = Signer {
            access_key_id: sent.key.clone(),
            secret: SecretKey::new(&sent.secret),
            region: sent.region.clone(),
            service: "ec2".to_owned(),
        };
        let headers: Vec<_> =
            sent.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let message = Message {
            method: sent.method,
            path: request.uri().path(),
            query: request.uri().query().unwrap_or_default(),
            headers: &headers,
            body: &sent.body,
        };
        for (name, value) in signer.sign(&message, sent.now).unwrap() {
            prop_assert_eq!(request.headers()[name].as_bytes(), value.as_bytes());
        }
    }
}
