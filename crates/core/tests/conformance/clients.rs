//! What SDKs and agents cannot do without: one test for each thing that breaks a client.

use imds_core::image::WellKnownImage;
use imds_core::launch::LaunchRole;
use imds_core::request::{Parsed, Request};
use imds_core::wire::KeepAlive;
use imds_core::{
    Endpoint, FrontEnd, HopLimit, HttpTokens, Instance, Launch, Moment, Reach, Switch, respond,
    versions,
};
use regex_lite::Regex;

use crate::exchange::exchange;
use crate::fixture::{self, NOW, later};

const FRONT_ENDS: [FrontEnd; 2] = [FrontEnd::Nitro, FrontEnd::Xen];
const VALUE: &str = "/latest/meta-data/instance-id";
const PUT: &str = "PUT /latest/api/token HTTP/1.1\r\nHost: 169.254.169.254\r\n\
                   X-aws-ec2-metadata-token-ttl-seconds: 21600\r\n";

struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn field(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.into_iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }
}

/// Sends one head, which lacks the empty line at its end.
fn send(endpoint: &Endpoint, head: &str, now: Moment) -> Reply {
    let request = format!("{head}\r\n");
    let keyring = fixture::keyring(7);
    let bytes = exchange(endpoint, &keyring, KeepAlive::Ec2, request.as_bytes(), now).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head: head.to_owned(), body: body.to_owned() }
}

fn get(endpoint: &Endpoint, path: &str) -> Reply {
    send(endpoint, &format!("GET {path} HTTP/1.1\r\nHost: a\r\n"), NOW)
}

fn get_with(endpoint: &Endpoint, token: &str, now: Moment) -> Reply {
    send(endpoint, &format!("GET {VALUE} HTTP/1.1\r\nX-aws-ec2-metadata-token: {token}\r\n"), now)
}

/// An instance of each front end.
fn endpoints(change: impl Fn(&mut Instance)) -> [Endpoint; 2] {
    FRONT_ENDS.map(|front_end| {
        let mut instance = fixture::instance(front_end, "");
        change(&mut instance);
        Endpoint::new(&instance)
    })
}

/// The Rust SDK and `object_store` panic at one.
#[test]
fn nothing_ends_in_a_line_feed() {
    for instance in fixture::instances() {
        let endpoint = Endpoint::new(&instance);
        let tree = endpoint.tree();
        for version in versions::VERSIONS {
            for path in tree.leaves().chain(tree.directories()).filter(|path| *path != "user-data")
            {
                let path = format!("{version}/{path}");
                let found = tree.find(path.trim_end_matches('/'), NOW);
                assert!(found.is_none_or(|found| !found.body.ends_with(b"\n")), "{path}");
            }
        }
        assert!(!tree.find("", NOW).unwrap().body.ends_with(b"\n"));
    }
}

/// Without the seconds, the Rust SDK fails and the Go SDK goes back to IMDSv1 unsaid.
#[test]
fn a_token_comes_with_its_seconds_and_shows_those_left() {
    for endpoint in endpoints(|_| ()) {
        let minted = send(&endpoint, PUT, NOW);
        assert_eq!(minted.field("X-Aws-Ec2-Metadata-Token-Ttl-Seconds"), Some("21600"));
        let left = |seconds| {
            let reply = get_with(&endpoint, &minted.body, later(seconds));
            let left = reply.field("X-Aws-Ec2-Metadata-Token-Ttl-Seconds");
            (reply.status, left.map(str::to_owned))
        };
        assert_eq!(left(1), (200, Some("21599".to_owned())));
        assert_eq!(left(21_599), (200, Some("1".to_owned())));
        assert_eq!(left(21_600), (401, None));
    }
}

/// Fluent Bit probes for it; the Go SDK and aws-c-auth learn from it that their token has died.
#[test]
fn a_bad_token_is_a_401_in_both_modes() {
    for mode in [HttpTokens::Optional, HttpTokens::Required] {
        for endpoint in endpoints(|instance| instance.options.http_tokens = mode) {
            assert_eq!(get_with(&endpoint, "BAD", NOW).status, 401);
            assert_eq!(get_with(&endpoint, "", NOW).status, 401);
        }
    }
}

