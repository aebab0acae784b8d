//! Collects facts about the service and this machine, without judging them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use imds_client::diagnose::{self, ProbeRequest, Routers};
use imds_client::settings::{Overrides, Profile};
use imds_client::{
    Client, Credentials, EndpointMode, Error, MetadataPath, Secret, Settings, Unreachable,
    V1Fallback,
};
use jiff::Timestamp;

use crate::command::{self, OtherCommand};
use crate::environment::{self, Environment};
use crate::firewall::{self, Rule};
use crate::programs::{self, InstalledClient};
use crate::{allowance, fixes, sts};

/// How long one connection may take. TCP sends a lost SYN again after 1 s.
const CONNECT: Duration = Duration::from_millis(1200);
/// How long one response may take.
const RESPONSE: Duration = Duration::from_secs(2);

/// A response that takes longer than this is slow. A healthy service takes 1 or 2 ms.
pub(crate) const SLOW: Duration = Duration::from_millis(100);

/// Environment variables that disable the service, or change where and how SDKs reach it.
const VARIABLES: [&str; 17] = [
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_EC2_METADATA_V1_DISABLED",
    "AWS_METADATA_SERVICE_TIMEOUT",
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
    "AWS_CA_BUNDLE",
    "AWS_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "NO_PROXY",
    "no_proxy",
];

/// Settings with the same effect in a profile of the shared configuration file.
const KEYS: [&str; 8] = [
    "ec2_metadata_service_endpoint",
    "ec2_metadata_service_endpoint_mode",
    "ec2_metadata_v1_disabled",
    "metadata_service_timeout",
    "metadata_service_num_attempts",
    "credential_source",
    "credential_process",
    "aws_access_key_id",
];

/// Probes that are made only on request.
pub struct ProbeOptions {
    /// Whether to send a request without a token, which EC2 counts as a use of `IMDSv1`.
    pub v1: bool,
    /// Whether to ask STS, over the internet, if it accepts the credentials.
    pub online: bool,
    /// The root of the file system where programs and marker files of containers are looked for.
    pub root: PathBuf,
}

/// Everything that [`collect`] found.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The environment variables that are set. Proxies are without user and password.
    pub variables: BTreeMap<String, String>,
    /// The settings of the profile that are set.
    pub profile: BTreeMap<&'static str, String>,
    /// The command that a shell runs as `imds`, if it is another program.
    pub other_command: Option<OtherCommand>,
    /// What kind of machine or container this process runs in.
    pub environment: Environment,
    /// Rules of the packet filter that name the service; `None` if they cannot be read.
    pub rules: Option<Vec<Rule>>,
    /// The endpoint, as in `http://169.254.169.254`.
    pub endpoint: String,
    /// The setting that disables the service, as in `AWS_EC2_METADATA_DISABLED=true`.
    pub disabled_by: Option<String>,
    /// The instance id, from the firmware or the service.
    pub instance_id: Option<String>,
    /// The routers that connections show on the path to the endpoint; `None` if they show nothing.
    pub routers: Result<Option<Routers>, Unreachable>,
    /// Whether `fd00:ec2::254` can be connected to.
    pub ipv6: Result<(), Unreachable>,
    /// The response to a request with an invalid token.
    pub response: Result<ProbeResponse, Error>,
    /// The status of the response to a request without a token, if [`ProbeOptions::v1`] allows that.
    pub without_token: Option<u16>,
    /// How long it took to get a token and to use it once.
    pub token: Result<Duration, Error>,
    /// The role of the instance; `None` if it has none.
    pub role: Option<Result<Role, Error>>,
    /// The ARN that STS returned for the credentials, or what failed; `None` if STS was not asked.
    pub caller: Option<Result<String, String>>,
    /// The number of packets to link-local services that the network interface dropped, if it counts
    /// them.
    pub dropped: Option<u64>,
    /// Programs and SDKs on this machine that use the service; filled in only if the token does
    /// not arrive.
    pub clients: Vec<InstalledClient>,
}

impl Facts {
    /// The instance id, or a placeholder for commands if it is not known.
    pub(crate) fn id(&self) -> &str {
        self.instance_id.as_deref().unwrap_or(fixes::UNKNOWN_ID)
    }

    /// Whether tokens do not arrive, although the service is there: they are lost on the way, or withheld
    /// beyond a relay.
    pub(crate) fn loses_tokens(&self) -> bool {
        matches!(self.token, Err(Error::TokenLost(_) | Error::TimedOut { .. }))
    }

    /// Whether a connection to the service can be made.
    pub(crate) fn is_connected(&self) -> bool {
        self.routers.is_ok()
    }
}

/// The parts of a response that the checks need.
#[derive(Clone, Debug)]
pub struct ProbeResponse {
    /// The HTTP status.
    pub status: u16,
    /// How long the connection took.
    pub connected_in: Duration,
    /// How long the response took after the request was sent.
    pub answered_in: Duration,
    /// The `Server` header.
    pub server: Option<String>,
    /// How many seconds this machine's clock is ahead of the service's `Date` header.
    pub skew_seconds: Option<i64>,
}

/// The role of the instance.
#[derive(Clone, Debug)]
pub struct Role {
    /// The role's name.
    pub name: String,
    /// Minutes until its credentials expire; 0 if EC2 has extended expired ones.
    pub minutes_left: i64,
}

