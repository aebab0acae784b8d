//! An instance that changes while clients ask.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};

use testkit::{Result, Server};

use crate::api::{call, element, until_applied};
use crate::tools::output;

pub(super) struct Instance {
    pub(super) id: String,
    pub(super) address: IpAddr,
    /// How many changes were begun, and how many are in force. Each sets the tag `Round` to its number, and
    /// `HttpTokens`: an odd one to `required`.
    begun: AtomicU64,
    done: AtomicU64,
}

impl Instance {
    pub(super) fn launch(server: &Server, address: Ipv4Addr) -> Result<Self> {
        let parameters = format!(
            "ImageId=ami-025c74f0395f660ea&MinCount=1&MaxCount=1&PrivateIpAddress={address}&\
             MetadataOptions.HttpTokens=optional&MetadataOptions.InstanceMetadataTags=enabled&\
             TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=Round&\
             TagSpecification.1.Tag.1.Value=0"
        );
        let answer = call(server.control(), "RunInstances", &parameters)?;
        Ok(Self {
            id: element(&answer, "instanceId")?.to_owned(),
            address: IpAddr::V4(address),
            begun: AtomicU64::new(0),
            done: AtomicU64::new(0),
        })
    }

    /// Changes its tag, and whether it requires tokens, and waits until that is in force.
    pub(super) fn change(&self, server: &Server) -> Result<()> {
        let (api, id) = (server.control(), &self.id);
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let tag = format!("ResourceId.1={id}&Tag.1.Key=Round&Tag.1.Value={number}");
        call(api, "CreateTags", &tag)?;
        let tokens = if requires_tokens(number) { "required" } else { "optional" };
        let options = format!("InstanceId={id}&HttpTokens={tokens}");
        call(api, "ModifyInstanceMetadataOptions", &options)?;
        until_applied(api, id)?;
        self.done.store(number, Ordering::SeqCst);
        Ok(())
    }

    /// EC2 recommends to rebalance it, and takes that back eight rounds later.
    pub(super) fn notice(&self, server: &Server, round: usize) -> Result<()> {
        let command: &[&str] =
            if (round / 8).is_multiple_of(2) { &["rebalance"] } else { &["cancel", "rebalance"] };
        output(server, &[&["event"], command, &["--instance-id", &self.id]].concat()).map(drop)
    }

    /// The last change that is in force: no answer to what is sent from now on may be older.
    pub(super) fn done(&self) -> u64 {
        self.done.load(Ordering::SeqCst)
    }

    /// The changes that an answer may tell of, to what was sent when `done` was the last in force.
    pub(super) fn changes_since(&self, done: u64) -> RangeInclusive<u64> {
        done..=self.begun.load(Ordering::SeqCst)
    }
}

pub(super) fn requires_tokens(change: u64) -> bool {
    change % 2 == 1
}
