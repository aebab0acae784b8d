//! Many instances, by the EC2 API.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

pub(super) const BATCH: u32 = 500;
pub(super) const PAGE: u32 = 1000;
const DEFAULT: &str = "i-1234567890abcdef0";
/// What a launch asks for beside an instance: another volume than the root volume, and a second network interface.
pub(super) const MORE: &str = "&BlockDeviceMapping.1.DeviceName=/dev/sdf\
    &BlockDeviceMapping.1.Ebs.VolumeSize=8&NetworkInterface.1.DeviceIndex=0&NetworkInterface.2.DeviceIndex=1";
/// How long a change may take to be applied.
const PATIENCE: Duration = Duration::from_secs(10);

/// The network has sixteen blocks of addresses for about four thousand instances each. The zones' subnets
/// have the first ones; subnets of the settings can have the others.
const ZONES: [char; 6] = ['a', 'b', 'c', 'd', 'e', 'f'];
pub(super) const MORE_SUBNETS: Range<u8> = 6..16;

/// Settings with those other subnets.
pub(super) fn settings() -> String {
    let subnet = |block: u8| {
        let (id, start) = (subnet_id(block), block * 16);
        format!(
            "[[subnet]]\nid = \"{id}\"\navailability-zone = \"us-east-1a\"\nipv4 = \"172.31.{start}.0/20\"\n"
        )
    };
    MORE_SUBNETS.map(subnet).collect()
}

fn subnet_id(block: u8) -> String {
    format!("subnet-{block:017x}")
}

/// The parameters of a launch that say where.
pub(super) fn places(more_subnets: Range<u8>) -> Vec<String> {
    let zones = ZONES.map(|letter| format!("&Placement.AvailabilityZone=us-east-1{letter}"));
    let subnets = more_subnets.map(|block| format!("&SubnetId={}", subnet_id(block)));
    zones.into_iter().chain(subnets).collect()
}

/// The EC2 API of a daemon.
#[derive(Clone, Copy)]
pub(super) struct Api {
    pub(super) address: &'static str,
}

impl Api {
    /// Launches so many instances, `more` with each, by turns in these places; returns when all are served.
    pub(super) fn launch_all(self, instances: u32, places: &[String], more: &str) -> Result<()> {
        let batches = (0..instances).step_by(BATCH as usize).zip(places.iter().cycle());
        for (launched, place) in batches {
            self.launch(BATCH.min(instances - launched), &format!("{place}{more}"))?;
        }
        self.wait_for_all()
    }

    /// Launches so many instances with these parameters.
    pub(super) fn launch(self, count: u32, parameters: &str) -> Result<()> {
        let images =
            self.call("DescribeImages&Filter.1.Name=name&Filter.1.Value.1=al2023-*-x86_64")?;
        let image = element(&images, "imageId").context("there is an Amazon Linux image")?;
        let launch = format!(
            "RunInstances&ImageId={image}&InstanceType=t3.micro&MinCount={count}&MaxCount={count}{parameters}"
        );
        self.call(&launch).map(drop)
    }

    fn wait_for_all(self) -> Result<()> {
        let pending =
            "DescribeInstances&Filter.1.Name=instance-state-name&Filter.1.Value.1=pending";
        let start = Instant::now();
        while element(&self.call(pending)?, "instanceId").is_some() {
            ensure!(start.elapsed() < PATIENCE, "some instances do not run");
        }
        Ok(())
    }

    /// A page of instances, which is full unless there are fewer.
    pub(super) fn page(self, instances: u32) -> Result<()> {
        let page = self.call(&format!("DescribeInstances&MaxResults={PAGE}"))?;
        let count = page.matches("<instanceId>").count();
        ensure!(count >= instances.min(PAGE) as usize, "{count} instances on a page");
        Ok(())
    }

    /// The default instance.
    pub(super) fn describe(self) -> Result<String> {
        self.call(&format!("DescribeInstances&InstanceId.1={DEFAULT}"))
    }

    /// Changes the hop limit of the default instance.
    pub(super) fn modify(self, hops: usize) -> Result<()> {
        let change = "ModifyInstanceMetadataOptions&HttpPutResponseHopLimit";
        self.call(&format!("{change}={hops}&InstanceId={DEFAULT}")).map(drop)
    }

    pub(super) fn wait_until_applied(self) -> Result<()> {
        let start = Instant::now();
        while !self.describe()?.contains("<state>applied</state>") {
            ensure!(start.elapsed() < PATIENCE, "the change is not applied");
        }
        Ok(())
    }

    /// The answer to an action and its parameters.
    fn call(self, action: &str) -> Result<String> {
        let address = self.address;
        let mut stream = TcpStream::connect(address)?;
        let target = format!("/?Version=2016-11-15&Action={action}");
        write!(stream, "GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "{target}: {answer}");
        Ok(answer)
    }
}

fn element<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    document.split(&format!("<{name}>")).nth(1)?.split('<').next()
}
