//! The usual request costs no allocation (one parse, one MAC, one lookup, one write), and an
//! instance little memory.

use imds_core::image::WellKnownImage;
use imds_core::instance::PublicKey;
use imds_core::launch::{LaunchInterface, LaunchRole};
use imds_core::network::PrivateIpv4;
use imds_core::options::Preferences;
use imds_core::request::{Parsed, Request};
use imds_core::tags::Tag;
use imds_core::time::HttpDate;
use imds_core::token::{KEY_LENGTH, Key};
use imds_core::wire::{Connection, KeepAlive};
use imds_core::{Endpoint, Keyring, Launch, Moment, Switch, respond};

const NOW: Moment = Moment { unix_ms: 1_753_862_400_000, steady_ms: 1_753_862_400_000, serial: 1 };

#[test]
fn usual_requests_do_not_allocate() {
    for kind in ["t2.micro", "t3.micro"] {
        let image = WellKnownImage::AmazonLinux2.into();
        let launch = Launch { instance_type: kind.parse().ok(), image, ..Launch::default() };
        let endpoint = Endpoint::new(&launch.resolve().unwrap());
        let keyring = Keyring::new(Key::new(1, &[7; KEY_LENGTH]), vec![]);
        let token = keyring.mint(endpoint.instance_id(), endpoint.front_end(), 60, NOW);
        let token = std::str::from_utf8(token.as_bytes()).unwrap();
        let token = format!("X-aws-ec2-metadata-token: {token}\r\n");
        for (request, status) in [
            (format!("GET /latest/meta-data/instance-id HTTP/1.1\r\nHost: a\r\n{token}\r\n"), 200),
            (format!("GET //latest/meta-data/placement/region/?q HTTP/1.1\r\n{token}\r\n"), 200),
            (format!("GET /2021-03-23/meta-data/mac HTTP/1.1\r\n{token}\r\n"), 200),
            (format!("GET /latest/meta-data/ HTTP/1.1\r\n{token}\r\n"), 200),
            (format!("GET /latest/meta-data/nothing HTTP/1.1\r\n{token}\r\n"), 404),
            ("GET /latest/meta-data/ HTTP/1.1\r\nX-aws-ec2-metadata-token: a\r\n\r\n".into(), 401),
            ("GET /latest/dynamic/instance-identity/document HTTP/1.0\r\n\r\n".into(), 200),
            (
                "PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n"
                    .into(),
                200,
            ),
        ] {
            let date = HttpDate::new(NOW.unix_seconds());
            let mut out = Vec::with_capacity(4096);
            let counted = allocation_counter::measure(|| {
                serve(&endpoint, &keyring, &date, request.as_bytes(), &mut out);
            });
            let response = String::from_utf8_lossy(&out);
            assert_eq!(response.split(' ').nth(1), Some(status.to_string().as_str()), "{request}");
            assert_eq!(counted.count_total, 0, "{request}");
        }
    }
}

/// The measure measures: a path that has to be rewritten allocates.
#[test]
fn an_unusual_request_does() {
    let counted = allocation_counter::measure(|| {
        let Parsed::Complete(request, _) = Request::parse(b"GET /a//b HTTP/1.1\r\n\r\n") else {
            panic!("not a request")
        };
        assert_eq!(request.path.as_str(), "a/b");
    });
    assert!(counted.count_total > 0);
}

fn serve(endpoint: &Endpoint, keyring: &Keyring, date: &HttpDate, bytes: &[u8], out: &mut Vec<u8>) {
    let Parsed::Complete(request, _) = Request::parse(bytes) else { panic!("not a request") };
    let connection = Connection::after(KeepAlive::Ec2, &request, endpoint.front_end());
    respond(endpoint, keyring, &request, NOW).write(connection, date, out);
}

/// What is held for each of the many instances of one service, beside what all of them share. An
/// instance as most are: with a role, a key pair, a public address and tags.
#[test]
#[expect(clippy::print_stdout, reason = "the figure, for who asks with --nocapture")]
fn an_endpoint_is_small() {
    const LIMIT: usize = 3 * 1024;
    let launch = Launch {
        instance_type: "t3.micro".parse().ok(),
        role: Some(LaunchRole::named("web-server")),
        public_key: Some(PublicKey {
            name: "my-key".to_owned(),
            // As long as one of 2048 bits.
            openssh: format!("ssh-rsa {} my-key", "A".repeat(372)),
        }),
        interfaces: vec![LaunchInterface {
            ipv4: vec![PrivateIpv4 {
                address: [172, 31, 0, 10].into(),
                public: Some([203, 0, 113, 25].into()),
            }],
            ..LaunchInterface::default()
        }],
        options: Preferences {
            instance_metadata_tags: Some(Switch::Enabled),
            ..Preferences::default()
        },
        tags: vec![Tag::new("Name", "web-1").unwrap(), Tag::new("Stage", "test").unwrap()],
        ..Launch::default()
    };
    let instance = launch.resolve().unwrap();
    // What all share is made with the first.
    let _first = Endpoint::new(&instance);
    let mut endpoint = None;
    let counted = allocation_counter::measure(|| endpoint = Some(Endpoint::new(&instance)));
    let heap = usize::try_from(counted.bytes_current).unwrap();
    let bytes = heap + size_of::<Endpoint>();
    println!("an endpoint: {bytes} bytes, {heap} of them in {} blocks", counted.count_current);
    assert!(bytes <= LIMIT, "{bytes} bytes");
    let leaves = endpoint.unwrap().tree().leaves().count();
    assert!(leaves >= 55, "a typical one has more than {leaves} categories");
}
