//! Reads the configuration file of amazon-ec2-metadata-mock (the mock) as our settings.
//!
//! Values that describe the instance become settings of the instance, so that all metadata agree; other
//! values replace the metadata at their paths; mocked events become a schedule. Values that have no effect
//! are listed in a warning. Its format: `pkg/config/types.go` and `docs/configuration.md` of that project,
//! v1.13.0.

mod file;
mod paths;
mod schedule;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imds_core::Launch;
use imds_core::instance::PublicKey;
use imds_core::launch::LaunchInterface;
use imds_core::network::{Mac, PrivateIpv4};
use imds_core::options::HttpTokens;
use serde_json::Value;

use crate::cli::ListenAddress;
use crate::config::Settings;
use crate::error::CommandError;
use crate::input_file::{self, MOST_SETTINGS};
use crate::settings::RoleSettings;
use file::MockFile;

/// The settings from a configuration file of the mock.
pub(crate) struct Aemm {
    pub(crate) settings: Settings,
    mac: Option<Mac>,
    private: Option<Ipv4Addr>,
    public: Option<Ipv4Addr>,
    public_key: Option<String>,
    user_data: Option<Vec<u8>>,
    /// The keys that have no effect.
    pub(crate) ignored: Vec<String>,
}

/// The mock's default port.
const PORT: u16 = 1338;

/// Keys that record how the mock was started. They are ignored without a warning.
const RECORDED_FLAGS: &[&str] = &["config-file", "save-config-to-file"];

impl Aemm {
    /// Reads a file; `now` is in seconds since 1970.
    pub(crate) fn read(path: &Path, now: u64) -> Result<Self, CommandError> {
        let refused = |error: String| CommandError::usage(format!("{}: {error}", path.display()));
        let text = input_file::read_text(path, MOST_SETTINGS).map_err(|error| {
            CommandError::usage(format!("cannot read {}", path.display())).caused_by(error)
        })?;
        let file = serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
        Self::of(file, now).map_err(refused)
    }

    fn of(file: Value, now: u64) -> Result<Self, String> {
        let mut file = MockFile::of(file)?;
        let mut aemm = Self {
            settings: Settings::default(),
            mac: None,
            private: None,
            public: None,
            public_key: None,
            user_data: None,
            ignored: Vec::new(),
        };
        for key in RECORDED_FLAGS {
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
        aemm.ignored = file.remaining();
        Ok(aemm)
    }

    /// Takes the values that are settings of the instance. A value with another form has no effect.
    fn instance(&mut self, file: &mut MockFile) -> Result<(), String> {
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

    fn role(&mut self, file: &mut MockFile) -> Result<(), String> {
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

    /// Takes the address to listen on. The default is loopback; the mock's is all addresses.
    fn listen(&mut self, file: &mut MockFile) -> Result<(), String> {
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

    /// Adds the values that are not in our settings to `launch`, unless it has them already.
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

#[cfg(test)]
mod tests;
