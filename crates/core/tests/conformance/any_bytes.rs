//! Whatever comes in, a well-formed answer goes out, and it is the instance's own.

use std::fs;
use std::path::PathBuf;

use imds_core::image::WellKnownImage;
use imds_core::launch::LaunchRole;
use imds_core::tags::Tag;
use imds_core::token::{KEY_LENGTH, Key};
use imds_core::wire::KeepAlive;
use imds_core::{Endpoint, Instance, Keyring, Launch, Moment};
use proptest::prelude::*;

use crate::exchange::{check, exchange};
use crate::fixture::{self, NOW, full_launch};

/// Bytes that are nearly requests: what a fuzzer would need long to come by.
fn nearly_a_request() -> impl Strategy<Value = Vec<u8>> {
    let method = "(GET|HEAD|PUT|OPTIONS|POST|get|G T|)";
    let target = "(http://[a-z.]{0,9})?/{0,2}(latest|1\\.0|2009-04-04|[a-z]{0,5})(/{1,2}(meta-data|dynamic|\
                  user-data|api|token|instance-id|iam|info|tags|instance|%2[fF]|%[0-9a-f]{0,2}|\\.\\.)){0,5}/?(\\?[a-z=/:]{0,9})?";
    let version = "(HTTP/1\\.[01]|HTTP/2\\.0|HTTP/|)";
    let field = "(Host|Connection|Expect|Content-Length|Transfer-Encoding|X-Forwarded-For|\
                 X-aws-ec2-metadata-token|x-aws-ec2-metadata-token-ttl-seconds|[a-z:]{0,4}): ?\
                 (keep-alive|close|[0-9]{1,5}|[0-9]{20}|AQAE[A-Za-z0-9_=-]{52}|chunked|[ -~]{0,9})";
    let fields = proptest::collection::vec(field, 0..5);
    (method, target, version, fields, "(\r\n|\n|)", ".{0,9}").prop_map(
        |(method, target, version, fields, end, body)| {
            let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
            format!("{method} {target} {version}\r\n{fields}{end}{body}").into_bytes()
        },
    )
}

proptest! {
    #[test]
    fn any_bytes_get_a_well_formed_answer(bytes: Vec<u8>) {
        check(&bytes);
    }

    #[test]
    fn near_requests_get_a_well_formed_answer(bytes in nearly_a_request()) {
        check(&bytes);
    }

    #[test]
    fn an_answer_holds_nothing_of_another_instance(bytes in nearly_a_request()) {
        let [(one, _), (_, marks)] = neighbours();
        assert_holds_none(&one, &bytes, &marks);
    }

    #[test]
    fn a_token_opens_its_own_instance_and_no_other(
        ids in proptest::collection::hash_set("i-[0-9a-f]{17}", 2),
        keys in proptest::collection::hash_set(any::<[u8; KEY_LENGTH]>(), 2),
        ttl in 1_u32..=21_600,
        key_id: u8,
    ) {
        let ids: Vec<_> = ids.iter().map(|id| id.parse().unwrap()).collect();
        let keyrings: Vec<_> =
            keys.iter().map(|key| Keyring::new(Key::new(key_id, key), vec![])).collect();
        for front_end in [imds_core::FrontEnd::Nitro, imds_core::FrontEnd::Xen] {
            let token = keyrings[0].mint(&ids[0], front_end, ttl, NOW);
            let check = |keyring: usize, id: usize| keyrings[keyring].check(&ids[id], token.as_bytes(), NOW);
            prop_assert_eq!(check(0, 0), Some(ttl));
            for (keyring, id) in [(0, 1), (1, 0), (1, 1)] {
                prop_assert_eq!(check(keyring, id), None);
            }
        }
    }
}

/// Each path of one instance, requested from the other, with tokens of either.
#[test]
fn a_neighbours_paths_lead_nowhere() {
    let [(one, _), (other, marks)] = neighbours();
    let keyring = fixture::keyring(7);
    let paths = other.tree().leaves().chain(other.tree().directories());
    for path in paths {
        for token in [fixture::token(&keyring, &one), fixture::token(&keyring, &other)] {
            let request =
                format!("GET /latest/{path} HTTP/1.1\r\nX-aws-ec2-metadata-token: {token}\r\n\r\n");
            assert_holds_none(&one, request.as_bytes(), &marks);
        }
    }
}

/// The marks are marks: each stands somewhere in the metadata it belongs to.
#[test]
fn the_marks_stand_in_the_metadata() {
    for (endpoint, marks) in neighbours() {
        let tree = endpoint.tree();
        let paths = tree.leaves().chain(tree.directories()).filter(|path| !path.is_empty());
        let bodies: Vec<_> =
            paths.map(|path| tree.find(&format!("latest/{path}"), NOW).unwrap().body).collect();
        let text = String::from_utf8_lossy(&bodies.concat()).into_owned();
        for mark in marks {
            assert!(text.contains(&mark), "{mark}");
        }
    }
}

/// What the fuzzer runs, over what it began with and what it once found.
#[test]
fn the_corpus_gets_well_formed_answers() {
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/request");
    let entries: Vec<_> =
        fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(entries.len() >= 10, "{} entries", entries.len());
    for entry in entries {
        check(&fs::read(&entry).unwrap());
    }
}

fn assert_holds_none(endpoint: &Endpoint, request: &[u8], marks: &[String]) {
    let now = Moment { serial: 2, ..NOW };
    let Some(response) = exchange(endpoint, &fixture::keyring(7), KeepAlive::Ec2, request, now)
    else {
        return;
    };
    let text = String::from_utf8_lossy(&response);
    for mark in marks {
        assert!(!text.contains(mark), "{mark} in {text}");
    }
}

/// Two instances of different owners on one host, each with the texts that mark what is its own.
fn neighbours() -> [(Endpoint, Vec<String>); 2] {
    [
        ("i-0aaaaaaaaaaaaaaaa", "111111111111", "one"),
        ("i-0bbbbbbbbbbbbbbbb", "222222222222", "other"),
    ]
    .map(|(id, account, name)| {
        let launch = Launch {
            instance_id: id.parse().ok(),
            account: account.parse().ok(),
            // Tokens optional, so that requests without one come by something.
            image: WellKnownImage::AmazonLinux2.into(),
            role: Some(LaunchRole::named(format!("role-of-{name}"))),
            tags: vec![Tag::new("Owner", &format!("tag-of-{name}")).unwrap()],
            user_data: Some(format!("data-of-{name}").into_bytes()),
            ..full_launch()
        };
        let instance = launch.resolve().unwrap();
        (Endpoint::new(&instance), marks(&instance, name))
    })
}

fn marks(instance: &Instance, name: &str) -> Vec<String> {
    let interface = instance.primary_interface();
    let mut marks = vec![
        instance.id.to_string(),
        instance.account.to_string(),
        instance.reservation_id.to_string(),
        interface.id.to_string(),
        interface.mac.to_string(),
        interface.ipv4[0].address.to_string(),
        interface.subnet.id.to_string(),
        interface.vpc.id.to_string(),
        interface.security_groups[0].id.to_string(),
        format!("role-of-{name}"),
        format!("tag-of-{name}"),
        format!("data-of-{name}"),
    ];
    marks.extend(interface.ipv6.iter().map(ToString::to_string));
    marks
}
