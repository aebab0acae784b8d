//! The configuration file of amazon-ec2-metadata-mock, read as settings of ours.
//!
//! What it says of the instance becomes the instance, so that all of its metadata fit together; other
//! values are put over the metadata at their paths; mocks become a schedule. What has no meaning here
//! is named, once. Its format: `pkg/config/types.go` and `docs/configuration.md` of that project,
//! v1.13.0.

mod paths;
mod schedule;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imds_core::Launch;
use imds_core::instance::PublicKey;
use imds_core::launch::LaunchInterface;
use imds_core::network::{Mac, PrivateIpv4};
use imds_core::options::HttpTokens;
use serde_json::{Map, Value};

use crate::cli::ListenAddress;
use crate::config::Settings;
use crate::error::CommandError;
use crate::settings::RoleSettings;

/// What a file of the mock comes to here.
pub(crate) struct Aemm {
    pub(crate) settings: Settings,
    mac: Option<Mac>,
    private: Option<Ipv4Addr>,
    public: Option<Ipv4Addr>,
    public_key: Option<String>,
    user_data: Option<Vec<u8>>,
    /// What is not served, by name.
    pub(crate) ignored: Vec<String>,
}

/// The port that the mock has where nobody says another.
const PORT: u16 = 1338;

/// Keys that only say how the mock itself was started.
const SILENT: &[&str] = &["config-file", "save-config-to-file"];

impl Aemm {
    /// Reads a file; `now` is in seconds since 1970.
    pub(crate) fn read(path: &Path, now: u64) -> Result<Self, CommandError> {
        let refused = |error: String| CommandError::usage(format!("{}: {error}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| {
            CommandError::usage(format!("cannot read {}", path.display())).caused_by(error)
        })?;
        let file = serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
        Self::of(file, now).map_err(refused)
    }

    fn of(file: Value, now: u64) -> Result<Self, String> {
        let mut file = Said::of(file)?;
        let mut aemm = Self {
            settings: Settings::default(),
            mac: None,
            private: None,
            public: None,
            public_key: None,
            user_data: None,
            ignored: Vec::new(),
        };
        for key in SILENT {
            file.take(key);
        }
        let imdsv2 = file.parse::<bool>("imdsv2")?.unwrap_or(false);
        let tokens = if imdsv2 { HttpTokens::Required } else { HttpTokens::Optional };
        aemm.settings.instance.http_tokens = Some(tokens);
        aemm.settings.events = schedule::of(&mut file, now)?;
        aemm.listen(&mut file)?;
        aemm.user_data = file
            .parse::<String>("userdata.values.userdata")?
            .map(|text| STANDARD.decode(text).map_err(|_| "the user data is not base64".to_owned()))
            .transpose()?;
        file.take_default("userdata.paths.userdata", "/latest/user-data");
        aemm.role(&mut file)?;
        aemm.instance(&mut file)?;
        aemm.settings.instance.paths = paths::of(&mut file, aemm.mac)?;
        aemm.ignored = file.left();
        Ok(aemm)
    }

    /// What is known as a fact of the instance. A value of another form is not served.
    fn instance(&mut self, file: &mut Said) -> Result<(), String> {
        let value = |name: &str| format!("metadata.values.{name}");
        let settings = &mut self.settings.instance;
        settings.instance_id = file.parse_fit(&value("instance-id"));
        settings.instance_type = file.parse_fit(&value("instance-type"));
        settings.availability_zone = file.parse_fit(&value("placement-availability-zone"));
        if settings.availability_zone.is_none() {
            settings.region = file.parse_fit(&value("placement-region"));
        }
        self.mac = file.parse_fit(&value("mac"));
        self.private = file.parse_fit(&value("local-ipv4"));
        self.public = self.private.and_then(|_| file.parse_fit(&value("public-ipv4")));
        self.public_key = file.parse(&value("public-key"))?;
        Ok(())
    }

