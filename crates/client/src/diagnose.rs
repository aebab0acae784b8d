//! Single observations, for tools that explain what is wrong. Programs use [`crate::Client`].

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::connect;
use crate::endpoint::Endpoint;
use crate::error::{Error, Silence, Unreachable};
use crate::exchange::Request;
use crate::machine;
use crate::metadata_path::MetadataPath;
use crate::probe::distance;
pub use crate::probe::distance::Routers;
use crate::response::Response;
use crate::secret::Secret;

/// One request and its response.
#[derive(Clone)]
#[non_exhaustive]
pub struct Observation {
    /// The address that answered.
    pub address: SocketAddr,
    /// How long the connection took.
    pub connected_in: Duration,
    /// How long the whole exchange took, from the start.
    pub answered_in: Duration,
    /// The response, whatever its status.
    pub response: Response,
}

/// The request to observe.
#[derive(Clone)]
#[non_exhaustive]
pub enum ProbeRequest {
    /// For a token that lives so many seconds, 1 to 21600.
    Token(u32),
    /// For a path, with a token (valid or not) or, `None`, without one: `IMDSv1`.
    Get(MetadataPath, Option<Secret>),
}

/// Sends one request on a new connection, once. The connection may take `connect_timeout`, all of it
/// `total_timeout`.
///
/// # Errors
/// [`Error::Unreachable`], [`Error::TimedOut`], [`Error::Broken`], [`Error::Malformed`] or
/// [`Error::TooLong`]; a response of any status is not an error.
pub async fn observe(
    endpoint: &Endpoint,
    request: ProbeRequest,
    connect_timeout: Duration,
    total_timeout: Duration,
) -> Result<Observation, Error> {
    let request = match request {
        ProbeRequest::Token(ttl) => Request::Token(ttl),
        ProbeRequest::Get(path, token) => Request::Get(path, token),
    };
    let start = Instant::now();
    let observing = async {
        let addresses = endpoint.addresses().await;
        let connected = connect::connect(&addresses, connect_timeout).await.map_err(|reason| {
            Error::Unreachable { endpoint: endpoint.to_string(), reason, attempts: 1 }
        })?;
        let response = request.exchange(&connected, endpoint).await?;
        Ok(Observation {
            address: connected.address,
            connected_in: connected.took,
            answered_in: start.elapsed(),
            response,
        })
    };
    timeout(total_timeout, observing).await.unwrap_or_else(|_| {
        let silence = Silence::Unknown;
        Err(Error::TimedOut { endpoint: endpoint.to_string(), waited: start.elapsed(), silence })
    })
}

/// How many routers connections show on the path to the endpoint and back. `Ok(None)` if packets with no
/// TTL up to 64 arrive, though there is a connection. The first connection may take `connect_timeout`.
///
/// # Errors
/// Why there is no connection.
pub async fn routers(
    endpoint: &Endpoint,
    connect_timeout: Duration,
) -> Result<Option<Routers>, Unreachable> {
    let addresses = endpoint.addresses().await;
    let connected = connect::connect(&addresses, connect_timeout).await?;
    Ok(distance::measure(connected.address, distance::SLOW).await.routers)
}

/// The instance's id as the firmware says it, without a request to the service. Nitro types have it,
/// and most containers on them; Xen types do not.
pub fn local_instance_id() -> Option<String> {
    local_instance_id_below(Path::new("/"))
}

/// The same, where the file system begins at `root`: that of a container, seen from outside.
pub fn local_instance_id_below(root: &Path) -> Option<String> {
    machine::instance_id(root)
}

/// Whether the firmware says that this machine is an EC2 instance.
pub fn is_ec2() -> bool {
    machine::is_ec2(Path::new("/"))
}
