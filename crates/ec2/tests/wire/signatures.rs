//! Which signatures are refused, and with which words.

use imds_ec2::Fault;
use imds_ec2::sigv4::{AuthError, Message, SecretKey, Signer, verify};

const NOW: i64 = 1_795_334_400;
const HOST: (&str, &[u8]) = ("Host", b"127.0.0.1:1339");
const BODY: &[u8] = b"Action=DescribeRegions&Version=2016-11-15";

fn signer() -> Signer {
    Signer {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret: SecretKey::new("secret"),
        region: "us-east-1".to_owned(),
        service: "ec2".to_owned(),
    }
}

fn secret_of(key: &str, _: Option<&str>) -> Option<SecretKey> {
    (key == "AKIDEXAMPLE").then(|| SecretKey::new("secret"))
}

/// A request whose headers and query can be spoilt.
#[derive(Clone)]
struct Request {
    query: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// Signed at [`NOW`] by `signer`, with `headers` beside `Host`.
    fn signed(signer: &Signer, headers: &[(&str, &str)]) -> Self {
        let mut all = vec![HOST];
        all.extend(headers.iter().map(|(name, value)| (*name, value.as_bytes())));
        let message = Message { method: "POST", path: "/", query: "", headers: &all, body: BODY };
        let added = signer.sign(&message, NOW).unwrap();
        let text = |(name, value): &(&str, &[u8])| {
            ((*name).to_owned(), String::from_utf8(value.to_vec()).unwrap())
        };
        let mut headers: Vec<_> = all.iter().map(text).collect();
        headers.extend(added.map(|(name, value)| (name.to_owned(), value)));
        Self { query: String::new(), headers }
    }

    fn with(&self, name: &str, value: &str) -> Self {
        let mut request = self.clone();
        request.headers.push((name.to_owned(), value.to_owned()));
        request
    }

    fn without(&self, name: &str) -> Self {
        let mut request = self.clone();
        request.headers.retain(|(sent, _)| sent != name);
        request
    }

    /// With `from` written as `to` in the Authorization header.
    fn spoilt(&self, from: &str, to: &str) -> Self {
        let mut request = self.clone();
        let (_, value) = request.headers.last_mut().unwrap();
        assert!(value.contains(from), "{value} has no {from}");
        *value = value.replace(from, to);
        request
    }

    fn with_query(&self, query: &str) -> Self {
        Self { query: query.to_owned(), ..self.clone() }
    }

    fn verify(&self, now: i64) -> Result<String, AuthError> {
        self.verify_with(now, secret_of)
    }

    fn verify_with(
        &self,
        now: i64,
        secret_of: impl FnOnce(&str, Option<&str>) -> Option<SecretKey>,
    ) -> Result<String, AuthError> {
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let message = Message {
            method: "POST",
            path: "/",
            query: &self.query,
            headers: &headers,
            body: BODY,
        };
        verify(&message, "ec2", now, secret_of).map(|who| who.access_key_id)
    }
}

fn good() -> Request {
    Request::signed(&signer(), &[])
}

#[test]
fn a_good_one_is_verified() {
    assert_eq!(good().verify(NOW), Ok("AKIDEXAMPLE".to_owned()));
    // Proxies add headers, and SDKs leave no space after a comma.
    assert!(good().spoilt(", ", ",").with("via", "1.1 proxy").verify(NOW).is_ok());
}

