//! curl, wget and busybox, which is linked statically as Go programs are.

use testkit::{Finished, Need, Result, Trial, ensure, exec, tests};

const SERVICE: &str = "http://169.254.169.254";
const SERVICE_V6: &str = "http://[fd00:ec2::254]";

pub(super) fn tests() -> Vec<Trial> {
    let curl = tests!(&[Need::Program("curl")];
        curl_over_both_protocols, curl_is_reset_after_the_stall);
    let wget = tests!(&[Need::Program("wget")]; wget);
    let busybox = tests!(&[Need::Program("busybox")]; static_programs);
    [curl, wget, busybox].into_iter().flatten().collect()
}

/// Both addresses hand out tokens, and each takes the other's.
fn curl_over_both_protocols() -> Result<()> {
    let options = ["--instance-type", "t3.micro", "--http-protocol-ipv6", "enabled", "--container"];
    for (from, to) in [(SERVICE, SERVICE_V6), (SERVICE_V6, SERVICE)] {
        let script = format!(
            "token=$(curl -sgX PUT {from}/latest/api/token \
               -H 'X-aws-ec2-metadata-token-ttl-seconds: 60')
             curl -sgi -H \"X-aws-ec2-metadata-token: $token\" {to}/latest/meta-data/instance-id"
        );
        let answer = Finished::success(&mut exec(&options, &["sh", "-c", &script]))?.stdout;
        ensure!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        ensure!(answer.ends_with("\r\n\r\ni-1234567890abcdef0"), "{answer}");
    }
    Ok(())
}

/// As in two minutes' time on EC2, over both protocols.
fn curl_is_reset_after_the_stall() -> Result<()> {
    let options = [
        "--instance-type=t3.micro",
        "--http-protocol-ipv6=enabled",
        "--hop-limit=1",
        "--container",
        "--stall=200ms",
    ];
    for service in [SERVICE, SERVICE_V6] {
        let url = format!("{service}/latest/api/token");
        let ttl = "X-aws-ec2-metadata-token-ttl-seconds: 60";
        let curl = ["curl", "-sSgX", "PUT", &url, "-H", ttl];
        let finished = Finished::of(&mut exec(&options, &curl))?.expect_code(56)?;
        let error = "curl: (56) Recv failure: Connection reset by peer\n";
        ensure!(finished.stderr == error && finished.stdout.is_empty(), "{finished:#?}");
    }
    Ok(())
}

fn wget() -> Result<()> {
    let url = "http://instance-data/latest/meta-data/instance-type";
    let wget = ["wget", "-q", "-O-", "--tries=1", url];
    let finished = Finished::success(&mut exec(&["--ami", "al2", "--container"], &wget))?;
    ensure!(finished.stdout == "t2.micro", "{finished:#?}");
    let finished = Finished::of(&mut exec(&["--ami", "al2023"], &wget))?;
    // Its code for a refusal of who asks.
    finished.expect_code(6)?;
    Ok(())
}

/// Nothing is preloaded into a program: one that has no dynamic linker finds the service too.
fn static_programs() -> Result<()> {
    let url = format!("{SERVICE}/latest/meta-data/instance-id");
    let get = ["busybox", "wget", "-q", "-O-", &url];
    let finished = Finished::success(&mut exec(&["--ami", "al2", "--container"], &get))?;
    ensure!(finished.stdout == "i-1234567890abcdef0", "{finished:#?}");

    let put = "printf 'PUT /latest/api/token HTTP/1.0\\r\\n\
               X-aws-ec2-metadata-token-ttl-seconds: 60\\r\\n\\r\\n' |
               busybox timeout 2 busybox nc 169.254.169.254 80";
    for (limit, arrives) in [("1", false), ("2", true)] {
        let options = ["--ami", "al2", "--container", "--hop-limit", limit];
        let finished = Finished::of(&mut exec(&options, &["busybox", "sh", "-c", put]))?;
        ensure!(finished.stdout.ends_with("==") == arrives, "{limit}: {finished:#?}");
        ensure!(arrives || finished.stdout.is_empty(), "{limit}: {finished:#?}");
    }
    Ok(())
}
