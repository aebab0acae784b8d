//! How long a change takes to another host, beside a transaction of etcd.

use std::time::Instant;

use imds_kv::Transaction;
use testkit::{Finished, Result, Server, eventually};

use super::faults::{is_applied, launch_parameters};
use super::{ID, ask};
use crate::api::{call, element};

/// From a call of one host's API until another host answers otherwise, and one transaction of etcd.
pub(super) fn print_figures(hosts: &[Server], url: &str) -> Result<()> {
    const CHANGES: usize = 50;
    const PLACE: &str = "172.31.78.10";
    Finished::success(testkit::program("ip").args(["address", "add", PLACE, "dev", "lo"]))?;
    let parameters = format!("{}&PrivateIpAddress={PLACE}", launch_parameters(1));
    let launched = call(hosts[0].control(), "RunInstances", &parameters)?;
    let id = element(&launched, "instanceId")?;
    eventually("the instance to be served", || is_applied(&hosts[0], id).then_some(()))?;
    let mut seen = Vec::new();
    for number in 0..CHANGES {
        let (tokens, status) = [("required", 401), ("optional", 200)][number % 2];
        let began = Instant::now();
        let parameters = format!("InstanceId={id}&HttpTokens={tokens}");
        call(hosts[0].control(), "ModifyInstanceMetadataOptions", &parameters)?;
        eventually("another host to answer otherwise", || {
            (ask(&hosts[1], PLACE, ID, "").ok()?.status() == status).then_some(())
        })?;
        seen.push(began.elapsed());
    }
    let kv = imds_kv::open(url)?;
    let mut commits = Vec::new();
    for number in 0..CHANGES {
        let began = Instant::now();
        kv.commit(Transaction::new().put(format!("k{number}"), "value"))?;
        commits.push(began.elapsed());
    }
    for (what, mut times) in [("change until another host obeys", seen), ("transaction", commits)] {
        times.sort_unstable();
        let at = |share: usize| times[(times.len() - 1) * share / 100];
        println!("{what}: p50 {:?}, p99 {:?}", at(50), at(99));
    }
    Ok(())
}
