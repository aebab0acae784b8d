//! A state with something of everything that the EC2 API keeps, and what a service answers of it.

use std::path::Path;

use testkit::{Context as _, Finished, Result, Server, ensure, imds};

use crate::api::{call, element, image};

/// A secret that was made up, to look for where it must not be.
pub(crate) const SECRET: &str = "a-made-up-secret-that-is-looked-for-4711";
pub(crate) const KEY_ID: &str = "AKIAMADEUPFORTESTS00";

/// In base64, with its `=` and `/` as a form has them.
const PUBLIC_KEY: &str = "c3NoLWVkMjU1MTkgQUFBQUMzTnphQzFsWkRJMU5URTVBQUFBSUpQY1hrdkRtcHFNNkJYbkwxeDZtUllBUzJS\
                          bkhMcTNWYldJV1MwTzBSMGsgbWU%3D";

/// Calls what keeps records, on a service with `--no-auth` and its state at `state`.
pub(crate) fn populate(server: &Server, state: &Path) -> Result<()> {
    let api = server.control();
    let image = image(api)?;
    call(api, "ImportKeyPair", &format!("KeyName=mine&PublicKeyMaterial={PUBLIC_KEY}"))?;
    let launched = call(
        api,
        "RunInstances",
        &format!(
            "ImageId={image}&MinCount=2&MaxCount=2&InstanceType=t3.micro&KeyName=mine&ClientToken=once&\
             UserData=IyEvYmluL3NoCg%3D%3D&BlockDeviceMapping.1.DeviceName=/dev/sdb&\
             BlockDeviceMapping.1.Ebs.VolumeSize=20&BlockDeviceMapping.1.Ebs.VolumeType=gp3&\
             TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=Name&\
             TagSpecification.1.Tag.1.Value=web&MetadataOptions.InstanceMetadataTags=enabled"
        ),
    )?;
    let id = element(&launched, "instanceId")?;
    let options = format!("InstanceId={id}&HttpPutResponseHopLimit=9");
    call(api, "ModifyInstanceMetadataOptions", &options)?;
    let subnet = element(&launched, "subnetId")?;
    call(api, "CreateNetworkInterface", &format!("SubnetId={subnet}&Ipv6AddressCount=1"))?;
    let preference = "CapacityReservationSpecification.CapacityReservationPreference=none";
    let stopped = call(
        api,
        "RunInstances",
        &format!("ImageId={image}&MinCount=1&MaxCount=1&InstanceType=t3.small&{preference}"),
    )?;
    call(api, "StopInstances", &format!("InstanceId.1={}", element(&stopped, "instanceId")?))?;
    let template =
        "LaunchTemplateName=two-hops&LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit=2";
    call(api, "CreateLaunchTemplate", &format!("{template}&LaunchTemplateData.ImageId={image}"))?;
    call(
        api,
        "CreateLaunchTemplateVersion",
        "LaunchTemplateName=two-hops&SourceVersion=1&LaunchTemplateData.InstanceType=t3.nano",
    )?;
    call(
        api,
        "CreateFleet",
        "Type=instant&LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateName=two-hops&\
         LaunchTemplateConfigs.1.LaunchTemplateSpecification.Version=2&\
         TargetCapacitySpecification.TotalTargetCapacity=2&\
         TargetCapacitySpecification.DefaultTargetCapacityType=on-demand",
    )?;
    call(api, "RegisterImage", "Name=mine&RootDeviceName=/dev/xvda&ImdsSupport=v2.0")?;
    call(api, "ModifyInstanceMetadataDefaults", "HttpPutResponseHopLimit=3")?;
    add_access_key(state)?;
    // Keys that sign are made at first use.
    signature(server).map(drop)
}

fn add_access_key(state: &Path) -> Result<()> {
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(&file, SECRET)?;
    let mut create = imds();
    create.args(["access-key", "create", "--id", KEY_ID, "--read-only", "--secret-file"]);
    create.arg(file.path()).arg("--state").arg(state);
    Finished::success(&mut create).map(drop)
}

/// What a service answers, but for what differs from call to call.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Answers(Vec<(String, String)>);

impl Answers {
    /// The token must be good.
    pub(crate) fn of(server: &Server, token: &str) -> Result<Self> {
        const ACTIONS: [&str; 9] = [
            "DescribeInstances",
            "DescribeTags",
            "DescribeKeyPairs",
            "DescribeLaunchTemplates",
            "DescribeNetworkInterfaces",
            "DescribeVolumes",
            "DescribeImages",
            "GetInstanceMetadataDefaults",
            "DescribeIamInstanceProfileAssociations",
        ];
        let mut answers = Vec::new();
        for action in ACTIONS {
            let answer = call(server.control(), action, "")?;
            let id = element(&answer, "requestId").unwrap_or_default().to_owned();
            answers.push((action.to_owned(), answer.replace(&id, "")));
        }
        let versions = "LaunchTemplateName=two-hops";
        let answer = call(server.control(), "DescribeLaunchTemplateVersions", versions)?;
        let id = element(&answer, "requestId")?.to_owned();
        answers.push(("DescribeLaunchTemplateVersions".to_owned(), answer.replace(&id, "")));
        let header = format!("X-aws-ec2-metadata-token: {token}");
        for path in ["/latest/meta-data/instance-id", "/latest/meta-data/local-ipv4"] {
            let answer = server.request("GET", path, &[&header])?;
            ensure!(answer.status() == 200, "the token is not good: {answer:?}");
            answers.push((path.to_owned(), answer.text()?));
        }
        answers.push(("signature".to_owned(), signature(server)?));
        Ok(Self(answers))
    }

    /// Says which answer differs.
    pub(crate) fn expect(&self, others: &Self) -> Result<()> {
        for ((name, one), (_, other)) in self.0.iter().zip(&others.0) {
            ensure!(one == other, "{name}: {one}\nand then: {other}");
        }
        Ok(())
    }
}

/// The signature of the default instance's identity document.
pub(crate) fn signature(server: &Server) -> Result<String> {
    let token = format!("X-aws-ec2-metadata-token: {}", server.token(60)?);
    let path = "/latest/dynamic/instance-identity/rsa2048";
    let answer = server.request("GET", path, &[&token])?;
    ensure!(answer.status() == 200, "{answer:?}");
    answer.text().context("a signature")
}
