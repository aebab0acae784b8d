//! `meta-data/managed-ssh-keys/`: what EC2 Instance Connect's helper on the instance asks for. AWS
//! documents none of it; source: `aws/aws-ec2-instance-connect-config`.

use super::category::Source::{Each, Instance};
use super::category::{ALWAYS, Category, Value, lines, timed};
use crate::events::SshKey;
use crate::instance;

pub(super) const CATEGORIES: &[Category] = &[
    Category {
        path: "meta-data/managed-ssh-keys/active-keys/{user}/",
        since: ALWAYS,
        absent: "unless the user was sent a key in the last 60 seconds",
        example: "#Timestamp=1700000000\n#Instance=i-0123456789abcdef0\n\
                  #Caller=arn:aws:iam::123456789012:user/me\n\
                  #Request=00000000-0000-0000-0000-000000000000\nssh-rsa AAAA...\nBASE64SIG\n",
        source: Each(active_keys),
    },
    Category {
        path: "meta-data/managed-ssh-keys/signer-cert/",
        since: ALWAYS,
        absent: "unless a key was sent",
        example: "-----BEGIN CERTIFICATE-----...",
        source: Instance(|instance| {
            lines(instance.ssh_signer.as_ref().map(|signer| &signer.certificates))
        }),
    },
    Category {
        path: "meta-data/managed-ssh-keys/signer-ocsp/{sha1}",
        since: ALWAYS,
        absent: "unless a key was sent",
        example: "MII...",
        source: Each(|instance| {
            let responses = instance.ssh_signer.iter().flat_map(|signer| &signer.ocsp);
            let responses =
                responses.map(|(sha1, response)| (sha1.to_string(), Value::of(response)));
            responses.collect()
        }),
    },
];

/// The keys of each user, as they live and die.
fn active_keys(instance: &instance::Instance) -> Vec<(String, Value)> {
    let keys = &instance.events.ssh_keys;
    let mut users: Vec<_> = keys.iter().map(|key| key.user.as_str()).collect();
    users.sort_unstable();
    users.dedup();
    let of = |user: &str| {
        timed(instance, |now| {
            let alive = |key: &&SshKey| key.user.as_str() == user && key.is_alive(now);
            let blocks: String = keys.iter().filter(alive).map(|key| key.block.as_str()).collect();
            (!blocks.is_empty()).then_some(blocks)
        })
    };
    users.into_iter().filter_map(|user| Some((user.to_owned(), of(user)?))).collect()
}
