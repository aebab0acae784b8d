//! `--stall`: a client whose token was lost is reset after the given time; no other client is.

use std::time::{Duration, Instant};

use testkit::client::{End, Oddities};
use testkit::{Client, Family, Lab, Result, Trial, ensure, test};

use crate::evidence::Evidence;

const PATIENCE: Duration = Duration::from_millis(300);
const ARGUMENTS: [&str; 6] = ["--ami", "al2", "--hop-limit", "1", "--stall", "300ms"];

const CLIENTS: usize = 100;

const PUT: &str = "PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\
                   Connection: keep-alive\r\n\r\n";
const LAST_PUT: &str =
    "PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n";
const GET: &str = "GET /latest/meta-data/instance-id HTTP/1.1\r\nConnection: keep-alive\r\n\r\n";

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = vec![test("stall::a_stop_waits_for_it", &[], stops)];
    for family in Family::ALL {
        let name = format!("stall::{}::only_who_lost_a_token_is_reset", family.name());
        trials
            .push(test(name, &[], move || resets(family)).with_kind(format!("{CLIENTS} clients")));
    }
    trials
}

fn resets(family: Family) -> Result<()> {
    let lab = Lab::start(1, &ARGUMENTS)?;
    let connect = |from| Client::connect(from, family.service(), Oddities::default());
    let mut near = (0..CLIENTS).map(|_| connect(lab.instance())).collect::<Result<Vec<_>>>()?;
    let mut far = Vec::new();
    for client in &mut near {
        client.send(PUT)?;
    }
    for number in 0..CLIENTS {
        let mut client = connect(lab.client())?;
        // As the first, second or third request of its connection, which is then to stay or not.
        for answered in 1..=number % 3 {
            client.send(GET)?;
            client.wait_for_answers(answered)?;
        }
        let before = client.received()?.len();
        let start = Instant::now();
        client.send(if number % 2 == 0 { PUT } else { LAST_PUT })?;
        far.push((client, before, start));
    }
    for (client, before, start) in &mut far {
        let end = client.wait_for_end()?;
        ensure!(end == End::Reset, "ended by {end:?}");
        ensure!(start.elapsed() >= PATIENCE, "reset after {:?}", start.elapsed());
        ensure!(client.received()?.len() == *before, "something arrived");
        let evidence = Evidence::gather(&lab, client.port())?;
        ensure!(evidence.tokens_sent() > 0, "no token was seen to leave");
        evidence.check_nothing_leaked()?;
    }
    // They asked before those who are reset by now, and nothing happened to their connections.
    for client in &mut near {
        client.wait_for_answers(1)?;
        client.send(GET)?;
        let answers = client.wait_for_answers(2)?;
        ensure!(answers.iter().all(|answer| answer.status() == 200), "{answers:?}");
    }
    Ok(())
}

fn stops() -> Result<()> {
    let mut lab = Lab::start(1, &ARGUMENTS)?;
    let mut client = Client::connect(lab.client(), Family::Ipv4.service(), Oddities::default())?;
    client.send(LAST_PUT)?;
    lab.log_line_of(client.port())?;
    lab.server().process().signal("TERM")?;
    let end = client.wait_for_end()?;
    ensure!(end == End::Reset, "ended by {end:?}");
    ensure!(lab.server().process().ended()?.success(), "the service failed");
    Ok(())
}
