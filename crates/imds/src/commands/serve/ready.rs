//! Says that the service answers, and where, to programs: the file of `--ready-file`, and lines of a JSON
//! log. Who let the system choose ports learns them there.

use std::fs;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use imds_account::records::Follows;
use imds_core::Instance;
use imds_host::Host;
use serde_json::{Value, json};

use crate::cli::ListenAddress;
use crate::error::{CommandError, Kind};
use crate::settings::LogFormat;

/// What a program is to know of a running service.
pub(super) struct Ready {
    instance: Instance,
    follows: Follows,
    /// The listeners of the metadata service, with the ports that they have.
    metadata: Vec<ListenAddress>,
    control: Option<SocketAddr>,
    metrics: Option<SocketAddr>,
    console: Option<SocketAddr>,
}

/// The path of `--ready-file`, at which no file is left of an earlier run.
pub(super) struct ReadyPath(PathBuf);

/// The file while it is there. Dropping it removes it, unless another service has replaced it.
pub(super) struct ReadyFile {
    path: PathBuf,
    text: String,
}

impl Ready {
    /// Where `host` listens, beside its listeners for metadata.
    pub(super) fn new(
        instance: Instance,
        follows: Follows,
        metadata: Vec<ListenAddress>,
        host: &Host,
    ) -> Self {
        let (control, metrics) = (host.control_address(), host.metrics_address());
        Self { instance, follows, metadata, control, metrics, console: host.console_address() }
    }

    /// One line for each socket in a JSON log, which programs read; a person reads the banner.
    pub(super) fn log(&self, format: LogFormat) {
        if format != LogFormat::Json {
            return;
        }
        for ListenAddress { address, instance } in &self.metadata {
            let instance = instance.as_ref().map(ToString::to_string);
            tracing::info!(service = "metadata", %address, instance, "listening");
        }
        if let Some(address) = self.control {
            tracing::info!(service = "ec2-api", %address, "listening");
        }
        if let Some(address) = self.metrics {
            tracing::info!(service = "metrics", %address, "listening");
        }
        if let Some(address) = self.console {
            tracing::info!(service = "console", %address, "listening");
        }
        let (instance, region) = (&self.instance.id, self.instance.zone.region());
        tracing::info!(%instance, %region, "ready");
    }

    /// A line for people.
    pub(super) fn summary(&self) -> String {
        let addresses: Vec<_> = self.metadata.iter().map(|it| it.address.to_string()).collect();
        let place =
            if addresses.is_empty() { "its links".to_owned() } else { addresses.join(", ") };
        match self.follows {
            Follows::All => format!("Serves {} on {place}", self.instance.id),
            Follows::Linked => format!("Serves linked instances on {place}"),
        }
    }

    fn document(&self) -> Value {
        let place = |address| json!({ "url": url(address), "address": address });
        let metadata = self.metadata.iter().map(|ListenAddress { address, instance }| {
            let instance = instance.as_ref().map(ToString::to_string);
            json!({ "url": url(*address), "address": address, "instance_id": instance })
        });
        json!({
            "pid": std::process::id(),
            "instance_id": self.instance.id.as_str(),
            "region": self.instance.zone.region().as_str(),
            "metadata": metadata.collect::<Vec<_>>(),
            "control": self.control.map(place),
            "metrics": self.metrics.map(place),
            "console": self.console.map(place),
        })
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

impl ReadyPath {
    /// Removes the file of a run that was killed: whoever waits for the file must not find that one.
    pub(super) fn clear(path: &Path) -> Result<Self, CommandError> {
        let cannot = |error: io::Error| {
            let message = format!("--ready-file cannot be written to {}", path.display());
            CommandError::usage(message).caused_by(error)
        };
        let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
        if !fs::metadata(directory.unwrap_or(Path::new("."))).map_err(cannot)?.is_dir() {
            return Err(cannot(ErrorKind::NotADirectory.into()));
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(cannot(error)),
            _ => Ok(Self(path.to_owned())),
        }
    }

    /// Writes the file: a reader finds all of it or none.
    pub(super) fn write(self, ready: &Ready) -> Result<ReadyFile, CommandError> {
        let Self(path) = self;
        let text = format!("{}\n", ready.document());
        let mut draft = path.clone().into_os_string();
        draft.push(format!(".{}", std::process::id()));
        let written = fs::write(&draft, &text).and_then(|()| fs::rename(&draft, &path));
        if let Err(error) = written {
            // What was not written in whole is of no use; that it is gone is a courtesy.
            let _ = fs::remove_file(&draft);
            let message = format!("cannot write --ready-file {}", path.display());
            return Err(CommandError::new(Kind::Unavailable, message).caused_by(error));
        }
        Ok(ReadyFile { path, text })
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // It has the process id, so that no other service writes the same.
        if fs::read_to_string(&self.path).is_ok_and(|text| text == self.text)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(%error, "cannot remove --ready-file {}", self.path.display());
        }
    }
}
