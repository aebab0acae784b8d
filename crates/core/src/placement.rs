//! Regions and Availability Zones, and the names that follow from them.

mod partitions;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::{HostId, Invalid, PlacementGroupId};
use partitions::PARTITIONS;

/// An AWS Region, such as `us-east-1`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Region(Box<str>);

/// An Availability Zone (`us-east-1a`) or Local Zone (`us-west-2-lax-1a`), with its Region.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Zone {
    name: Box<str>,
    region: Region,
}

/// Where in its zone an instance is placed; unset fields are absent from its metadata.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Placement {
    /// Its zone's id, such as `use1-az4`; else numbered by the zone's letter. On EC2 which letter
    /// goes with which id differs between accounts.
    pub zone_id: Option<String>,
    /// Its placement group.
    pub group_name: Option<String>,
    /// Its placement group's id, which the EC2 API shows and the metadata does not.
    pub group_id: Option<PlacementGroupId>,
    /// Its partition in the group, from 1.
    pub partition_number: Option<u32>,
    /// Its Dedicated Host.
    pub host_id: Option<HostId>,
}

impl Region {
    /// The Region as AWS writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The zone that ends in `letter`.
    pub fn zone(&self, letter: char) -> Zone {
        Zone { name: format!("{}{letter}", self.0).into(), region: self.clone() }
    }

    /// The partition (`services/partition`) and its DNS domain (`services/domain`); those of `aws` where
    /// no partition has such a Region.
    pub fn partition(&self) -> (&'static str, &'static str) {
        PARTITIONS
            .iter()
            .find(|(prefix, ..)| self.0.starts_with(prefix))
            .map_or(("aws", "amazonaws.com"), |&(_, partition, domain)| (partition, domain))
    }

    /// The domain of private DNS names: `ec2.internal`, elsewhere `⟨region⟩.compute.internal`.
    pub fn internal_domain(&self) -> String {
        match &*self.0 {
            "us-east-1" => "ec2.internal".to_owned(),
            region => format!("{region}.compute.internal"),
        }
    }

    /// The short form in zone ids: `us-east-1` is `use1`, `ap-southeast-2` is `apse2`.
    fn short(&self) -> String {
        let mut parts = self.0.split('-');
        let mut short = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            match part.strip_prefix("north").or_else(|| part.strip_prefix("south")) {
                Some(side) if !side.is_empty() => {
                    short.extend(part.chars().next());
                    short.extend(side.chars().next());
                }
                _ if part.starts_with(|c: char| c.is_ascii_digit()) => short.push_str(part),
                _ => short.extend(part.chars().next()),
            }
        }
        short
    }
}

impl Zone {
    /// The zone's name: `placement/availability-zone`.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The Region the zone belongs to; a Local Zone belongs to its parent Region.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// 0 for zone `a`, 1 for `b`, …
    pub fn index(&self) -> u8 {
        self.name.bytes().last().map_or(0, |letter| letter.wrapping_sub(b'a') % 26)
    }

    /// The zone id where nobody says another, such as `use1-az1` or `usw2-lax1-az1`: `a` is 1.
    pub fn id(&self) -> String {
        let local: String = self.name[self.region.0.len()..self.name.len() - 1].replace('-', "");
        let dash = if local.is_empty() { "" } else { "-" };
        format!("{}{dash}{local}-az{}", self.region.short(), self.index() + 1)
    }
}

impl FromStr for Region {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match region_prefix(text) {
            Some(region) if region == text => Ok(Self(text.into())),
            _ => Err(Invalid::new("Region", text, "it is a name such as us-east-1")),
        }
    }
}

impl FromStr for Zone {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let zone = region_prefix(text).and_then(|region| {
            let rest = &text[region.len()..];
            let (before, letter) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
            let is_letter = letter.bytes().all(|b| b.is_ascii_lowercase());
            // A Local Zone has its place and number in between: `us-west-2-lax-1a`.
            let is_local =
                before.starts_with('-') && before.ends_with(|c: char| c.is_ascii_digit());
            (is_letter && (before.is_empty() || is_local))
                .then(|| Self { name: text.into(), region: Region(region.into()) })
        });
        zone.ok_or_else(|| {
            Invalid::new(
                "Availability Zone",
                text,
                "it is a Region and a letter, such as us-east-1a",
            )
        })
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The leading part of `text` that reads as a Region: lower-case words, then a number.
fn region_prefix(text: &str) -> Option<&str> {
    let mut end = 0;
    for (nth, part) in text.split('-').enumerate() {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            return (nth >= 2).then(|| &text[..end + digits]);
        }
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_lowercase()) {
            return None;
        }
        end += part.len() + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_know_their_region_and_id() {
        for (zone, region, id) in [
            ("us-east-1a", "us-east-1", "use1-az1"),
            ("us-east-1d", "us-east-1", "use1-az4"),
            ("ap-southeast-2b", "ap-southeast-2", "apse2-az2"),
            ("eu-central-1c", "eu-central-1", "euc1-az3"),
            ("us-gov-west-1a", "us-gov-west-1", "usgw1-az1"),
            ("us-west-2-lax-1a", "us-west-2", "usw2-lax1-az1"),
        ] {
            let parsed: Zone = zone.parse().unwrap();
            assert_eq!((parsed.region().as_str(), parsed.id().as_str()), (region, id), "{zone}");
        }
        for bad in ["", "us-east-1", "us-east", "us-east-1A", "us-1a", "us-east-1-a", "us-east-1é"]
        {
            assert!(bad.parse::<Zone>().is_err(), "{bad}");
        }
        for bad in ["", "useast1", "us-east-1a", "us-east-", "US-east-1"] {
            assert!(bad.parse::<Region>().is_err(), "{bad}");
        }
    }

    #[test]
    fn partitions_follow_the_region() {
        let of = |region: &str| region.parse::<Region>().unwrap().partition();
        for (region, partition, domain) in [
            ("eu-west-1", "aws", "amazonaws.com"),
            ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
            ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
            ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
            ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
            ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk"),
            ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov"),
            ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
            ("xx-nowhere-1", "aws", "amazonaws.com"),
        ] {
            assert_eq!(of(region), (partition, domain), "{region}");
        }
    }
}
