//! A change of the hop limit, on the wire: the next token leaves with it, and no earlier one has.

use std::net::SocketAddr;

use testkit::client::{End, Oddities};
use testkit::{Client, Family, Lab, Result, Trial, ensure, eventually, tests};

use crate::api::{call, element, until_applied};
use crate::evidence::Evidence;

const ID: &str = "i-1234567890abcdef0";

const PUT: &str =
    "PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n";

pub(super) fn tests() -> Vec<Trial> {
    tests![&[];
        the_next_token_obeys_a_new_hop_limit,
        a_token_after_a_raised_limit_ends_its_connection,
    ]
}

/// Behind one router: lost at 1, there at 2 and 64, lost again at 1; without a restart in between.
fn the_next_token_obeys_a_new_hop_limit() -> Result<()> {
    let mut lab = Lab::start(1, &["--ami", "al2", "--no-auth"])?;
    let api = lab.server().control();
    for hop_limit in [1, 2, 64, 1] {
        set_limit(&lab, api, hop_limit)?;
        for family in Family::ALL {
            let arrives = hop_limit > 1;
            let mut client = Client::connect(lab.client(), family.service(), Oddities::default())?;
            client.send(PUT)?;
            if arrives {
                ensure!(client.wait_for_answers(1)?[0].body.len() == 56);
            } else {
                eventually("the token to die", || {
                    let evidence = Evidence::gather(&lab, client.port()).ok()?;
                    (evidence.tokens_sent() > 0 && evidence.died > 0).then_some(())
                })?;
            }
            let evidence = Evidence::gather(&lab, client.port())?;
            evidence.check_ttl(hop_limit)?;
            ensure!((evidence.tokens_arrived() > 0) == arrives, "at {hop_limit}");
            if !arrives {
                evidence.check_nothing_leaked()?;
            }
        }
    }
    Ok(())
}

/// Sets the hop limit, and waits until it is in force.
fn set_limit(lab: &Lab, api: SocketAddr, hop_limit: u8) -> Result<()> {
    // The EC2 API listens where the service is, and nowhere that the instance could reach.
    lab.service().run(|| -> Result<()> {
        let change = format!("InstanceId={ID}&HttpPutResponseHopLimit={hop_limit}");
        let answer = call(api, "ModifyInstanceMetadataOptions", &change)?;
        ensure!(element(&answer, "httpPutResponseHopLimit")? == hop_limit.to_string());
        ensure!(element(&answer, "instanceMetadataOptions")?.contains("<state>pending"));
        until_applied(api, ID)
    })?
}

/// The TTL of a connection only falls. After a limit was raised, a token that is asked for on the old
/// connection goes as far as the ones before it and no further, so it is the last: the next one comes on a
/// new connection, with the new limit.
fn a_token_after_a_raised_limit_ends_its_connection() -> Result<()> {
    let stay = PUT.replace("\r\n\r\n", "\r\nConnection: keep-alive\r\n\r\n");
    let mut lab = Lab::start(0, &["--ami", "al2", "--hop-limit", "2", "--no-auth"])?;
    let api = lab.server().control();
    for family in Family::ALL {
        set_limit(&lab, api, 2)?;
        let connect = || Client::connect(lab.client(), family.service(), Oddities::default());
        let mut client = connect()?;
        for (count, hop_limit) in [(1, 2), (2, 2), (3, 1), (4, 3)] {
            set_limit(&lab, api, hop_limit)?;
            client.send(&stay)?;
            let answers = client.wait_for_answers(count)?;
            let answer = &answers[count - 1];
            ensure!(answer.body.len() == 56, "{answer:?}");
            let is_closed = answer.header("Connection") == Some("close");
            ensure!(is_closed == (hop_limit == 3), "at {hop_limit}: {answer:?}");
        }
        ensure!(client.wait_for_end()? == End::Closed);
        let mut client = connect()?;
        client.send(PUT)?;
        client.wait_for_answers(1)?;
        Evidence::gather(&lab, client.port())?.check_ttl(3)?;
    }
    Ok(())
}
