//! Where `imds serve` listens: addresses of the metadata service and of the EC2 API.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use imds_account::records::{Follows, WhenCutOff};
use imds_core::{InstanceId, Invalid};

use crate::settings::{FOLLOW, WHEN_CUT_OFF, one_of};

/// The EC2 API, and what it changes.
#[derive(Args)]
#[command(next_help_heading = "EC2 API")]
pub(crate) struct ControlArgs {
    /// The address of the EC2 API, or `off` [default: 127.0.0.1:1339]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) control: Option<ControlAddress>,

    /// The state file, `memory` to keep no state, or `etcd://…` to share it with other hosts
    /// [default: `$XDG_STATE_HOME/imds/state.db`]
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,

    /// What to do with requests for metadata while state in etcd cannot be reached: `serve` what was
    /// known last, or `refuse` them with 503 once other hosts no longer wait for this one
    /// [default: serve]
    #[arg(long, value_name = "WHAT", value_parser = one_of::<WhenCutOff>(WHEN_CUT_OFF),
          hide_possible_values = true)]
    pub(crate) when_cut_off: Option<WhenCutOff>,

    /// Which instances of a state in etcd this host follows: `all`, or only those that a link or a
    /// `--listen ADDRESS:PORT=INSTANCE` of it is for, so that others cost it nothing: `linked`
    /// [default: all]
    #[arg(long, value_name = "WHICH", value_parser = one_of::<Follows>(FOLLOW),
          hide_possible_values = true)]
    pub(crate) follow: Option<Follows>,

    /// Accept unsigned calls of the EC2 API from anyone who reaches it; on loopback only
    #[arg(long)]
    pub(crate) no_auth: bool,
}

/// An address of the metadata service, and the instance it belongs to, if it does to one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ListenAddress {
    pub(crate) address: SocketAddr,
    pub(crate) instance: Option<InstanceId>,
}

/// Where the EC2 API listens, if it does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ControlAddress {
    Off,
    At(SocketAddr),
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, instance) = match text.split_once('=') {
            Some((address, instance)) => {
                (address, Some(instance.parse().map_err(|error: Invalid| error.to_string())?))
            }
            None => (text, None),
        };
        Ok(Self { address: socket_address(address, 1338)?, instance })
    }
}

impl FromStr for ControlAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            _ => socket_address(text, 1339).map(Self::At),
        }
    }
}

/// Parses an address with its port; a beginner's guess gets an example to type.
fn socket_address(text: &str, usual_port: u16) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        let port = text.rsplit(':').next().and_then(|port| port.parse().ok());
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(usual_port)));
        let meant = text.parse().map_or(local, |address: IpAddr| (address, usual_port).into());
        format!("write an address and a port, such as {meant}")
    })
}
