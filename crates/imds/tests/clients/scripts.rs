//! Amazon's own scripts for instances, as Debian has them, and the requests of one that it has not.

use std::fs;

use testkit::{Context as _, Finished, Need, Result, Trial, ensure, exec, tests};

use super::Log;

pub(super) fn tests() -> Vec<Trial> {
    let guests = tests!(&[Need::Guests, Need::Program("curl")]; ec2_metadata, ec2_net_utils);
    let curl = tests!(
        &[Need::Program("curl")];
        ec2_instance_connect, ec2_instance_connect_with_a_key
    );
    [guests, curl].into_iter().flatten().collect()
}

const IMAGES: [&str; 2] = ["--ami=al2", "--ami=al2023"];

/// The script that prints metadata, from the package of the same name.
fn ec2_metadata() -> Result<()> {
    let script = unpacked("usr/bin/ec2-metadata")?;
    for image in IMAGES {
        let finished = Finished::success(&mut exec(&[image], &[&script]))?;
        for line in [
            "instance-id: i-1234567890abcdef0\n",
            "instance-type: t2.micro\n",
            "placement: us-east-1a\n",
            "\t root: /dev/xvda\n",
            "public-ipv4: not available\n",
        ] {
            ensure!(finished.stdout.contains(line), "{line}: {finished:#?}");
        }
    }
    Ok(())
}

/// Its functions, asked as `setup-policy-routes` does for each interface. IPv4 fails where a prefix
/// is not there, and that is no reason to try again.
fn ec2_net_utils() -> Result<()> {
    let library = unpacked("usr/share/amazon-ec2-net-utils/lib.sh")?;
    let script = format!(
        ". {library}; get_token
         mac=$(get_imds mac); cat /sys/class/net/eth0/address; echo $mac
         for key in device-number interface-id local-ipv4s ipv6s; do
             echo \"$key=$(get_iface_imds $mac $key)\"
         done
         get_iface_imds $mac ipv4-prefix 1 || echo no prefix"
    );
    let ipv6 = ["--instance-type=t3.micro", "--http-protocol-ipv6=enabled"];
    for image in IMAGES {
        let options = [&ipv6[..], &[image]].concat();
        let finished = Finished::success(&mut exec(&options, &["bash", "-ec", &script]))?;
        let lines: Vec<_> = finished.stdout.lines().collect();
        let [real_mac, mac, number, id, ipv4, ipv6, prefix] = lines[..] else {
            testkit::bail!("{finished:#?}");
        };
        ensure!(real_mac == mac && number == "device-number=0", "{finished:#?}");
        ensure!(id.starts_with("interface-id=eni-"), "{finished:#?}");
        ensure!(ipv4.starts_with("local-ipv4s=172.31."), "{finished:#?}");
        ensure!(ipv6.starts_with("ipv6s=2600:") && prefix == "no prefix", "{finished:#?}");
    }
    Ok(())
}

/// What its helper for sshd asks before it looks for keys, of metadata and of the machine: a slash
/// behind each value, a token that lives for 5 seconds, and 404 by `HEAD` where nobody sent a key.
fn ec2_instance_connect() -> Result<()> {
    let script = r#"
        url=http://169.254.169.254/latest
        token=$(curl -sfm 1 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 5' $url/api/token)
        ask() { curl -sfm 1 -H "X-aws-ec2-metadata-token: $token" "$@"; }
        instance=$(ask $url/meta-data/instance-id/)
        if [ -f /sys/hypervisor/uuid ]; then cut -c1-3 /sys/hypervisor/uuid
        else [ "$(cat /sys/devices/virtual/dmi/id/board_asset_tag)" = "$instance" ] && echo same
        fi
        ask $url/meta-data/placement/availability-zone/; echo
        ask $url/meta-data/services/domain/; echo
        ask -o /dev/null -I -w '%{http_code}' $url/meta-data/managed-ssh-keys/active-keys/me/ || :
    "#;
    for (kind, identity) in
        [("--instance-type=t2.micro", "ec2"), ("--instance-type=t3.micro", "same")]
    {
        let finished = Finished::success(&mut exec(&[kind], &["sh", "-ec", script]))?;
        let expected = format!("{identity}\nus-east-1a\namazonaws.com\n404");
        ensure!(finished.stdout == expected, "{finished:#?}");
    }
    Ok(())
}

/// All that the helper asks where there is a key, in its order. `ssh_key.rs` has what it checks then.
fn ec2_instance_connect_with_a_key() -> Result<()> {
    let script = r#"
        url=http://169.254.169.254/latest
        imds instance send-ssh-key --os-user me --public-key key.pub
        token=$(curl -sfm 1 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 5' $url/api/token)
        ask() { curl -sfm 1 -H "X-aws-ec2-metadata-token: $token" "$@"; }
        ask $url/meta-data/instance-id/ > id
        keys=$url/meta-data/managed-ssh-keys
        until [ "$(ask -o status -I -w '%{http_code}' $keys/active-keys/me/)" = 200 ]; do :; done
        ask $url/meta-data/placement/availability-zone/ > zone
        ask $url/meta-data/services/domain/ > domain
        ask $keys/signer-cert/ > certificates
        for staple in $(ask $keys/signer-ocsp/); do
            ask $keys/signer-ocsp/$staple | base64 -d > staple
        done
        ask $keys/active-keys/me/
    "#;
    let expected = [
        "v2 PUT /latest/api/token 200",
        "v2 GET /latest/meta-data/instance-id 200",
        "v2 HEAD /latest/meta-data/managed-ssh-keys/active-keys/me 200",
        "v2 GET /latest/meta-data/placement/availability-zone 200",
        "v2 GET /latest/meta-data/services/domain 200",
        "v2 GET /latest/meta-data/managed-ssh-keys/signer-cert 200",
        "v2 GET /latest/meta-data/managed-ssh-keys/signer-ocsp 200",
        "v2 GET /latest/meta-data/managed-ssh-keys/signer-ocsp/⟨fingerprint⟩ 200",
        "v2 GET /latest/meta-data/managed-ssh-keys/active-keys/me 200",
    ];
    for kind in ["--instance-type=t2.micro", "--instance-type=t3.micro"] {
        let directory = tempfile::tempdir()?;
        let log = directory.path().join("access.log");
        let key =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJPcXkvDmpqM6BXnL1x6mRYAS2RnHLq3VbWIWS0O0R0k me";
        fs::write(directory.path().join("key.pub"), key)?;
        let options = [kind, "--control", "--access-log", "access.log"];
        let mut command = exec(&options, &["sh", "-ec", script]);
        command.env("PATH", testkit::path_with_imds()).current_dir(directory.path());
        let finished = Finished::success(&mut command)?;
        ensure!(finished.stdout.contains(key), "{finished:#?}");
        let mut requests = Log::read(&log)?.requests();
        // Until the key is there.
        requests.retain(|request| !request.ends_with(" 404"));
        // Whose staple it is changes with each signer.
        for request in &mut requests {
            if let Some((path, fingerprint)) = request.clone().split_once("signer-ocsp/") {
                ensure!(fingerprint.len() == 40 + " 200".len(), "{request}");
                *request = format!("{path}signer-ocsp/⟨fingerprint⟩ 200");
            }
        }
        ensure!(requests == expected, "{requests:#?}");
    }
    Ok(())
}

fn unpacked(path: &str) -> Result<String> {
    let directory = std::env::var("IMDS_TEST_GUESTS").context("the test needs it")?;
    Ok(format!("{directory}/{path}"))
}
