//! `imds instance send-ssh-key`: what EC2 Instance Connect's script on the instance checks, step by
//! step with the openssl that it uses (`eic_parse_authorized_keys` of
//! `aws/aws-ec2-instance-connect-config`).

use std::fs;
use std::path::Path;

use testkit::{Context as _, Finished, Need, Result, Server, Trial, ensure, eventually, tests};

use crate::tools::{expect, imds_beside, output};

pub(crate) fn tests() -> Vec<Trial> {
    tests![
        &[Need::Program("openssl")];
        the_guest_believes_the_key,
        what_is_no_key_is_refused,
    ]
}

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJPcXkvDmpqM6BXnL1x6mRYAS2RnHLq3VbWIWS0O0R0k me";
const ACTIVE: &str = "managed-ssh-keys/active-keys/ec2-user/";

fn text(server: &Server, path: &str) -> Result<String> {
    server.request("GET", &format!("/latest/meta-data/{path}"), &[])?.text()
}

fn send(server: &Server, directory: &Path, key: &str) -> Result<Finished> {
    let file = directory.join("key.pub");
    fs::write(&file, key)?;
    let file = file.to_string_lossy();
    Finished::of(&mut imds_beside(server, &["instance", "send-ssh-key", "--public-key", &file]))
}

/// Runs openssl on files of `directory`; what it prints, if it agrees.
fn openssl(directory: &Path, arguments: &str) -> Result<String> {
    let mut openssl = testkit::program("openssl");
    openssl.args(arguments.split(' ')).current_dir(directory);
    Ok(Finished::success(&mut openssl)?.stdout)
}

// long function: one story, told step by step.
fn the_guest_believes_the_key() -> Result<()> {
    let server = Server::start(&["--ami", "al2"])?;
    let directory = tempfile::tempdir()?;
    let directory = directory.path();
    ensure!(server.request("HEAD", &format!("/latest/meta-data/{ACTIVE}"), &[])?.status() == 404);
    send(&server, directory, KEY)?.expect_code(0)?;
    eventually("the key", || {
        let head = server.request("HEAD", &format!("/latest/meta-data/{ACTIVE}"), &[]).ok()?;
        (head.status() == 200).then_some(())
    })?;

    // The chain, and whose it is.
    let certificates = text(&server, "managed-ssh-keys/signer-cert/")?;
    let end = "-----END CERTIFICATE-----\n";
    let (leaf, authority) = certificates.split_once(end).context("two certificates")?;
    fs::write(directory.join("leaf.pem"), format!("{leaf}{end}"))?;
    fs::write(directory.join("ca.pem"), authority)?;
    let subject = openssl(directory, "x509 -noout -subject -in leaf.pem")?;
    expect(&subject, &["CN = managed-ssh-signer.us-east-1.amazonaws.com"])?;
    let subject = openssl(directory, "x509 -noout -subject -in ca.pem")?;
    expect(&subject, &["CN = imds Instance Connect CA"])?;
    let verified = openssl(directory, "verify -x509_strict -CAfile ca.pem leaf.pem")?;
    ensure!(verified == "leaf.pem: OK\n", "{verified}");

    // That it is not revoked, under its fingerprint as openssl prints it.
    let fingerprint = openssl(directory, "x509 -noout -fingerprint -sha1 -in leaf.pem")?;
    let fingerprint = fingerprint.trim().split('=').nth(1).context("a fingerprint")?;
    let staple = text(&server, "managed-ssh-keys/signer-ocsp/")?;
    ensure!(staple == fingerprint.replace(':', ""), "{staple}");
    let response = text(&server, &format!("managed-ssh-keys/signer-ocsp/{staple}"))?;
    fs::write(directory.join("ocsp.64"), response)?;
    openssl(directory, "base64 -d -A -in ocsp.64 -out ocsp.der")?;
    let ocsp = "ocsp -no_nonce -issuer ca.pem -cert leaf.pem -VAfile ca.pem -respin ocsp.der";
    let good = openssl(directory, ocsp)?;
    ensure!(good.starts_with("leaf.pem: good"), "{good}");

    // The block: for this instance, not over yet, and signed as it is.
    let block = text(&server, ACTIVE)?;
    let lines: Vec<_> = block.lines().collect();
    let [timestamp, instance, caller, request, key, signature, ""] = lines[..] else {
        panic!("{block}")
    };
    let now = Finished::success(testkit::program("date").arg("+%s"))?.stdout;
    let now: u64 = now.trim().parse()?;
    let until: u64 = timestamp.strip_prefix("#Timestamp=").context("a time")?.parse()?;
    ensure!((now + 1..=now + 60).contains(&until), "{until} is not in the next minute");
    ensure!(instance == "#Instance=i-1234567890abcdef0" && key == KEY, "{block}");
    ensure!(caller.starts_with("#Caller=arn:aws:") && request.len() == 36 + 9, "{block}");
    fs::write(directory.join("signature.64"), signature)?;
    openssl(directory, "base64 -d -A -in signature.64 -out signature")?;
    fs::write(directory.join("pubkey"), openssl(directory, "x509 -pubkey -noout -in leaf.pem")?)?;
    let signed = [timestamp, instance, caller, request, key, ""].join("\n");
    fs::write(directory.join("signed"), &signed)?;
    let verify = "dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 \
                  -verify pubkey -signature signature signed";
    expect(&openssl(directory, verify)?, &["Verified OK"])?;
    fs::write(directory.join("signed"), signed.replace("#Instance=i-1", "#Instance=i-2"))?;
    ensure!(openssl(directory, verify).is_err(), "a changed block verifies");

    // Another key stands beside it, and the authority stays.
    send(&server, directory, "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDF")?.expect_code(0)?;
    eventually("the second key", || {
        text(&server, ACTIVE).ok()?.contains("\nssh-rsa ").then_some(())
    })?;
    ensure!(text(&server, "managed-ssh-keys/signer-cert/")? == certificates);
    ensure!(text(&server, ACTIVE)?.starts_with(&block), "blocks are apart by an empty line");
    ensure!(output(&server, &["event", "list"])?.lines().count() == 1, "a key is no event");
    Ok(())
}

fn what_is_no_key_is_refused() -> Result<()> {
    let server = Server::start(&[])?;
    let directory = tempfile::tempdir()?;
    let two = format!("{KEY}\n{KEY}\n");
    for bad in ["", "ssh-dss AAAA", "-----BEGIN OPENSSH PRIVATE KEY-----", &two] {
        let finished = send(&server, directory.path(), bad)?.expect_code(2)?;
        expect(&finished.stderr, &["not a public key of RSA or ED25519"])?;
    }
    Ok(())
}
