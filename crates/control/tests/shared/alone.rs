//! The EC2 API by itself: without a data path, links, faults, and without signatures.

use imds_account::{Applied, Network, Revision, Store};
use imds_control::{Authentication, Control, History, NoFaults, NoLinks, RolePolicies};
use imds_core::credentials::{ISSUER_KEY_LENGTH, Issuer};
use imds_core::{InstanceId, Launch, options::MetadataOptions};

/// A data path that serves nothing, so that instances stay `pending`.
struct NothingServed;

impl Applied for NothingServed {
    fn wait_for(&self, _: &InstanceId) {}

    fn options(&self, _: &InstanceId) -> Option<MetadataOptions> {
        None
    }

    fn is_everywhere(&self, _: &InstanceId, _: Revision) -> bool {
        true
    }

    fn has_role(&self, _: &InstanceId, _: &str, _: u64) -> Option<bool> {
        None
    }
}

pub(crate) fn issuer() -> Issuer {
    Issuer::new(&[1; ISSUER_KEY_LENGTH], "123456789012".parse().unwrap())
}

/// The API of the account in `store`.
pub(crate) fn control(store: Store) -> Control {
    Control {
        store,
        applied: Box::new(NothingServed),
        links: Box::new(NoLinks),
        faults: Box::new(NoFaults),
        console: None,
        network: Network::of(&Launch::default()),
        region: "us-east-1".parse().unwrap(),
        authentication: Authentication::Off,
        issuer: issuer(),
        policies: RolePolicies::default(),
        instance_types: Vec::new(),
        images: Vec::new(),
        metrics: None,
        history: History::empty(),
        cursors: <_>::default(),
    }
}
