//! What is wrong in each session.

use std::net::{IpAddr, TcpListener};
use std::time::Duration;

use imds_linux::route::Destination;
use imds_linux::{Batch, Netlink};
use testkit::faulty::{Act, Faulty, answer, is_put, token};
use testkit::{Context as _, Family, Finished, Need, Network, Result, program};

pub(super) struct Session {
    /// Also that of its files.
    pub(super) name: &'static str,
    pub(super) needs: &'static [Need],
    pub(super) routers: u8,
    pub(super) service: Service,
    /// What is done first where the doctor is to run.
    pub(super) prepare: fn() -> Result<()>,
    pub(super) variables: &'static [(&'static str, &'static str)],
    /// Below the root; `config` is the shared configuration file.
    pub(super) files: &'static [(&'static str, &'static str)],
    pub(super) arguments: &'static [&'static str],
    /// Where it finds programs.
    pub(super) path: &'static str,
    pub(super) code: i32,
}

pub(super) enum Service {
    Nobody,
    /// `imds serve` with these arguments.
    Real(&'static [&'static str]),
    Scripted(fn(&str, usize) -> Act),
}

const NOWHERE: &str = "/nonexistent";
const SYSTEM: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

const USUAL: Session = Session {
    name: "",
    needs: &[],
    routers: 0,
    service: Service::Real(&["--role", "web"]),
    prepare: || Ok(()),
    variables: &[],
    files: &[],
    arguments: &[],
    path: NOWHERE,
    code: 1,
};

const LIMITED: Service = Service::Real(&["--role", "web", "--hop-limit", "1"]);

/// A Nitro instance's firmware.
const FIRMWARE: (&str, &str) =
    ("sys/devices/virtual/dmi/id/board_asset_tag", "i-1234567890abcdef0\n");

pub(super) const SESSIONS: [Session; 28] = [
    Session { name: "healthy", code: 0, ..USUAL },
    Session {
        name: "tokens-optional",
        code: 0,
        arguments: &["--allow-v1"],
        service: Service::Real(&["--role", "web", "--http-tokens", "optional"]),
        ..USUAL
    },
    Session { name: "no-role", code: 0, service: Service::Real(&[]), ..USUAL },
    Session {
        name: "over-ipv6",
        code: 0,
        routers: 1,
        variables: &[("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6")],
        ..USUAL
    },
    Session { name: "lost-token", routers: 1, service: LIMITED, files: &[FIRMWARE], ..USUAL },
    Session {
        name: "lost-token-in-docker",
        routers: 1,
        service: LIMITED,
        files: &[
            (".dockerenv", ""),
            ("usr/lib/python3/dist-packages/botocore-1.43.11.dist-info/METADATA", ""),
        ],
        ..USUAL
    },
    Session {
        name: "lost-token-in-a-pod",
        routers: 2,
        service: LIMITED,
        variables: &[
            ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
            ("AWS_EC2_METADATA_V1_DISABLED", "true"),
        ],
        files: &[FIRMWARE, ("var/run/secrets/eks.amazonaws.com/token", "")],
        ..USUAL
    },
    Session {
        name: "lost-token-in-a-pod-of-kops",
        routers: 1,
        service: LIMITED,
        // Its claims say that `https://api.internal.example.org` issued it.
        files: &[
            FIRMWARE,
            (
                "var/run/secrets/kubernetes.io/serviceaccount/token",
                "e30.eyJpc3MiOiJodHRwczovL2FwaS5pbnRlcm5hbC5leGFtcGxlLm9yZyJ9.x",
            ),
            (
                "app/vendor/composer/installed.json",
                "{\"packages\": [{\"name\": \"aws/aws-sdk-php\", \"version\": \"3.337.3\"}]}",
            ),
        ],
        ..USUAL
    },
    Session {
        name: "lost-token-in-a-task",
        routers: 1,
        service: LIMITED,
        variables: &[("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/x")],
        files: &[FIRMWARE],
        ..USUAL
    },
    Session {
        name: "switched-off",
        service: Service::Real(&["--http-endpoint", "disabled"]),
        ..USUAL
    },
    Session {
        name: "disabled-by-a-setting",
        variables: &[("AWS_EC2_METADATA_DISABLED", "true")],
        ..USUAL
    },
    Session {
        name: "disabled-for-some",
        variables: &[("AWS_EC2_METADATA_DISABLED", "1")],
        ..USUAL
    },
    Session {
        name: "redirected-by-a-profile",
        files: &[(
            "config",
            "[default]\nec2_metadata_service_endpoint = http://169.254.169.254:81\n\
            credential_source = Ec2InstanceMetadata\n",
        )],
        ..USUAL
    },
    Session {
        name: "other-credentials",
        code: 0,
        variables: &[("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")],
        files: &[("config", "[default]\nec2_metadata_v1_disabled = true\n")],
        ..USUAL
    },
    Session {
        name: "proxy",
        variables: &[("http_proxy", "http://user:secret@proxy:3128")],
        ..USUAL
    },
    Session { name: "prohibited", routers: 1, prepare: || refuse(Batch::prohibit), ..USUAL },
    Session { name: "blackhole", routers: 1, prepare: || refuse(Batch::blackhole), ..USUAL },
    Session { name: "unreachable", routers: 1, prepare: || refuse(Batch::unreachable), ..USUAL },
    Session {
        name: "firewall",
        needs: &[Need::Program("iptables")],
        routers: 1,
        path: SYSTEM,
        prepare: drop_packets,
        ..USUAL
    },
    Session { name: "nobody", routers: 1, service: Service::Nobody, ..USUAL },
    Session {
        name: "dead-address",
        prepare: swallow_packets,
        arguments: &["--endpoint", "http://10.0.0.9"],
        ..USUAL
    },
    Session {
        name: "slow",
        routers: 2,
        service: Service::Scripted(|head, count| {
            Act::After(Duration::from_millis(300), Box::new(healthy(head, count)))
        }),
        ..USUAL
    },
    Session {
        name: "mute",
        routers: 1,
        arguments: &["--timeout", "4s"],
        service: Service::Scripted(|_, _| Act::Mute),
        ..USUAL
    },
    Session {
        name: "throttled",
        service: Service::Scripted(|_, _| Act::Respond(answer(503, &[], ""))),
        ..USUAL
    },
    Session {
        name: "interceptor",
        service: Service::Scripted(|head, count| tokens_get(404, head, count)),
        files: &[(".dockerenv", "")],
        ..USUAL
    },
    Session {
        name: "proxy-on-the-way",
        service: Service::Scripted(|head, count| tokens_get(403, head, count)),
        ..USUAL
    },
    Session { name: "clock-and-expiry", service: Service::Scripted(long_ago), ..USUAL },
    Session {
        name: "online",
        needs: &[Need::Program("curl")],
        path: SYSTEM,
        prepare: start_sts,
        arguments: &["--online"],
        variables: &[("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:4566")],
        code: 0,
        ..USUAL
    },
];

