//! The vectors that AWS publishes: requests signed by its own code, in both forms.

use std::fs;
use std::path::Path;

use imds_ec2::sigv4::{AuthError, Message, SecretKey, Signer, Verified, verify};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2015-08-30T12:36:00Z, when all of them were signed.
const NOW: i64 = 1_440_938_160;

/// A request as it is written in the vectors.
struct Vector {
    name: String,
    text: String,
}

impl Vector {
    fn all(form: &str) -> Vec<Self> {
        let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aws-signing-test-suite");
        let cases = fs::read_dir(suite).unwrap().map(|entry| entry.unwrap().path());
        let vectors: Vec<_> = cases
            .filter(|case| case.is_dir())
            .map(|case| {
                let text = fs::read_to_string(case.join(format!("{form}-signed-request.txt")));
                Self { name: format!("{} ({form})", case.display()), text: text.unwrap() }
            })
            .collect();
        assert_eq!(vectors.len(), 31, "some vectors are gone");
        vectors
    }

    /// Hands on the request, parsed as leniently as the vectors are written: their paths have spaces.
    fn with<T>(&self, see: impl FnOnce(Message<'_>) -> T) -> T {
        let (head, body) = self.text.split_once("\n\n").unwrap();
        // A line that begins with a space continues the one before.
        let head = head.replace("\n ", " ");
        let (request_line, headers) = head.split_once('\n').unwrap();
        let (method, target) = request_line.split_once(' ').unwrap();
        let target = target.strip_suffix(" HTTP/1.1").unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers: Vec<_> = headers
            .lines()
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name, value.as_bytes()))
            .collect();
        see(Message { method, path, query, headers: &headers, body: body.as_bytes() })
    }

    fn has_session_token(&self) -> bool {
        self.text.to_lowercase().contains("x-amz-security-token")
    }
}

#[test]
fn every_vector_is_verified() {
    let verified =
        Verified { access_key_id: "AKIDEXAMPLE".to_owned(), region: "us-east-1".to_owned() };
    for vector in Vector::all("header").iter().chain(&Vector::all("query")) {
        let secret_of = |_: &str, token: Option<&str>| {
            assert_eq!(token.is_some(), vector.has_session_token(), "{}", vector.name);
            Some(SecretKey::new(SECRET))
        };
        let found = vector.with(|it| verify(&it, "service", NOW, secret_of));
        // Some services of AWS take a token that is not signed. EC2 and STS do not.
        let expected = match vector.name.as_str() {
            name if !name.contains("sts-header-after") => Ok(verified.clone()),
            name if name.ends_with("(header)") => {
                Err(AuthError::HeaderNotSigned("x-amz-security-token".to_owned()))
            }
            _ => Err(AuthError::Refused),
        };
        assert_eq!(found, expected, "{}", vector.name);
    }
}

#[test]
fn no_vector_is_verified_with_another_secret() {
    for vector in Vector::all("header").iter().chain(&Vector::all("query")) {
        if !vector.has_session_token() {
            let other =
                vector.with(|it| verify(&it, "service", NOW, |_, _| Some(SecretKey::new("x"))));
            assert_eq!(other, Err(AuthError::Refused), "{}", vector.name);
        }
    }
}

#[test]
fn every_vector_is_signed_alike() {
    let signer = Signer {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret: SecretKey::new(SECRET),
        region: "us-east-1".to_owned(),
        service: "service".to_owned(),
    };
    for vector in Vector::all("header").iter().filter(|it| !it.has_session_token()) {
        vector.with(|signed| {
            let is_ours = |name: &str| ["authorization", "x-amz-date"].contains(&name);
            let (theirs, rest): (Vec<_>, Vec<_>) = signed
                .headers
                .iter()
                .map(|(name, value)| (name.to_lowercase(), *value))
                .partition(|(name, _)| is_ours(name));
            let rest: Vec<_> = rest.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            let ours = signer.sign(&Message { headers: &rest, ..signed }, NOW).unwrap();
            for (name, value) in theirs {
                let our = ours.iter().find(|(our, _)| *our == name).unwrap();
                assert_eq!(our.1.as_bytes(), value, "{}", vector.name);
            }
        });
    }
}
