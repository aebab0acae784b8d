//! What was acknowledged is there after `kill -9`, and nothing is half there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use testkit::http::Response;
use testkit::{Result, Server, Trial, ensure, tests};

use crate::api::{ask, call, elements, image};

const ROUNDS: u64 = 200;
const WRITERS: usize = 4;

/// A launch makes this many instances, or none.
const BATCH: usize = 3;

pub(super) fn tests() -> Vec<Trial> {
    tests![&[]; what_was_acknowledged_outlives_kill_minus_nine]
}

/// What a writer did until the service died.
#[derive(Default)]
struct Written {
    /// Launches that were answered: the ids of each.
    launched: Vec<Vec<String>>,
    /// The last hop limit that was answered, and the one that was asked for then and was not.
    hop_limit: Option<u8>,
    asked: Option<u8>,
}

fn what_was_acknowledged_outlives_kill_minus_nine() -> Result<()> {
    let mut server = Server::start(&["--no-auth"])?;
    let image = image(server.control())?;
    // Each writer has an instance of its own, so that it knows what its options should be.
    let own = (0..WRITERS).map(|_| Ok(launch(server.control(), &image, 1)?.remove(0)));
    let own = own.collect::<Result<Vec<_>>>()?;
    let mut options = BTreeMap::<usize, Vec<u8>>::new();
    let mut kept = 0;
    for round in 0..ROUNDS {
        let api = server.control();
        let dead = AtomicBool::new(false);
        let written = thread::scope(|scope| {
            let writers: Vec<_> =
                own.iter().map(|id| scope.spawn(|| write(api, &image, id, round, &dead))).collect();
            // Another moment each time, from before the first write to after some.
            let moment = Instant::now() + Duration::from_micros(round * 7919 % 60_000);
            while Instant::now() < moment {
                thread::yield_now();
            }
            let killed = server.kill_and_restart();
            dead.store(true, Ordering::SeqCst);
            let written: Vec<Written> = writers
                .into_iter()
                .map(|writer| writer.join().expect("a writer panicked"))
                .collect();
            killed.map(|()| written)
        })?;
        for (writer, written) in written.into_iter().enumerate() {
            kept += written.launched.len();
            check_launches(server.control(), &written.launched)?;
            let possible = options.entry(writer).or_insert_with(|| vec![2]);
            if let Some(acknowledged) = written.hop_limit {
                *possible = vec![acknowledged];
            }
            possible.extend(written.asked);
            let found = hop_limit(server.control(), &own[writer])?;
            ensure!(possible.contains(&found), "round {round}: {found}, not one of {possible:?}");
            *possible = vec![found];
        }
        check_whole(server.control())?;
    }
    eprintln!("{ROUNDS} kills, {kept} acknowledged launches of {BATCH} instances each");
    ensure!(kept > 0, "something was acknowledged");
    Ok(())
}

/// Launches, changes and terminates until the service is gone.
fn write(api: SocketAddr, image: &str, own: &str, round: u64, dead: &AtomicBool) -> Written {
    let mut written = Written::default();
    for step in 0_u8.. {
        if dead.load(Ordering::SeqCst) {
            break;
        }
        let hops = 1 + (step.wrapping_add(round.to_le_bytes()[0])) % 64;
        written.asked = Some(hops);
        let parameters = format!("InstanceId={own}&HttpPutResponseHopLimit={hops}");
        if answered(&ask(api, "ModifyInstanceMetadataOptions", &parameters)).is_none() {
            break;
        }
        (written.hop_limit, written.asked) = (Some(hops), None);
        let Ok(ids) = launch(api, image, BATCH) else { break };
        written.launched.push(ids);
    }
    written
}

/// The document, if the whole answer came and says that all went well.
fn answered(answer: &Result<Response>) -> Option<String> {
    let answer = answer.as_ref().ok().filter(|answer| answer.status() == 200)?;
    answer.text().ok().filter(|document| document.trim_end().ends_with("Response>"))
}

fn launch(api: SocketAddr, image: &str, count: usize) -> Result<Vec<String>> {
    let parameters = format!(
        "ImageId={image}&InstanceType=t3.micro&MinCount={count}&MaxCount={count}\
         &TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=batch\
         &TagSpecification.1.Tag.1.Value={count}"
    );
    let answer = ask(api, "RunInstances", &parameters);
    let document = answered(&answer).ok_or_else(|| testkit::anyhow!("not answered"))?;
    Ok(elements(&document, "instanceId").into_iter().map(str::to_owned).collect())
}

/// Every launch that was answered is there with all its instances; they make room for others.
fn check_launches(api: SocketAddr, launched: &[Vec<String>]) -> Result<()> {
    for ids in launched {
        ensure!(ids.len() == BATCH, "{ids:?}");
        let parameters: String =
            ids.iter().zip(1..).map(|(id, nth)| format!("InstanceId.{nth}={id}&")).collect();
        call(api, "DescribeInstances", &parameters)?;
        call(api, "TerminateInstances", &parameters)?;
    }
    Ok(())
}

/// Each reservation has all of its instances, each instance its tags and its address for itself.
fn check_whole(api: SocketAddr) -> Result<()> {
    let live =
        "Filter.1.Name=instance-state-name&Filter.1.Value.1=running&Filter.1.Value.2=pending";
    let document = call(api, "DescribeInstances", live)?;
    let mut addresses = std::collections::BTreeSet::new();
    for reservation in document.split("<reservationId>").skip(1) {
        let ids = elements(reservation, "instanceId").len();
        let tags = elements(reservation, "value");
        let expected = tags.first().map_or(1, |count| count.parse().unwrap_or(0));
        ensure!(ids == expected && tags.len() <= ids, "half a launch: {reservation}");
        for address in reservation
            .split("<ipAddress>")
            .next()
            .map(|it| elements(it, "privateDnsName"))
            .unwrap_or_default()
        {
            addresses.insert(address.to_owned());
        }
    }
    let all = elements(&document, "instanceId").len();
    ensure!(addresses.len() == all, "{} addresses of {all} instances", addresses.len());
    Ok(())
}

fn hop_limit(api: SocketAddr, id: &str) -> Result<u8> {
    let document = call(api, "DescribeInstances", &format!("InstanceId.1={id}"))?;
    Ok(elements(&document, "httpPutResponseHopLimit")[0].parse()?)
}
