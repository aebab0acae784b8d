//! A change of the hop limit, on the wire: the next token leaves with it, and no earlier one has.

use testkit::client::Oddities;
use testkit::{Client, Family, Lab, Result, Trial, ensure, eventually, tests};

use crate::api::{call, element};
use crate::evidence::Evidence;

const INSTANCE: &str = "InstanceId=i-1234567890abcdef0";
const DESCRIBED: &str = "InstanceId.1=i-1234567890abcdef0";

const PUT: &str =
    "PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n";

pub(super) fn tests() -> Vec<Trial> {
    tests![&[]; the_next_token_obeys_a_new_hop_limit]
}

/// Behind one router: lost at 1, there at 2 and 64, lost again at 1; without a restart in between.
fn the_next_token_obeys_a_new_hop_limit() -> Result<()> {
    let mut lab = Lab::start(1, &["--ami", "al2", "--no-auth"])?;
    let api = lab.server().control();
    for hop_limit in [1, 2, 64, 1] {
        // The EC2 API listens where the service is, and nowhere that the instance could reach.
        lab.service().run(|| -> Result<()> {
            let change = format!("{INSTANCE}&HttpPutResponseHopLimit={hop_limit}");
            let answer = call(api, "ModifyInstanceMetadataOptions", &change)?;
            ensure!(element(&answer, "httpPutResponseHopLimit")? == hop_limit.to_string());
            ensure!(element(&answer, "instanceMetadataOptions")?.contains("<state>pending"));
            eventually("the change to be applied", || {
                let described = call(api, "DescribeInstances", DESCRIBED).ok()?;
                let options = element(&described, "metadataOptions").ok()?;
                options.contains("<state>applied").then_some(())
            })
        })??;
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
