//! Looking, and nothing else.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use imds_client::diagnose::{self, Ask};
use imds_client::{Client, Error, Mode, Path, Secret, Settings, Unreachable};

use super::clients;

/// How long one look may take.
const CONNECT: Duration = Duration::from_millis(500);
const ANSWER: Duration = Duration::from_secs(2);

/// Variables that redirect, disable or bend the way to the service.
const VARIABLES: [&str; 12] = [
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_EC2_METADATA_V1_DISABLED",
    "AWS_METADATA_SERVICE_TIMEOUT",
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
    "AWS_CA_BUNDLE",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "NO_PROXY",
    "no_proxy",
];

/// What was seen.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// Those variables that are set. Proxies are without user and password.
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) endpoint: String,
    pub(crate) disabled_by: Option<String>,
    /// As the firmware says it.
    pub(crate) instance_id: Option<String>,
    /// The hop limit that reaches the endpoint.
    pub(crate) hops: Result<Option<u8>, Unreachable>,
    /// The same for `fd00:ec2::254`.
    pub(crate) hops_ipv6: Result<Option<u8>, Unreachable>,
    /// The answer to a request with a false token.
    pub(crate) answer: Result<Seen, Error>,
    /// The status of a request without a token, if that was allowed.
    pub(crate) without_token: Option<u16>,
    /// How long a token took.
    pub(crate) token: Result<Duration, Error>,
    /// The role and the minutes that its credentials still last; none where there is no role.
    pub(crate) role: Option<Result<Role, Error>>,
    /// Programs found here that use the service.
    pub(crate) clients: Vec<&'static str>,
}

/// An answer, as far as it matters here.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) connected_in: Duration,
    pub(crate) answered_in: Duration,
    pub(crate) server: Option<String>,
    /// How many seconds our clock is ahead of the service's.
    pub(crate) skew_seconds: Option<i64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) minutes_left: i64,
}

/// Looks at everything. Asks without a token only if `may_use_v1`.
pub(crate) async fn look(settings: Settings, may_use_v1: bool) -> Facts {
    let endpoint = settings.endpoint.clone();
    let ipv6 = Settings::resolve(
        imds_client::settings::Explicit { mode: Some(Mode::Ipv6), ..Default::default() },
        &|_| None,
        &imds_client::settings::Profile::default(),
    );
    let mut facts = Facts {
        environment: environment(),
        endpoint: endpoint.to_string(),
        disabled_by: settings.disabled_by.clone(),
        instance_id: diagnose::local_instance_id(),
        hops: diagnose::hops_needed(&endpoint, CONNECT).await,
        hops_ipv6: match ipv6 {
            Ok(ipv6) => diagnose::hops_needed(&ipv6.endpoint, CONNECT).await,
            Err(_) => Err(Unreachable::NoRoute),
        },
        answer: ask(&settings, Some(Secret::new("imds-doctor-false-token"))).await,
        without_token: None,
        token: Err(Error::EndpointDisabled),
        role: None,
        clients: clients::found(),
    };
    if may_use_v1 {
        facts.without_token = ask(&settings, None).await.ok().map(|seen| seen.status);
    }
    // What a setting disables is looked at all the same, and the setting is a finding of its own.
    let mut open = settings;
    open.disabled_by = None;
    open.v1 = imds_client::V1::Never;
    let client = Client::new(open);
    let began = Instant::now();
    let first = match Path::new("instance-id") {
        Ok(path) => client.text(&path).await,
        Err(error) => Err(error),
    };
    facts.token = first.map(|id| {
        facts.instance_id.get_or_insert(id);
        began.elapsed()
    });
    if facts.token.is_ok() {
        facts.role = role(&client).await;
    }
    facts
}

async fn ask(settings: &Settings, token: Option<Secret>) -> Result<Seen, Error> {
    let path = Path::new("/latest/meta-data/")?;
    let ask = Ask::Get(path, token);
    let observed = diagnose::observe(&settings.endpoint, ask, CONNECT, ANSWER).await?;
    let now = jiff::Timestamp::now();
    let date = observed.response.date();
    Ok(Seen {
        status: observed.response.status,
        connected_in: observed.connected_in,
        answered_in: observed.answered_in,
        server: observed.response.field("server").map(str::to_owned),
        skew_seconds: date.map(|date| now.duration_since(date).as_secs()),
    })
}

async fn role(client: &Client) -> Option<Result<Role, Error>> {
    match client.credentials().await {
        Ok(credentials) => {
            let left = credentials.expires.duration_since(jiff::Timestamp::now());
            let name = credentials.role.clone();
            Some(Ok(Role { name, minutes_left: left.as_secs() / 60 }))
        }
        Err(Error::NotFound { .. }) => None,
        Err(error) => Some(Err(error)),
    }
}

fn environment() -> BTreeMap<String, String> {
    let set = VARIABLES.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?)));
    set.map(|(name, value)| (name.to_owned(), without_password(&value))).collect()
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
