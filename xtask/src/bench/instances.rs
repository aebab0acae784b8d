//! Many instances, by the EC2 API.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

pub(super) const BATCH: u32 = 500;
pub(super) const PAGE: u32 = 1000;
const DEFAULT: &str = "i-1234567890abcdef0";
/// How long a change may take to be applied.
const PATIENCE: Duration = Duration::from_secs(10);

/// Regions and their zones. Each zone has a subnet for about four thousand addresses.
const ZONES: [(&str, &str); 7] = [
    ("us-east-1", "abcdef"),
    ("us-west-2", "abcd"),
    ("us-east-2", "abc"),
    ("eu-west-1", "abc"),
    ("eu-central-1", "abc"),
    ("eu-north-1", "abc"),
    ("ap-south-1", "abc"),
];

/// The EC2 API of a daemon, in a Region.
#[derive(Clone, Copy)]
pub(super) struct Api {
    pub(super) address: &'static str,
    pub(super) region: &'static str,
}

impl Api {
    /// In the Region of the default instance.
    pub(super) const fn at(address: &'static str) -> Self {
        Self { address, region: ZONES[0].0 }
    }

    /// Launches so many instances, spread over the first zones; returns when all are served.
    pub(super) fn launch_all(self, instances: u32, zones: usize, more: &str) -> Result<()> {
        let all = ZONES.iter().flat_map(|&(region, letters)| {
            letters.chars().map(move |letter| (Self { region, ..self }, letter))
        });
        let zones: Vec<_> = all.take(zones).collect();
        let batches = (0..instances).step_by(BATCH as usize).zip(zones.iter().cycle());
        for (launched, (api, letter)) in batches {
            api.launch(BATCH.min(instances - launched), *letter, more)?;
        }
        zones.iter().try_for_each(|(api, _)| api.wait_for_all())
    }

    pub(super) fn launch(self, count: u32, letter: char, more: &str) -> Result<()> {
        let images =
            self.call("DescribeImages&Filter.1.Name=name&Filter.1.Value.1=al2023-*-x86_64")?;
        let image = element(&images, "imageId").context("there is an Amazon Linux image")?;
        let zone = format!("{}{letter}", self.region);
        let launch = format!(
            "RunInstances&ImageId={image}&InstanceType=t3.micro&MinCount={count}&MaxCount={count}\
             &Placement.AvailabilityZone={zone}{more}"
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

    /// The answer to an action and its parameters. The credential is nobody's: it names the Region.
    fn call(self, action: &str) -> Result<String> {
        let Self { address, region } = self;
        let mut stream = TcpStream::connect(address)?;
        let target = format!("/?Version=2016-11-15&Action={action}");
        write!(
            stream,
            "GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Authorization: Credential=-/-/{region}\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "{target}: {answer}");
        Ok(answer)
    }
}

fn element<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    document.split(&format!("<{name}>")).nth(1)?.split('<').next()
}
