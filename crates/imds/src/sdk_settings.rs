//! Points the AWS CLI and SDKs at the EC2 API of a running `imds serve`, with their own environment
//! variables ("AWS SDKs and Tools Reference Guide").

use std::collections::BTreeMap;
use std::env;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use imds_account::records::{AccessKey, AccessRole};
use imds_account::{StateReader, Store, keys};
use imds_core::placement::Region;
use imds_linux::process::Variable;

use crate::cli::StateArgs;
use crate::error::{CommandError, Kind};
use crate::input_file::{self, MOST_KEY};
use crate::shell::Shell;
use crate::state::StateLocation;

/// Where an EC2 API is, and a key for it. Secret, so it has no `Debug`.
pub(crate) struct SdkSettings {
    /// Such as `http://127.0.0.1:1339`.
    pub(crate) endpoint: String,
    pub(crate) region: Region,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
}

const ENDPOINT: &str = "AWS_ENDPOINT_URL_EC2";
const REGION: &str = "AWS_REGION";
const KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";

impl SdkSettings {
    /// Those for the EC2 API at `address`, with the store's oldest key that may do everything.
    pub(crate) fn of(
        store: &Store,
        address: SocketAddr,
        region: Region,
    ) -> Result<Self, CommandError> {
        let keys = store.scan(&keys::access_keys())?.records;
        Self::with_key(keys.into_iter().map(|(id, stored)| (id, stored.record)), address, region)
    }

    /// Those of the running `imds serve` that `args` mean.
    pub(crate) fn of_running(args: &StateArgs) -> Result<Self, CommandError> {
        let location = StateLocation::resolve(args.state.as_deref())?;
        let Some(path) = location.file() else {
            return Err(CommandError::usage("state in memory is seen by its own process alone")
                .hint("`imds serve --state memory` prints these lines when it starts"));
        };
        let not_running = |why: String| {
            CommandError::new(Kind::Unavailable, why)
                .hint("start it: imds serve")
                .hint("--state FILE names the state of one that keeps it elsewhere")
        };
        let mut state = StateReader::open(path).map_err(|error| {
            if error.is_not_found() {
                not_running(format!("no `imds serve` has its state in {}", path.display()))
            } else {
                error.into()
            }
        })?;
        let address = state.read(&keys::control_address())?;
        let default = state.read(&keys::default_instance())?;
        let (Some(address), Some(default)) = (address, default) else {
            return Err(not_running(format!(
                "the `imds serve` with its state in {} has no EC2 API",
                path.display()
            )));
        };
        let address = reachable(address.record);
        if std::net::TcpStream::connect(address).is_err() {
            return Err(not_running(format!(
                "no `imds serve` with its state in {} is running: nobody answers on {address}",
                path.display()
            )));
        }
        let keys = state.read_all(&keys::access_keys())?;
        let keys = keys.into_iter().map(|(id, stored)| (id, stored.record));
        Self::with_key(keys, address, default.record.region)
    }

    /// Those that the environment has, as [`SdkSettings::variables`] would put them there.
    pub(crate) fn of_environment() -> Option<Self> {
        Self::of_variables(|name| env::var(name).ok())
    }

    /// Those of a file that has what `imds env --json` prints. No error shows what is in it.
    pub(crate) fn of_file(path: &Path) -> Result<Self, CommandError> {
        let text = input_file::read_regular_text(path, MOST_KEY).map_err(|error| {
            CommandError::usage(format!("cannot read {}", path.display())).caused_by(error)
        })?;
        let variables: BTreeMap<String, Option<String>> =
            serde_json::from_str(&text).unwrap_or_default();
        Self::of_variables(|name| variables.get(name).cloned().flatten()).ok_or_else(|| {
            CommandError::usage(format!("{} is not what `imds env` prints", path.display()))
                .hint(format!("make it anew: imds env --json > {}", path.display()))
        })
    }

    fn of_variables(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        Some(Self {
            endpoint: variable(ENDPOINT)?,
            region: variable(REGION)?.parse().ok()?,
            access_key_id: variable(KEY_ID)?,
            secret_access_key: variable(SECRET)?,
        })
    }

