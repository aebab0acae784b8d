//! Endpoints that cannot be reached, at all or by one address family: what is said, and how many
//! attempts that takes.

use std::net::IpAddr;
use std::time::Duration;

use imds_client::{Client, EndpointMode, Error, Unreachable};
use imds_linux::route::Destination;
use imds_linux::{Batch, Netlink};
use testkit::{Family, Network, Result, Trial, bail, ensure, test};

use crate::way::{Way, connections_begun, run, settings};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("unreachable::the_reasons_are_distinguished", &[], reasons),
        test("unreachable::one_address_family_is_enough_and_remembered", &[], one_family),
    ]
}

/// What is said of an endpoint that cannot be reached, and how many attempts that took.
fn reasons() -> Result<()> {
    let way = Way::build(1)?;
    let network = way.network();
    let [forbidden, thrown_away, refused] = [1, 2, 3].map(|host| IpAddr::from([192, 0, 2, host]));
    let mut rules = Batch::new();
    rules.prohibit(Destination::host(forbidden)).blackhole(Destination::host(thrown_away));
    rules.unreachable(Destination::host(refused));
    network.client().run(|| Netlink::open()?.commit(&rules))??;
    let service = Family::Ipv4.service().ip();
    let nobody = Family::ALL.map(Network::nobody);
    // The last column: connections begun. A local rule forbids it before one begins; where nothing
    // answers each timeout has four.
    let cases = [
        ("refused", network.client(), service, Unreachable::Refused, 1),
        // The service's own namespace has no default route.
        ("no route", network.service(), forbidden, Unreachable::NoRoute, 0),
        ("unreachable", network.client(), refused, Unreachable::HostUnreachable, 0),
        ("prohibited", network.client(), forbidden, Unreachable::Prohibited, 0),
        ("blackhole", network.client(), thrown_away, Unreachable::Blackhole, 0),
        ("nobody", network.client(), nobody[0], Unreachable::TimedOut, 4),
        ("nobody, IPv6", network.client(), nobody[1], Unreachable::TimedOut, 4),
    ];
    for (name, place, address, expected, connections) in cases {
        for (attempts, expected_attempts) in [
            (1, 1),
            // On an EC2 instance it may pass; a refusal and a rule do not.
            (2, if may_pass(expected) { 2 } else { 1 }),
        ] {
            let mut settings = settings((address, 80).into())?;
            settings.connect_attempts = attempts;
            ensure!(settings.connect_timeout <= Duration::from_millis(300));
            let client = Client::new(settings);
            let (error, begun) = place.run(|| {
                let before = connections_begun()?;
                let error = run(client.instance_id())?.err();
                Ok::<_, testkit::Error>((error, connections_begun()? - before))
            })??;
            let Some(Error::Unreachable { reason, attempts, .. }) = error else {
                bail!("{name}: {error:?}")
            };
            ensure!(reason == expected, "{name}: {reason:?}");
            ensure!(attempts == expected_attempts, "{name}: {attempts} attempts");
            ensure!(begun <= connections * u64::from(attempts), "{name}: {begun} connections");
        }
    }
    Ok(())
}

fn may_pass(reason: Unreachable) -> bool {
    matches!(reason, Unreachable::TimedOut | Unreachable::NoRoute | Unreachable::HostUnreachable)
}

/// A machine whose IPv4 packets go nowhere, by a route that says so and without one.
fn one_family() -> Result<()> {
    for is_silent in [false, true] {
        let way = Way::build(0)?;
        let _service = way.serve(&[])?;
        let network = way.network();
        let mut rules = Batch::new();
        if is_silent {
            // The service's packets to the client are discarded.
            rules.blackhole(Destination::host([10, 0, 0, 2].into()));
            network.service().run(|| Netlink::open()?.commit(&rules))??;
        } else {
            rules.blackhole(Destination::host(Family::Ipv4.service().ip()));
            network.client().run(|| Netlink::open()?.commit(&rules))??;
        }
        way.client(async || {
            // Whatever the machine's own environment says.
            let client = Client::builder().ignore_environment();
            let client = client.endpoint_mode(EndpointMode::default()).attempts(1).build()?;
            ensure!(client.instance_id().await?.starts_with("i-"));
            let before = connections_begun()?;
            for _ in 0..3 {
                client.region().await?;
            }
            let begun = connections_begun()? - before;
            ensure!(begun == 3, "{begun} connections for 3 calls: the family is not remembered");
            Ok(())
        })??;
    }
    Ok(())
}