/// Gives the calling thread's namespace a route that refuses the service.
fn refuse(rule: fn(&mut Batch, Destination) -> &mut Batch) -> Result<()> {
    let mut batch = Batch::new();
    rule(&mut batch, Destination::host(Family::Ipv4.service().ip()));
    Ok(Netlink::open()?.commit(&batch)?)
}

/// The neighbour at the address takes packets and is never heard of.
fn swallow_packets() -> Result<()> {
    let mut netlink = Netlink::open()?;
    let links = netlink.links()?;
    let (_, index) = links.iter().find(|(name, _)| name == "up").context("the link")?;
    let mut batch = Batch::new();
    batch.neighbour(Network::nobody(Family::Ipv4), [2, 0, 0, 0, 9, 9], *index);
    Ok(netlink.commit(&batch)?)
}

fn drop_packets() -> Result<()> {
    let mut iptables = program("iptables");
    iptables.args(["-A", "OUTPUT", "-d", "169.254.169.254/32", "-j", "DROP"]).env("PATH", SYSTEM);
    Finished::success(&mut iptables)?;
    Ok(())
}

fn healthy(head: &str, _: usize) -> Act {
    Act::Respond(match head {
        _ if is_put(head) => token(),
        _ if head.contains("/instance-id ") => answer(200, &[], "i-1234567890abcdef0"),
        _ if head.contains("/security-credentials/ ") => answer(404, &[], ""),
        _ => answer(401, &[], ""),
    })
}

/// Who asks for a token gets this status.
fn tokens_get(status: u16, head: &str, count: usize) -> Act {
    if is_put(head) { Act::Respond(answer(status, &[], "")) } else { healthy(head, count) }
}

/// Everything is as it was in the year 2000.
fn long_ago(head: &str, count: usize) -> Act {
    const DATE: &str = "Date: Sat, 01 Jan 2000 00:00:00 GMT";
    Act::Respond(match head {
        _ if head.contains("/security-credentials/ ") => answer(200, &[DATE], "web"),
        _ if head.contains("/security-credentials/web ") => answer(
            200,
            &[DATE],
            r#"{ "Code": "Success", "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
                "SecretAccessKey": "x", "Token": "x", "Expiration": "2000-01-01T06:00:00Z" }"#,
        ),
        _ if head.contains("/meta-data/ ") => answer(401, &[DATE], ""),
        _ => return healthy(head, count),
    })
}

/// Answers as STS does: who signs as the role asks for itself, anybody else is refused.
fn start_sts() -> Result<()> {
    let listener = TcpListener::bind((IpAddr::from([127, 0, 0, 1]), 4566))?;
    Faulty::start(listener, |head, _| {
        let head = head.to_ascii_lowercase();
        let is_signed = head.starts_with("post / ")
            && head.contains("authorization: aws4-hmac-sha256 credential=asia")
            && head.contains("/us-east-1/sts/aws4_request")
            && head.contains("x-amz-security-token: ")
            && head.contains(";x-amz-security-token");
        Act::Respond(if is_signed {
            answer(
                200,
                &[],
                "<GetCallerIdentityResponse><GetCallerIdentityResult>\
                <Arn>arn:aws:sts::123456789012:assumed-role/web/i-1234567890abcdef0</Arn>\
                </GetCallerIdentityResult></GetCallerIdentityResponse>",
            )
        } else {
            answer(
                403,
                &[],
                "<ErrorResponse><Error><Code>MissingAuthenticationToken</Code>\
                <Message>Request is missing Authentication Token</Message></Error></ErrorResponse>",
            )
        })
    });
    Ok(())
}
