//! The hop limit through each kind of link: a token arrives as far as it may, and beyond that not a byte
//! of it is seen.

use std::process::{Command, Stdio};

use imds_linux::Namespace;
use imds_linux::capture::Capture;
use testkit::workloads::{connect, host_with_guests, namespace, place, run};
use testkit::{Need, Process, Result, Trial, ensure, test};

use super::{Machine, get_token, instance_of, lose_token};

const NEEDS: &[Need] = &[Need::Program("ip"), Need::Program("iptables")];

pub(super) fn tests() -> Vec<Trial> {
    let kinds = ["host", "netns", "pid", "device"];
    let named = kinds.map(|kind| (format!("links::hop_limit::through_{kind}"), kind));
    named.into_iter().map(|(name, kind)| test(name, NEEDS, move || through(kind))).collect()
}

fn through(kind: &str) -> Result<()> {
    let (host, [guest, _]) = host_with_guests()?;
    let own = namespace()?;
    let workload = match kind {
        "host" => &host,
        "device" => &guest,
        _ => &own,
    };
    let mut process = workload
        .run(|| Process::start(Command::new("sleep").arg("600").stdout(Stdio::null())))??;
    let link = match kind {
        "host" => kind.to_owned(),
        "netns" => place(workload),
        "pid" => format!("pid={}", process.child().id()),
        _ => "device=tap0".to_owned(),
    };
    let (container, inner) =
        containers_in(workload, if kind == "device" { "eth0" } else { "imds0" })?;
    let machine = Machine::start(&host, &["--ami", "al2", "--link", &link])?;
    for limit in [1, 2, 3, 1] {
        machine.set_hop_limit(limit)?;
        for (distance, client) in [workload, &container, &inner].into_iter().enumerate() {
            ensure!(instance_of(client)?.starts_with("i-"), "IMDSv1 at distance {distance}");
            let mut capture = match distance {
                0 => None,
                _ => Some(client.run(|| Capture::start("eth0"))??),
            };
            let arrives = usize::from(limit) > distance;
            if arrives {
                get_token(client)?;
            } else {
                lose_token(&machine, client)?;
            }
            let Some(capture) = &mut capture else { continue };
            let frames = capture.frames()?;
            let begun: Vec<_> = frames.iter().filter_map(|frame| begins_at(frame)).collect();
            ensure!(!begun.is_empty(), "no connection was captured");
            let has_come = frames.iter().any(|frame| has_token(frame, &begun));
            ensure!(has_come == arrives, "{kind}: limit {limit}, distance {distance}");
        }
    }
    Ok(())
}

/// The client's port, where a frame of IPv4 is the first of a connection to the service.
fn begins_at(frame: &[u8]) -> Option<&[u8]> {
    const SYN: u8 = 0x02;
    const ACK: u8 = 0x10;
    let packet = frame.get(14..)?;
    let to_service = packet.get(16..20)? == [169, 254, 169, 254];
    (to_service && *packet.get(33)? & (SYN | ACK) == SYN).then(|| &packet[20..22])
}

/// Whether a frame of IPv4 comes from the service and has a token, for one of these ports. The answers to requests
/// before may come a second time: their acknowledgements are late on a busy machine.
fn has_token(frame: &[u8], ports: &[&[u8]]) -> bool {
    const FIELD: &[u8] = b"x-aws-ec2-metadata-token-ttl-seconds";
    let Some(packet) = frame.get(14..) else { return false };
    let from_service = packet.get(12..16) == Some(&[169, 254, 169, 254][..]);
    let is_for_one = packet.get(22..24).is_some_and(|port| ports.contains(&port));
    from_service
        && is_for_one
        && packet.windows(FIELD.len()).any(|part| part.eq_ignore_ascii_case(FIELD))
}

/// A container in the workload, and one in that.
fn containers_in(workload: &Namespace, device: &str) -> Result<(Namespace, Namespace)> {
    let (container, inner) = (namespace()?, namespace()?);
    for router in [workload, &container] {
        run(router, &["sysctl", "-qw", "net.ipv4.ip_forward=1"])?;
    }
    connect((workload, "docker0", 50), (&container, "eth0", 51), [172, 17, 0])?;
    connect((&container, "docker0", 52), (&inner, "eth0", 53), [172, 18, 0])?;
    for (router, device) in [(workload, device), (&container, "eth0")] {
        let rule = ["iptables", "-t", "nat", "-A", "POSTROUTING", "-o", device, "-j", "MASQUERADE"];
        run(router, &rule)?;
    }
    Ok((container, inner))
}
