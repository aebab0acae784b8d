//! What the fuzzers run, over what they began with and what they once found, and over chance.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use crate::any_bytes::{check_authorization, check_params, check_xml};

#[test]
fn the_corpora_hold() {
    hold("params", check_params);
    hold("authorization", check_authorization);
    hold("xml", check_xml);
}

fn hold(name: &str, check: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
    let seeds: Vec<_> = fs::read_dir(corpus).unwrap().map(|seed| seed.unwrap().path()).collect();
    assert!(seeds.len() >= 3, "only {} seeds for {name}", seeds.len());
    for seed in seeds {
        check(&fs::read(seed).unwrap());
    }
}

/// Forms that are nearly requests: what a fuzzer would need long to come by.
fn nearly_a_form() -> impl Strategy<Value = String> {
    let action =
        "(Action=(RunInstances|DescribeInstances|CreateTags|ModifyInstanceMetadataOptions)&)?";
    let version = "(Version=2016-11-15&)?";
    let pair = "(InstanceId|Filter|Tag|ResourceId|MinCount|MaxCount|MetadataOptions|HttpTokens|DryRun|Value|Name|x)\
                (\\.(1|2|01|0|99999999999|Value|Name|Key|HttpTokens|)){0,3}=?(true|1|-1|%[0-9a-f]{0,2}|\\+|[a-z]{0,3})&";
    (action, version, prop::collection::vec(pair, 0..6))
        .prop_map(|(action, version, pairs)| format!("{action}{version}{}", pairs.concat()))
}

/// The same for signatures.
fn nearly_signed() -> impl Strategy<Value = String> {
    let query = "/(\\?(X-Amz-(Algorithm=AWS4-HMAC-SHA256|Credential=A%2F20261122%2Fr%2Fec2%2Faws4_request|\
                 Date=20261122T080000Z|Expires=[0-9]{1,6}|SignedHeaders=host|Signature=[0-9a-f]{1,4})&){0,6})?";
    let header = "(Host:h\n|X-Amz-Date:20261122T080000Z\n|X-Amz-[A-Z]:x\n|Authorization:AWS4-HMAC-SHA256 \
                  (Credential=A/20261122/r/ec2/aws4_request,)?( ?SignedHeaders=host(;x-amz-date)?,)?\
                  ( ?Signature=[0-9a-f]{0,4})?\n)";
    (query, prop::collection::vec(header, 0..5))
        .prop_map(|(query, headers)| format!("{query}\n{}", headers.concat()))
}

proptest! {
    #[test]
    fn any_bytes_are_parameters_or_a_fault(bytes: Vec<u8>, form in nearly_a_form()) {
        check_params(&bytes);
        check_params(form.as_bytes());
    }

    #[test]
    fn any_bytes_are_signed_by_nobody(bytes: Vec<u8>, request in nearly_signed()) {
        check_authorization(&bytes);
        check_authorization(request.as_bytes());
    }

    #[test]
    fn any_text_can_be_answered(text: String, bytes: Vec<u8>) {
        check_xml(text.as_bytes());
        check_xml(&bytes);
    }
}
