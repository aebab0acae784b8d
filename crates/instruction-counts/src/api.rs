//! The EC2 API: a signed call is authenticated, parsed, carried out and answered in XML.

use hyper::http::Request;
use hyper::http::request::Parts;
use imds_account::{Applied, Network, Store, access_key, default_instance, keys};
use imds_control::{Authentication, Control, History, NoFaults, NoLinks, RolePolicies};
use imds_core::credentials::{ISSUER_KEY_LENGTH, Issuer};
use imds_core::options::MetadataOptions;
use imds_core::tags::Tag;
use imds_core::{InstanceId, Launch};
use imds_ec2::sigv4::{Message, SecretKey, Signer};

use crate::count;

const NOW: u64 = 1_753_862_400;
const BODY: &str = "Action=DescribeInstances&Version=2016-11-15\
    &Filter.1.Name=instance-state-name&Filter.1.Value.1=running&Filter.1.Value.2=pending\
    &Filter.2.Name=tag%3AName&Filter.2.Value.1=web-%2A&MaxResults=50";

/// A data path that serves nothing yet.
struct Nobody;

impl Applied for Nobody {
    fn wait_for(&self, _: &InstanceId) {}

    fn options(&self, _: &InstanceId) -> Option<MetadataOptions> {
        None
    }

    fn is_everywhere(&self, _: &InstanceId, _: imds_account::Revision) -> bool {
        true
    }

    fn has_role(&self, _: &InstanceId, _: &str, _: u64) -> Option<bool> {
        None
    }
}

/// `DescribeInstances`, signed as the AWS CLI does, with one instance as the result.
pub(crate) fn describe_instances() {
    let tags = [("Name", "web-1"), ("Stage", "test & \"staging\"")];
    let tags = tags.map(|(key, value)| Tag::new(key, value).unwrap_or_else(|_| unreachable!()));
    let launch = Launch {
        instance_type: "t3.micro".parse().ok(),
        launched_at: Some(NOW),
        tags: tags.into(),
        ..Launch::default()
    };
    let (store, network) = (Store::in_memory(), Network::of(&launch));
    let made = access_key::ensure(&store, NOW).is_ok()
        && default_instance::ensure(&store, launch, &network).is_ok();
    assert!(made, "an account in memory");
    let head = signed_head(&store);
    let region = "us-east-1".parse().unwrap_or_else(|_| unreachable!());
    let authentication = Authentication::Signature;
    let (applied, links, faults) = (Box::new(Nobody), Box::new(NoLinks), Box::new(NoFaults));
    let issuer = Issuer::new(&[1; ISSUER_KEY_LENGTH], network.account.clone());
    let policies = RolePolicies::default();
    let control = Control {
        store,
        applied,
        links,
        faults,
        console: None,
        network,
        region,
        authentication,
        issuer,
        policies,
        instance_types: Vec::new(),
        images: Vec::new(),
        metrics: None,
        history: History::empty(),
        cursors: <_>::default(),
    };
    let reply = count(|| control.answer(&head, BODY.as_bytes(), NOW));
    assert!(reply.text().contains("<httpTokens>required</httpTokens>"), "{}", reply.text());
}

/// The head of the request, with the signature of the account's key.
fn signed_head(store: &Store) -> Parts {
    let keys = store.read_all(&keys::access_keys()).map(|keys| keys.records).unwrap_or_default();
    let Some((id, key)) = keys.into_iter().next() else { panic!("the account has no key") };
    let signer = Signer {
        access_key_id: id,
        secret: SecretKey::new(key.record.secret),
        region: "us-east-1".to_owned(),
        service: "ec2".to_owned(),
    };
    let headers = [
        ("host", "127.0.0.1:1339"),
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("user-agent", "aws-cli/2.9.19 Python/3.11.2 Linux/6.1.0 exe/x86_64"),
    ];
    let unsigned = headers.map(|(name, value)| (name, value.as_bytes()));
    let message =
        Message { method: "POST", path: "/", query: "", headers: &unsigned, body: BODY.as_bytes() };
    let now = i64::try_from(NOW).unwrap_or_default();
    let added = signer.sign(&message, now).unwrap_or_else(|| panic!("the time is in range"));
    let head = headers
        .into_iter()
        .fold(Request::post("/"), |head, (name, value)| head.header(name, value));
    let head = added.into_iter().fold(head, |head, (name, value)| head.header(name, value));
    head.body(()).unwrap_or_else(|error| panic!("{error}")).into_parts().0
}