    fn role(&mut self, file: &mut Said) -> Result<(), String> {
        let Some(name) = file.parse::<String>("metadata.values.iam-security-credentials-role")?
        else {
            return Ok(());
        };
        let mut key =
            |name: &str| file.parse(&format!("metadata.values.iam-security-credentials.{name}"));
        let (access_key_id, secret_access_key) = (key("accesskeyid")?, key("secretaccesskey")?);
        let (session_token, expiration) = (key("token")?, key("expiration")?);
        for derived in ["code", "type", "lastupdated"] {
            key(derived)?;
        }
        let Ok(role) = name.parse::<RoleSettings>();
        self.settings.instance.role = Some(RoleSettings {
            access_key_id,
            secret_access_key,
            session_token,
            expiration,
            ..role
        });
        Ok(())
    }

    /// Where to listen. The mock takes every address where none is said; here that is loopback.
    fn listen(&mut self, file: &mut Said) -> Result<(), String> {
        let port: Option<u16> = file.parse("server.port")?;
        let host: Option<String> = file.parse("server.hostname")?;
        if port.is_none() && host.is_none() {
            return Ok(());
        }
        let address = match host.as_deref() {
            None | Some("localhost") => IpAddr::from(Ipv4Addr::LOCALHOST),
            Some(host) => host.parse().map_err(|_| {
                format!("server.hostname {host:?} is not an IP address or localhost")
            })?,
        };
        let address = SocketAddr::new(address, port.unwrap_or(PORT));
        self.settings.listen = vec![ListenAddress { address, instance: None }];
        Ok(())
    }

    /// Adds to `launch` what is no setting of ours; what it has already wins.
    pub(crate) fn complete(&self, launch: &mut Launch) {
        if self.mac.is_some() || self.private.is_some() {
            let address = self.private.map(|address| PrivateIpv4 { address, public: self.public });
            launch.interfaces = vec![LaunchInterface {
                mac: self.mac,
                ipv4: address.into_iter().collect(),
                ..LaunchInterface::default()
            }];
        }
        let key = self.public_key.as_ref().map(|line| PublicKey {
            name: line.split_ascii_whitespace().nth(2).unwrap_or("my-key").to_owned(),
            openssh: line.clone(),
        });
        launch.public_key = launch.public_key.take().or(key);
        launch.user_data = launch.user_data.take().or_else(|| self.user_data.clone());
    }
}

/// What the file says and nobody has taken yet: values by their path, in small letters, as the mock
/// reads them. Parts of a path have dots between them.
struct Said(BTreeMap<String, Value>);

impl Said {
    fn of(file: Value) -> Result<Self, String> {
        let Value::Object(file) = file else {
            return Err("it is no JSON object".to_owned());
        };
        let mut said = BTreeMap::new();
        flatten("", file, &mut said);
        Ok(Self(said))
    }

    /// The value, which nobody else is to take.
    fn take(&mut self, path: &str) -> Option<Value> {
        self.0.remove(path)
    }

    /// Takes a value that says what is so anyway.
    fn take_default(&mut self, path: &str, default: &str) {
        if self.0.get(path).and_then(Value::as_str) == Some(default) {
            self.take(path);
        }
    }

    /// The value as text; nothing where it is empty, as in the files that the mock writes.
    fn text(&self, path: &str) -> Option<String> {
        let text = match self.0.get(path)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// Takes and parses a value.
    fn parse<T: FromStr>(&mut self, path: &str) -> Result<Option<T>, String> {
        let text = self.text(path);
        self.take(path);
        let Some(text) = text else { return Ok(None) };
        // The value may be a secret.
        text.parse().map(Some).map_err(|_| format!("{path} has a value that cannot be read"))
    }

    /// The same, but a value that does not fit stays for the list of what is not served.
    fn parse_fit<T: FromStr>(&mut self, path: &str) -> Option<T> {
        let parsed = self.text(path)?.parse().ok()?;
        self.take(path);
        Some(parsed)
    }

    /// The paths of what nobody took and is not empty.
    fn left(&self) -> Vec<String> {
        let left = self.0.iter().filter(|(path, value)| {
            !value.is_null() && **value != Value::Bool(false) && self.text(path).is_some()
        });
        left.map(|(path, _)| path.clone()).collect()
    }
}

fn flatten(above: &str, object: Map<String, Value>, said: &mut BTreeMap<String, Value>) {
    for (key, value) in object {
        let path = format!("{above}{}", key.to_ascii_lowercase());
        match value {
            // One value each, which is served as it is written.
            Value::Object(inside) if !paths::is_document(&path) => {
                flatten(&format!("{path}."), inside, said);
            }
            value => {
                said.insert(path, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
