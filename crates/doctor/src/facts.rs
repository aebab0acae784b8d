//! Looking, and nothing else.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use imds_client::diagnose::{self, ProbeRequest};
use imds_client::settings::{Overrides, Profile};
use imds_client::{
    Client, Credentials, EndpointMode, Error, MetadataPath, Secret, Settings, Unreachable,
    V1Fallback,
};
use jiff::Timestamp;

use super::firewall::{self, Rule};
use super::place::{self, Place};
use super::programs::{self, Found};
use super::{allowance, sts};

/// How long one look may take. A packet that is lost is sent again after a second.
const CONNECT: Duration = Duration::from_millis(1200);
const ANSWER: Duration = Duration::from_secs(2);

/// How slow an answer has to be to be called slow. A healthy service takes 1 or 2 ms.
pub(super) const SLOW: Duration = Duration::from_millis(100);

/// Variables that redirect, disable or bend the way to the service.
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

/// The same in the profile of the shared configuration file.
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

/// What was asked for beyond the usual.
pub struct Leave {
    /// To ask without a token, which EC2 counts as a use of `IMDSv1`.
    pub v1: bool,
    /// To ask AWS, over the internet.
    pub online: bool,
    /// Where the file system begins that programs and marks of containers are looked for in.
    pub root: PathBuf,
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Those variables that are set. Proxies are without user and password.
    pub environment: BTreeMap<String, String>,
    /// Those keys of the profile that are set.
    pub profile: BTreeMap<&'static str, String>,
    pub place: Place,
    /// Rules of the packet filter that name the service; none where it cannot be read.
    pub rules: Option<Vec<Rule>>,
    pub endpoint: String,
    pub disabled_by: Option<String>,
    /// As the firmware says it.
    pub instance_id: Option<String>,
    /// The hop limit that reaches the endpoint.
    pub hops: Result<Option<u8>, Unreachable>,
    /// The same for `fd00:ec2::254`.
    pub hops_ipv6: Result<Option<u8>, Unreachable>,
    /// The answer to a request with a false token.
    pub answer: Result<Seen, Error>,
    /// The status of a request without a token, if that was allowed.
    pub without_token: Option<u16>,
    /// How long a token took.
    pub token: Result<Duration, Error>,
    /// The role and the minutes that its credentials still last; none where there is no role.
    pub role: Option<Result<Role, Error>>,
    /// Whose credentials AWS says that these are; none where it was not asked.
    pub caller: Option<Result<String, String>>,
    /// How many packets for the service the network interface has dropped, where it counts them.
    pub dropped: Option<u64>,
    /// Programs found here that use the service, where the token is lost to them too.
    pub clients: Vec<Found>,
}

/// An answer, as far as it matters here.
#[derive(Clone, Debug)]
pub struct Seen {
    pub status: u16,
    pub connected_in: Duration,
    pub answered_in: Duration,
    pub server: Option<String>,
    /// How many seconds our clock is ahead of the service's.
    pub skew_seconds: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct Role {
    pub name: String,
    pub minutes_left: i64,
}

/// Looks at everything. All of it takes about a dozen requests, one after the other: far below what
/// EC2 lets an interface ask, which it shares with whatever else runs here.
pub async fn look(settings: Settings, leave: &Leave) -> Facts {
    let endpoint = settings.endpoint.clone();
    let variable = |name: &str| std::env::var(name).ok();
    let mut facts = Facts {
        environment: environment(),
        profile: profile(&Profile::load(&variable)),
        place: place::find(&variable, &leave.root),
        rules: firewall::rules(),
        endpoint: endpoint.to_string(),
        disabled_by: settings.disabled_by.clone(),
        instance_id: diagnose::local_instance_id_below(&leave.root),
        hops: diagnose::hops_needed(&endpoint, CONNECT).await,
        hops_ipv6: hops_ipv6().await,
        answer: answer(&settings).await,
        without_token: None,
        token: Err(Error::EndpointDisabled),
        role: None,
        caller: None,
        dropped: allowance::dropped(),
        clients: Vec::new(),
    };
    if leave.v1 {
        facts.without_token = ask(&settings, None).await.ok().map(|seen| seen.status);
    }
    // What a setting disables is looked at all the same, and the setting is a finding of its own.
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
    if let Err(error) = &facts.token {
        // Whoever else uses the service loses something.
        if matches!(error, Error::TokenLost(_)) {
            let path = std::env::var_os("PATH").unwrap_or_default();
            facts.clients = programs::find(&leave.root, &path);
        }
        return facts;
    }
    match client.credentials().await {
        Ok(credentials) => {
            facts.role = Some(Ok(role(&credentials)));
            if leave.online {
                facts.caller = Some(caller(&client, &credentials).await);
            }
        }
        Err(Error::NotFound { .. }) => {}
        Err(error) => facts.role = Some(Err(error)),
    }
    facts
}

async fn hops_ipv6() -> Result<Option<u8>, Unreachable> {
    let overrides = Overrides { mode: Some(EndpointMode::Ipv6), ..Overrides::default() };
    match Settings::resolve(Settings::default(), overrides, &|_| None, &Profile::default()) {
        Ok(settings) => diagnose::hops_needed(&settings.endpoint, CONNECT).await,
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

/// Asks STS whose the credentials are.
async fn caller(client: &Client, credentials: &Credentials) -> Result<String, String> {
    let region = client.region().await.map_err(|error| error.to_string())?;
    let set = std::env::var("AWS_ENDPOINT_URL_STS").ok();
    sts::caller(credentials, &sts::endpoint(set, &region), &region)
}

/// The answer to a request with a false token; the better of two where the first one is slow, which
/// might be this machine's fault.
async fn answer(settings: &Settings) -> Result<Seen, Error> {
    let ask = async || ask(settings, Some(Secret::new("imds-doctor-false-token"))).await;
    let first = ask().await?;
    if first.answered_in <= SLOW {
        return Ok(first);
    }
    let second = ask().await?;
    Ok(if second.answered_in < first.answered_in { second } else { first })
}

async fn ask(settings: &Settings, token: Option<Secret>) -> Result<Seen, Error> {
    let path = MetadataPath::new("/latest/meta-data/")?;
    let ask = ProbeRequest::Get(path, token);
    let observed = diagnose::observe(&settings.endpoint, ask, CONNECT, ANSWER).await?;
    let now = Timestamp::now();
    let date = observed.response.date().and_then(|date| Timestamp::try_from(date).ok());
    Ok(Seen {
        status: observed.response.status,
        connected_in: observed.connected_in,
        answered_in: observed.answered_in,
        server: observed.response.field("server").map(str::to_owned),
        skew_seconds: date.map(|date| now.duration_since(date).as_secs()),
    })
}

fn environment() -> BTreeMap<String, String> {
    let set = VARIABLES.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?)));
    set.map(|(name, value)| (name.to_owned(), without_password(&value))).collect()
}

fn profile(profile: &Profile) -> BTreeMap<&'static str, String> {
    KEYS.iter().filter_map(|key| Some((*key, profile.value(key)?.to_owned()))).collect()
}

/// A proxy's address may have a password in it.
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