#[test]
fn without_a_token_it_is_200_401_or_403() {
    for (mode, endpoint, status, put_status) in [
        (HttpTokens::Optional, Switch::Enabled, 200, 200),
        (HttpTokens::Required, Switch::Enabled, 401, 200),
        (HttpTokens::Optional, Switch::Disabled, 403, 403),
        (HttpTokens::Required, Switch::Disabled, 403, 403),
    ] {
        for endpoint in endpoints(|instance| {
            instance.options.http_tokens = mode;
            instance.options.http_endpoint = endpoint;
        }) {
            assert_eq!(get(&endpoint, VALUE).status, status);
            assert_eq!(send(&endpoint, PUT, NOW).status, put_status);
        }
    }
}

/// Else Rust programs are stuck for up to six hours.
#[test]
fn a_token_outlives_a_restart() {
    for front_end in FRONT_ENDS {
        let start = || Endpoint::new(&fixture::instance(front_end, ""));
        let token = send(&start(), PUT, NOW).body;
        assert_eq!(get_with(&start(), &token, later(60)).status, 200);
    }
}

/// The Rust SDK and `object_store` send no length, imdsv2-get no host, old clients HTTP/1.0.
#[test]
fn a_put_may_lack_nearly_everything() {
    let ttl = "X-aws-ec2-metadata-token-ttl-seconds: 60\r\n";
    for version in ["1.0", "1.1"] {
        for host in ["", "Host: 169.254.169.254\r\n", "Host: [fd00:ec2::254]:80\r\n"] {
            for length in ["", "Content-Length: 0\r\n"] {
                let head = format!("PUT /latest/api/token HTTP/{version}\r\n{host}{length}{ttl}");
                for endpoint in endpoints(|_| ()) {
                    assert_eq!(send(&endpoint, &head, NOW).status, 200, "{head}");
                }
            }
        }
    }
}

/// The Rust SDK asks for `//latest`, `ex_aws` for `meta-data//iam`, botocore for a leaf with a slash.
#[test]
fn slashes_do_not_count() {
    for endpoint in endpoints(|_| ()) {
        for path in [
            "//latest/meta-data/placement/availability-zone",
            "/latest//meta-data///placement/availability-zone",
            "/latest/meta-data/placement/availability-zone/",
        ] {
            assert_eq!(get(&endpoint, path).body, "us-east-1a", "{path}");
        }
        for path in ["", "latest", "latest/meta-data", "latest/meta-data/iam/security-credentials"]
        {
            let (with, without) =
                (get(&endpoint, &format!("/{path}/")), get(&endpoint, &format!("/{path}")));
            assert_eq!((with.status, with.body), (200, without.body), "{path}");
        }
    }
}

/// imdsv2-get reads to the end of the connection; Tailscale and Datadog look for the server's name.
#[test]
fn every_answer_says_close_and_who_answers() {
    for endpoint in endpoints(|_| ()) {
        let nothing = get(&endpoint, "/latest/nothing");
        for reply in [get(&endpoint, VALUE), send(&endpoint, PUT, NOW), nothing] {
            assert_eq!(reply.field("Connection"), Some("close"));
            assert_eq!(reply.field("Server"), Some("EC2ws"));
        }
    }
}

/// s3fs sends it.
#[test]
fn an_expectation_is_a_417() {
    for endpoint in endpoints(|_| ()) {
        let reply = send(&endpoint, &format!("{PUT}Expect: 100-continue\r\n"), NOW);
        assert_eq!(reply.status, 417);
    }
}

