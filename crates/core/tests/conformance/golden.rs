//! Exchanges, byte for byte. `golden/⟨front end⟩/*.http` hold them in the form of `.http` files:
//!
//! ```text
//! ### name
//! # grade: what is known of it
//! # given: what sets the instance apart, see `fixture`
//! request
//!
//! answer
//! ```
//!
//! The grade is one of [`GRADES`]. Lines of a head end in CR LF on the wire; a body is what stands
//! there without the LF at its end. In braces stand tokens ([`with_tokens`], `{minted}`) and whole pages
//! (`{404.html}`, which end in LF).

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use imds_core::token::TOKEN_LENGTH;
use imds_core::wire::KeepAlive;
use imds_core::{Endpoint, FrontEnd, Keyring};
use sha2::{Digest, Sha256};

use crate::exchange::{assert_well_formed, exchange};
use crate::fixture::{self, NOW, is_given};

/// How well an expectation is founded: on bytes somebody captured, on AWS's documentation, on what
/// clients rely on, on these by inference; or it is our choice, and `docs/choices.md` has it.
const GRADES: [&str; 5] = ["captured", "documented", "clients", "inferred", "our choice"];

struct Case {
    name: String,
    given: String,
    request: String,
    response: String,
}

#[test]
fn nitro_answers_as_captured() {
    check(FrontEnd::Nitro);
}

#[test]
fn xen_answers_as_captured() {
    check(FrontEnd::Xen);
}

#[test]
fn both_front_ends_are_asked_the_same() {
    let questions = |front_end| {
        let cases = cases(front_end).into_iter();
        cases.map(|case| (case.name, case.request)).collect::<Vec<_>>()
    };
    assert_eq!(questions(FrontEnd::Nitro), questions(FrontEnd::Xen));
}

/// Lengths are the captured `Content-Length`, digests those of captured pages.
#[test]
fn pages_are_the_captured_ones() {
    for (name, length, digest) in [
        ("401.html", 343, "09b6480886096d443818728d5ffaab52de59ac03d4eab49ffbc4683c5d921352"),
        ("404.html", 345, "beab79184bf1fca1f52ff3761f8a533827106fef3749c6c9c9a3e7eec619a226"),
    ] {
        let page = fs::read(directory().join(name)).unwrap();
        assert_eq!(page.len(), length, "{name}");
        let actual: String = Sha256::digest(&page).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(actual, digest, "{name}");
    }
}

fn check(front_end: FrontEnd) {
    let cases = cases(front_end);
    let mut report = String::new();
    for case in &cases {
        let endpoint = Endpoint::new(&fixture::instance(front_end, &case.given));
        let keyring = fixture::keyring(7);
        let request = with_tokens(&case.request, &endpoint, &keyring);
        let policy =
            if is_given(&case.given, "persistent") { KeepAlive::Http } else { KeepAlive::Ec2 };
        let actual = exchange(&endpoint, &keyring, policy, request.as_bytes(), NOW)
            .unwrap_or_else(|| panic!("{}: the request has no end", case.name));
        assert_well_formed(&actual, case.request.starts_with("HEAD "));
        let actual = String::from_utf8(actual).unwrap();
        let expected = with_pages(&case.response);
        let expected = match token_in(&actual, &endpoint, &keyring) {
            Some(token) => expected.replace("{minted}", token),
            None => expected,
        };
        if actual != expected {
            let _ =
                write!(report, "\n### {}\nexpected {expected:?}\nanswered {actual:?}\n", case.name);
        }
    }
    assert!(report.is_empty(), "{front_end:?}:{report}");
    assert!(cases.len() > 100, "{} cases", cases.len());
}

/// A token that the service must refuse stands beside the one it must accept.
fn with_tokens(text: &str, endpoint: &Endpoint, keyring: &Keyring) -> String {
    let other = fixture::instance(endpoint.front_end(), "");
    let other = imds_core::Instance { id: "i-0fedcba9876543210".parse().unwrap(), ..other };
    let expired = crate::fixture::at(NOW.unix_ms - 5_000);
    let expired = keyring.mint(endpoint.instance_id(), endpoint.front_end(), 5, expired);
    text.replace("{token}", &fixture::token(keyring, endpoint))
        .replace("{expired}", std::str::from_utf8(expired.as_bytes()).unwrap())
        .replace("{elsewhere}", &fixture::token(keyring, &Endpoint::new(&other)))
        .replace("{other key}", &fixture::token(&fixture::keyring(8), endpoint))
}

fn with_pages(text: &str) -> String {
    ["400.html", "401.html", "404.html", "417.html"].iter().fold(text.to_owned(), |text, name| {
        text.replace(&format!("{{{name}}}"), &fs::read_to_string(directory().join(name)).unwrap())
    })
}

/// The body of a response that mints a token, if it looks like EC2's and opens the metadata.
fn token_in<'a>(response: &'a str, endpoint: &Endpoint, keyring: &Keyring) -> Option<&'a str> {
    let (head, body) = response.split_once("\r\n\r\n")?;
    let ttl = head
        .lines()
        .find_map(|line| line.strip_prefix("X-Aws-Ec2-Metadata-Token-Ttl-Seconds: "))?;
    let prefix = match endpoint.front_end() {
        FrontEnd::Nitro => "AQAEA",
        FrontEnd::Xen => "AQAAA",
    };
    let looks_right =
        body.len() == TOKEN_LENGTH && body.starts_with(prefix) && body.ends_with("==");
    let left = keyring.check(endpoint.instance_id(), body.as_bytes(), NOW)?;
    (looks_right && left.to_string() == ttl).then_some(body)
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/golden")
}

fn cases(front_end: FrontEnd) -> Vec<Case> {
    let directory = directory().join(front_end.as_str());
    let mut files: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let texts = files.iter().map(|file| fs::read_to_string(file).unwrap());
    texts.flat_map(|text| parse(&text)).collect()
}

fn parse(text: &str) -> Vec<Case> {
    let (_, cases) = text.split_once("### ").unwrap();
    cases.split("\n### ").map(parse_case).collect()
}

fn parse_case(text: &str) -> Case {
    let (name, rest) = text.split_once('\n').unwrap();
    let comments: Vec<_> = rest.lines().map_while(|line| line.strip_prefix("# ")).collect();
    let grade = comments.first().and_then(|line| line.split_once(": ")).map(|(grade, _)| grade);
    assert!(grade.is_some_and(|grade| GRADES.contains(&grade)), "{name} has no grade");
    let given = comments.iter().find_map(|line| line.strip_prefix("given: "));
    let exchange: Vec<_> = rest.lines().skip(comments.len()).collect();
    let exchange = exchange.join("\n");
    let (request, response) = exchange.split_once("\n\nHTTP/").unwrap_or_else(|| panic!("{name}"));
    Case {
        name: name.to_owned(),
        given: given.unwrap_or_default().to_owned(),
        request: message(request),
        response: message(&format!("HTTP/{response}")),
    }
}

/// A message as it is on the wire.
fn message(text: &str) -> String {
    let (head, body) =
        text.trim_end_matches('\n').split_once("\n\n").unwrap_or((text.trim_end_matches('\n'), ""));
    format!("{}\r\n\r\n{body}", head.replace('\n', "\r\n"))
}