/// Collects all facts. Sends about a dozen requests, one after the other: far below EC2's limit for a
/// network interface, which all programs on the instance share.
pub async fn collect(settings: Settings, options: &ProbeOptions) -> Facts {
    let endpoint = settings.endpoint.clone();
    let variable = |name: &str| std::env::var(name).ok();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut facts = Facts {
        variables: variables(),
        profile: profile(&Profile::load(&variable)),
        other_command: command::first_other(&options.root, &path),
        environment: environment::detect(&variable, &options.root),
        rules: firewall::rules(),
        endpoint: endpoint.to_string(),
        disabled_by: settings.disabled_by.clone(),
        instance_id: diagnose::local_instance_id_below(&options.root),
        routers: diagnose::routers(&endpoint, CONNECT).await,
        ipv6: ipv6().await,
        response: probe_twice_if_slow(&settings).await,
        without_token: None,
        token: Err(Error::EndpointDisabled),
        role: None,
        caller: None,
        dropped: allowance::dropped(),
        clients: Vec::new(),
    };
    if options.v1 {
        facts.without_token = probe(&settings, None).await.ok().map(|response| response.status);
    }
    // The service is probed even if a setting disables it; the setting is a finding of its own.
    let mut open = settings;
    open.disabled_by = None;
    open.v1_fallback = V1Fallback::Never;
    let client = Client::new(open);
    let began = Instant::now();
    let first = client.instance_id().await;
    facts.token = first.map(|id| {
        facts.instance_id.get_or_insert(id);
        began.elapsed()
    });
    if facts.token.is_err() {
        // Other programs on this machine lose the token too.
        if facts.loses_tokens() {
            facts.clients = programs::find(&options.root, &path);
        }
        return facts;
    }
    match client.credentials().await {
        Ok(credentials) => {
            facts.role = Some(Ok(role(&credentials)));
            if options.online {
                facts.caller = Some(caller(&client, &credentials).await);
            }
        }
        Err(Error::NotFound { .. }) => {}
        Err(error) => facts.role = Some(Err(error)),
    }
    facts
}

async fn ipv6() -> Result<(), Unreachable> {
    let overrides = Overrides { mode: Some(EndpointMode::Ipv6), ..Overrides::default() };
    match Settings::resolve(Settings::default(), overrides, &|_| None, &Profile::default()) {
        Ok(settings) => diagnose::routers(&settings.endpoint, CONNECT).await.map(|_| ()),
        Err(_) => Err(Unreachable::NoRoute),
    }
}

fn role(credentials: &Credentials) -> Role {
    let minutes_left = match Timestamp::try_from(credentials.expires) {
        Ok(expires) if !credentials.is_extended => {
            expires.duration_since(Timestamp::now()).as_mins()
        }
        _ => 0,
    };
    Role { name: credentials.role.clone(), minutes_left }
}

/// Asks STS for the ARN that the credentials belong to.
async fn caller(client: &Client, credentials: &Credentials) -> Result<String, String> {
    let region = client.region().await.map_err(|error| error.to_string())?;
    let endpoint = sts::endpoint(std::env::var("AWS_ENDPOINT_URL_STS").ok(), &region);
    sts::caller(credentials, &endpoint, &region)
}

/// The response to a request with an invalid token. If it is slow, which this machine may have caused,
/// the faster one of two.
async fn probe_twice_if_slow(settings: &Settings) -> Result<ProbeResponse, Error> {
    let probe = async || probe(settings, Some(Secret::new("imds-doctor-false-token"))).await;
    let first = probe().await?;
    if first.answered_in <= SLOW {
        return Ok(first);
    }
    let second = probe().await?;
    Ok(if second.answered_in < first.answered_in { second } else { first })
}

async fn probe(settings: &Settings, token: Option<Secret>) -> Result<ProbeResponse, Error> {
    let path = MetadataPath::new("/latest/meta-data/")?;
    let request = ProbeRequest::Get(path, token);
    let observed = diagnose::observe(&settings.endpoint, request, CONNECT, RESPONSE).await?;
    let now = Timestamp::now();
    let date = observed.response.date().and_then(|date| Timestamp::try_from(date).ok());
    Ok(ProbeResponse {
        status: observed.response.status,
        connected_in: observed.connected_in,
        answered_in: observed.answered_in,
        server: observed.response.field("server").map(str::to_owned),
        skew_seconds: date.map(|date| now.duration_since(date).as_secs()),
    })
}

fn variables() -> BTreeMap<String, String> {
    let set = VARIABLES.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?)));
    set.map(|(name, value)| (name.to_owned(), without_password(&value))).collect()
}

fn profile(profile: &Profile) -> BTreeMap<&'static str, String> {
    KEYS.iter().filter_map(|key| Some((*key, profile.value(key)?.to_owned()))).collect()
}

/// Hides the user and password of a proxy's address.
fn without_password(value: &str) -> String {
    match (value.find("://"), value.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            format!("{}***{}", &value[..scheme + 3], &value[at..])
        }
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn passwords_of_proxies_are_not_shown() {
        assert_eq!(without_password("http://u:p@proxy:8080"), "http://***@proxy:8080");
        assert_eq!(without_password("localhost,169.254.169.254"), "localhost,169.254.169.254");
    }
}