/// botocore reads no fractions in times; SDKs look at `Code`.
#[test]
fn documents_are_text_in_the_known_layout() {
    let layout = Regex::new(r#"^\{\n  "Code" : "Success",\n(  "\w+" : "[^"]*",?\n)+\}$"#).unwrap();
    let times = Regex::new(r#""(?:LastUpdated|Expiration)" : "([^"]*)""#).unwrap();
    let time = Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$").unwrap();
    for endpoint in endpoints(|_| ()) {
        for path in [
            "iam/info",
            "iam/security-credentials/my-role",
            "identity-credentials/ec2/info",
            "identity-credentials/ec2/security-credentials/ec2-instance",
        ] {
            let reply = get(&endpoint, &format!("/latest/meta-data/{path}"));
            assert_eq!(reply.field("Content-Type"), Some("text/plain"), "{path}");
            assert!(layout.is_match(&reply.body), "{path}: {}", reply.body);
            for found in times.captures_iter(&reply.body) {
                assert!(time.is_match(&found[1]), "{path}: {}", &found[1]);
            }
        }
    }
}

/// Clients that ask for it go back to the plain path at a 404, and at nothing else.
#[test]
fn there_are_no_extended_credentials() {
    for endpoint in endpoints(|_| ()) {
        for path in ["", "/", "/my-role"] {
            let path = format!("/latest/meta-data/iam/security-credentials-extended{path}");
            assert_eq!(get(&endpoint, &path).status, 404, "{path}");
        }
    }
}

/// An empty 200 would send botocore round in circles.
#[test]
fn without_a_role_there_are_no_credentials() {
    for endpoint in endpoints(|instance| instance.role = None) {
        for path in ["", "/", "/my-role"] {
            let path = format!("/latest/meta-data/iam/security-credentials{path}");
            assert_eq!(get(&endpoint, &path).status, 404, "{path}");
        }
    }
}

/// Rust and Kotlin read `placement/region`, Go the document, botocore cuts the letter off the zone:
/// in a Local Zone the last of them is wrong, on EC2 as here.
#[test]
fn region_and_zone_agree_everywhere() {
    for (zone, region, cut) in [
        ("us-east-1f", "us-east-1", "us-east-1"),
        ("eusc-de-east-1a", "eusc-de-east-1", "eusc-de-east-1"),
        ("us-west-2-lax-1a", "us-west-2", "us-west-2-lax-1"),
    ] {
        let role = Some(LaunchRole::named("my-role"));
        let image = WellKnownImage::AmazonLinux2.into();
        let launch = Launch { zone: zone.parse().ok(), image, role, ..Launch::default() };
        let endpoint = Endpoint::new(&launch.resolve().unwrap());
        let body = |path: &str| get(&endpoint, &format!("/latest/{path}")).body;
        assert_eq!(body("meta-data/placement/region"), region);
        let named = body("meta-data/placement/availability-zone");
        assert_eq!((named.as_str(), &named[..named.len() - 1]), (zone, cut));
        let document = body("dynamic/instance-identity/document");
        assert!(document.contains(&format!("\"region\" : \"{region}\"")), "{document}");
        assert!(document.contains(&format!("\"availabilityZone\" : \"{zone}\"")), "{document}");
    }
}

/// Only the packets that carry a token die on the way; a refusal of one arrives.
#[test]
fn only_a_token_has_a_limited_reach() {
    let limit = HopLimit::try_from(3).unwrap();
    for endpoint in endpoints(|instance| instance.options.hop_limit = limit) {
        let reach = |head: &str| {
            let head = format!("{head}\r\n");
            let Parsed::Complete(request, _) = Request::parse(head.as_bytes()) else {
                panic!("{head}")
            };
            respond(&endpoint, &fixture::keyring(7), &request, NOW).reach
        };
        assert_eq!(reach(PUT), Reach::Hops(limit));
        for head in [
            &format!("GET {VALUE} HTTP/1.1\r\n"),
            "GET /latest/api/token HTTP/1.1\r\n",
            "PUT /latest/api/token HTTP/1.1\r\n",
            "PUT /latest/api/token/ HTTP/1.1\r\n",
            &format!("{PUT}X-Forwarded-For: 10.0.0.1\r\n"),
        ] {
            assert_eq!(reach(head), Reach::Anywhere, "{head}");
        }
    }
}
