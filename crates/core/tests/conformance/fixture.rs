//! Instances to ask: every fact that appears in an expectation is set here, none derived.

use std::net::Ipv4Addr;

use imds_core::credentials::{AccessKeys, Credentials, RoleKeys};
use imds_core::image::WellKnownImage;
use imds_core::instance::{PublicKey, Role};
use imds_core::launch::LaunchRole;
use imds_core::network::Mac;
use imds_core::options::Preferences;
use imds_core::tags::{Tag, Tags};
use imds_core::token::{KEY_LENGTH, Key};
use imds_core::{Endpoint, FrontEnd, HttpTokens, Instance, Keyring, Launch, Moment, Switch};

/// Wed, 30 Jul 2025 08:00:00 GMT.
pub(crate) const NOW: Moment =
    Moment { unix_ms: 1_753_862_400_000, steady_ms: 1_753_862_400_000, serial: 1 };

/// Fri, 09 Jun 2023 08:57:07 GMT.
const LAUNCHED_AT: u64 = 1_686_301_027;

/// The words that set an instance apart from the plain one.
const WORDS: [&str; 5] = [
    "required",   // tokens are
    "disabled",   // the endpoint is
    "tags",       // are in the metadata
    "bare",       // neither role nor key pair, user data, public address
    "persistent", // connections are, as HTTP/1.1 has it
];

/// Whether a word is among those given.
pub(crate) fn is_given(given: &str, word: &str) -> bool {
    given.split(", ").any(|other| other == word)
}

/// The type that stands for a front end.
pub(crate) fn type_of(front_end: FrontEnd) -> &'static str {
    match front_end {
        FrontEnd::Nitro => "t3.micro",
        FrontEnd::Xen => "t2.micro",
    }
}

/// An Amazon Linux 2 instance, tokens optional, with all that an instance usually has.
pub(crate) fn instance(front_end: FrontEnd, given: &str) -> Instance {
    assert!(given.is_empty() || given.split(", ").all(|word| WORDS.contains(&word)), "{given}");
    let is = |word| is_given(given, word);
    let launch = Launch {
        instance_id: "i-0123456789abcdef0".parse().ok(),
        account: "123456789012".parse().ok(),
        image: WellKnownImage::AmazonLinux2.into(),
        instance_type: type_of(front_end).parse().ok(),
        zone: "us-east-1a".parse().ok(),
        options: Preferences {
            http_tokens: is("required").then_some(HttpTokens::Required),
            http_endpoint: is("disabled").then_some(Switch::Disabled),
            instance_metadata_tags: is("tags").then_some(Switch::Enabled),
            ..Preferences::default()
        },
        ..Launch::default()
    };
    let mut instance = launch.resolve().unwrap();
    instance.launched_at = LAUNCHED_AT;
    instance.image.id = "ami-0abcdef1234567890".parse().unwrap();
    instance.reservation_id = "r-0123456789abcdef0".parse().unwrap();
    let interface = &mut instance.interfaces[0];
    interface.mac = Mac([0x0e, 0x49, 0x61, 0x0f, 0xc3, 0x11]);
    interface.ipv4[0].address = Ipv4Addr::new(10, 0, 0, 10);
    let tags = [("Name", "web-1"), ("Environment", "prod")];
    instance.tags =
        Tags::new(tags.map(|(key, value)| Tag::new(key, value).unwrap()).to_vec()).unwrap();
    if !is("bare") {
        interface.ipv4[0].public = Some(Ipv4Addr::new(203, 0, 113, 25));
        instance.role = Some(role());
        instance.public_key = Some(PublicKey {
            name: "my-key".to_owned(),
            openssh: "ssh-rsa AAAAB3NzaC1yc2E= my-key".to_owned(),
        });
        instance.user_data = Some(b"#!/bin/sh\necho hi".to_vec());
    }
    instance
}

fn role() -> Role {
    let keys = AccessKeys {
        access_key_id: "ASIAEXAMPLE".to_owned(),
        secret_access_key: "SecretExample".to_owned(),
        session_token: "TokenExample".to_owned(),
    };
    let keys = RoleKeys::Given(keys, Some(1_753_885_440));
    let id = "i-1234567890abcdef0".parse().unwrap();
    Role {
        name: "my-role".to_owned(),
        profile_name: "my-role".to_owned(),
        profile_id: "AIPAEXAMPLE".to_owned(),
        since: LAUNCHED_AT,
        // Until Wed, 30 Jul 2025 14:24:00 GMT.
        credentials: Credentials::new(Some(keys), &id, "my-role", LAUNCHED_AT),
    }
}

/// Instances that differ in all that decides which categories there are.
pub(crate) fn instances() -> Vec<Instance> {
    let mut instances = Vec::new();
    for front_end in [FrontEnd::Nitro, FrontEnd::Xen] {
        instances.extend(["", "bare", "tags"].map(|given| instance(front_end, given)));
    }
    for zone in ["us-west-2-lax-1a", "cn-north-1b", "us-gov-west-1c"] {
        let launch = Launch { zone: zone.parse().ok(), ..full_launch() };
        instances.push(launch.resolve().unwrap());
    }
    instances
}

/// An Amazon Linux 2023 instance on Nitro that has all that a launch can state.
pub(crate) fn full_launch() -> Launch {
    Launch {
        instance_type: "t3.micro".parse().ok(),
        options: Preferences {
            http_protocol_ipv6: Some(Switch::Enabled),
            instance_metadata_tags: Some(Switch::Enabled),
            ..Preferences::default()
        },
        role: Some(LaunchRole::named("a+b=c,d.e@f_g-h")),
        public_key: Some(PublicKey { name: "k".to_owned(), openssh: "ssh-ed25519 AAAA k".into() }),
        tags: vec![Tag::new("b=c", "").unwrap(), Tag::new("aws:x", "y\nz").unwrap()],
        user_data: Some(b"\x00\xff\r\n\r\nHTTP/1.1 200 OK\r\n".to_vec()),
        ..Launch::default()
    }
}

/// A keyring of one key, whose secret is `seed` throughout.
pub(crate) fn keyring(seed: u8) -> Keyring {
    Keyring::new(Key::new(1, &[seed; KEY_LENGTH]), vec![])
}

/// That millisecond by every clock.
pub(crate) fn at(ms: u64) -> Moment {
    Moment { unix_ms: ms, steady_ms: ms, ..NOW }
}

/// `NOW`, and so many seconds.
pub(crate) fn later(seconds: u64) -> Moment {
    at(NOW.unix_ms + seconds * 1000)
}

/// A token of six hours that has 21575 seconds left, as one in a capture had.
pub(crate) fn token(keyring: &Keyring, endpoint: &Endpoint) -> String {
    let minted_at = at(NOW.unix_ms - 25_000);
    let token = keyring.mint(endpoint.instance_id(), endpoint.front_end(), 21_600, minted_at);
    String::from_utf8(token.as_bytes().to_vec()).unwrap()
}
