//! One exchange, bytes in and bytes out, and what must hold of every answer. The
//! fuzzer includes this file as well.

use std::sync::LazyLock;

use imds_core::request::{Parsed, Request};
use imds_core::time::HttpDate;
use imds_core::token::{KEY_LENGTH, Key};
use imds_core::wire::{Connection, KeepAlive};
use imds_core::{Endpoint, Keyring, Launch, Moment, respond, response};

/// The response to the first request in `bytes`; `None` where more has to come.
pub(crate) fn exchange(
    endpoint: &Endpoint,
    keyring: &Keyring,
    policy: KeepAlive,
    bytes: &[u8],
    now: Moment,
) -> Option<Vec<u8>> {
    let (response, connection) = match Request::parse(bytes) {
        Parsed::Complete(request, _) => (
            respond(endpoint, keyring, &request, now),
            Connection::after(policy, &request, endpoint.front_end()),
        ),
        Parsed::Malformed(why) => (response::refused(endpoint.front_end(), why), Connection::Close),
        Parsed::Partial => return None,
    };
    let mut out = Vec::new();
    response.write(connection, &HttpDate::new(now.unix_seconds()), &mut out);
    Some(out)
}

/// Asks an instance of each front end, and checks that each answer is well formed.
pub(crate) fn check(bytes: &[u8]) {
    static INSTANCES: LazyLock<[Endpoint; 2]> = LazyLock::new(|| {
        ["t2.micro", "t3.micro"].map(|kind| {
            let launch = Launch { instance_type: kind.parse().ok(), ..Launch::default() };
            Endpoint::new(&launch.resolve().unwrap_or_else(|error| panic!("{error}")))
        })
    });
    let keyring = Keyring::new(Key::new(1, &[7; KEY_LENGTH]), vec![]);
    let is_head = bytes.trim_ascii_start().starts_with(b"HEAD ");
    for endpoint in &*INSTANCES {
        for policy in [KeepAlive::Ec2, KeepAlive::Http] {
            let now =
                Moment { unix_ms: 1_753_862_400_000, steady_ms: 1_753_862_400_000, serial: 1 };
            if let Some(response) = exchange(endpoint, &keyring, policy, bytes, now) {
                assert_well_formed(&response, is_head);
            }
        }
    }
}

/// A status line, header fields each on its line and none twice, and a body that is as long as the
/// head says.
pub(crate) fn assert_well_formed(response: &[u8], may_lack_body: bool) {
    let end = response.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = response.split_at(end.unwrap_or_else(|| panic!("the head has no end")) + 4);
    let head = std::str::from_utf8(head).unwrap_or_else(|_| panic!("the head is no text"));
    let mut lines = head.trim_end().split("\r\n");

    let status = lines.next().unwrap_or_default();
    let rest = status.strip_prefix("HTTP/1.0 ").or_else(|| status.strip_prefix("HTTP/1.1 "));
    let (code, reason) = rest.and_then(|rest| rest.split_once(' ')).unwrap_or_default();
    assert!(code.parse().is_ok_and(|code: u16| (200..600).contains(&code)), "{status}");
    assert!(!reason.is_empty(), "{status}");

    let mut names = Vec::new();
    let mut length = None;
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?}"));
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{line:?}");
        assert!(!value.is_empty() && !value.contains(char::is_control), "{line:?}");
        assert!(!names.contains(&name), "{name} twice");
        names.push(name);
        if name == "Content-Length" {
            length = value.parse::<usize>().ok();
        }
    }
    for name in ["Content-Length", "Content-Type", "Date", "Server"] {
        assert!(names.contains(&name), "no {name} in {head}");
    }
    let is_whole = length == Some(body.len());
    assert!(is_whole || (may_lack_body && body.is_empty()), "{length:?}, not {}", body.len());
}