    fn with_key(
        keys: impl Iterator<Item = (String, AccessKey)>,
        address: SocketAddr,
        region: Region,
    ) -> Result<Self, CommandError> {
        let admins = keys.filter(|(_, key)| key.role == AccessRole::Admin);
        let (access_key_id, key) = admins
            .min_by_key(|(_, key)| key.created_at)
            .ok_or_else(|| CommandError::new(Kind::Bug, "the state has no access key"))?;
        let endpoint = format!("http://{}", reachable(address));
        Ok(Self { endpoint, region, access_key_id, secret_access_key: key.secret })
    }

    /// The variables to set, and those to unset because they would get in the way.
    pub(crate) fn variables(&self) -> Vec<Variable> {
        let region = self.region.to_string();
        let mut variables = vec![
            (ENDPOINT, Some(self.endpoint.clone())),
            ("AWS_ENDPOINT_URL_SSM", Some(self.endpoint.clone())),
            ("AWS_ENDPOINT_URL_STS", Some(self.endpoint.clone())),
            ("AWS_ENDPOINT_URL_CLOUDWATCH", Some(self.endpoint.clone())),
            (REGION, Some(region.clone())),
            ("AWS_DEFAULT_REGION", Some(region)),
            (KEY_ID, Some(self.access_key_id.clone())),
            (SECRET, Some(self.secret_access_key.clone())),
            ("AWS_SESSION_TOKEN", None),
            ("AWS_PROFILE", None),
            ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", None),
        ];
        if let Some(hosts) = self.no_proxy(|name| env::var(name).ok()) {
            variables.push(("NO_PROXY", Some(hosts.clone())));
            variables.push(("no_proxy", Some(hosts)));
        }
        variables
    }

    /// The same without the key: credentials come from the metadata.
    pub(crate) fn without_keys(&self) -> Vec<Variable> {
        let variables = self.variables().into_iter();
        let keys = [KEY_ID, SECRET];
        variables.map(|(name, value)| (name, value.filter(|_| !keys.contains(&name)))).collect()
    }

    /// The same as lines for a shell.
    pub(crate) fn lines(&self, shell: Shell) -> String {
        let line = |(name, value): Variable| match value {
            Some(value) => shell.set(name, &value),
            None => shell.unset(name),
        };
        self.variables().into_iter().map(line).collect()
    }

    /// The hosts that are asked without a proxy: those of before, and this service.
    fn no_proxy(&self, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
        let any = |names: &[&str]| {
            names.iter().find_map(|name| variable(name).filter(|value| !value.is_empty()))
        };
        any(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])?;
        let authority = self.endpoint.trim_start_matches("http://");
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        let host = host.trim_matches(['[', ']']);
        Some(match any(&["no_proxy", "NO_PROXY"]) {
            Some(hosts) if hosts.split(',').any(|known| known.trim() == host) => hosts,
            Some(hosts) => format!("{hosts},{host}"),
            None => host.to_owned(),
        })
    }
}

/// Where a socket is reached from its own machine.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(endpoint: &str) -> SdkSettings {
        SdkSettings {
            endpoint: endpoint.into(),
            region: "us-east-1".parse().unwrap(),
            access_key_id: "AKIA".into(),
            secret_access_key: "secret".into(),
        }
    }

    #[test]
    fn a_proxy_is_kept_out_of_the_way() {
        for (proxy, before, after) in [
            (None, None, None),
            (None, Some("10.0.0.1"), None),
            (Some("http://proxy"), None, Some("127.0.0.1")),
            (Some("http://proxy"), Some("10.0.0.1"), Some("10.0.0.1,127.0.0.1")),
            (Some("http://proxy"), Some("a, 127.0.0.1"), Some("a, 127.0.0.1")),
        ] {
            let variable = |name: &str| match name {
                "HTTP_PROXY" => proxy.map(str::to_owned),
                "no_proxy" => before.map(str::to_owned),
                _ => None,
            };
            let hosts = settings("http://127.0.0.1:1339").no_proxy(variable);
            assert_eq!(hosts.as_deref(), after, "{proxy:?} {before:?}");
        }
        let hosts = settings("http://[::1]:1339").no_proxy(|_| Some("x".into()));
        assert_eq!(hosts.as_deref(), Some("x,::1"));
    }

    #[test]
    fn a_socket_on_every_address_is_reached_on_loopback() {
        for (bound, reached) in
            [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("10.0.0.1:1", "10.0.0.1:1")]
        {
            assert_eq!(reachable(bound.parse().unwrap()).to_string(), reached);
        }
    }
}
