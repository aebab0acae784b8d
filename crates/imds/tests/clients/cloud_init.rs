//! Debian's cloud-init boots: nothing tells it that this is EC2, nothing in it is changed or mocked.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use testkit::{Context as _, Finished, Need, Result, Trial, bail, ensure, exec, test};

use super::Log;

/// Makes a machine with the unpacked packages `$1` on it, and runs the script `$2` there.
const MACHINE: &str = include_str!("machine.sh");

/// What systemd would start, in this order: the search for the platform, the two stages that read
/// metadata, and of the last stage the part that runs user data.
const BOOT: &str = r"
{
    /usr/lib/cloud-init/ds-identify
    cloud-init init --local
    cloud-init init
    cloud-init single --name scripts-user
} >&2
cat /run/cloud-init/cloud.cfg /run/first-boot
cat /home/debian/.ssh/authorized_keys
echo ---
cloud-init query --all
echo ---
cat /run/cloud-init/status.json
";

const USER_DATA: &str = "#!/bin/sh\necho \"as $(id -un)\" > /run/first-boot\n";
const PUBLIC_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0ebdXS9OxoS+CrGK6hSqtvMZaGzNk5N0iMtZNdjqX3 my-key";

/// Boots of instances that differ in what cloud-init has to get along with.
struct Boot {
    name: &'static str,
    options: &'static [&'static str],
    /// Whether it knows of the IPv6 endpoint only.
    is_ipv6: bool,
}

const BOOTS: [Boot; 4] = [
    Boot {
        name: "al2023_on_nitro",
        options: &["--ami=al2023", "--instance-type=t3.micro"],
        is_ipv6: false,
    },
    Boot { name: "al2_on_xen", options: &["--ami=al2"], is_ipv6: false },
    Boot {
        name: "al2023_over_ipv6",
        options: &["--ami=al2023", "--instance-type=t3.micro", "--http-protocol-ipv6=enabled"],
        is_ipv6: true,
    },
    Boot {
        name: "al2_over_ipv6",
        options: &["--ami=al2", "--instance-type=t3.micro", "--http-protocol-ipv6=enabled"],
        is_ipv6: true,
    },
];

pub(super) fn tests() -> Vec<Trial> {
    const NEEDS: &[Need] = &[Need::Root, Need::Guests];
    let trial = |boot: &'static Boot| {
        test(format!("clients::cloud_init_boots_{}", boot.name), NEEDS, || boot.run())
    };
    BOOTS.iter().map(trial).collect()
}

impl Boot {
    fn run(&self) -> Result<()> {
        let unpacked = std::env::var("IMDS_TEST_GUESTS").context("the test needs it")?;
        let directory = tempfile::tempdir()?;
        let file = |name: &str, content: &str| -> Result<String> {
            let path = directory.path().join(name);
            fs::write(&path, content)?;
            Ok(path.to_str().context("a path in UTF-8")?.to_owned())
        };
        let (user_data, key) = (file("user-data", USER_DATA)?, file("key.pub", PUBLIC_KEY)?);
        let log = file("access.log", "")?;
        let options = [
            self.options,
            &["--role=app-role", "--tag=Name=web-1", "--instance-metadata-tags=enabled"],
            &["--account=210987654321", "--region=eu-west-1"],
            &["--user-data", &user_data, "--public-key", &key, "--access-log", &log],
        ];

        let script = self.settings() + BOOT;
        let machine = ["sh", "-ec", MACHINE, "sh", &unpacked, &script];
        let finished = Finished::success(&mut exec(&options.concat(), &machine))?;
        let parts: Vec<_> = finished.stdout.splitn(3, "---\n").collect();
        let [machine, query, status] = parts[..] else { bail!("{finished:#?}") };
        check_machine(machine)?;
        self.check_query(&serde_json::from_str(query)?)?;
        let status: Value = serde_json::from_str(status)?;
        for stage in ["init-local", "init"] {
            ensure!(status["v1"][stage]["errors"] == json!([]), "{status:#}");
        }
        self.check_log(&Log::read(Path::new(&log))?)
    }

    /// A setting that is usual on EC2, and for the test: one host key is enough.
    fn settings(&self) -> String {
        let mut settings = "ssh_genkeytypes: [ed25519]\n".to_owned();
        if self.is_ipv6 {
            settings += "datasource: {Ec2: {metadata_urls: [\"http://[fd00:ec2::254]\"]}}\n";
        }
        format!("printf '%s' '{settings}' > /etc/cloud/cloud.cfg.d/99_test.cfg\n")
    }

    fn check_query(&self, all: &Value) -> Result<()> {
        let url = if self.is_ipv6 { "[fd00:ec2::254]" } else { "169.254.169.254" };
        for (name, expected) in [
            ("cloud_name", "aws"),
            ("platform", "ec2"),
            ("subplatform", &format!("metadata (http://{url})")),
            ("region", "eu-west-1"),
            ("availability_zone", "eu-west-1a"),
            ("instance_id", "i-1234567890abcdef0"),
        ] {
            ensure!(all["v1"][name] == expected, "{name}: {:#}", all["v1"]);
        }
        ensure!(all["v1"]["public_ssh_keys"] == json!([PUBLIC_KEY]), "{:#}", all["v1"]);
        ensure!(all["userdata"] == USER_DATA, "{:#}", all["userdata"]);

        let crawled = &all["ds"];
        // The newest version that it knows, and the first that has tags.
        ensure!(crawled["_metadata_api_version"] == "2021-03-23", "{crawled:#}");
        let document = &crawled["dynamic"]["instance-identity"]["document"];
        ensure!(document["accountId"] == "210987654321", "{document:#}");
        let metadata = &crawled["meta-data"];
        ensure!(metadata["tags"]["instance"]["Name"] == "web-1", "{metadata:#}");
        let mac = metadata["mac"].as_str().context("it has a MAC address")?;
        let interface = &metadata["network"]["interfaces"]["macs"][mac];
        ensure!(interface["device-number"] == "0", "{metadata:#}");
        ensure!(interface["local-ipv4s"] == metadata["local-ipv4"], "{metadata:#}");
        ensure!(interface["ipv6s"].is_string() == self.is_ipv6, "{metadata:#}");
        Ok(())
    }

    /// All of it was asked with a token, and by the one protocol.
    fn check_log(&self, log: &Log) -> Result<()> {
        log.expect(&[" v2 PUT /latest/api/token 200"])?;
        log.expect(&[" v2 GET /2021-03-23/user-data 200"])?;
        log.expect(&[" v2 GET /2021-03-23/dynamic/instance-identity/pkcs7 200"])?;
        log.expect_none(&[" v1 "])?;
        let from_ipv6 = log.count(&["Z ["]);
        let expected = if self.is_ipv6 { log.0.lines().count() } else { 0 };
        ensure!(from_ipv6 == expected, "{}", log.0);
        Ok(())
    }
}

/// Only EC2 was found, user data ran, and the key opens the user that the distribution makes.
fn check_machine(found: &str) -> Result<()> {
    let expected = format!("datasource_list: [ Ec2, None ]\nas root\n{PUBLIC_KEY}");
    ensure!(found.trim_end() == expected, "{found}");
    Ok(())
}
