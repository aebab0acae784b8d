//! The EC2 API: a signature is verified, parameters become a request, a result becomes XML.

use imds_ec2::shapes::{
    DescribeInstancesRequest, DescribeInstancesResult, GroupIdentifier, Instance,
    InstanceMetadataOptionsResponse, Reservation, Tag,
};
use imds_ec2::sigv4::{Message, SecretKey, Signer, verify};
use imds_ec2::{Params, Request, Timestamp, document};

use crate::count;

const NOW: i64 = 1_753_862_400;
const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const BODY: &str = "Action=DescribeInstances&Version=2016-11-15\
    &Filter.1.Name=instance-state-name&Filter.1.Value.1=running&Filter.1.Value.2=pending\
    &Filter.2.Name=tag%3AName&Filter.2.Value.1=web-%2A&MaxResults=50";

/// `DescribeInstances`, signed as the AWS CLI does, with one instance as the result.
pub(crate) fn describe_instances() {
    let headers = signed_headers();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let result = result();
    let xml = count(|| {
        let message = Message {
            method: "POST",
            path: "/",
            query: "",
            headers: &headers,
            body: BODY.as_bytes(),
        };
        let secret_of = |id: &str| (id == KEY_ID).then(|| SecretKey::new(SECRET));
        let verified = verify(&message, "ec2", NOW, secret_of);
        let params = Params::parse(b"", BODY.as_bytes());
        let request = params.and_then(Request::read);
        assert!(verified.is_ok() && matches!(request, Ok(Request::DescribeInstances(_))));
        document::<DescribeInstancesRequest>(&result, "59dbff89-35bd-4eac-99ed-be587EXAMPLE")
    });
    assert!(xml.contains("<httpTokens>required</httpTokens>"), "{xml}");
}

fn signed_headers() -> Vec<(&'static str, String)> {
    let headers = [
        ("host", "127.0.0.1:1339"),
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("user-agent", "aws-cli/2.9.19 Python/3.11.2 Linux/6.1.0 exe/x86_64"),
    ];
    let unsigned = headers.map(|(name, value)| (name, value.as_bytes()));
    let message =
        Message { method: "POST", path: "/", query: "", headers: &unsigned, body: BODY.as_bytes() };
    let signer = Signer {
        access_key_id: KEY_ID.to_owned(),
        secret: SecretKey::new(SECRET),
        region: "us-east-1".to_owned(),
        service: "ec2".to_owned(),
    };
    let added = signer.sign(&message, NOW).unwrap_or_else(|| panic!("the time is in range"));
    headers.map(|(name, value)| (name, value.to_owned())).into_iter().chain(added).collect()
}

fn result() -> DescribeInstancesResult {
    let text = |value: &str| Some(value.to_owned());
    let group =
        GroupIdentifier { group_id: text("sg-0123456789abcdef0"), group_name: text("default") };
    let tag = |key: &str, value: &str| Tag { key: text(key), value: text(value) };
    let instance = Instance {
        architecture: text("x86_64"),
        client_token: text("b6d3f0a4-5d2e-4d0b-9c39-4e4f1a2b3c4d"),
        ebs_optimized: Some(false),
        ena_support: Some(true),
        hypervisor: text("xen"),
        root_device_name: text("/dev/xvda"),
        root_device_type: text("ebs"),
        security_groups: vec![group],
        source_dest_check: Some(true),
        tags: vec![tag("Name", "web-1"), tag("Stage", "test & \"staging\"")],
        metadata_options: Some(InstanceMetadataOptionsResponse {
            state: text("applied"),
            http_tokens: text("required"),
            http_put_response_hop_limit: Some(2),
            http_endpoint: text("enabled"),
            http_protocol_ipv6: text("disabled"),
            instance_metadata_tags: text("enabled"),
        }),
        boot_mode: text("uefi-preferred"),
        instance_id: text("i-1234567890abcdef0"),
        image_id: text("ami-0123456789abcdef0"),
        private_dns_name: text("ip-172-31-0-10.ec2.internal"),
        public_dns_name: text("ec2-203-0-113-25.compute-1.amazonaws.com"),
        key_name: text("my-key"),
        ami_launch_index: Some(0),
        instance_type: text("t3.micro"),
        launch_time: Timestamp::from_unix_ms(NOW * 1000),
        subnet_id: text("subnet-0123456789abcdef0"),
        vpc_id: text("vpc-0123456789abcdef0"),
        private_ip_address: text("172.31.0.10"),
        public_ip_address: text("203.0.113.25"),
        ..Instance::default()
    };
    let reservation = Reservation {
        reservation_id: text("r-0123456789abcdef0"),
        owner_id: text("123456789012"),
        instances: vec![instance],
        ..Reservation::default()
    };
    DescribeInstancesResult { reservations: vec![reservation], ..Default::default() }
}