#[test]
fn spoilt_ones_are_refused() {
    let presigned = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20261122%2Fr%2Fec2%2Faws4_request\
                     &X-Amz-Date=20261122T080000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=0";
    let bare = good().without("authorization").without("x-amz-date");
    let cases: Vec<(Request, &str)> = vec![
        (bare.clone(), "not signed"),
        // A request cannot be dated by `Date`, which nothing makes a client sign.
        (
            good().without("x-amz-date").with("date", "Sun, 22 Nov 2026 08:00:00 GMT"),
            "X-Amz-Date is missing",
        ),
        (good().with("X-AMZ-Date", "20261122T080000Z"), "sent twice"),
        (good().with("Authorization", "AWS4-HMAC-SHA256 x"), "sent twice"),
        (good().spoilt("SignedHeaders=host;", "SignedHeaders="), "header host must be signed"),
        (good().with("X-Amz-Target", "x"), "header x-amz-target must be signed"),
        (good().with("x-amz-security-token", "x"), "header x-amz-security-token must be signed"),
        (good().spoilt("host;x-amz-date", "x-amz-date;host"), "sorted"),
        (good().spoilt("host;", "Host;"), "lower case"),
        (good().spoilt("host;", ""), "header host must be signed"),
        (good().spoilt("host;", "foo;host;"), "was not sent"),
        (good().spoilt("/ec2/", "/s3/"), "another service than ec2"),
        (good().spoilt("us-east-1", ""), "KEY/DATE/REGION"),
        (good().spoilt("AKIDEXAMPLE", ""), "KEY/DATE/REGION"),
        (good().spoilt("AKIDEXAMPLE/", "AKIDEXAMPLE/x/"), "KEY/DATE/REGION"),
        (good().spoilt("/20261122/", "/20261123/"), "another day"),
        (good().spoilt("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512"), "does not begin"),
        (good().spoilt("AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256"), "does not begin"),
        (good().spoilt("Signature=", "Signature=0, Signature="), "part too many"),
        (good().spoilt(", Signature=", ", Sig="), "part too many"),
        (good().spoilt("SignedHeaders=host;x-amz-date, ", ""), "needs Credential"),
        (good().spoilt("Signature=", "Signature=0"), "no known key"),
        (good().spoilt("AKIDEXAMPLE", "AKIDEXAMPLF"), "no known key"),
        (good().spoilt("us-east-1", "us-east-2"), "no known key"),
        (good().with_query("Action=TerminateInstances"), "no known key"),
        (good().with_query(presigned), "X-Amz-Expires is missing"),
        (bare.with_query(&format!("{presigned}&X-Amz-Expires=0")), "X-Amz-Expires is not"),
        (bare.with_query(&format!("{presigned}&X-Amz-Expires=604801")), "X-Amz-Expires is not"),
        (bare.with_query(&format!("{presigned}&X-Amz-Expires=9&X-Amz-Date=x")), "given twice"),
        (
            bare.with_query(&format!("{presigned}&X-Amz-Expires=9&X-Amz-Security-Token=")),
            "no known key",
        ),
        (bare.with_query(&format!("{presigned}&X-Amz-Expires=9")), "no known key"),
        (good().with_query(&format!("{presigned}&X-Amz-Expires=9")), "signed in two ways"),
    ];
    for (request, words) in cases {
        match request.verify(NOW) {
            Ok(_) => panic!("verified, though: {words}"),
            Err(error) => assert!(error.to_string().contains(words), "{error}, not: {words}"),
        }
    }
}

#[test]
fn a_quarter_of_an_hour_either_way_is_forgiven() {
    for (now, holds) in
        [(NOW - 901, false), (NOW - 900, true), (NOW + 900, true), (NOW + 901, false)]
    {
        assert_eq!(good().verify(now).is_ok(), holds, "{}", now - NOW);
    }
    let expired = AuthError::Expired("20261122T080000Z".to_owned());
    assert_eq!(good().verify(i64::MAX), Err(expired.clone()));
    assert_eq!(good().verify(i64::MIN), Err(expired));
}

#[test]
fn the_hash_that_is_sent_is_the_bodys() {
    let right = "7c8d9c7cd2b0b9a1"; // no hash at all
    let wrong = Request::signed(&signer(), &[("x-amz-content-sha256", right)]);
    assert_eq!(wrong.verify(NOW), Err(AuthError::OtherBody));
    let unsigned = Request::signed(&signer(), &[("x-amz-content-sha256", "UNSIGNED-PAYLOAD")]);
    assert_eq!(unsigned.verify(NOW), Err(AuthError::OtherBody));
}

/// The token is part of what is signed, in the header as in the query.
#[test]
fn a_session_token_comes_with_the_key() {
    let signed = Request::signed(&signer(), &[("x-amz-security-token", "token")]);
    assert_eq!(signed.verify(NOW), Ok("AKIDEXAMPLE".to_owned()));
    let seen = signed.verify_with(NOW, |_, token| {
        assert_eq!(token, Some("token"));
        secret_of("AKIDEXAMPLE", token)
    });
    assert!(seen.is_ok());
    let mut other = signed.clone();
    for (name, value) in &mut other.headers {
        if name == "x-amz-security-token" {
            "another".clone_into(value);
        }
    }
    assert_eq!(other.verify(NOW), Err(AuthError::Refused));
}

/// An attacker must not learn which keys there are.
#[test]
fn an_unknown_key_looks_like_a_wrong_signature() {
    let unknown =
        Request::signed(&Signer { access_key_id: "AKIDOTHER".to_owned(), ..signer() }, &[]);
    let wrong = Request::signed(&Signer { secret: SecretKey::new("wrong"), ..signer() }, &[]);
    assert_eq!(unknown.verify(NOW), wrong.verify(NOW));
    let fault = Fault::from(unknown.verify(NOW).err().unwrap());
    assert_eq!((fault.status, fault.code), (401, "AuthFailure"));
    assert_eq!(fault.message, "AWS was not able to validate the provided access credentials");
}

/// The stand-in for an unknown key's secret opens nothing, should anyone guess it.
#[test]
fn the_stand_in_is_no_secret() {
    let guessed = Signer {
        access_key_id: "AKIDOTHER".to_owned(),
        secret: SecretKey::new("·".repeat(20)),
        ..signer()
    };
    assert_eq!(Request::signed(&guessed, &[]).verify(NOW), Err(AuthError::Refused));
}
