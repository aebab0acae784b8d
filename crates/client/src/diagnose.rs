//! Single observations, for tools that explain what is wrong. Programs want [`crate::Client`].

use std::fs;
use std::net::SocketAddr;
use std::path::Path as FilePath;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::connect;
use crate::endpoint::Endpoint;
use crate::error::{Error, Silence, Unreachable};
use crate::exchange::Request;
use crate::path::Path;
use crate::probe::distance;
use crate::response::Response;
use crate::secret::Secret;

/// One request, seen from outside.
#[derive(Clone)]
#[non_exhaustive]
pub struct Observation {
    /// Who answered.
    pub address: SocketAddr,
    /// How long the connection took.
    pub connected_in: Duration,
    /// How long the whole answer took, from the start.
    pub answered_in: Duration,
    /// The answer, whatever its status.
    pub response: Response,
}

/// What a request shows for a token.
#[derive(Clone)]
#[non_exhaustive]
pub enum Ask {
    /// A request for a token that lives so many seconds, 1 to 21600.
    Token(u32),
    /// A request for a path, with a token (true or false) or, `None`, without: `IMDSv1`.
    Get(Path, Option<Secret>),
}

/// Makes one request on a new connection, once. The connection may take as long as
/// `connect_patience`, all of it as long as `patience`.
///
/// # Errors
/// [`Error::Unreachable`], [`Error::TimedOut`], [`Error::Broken`], [`Error::Malformed`] or
/// [`Error::TooLong`]; an answer of any status is none.
pub async fn observe(
    endpoint: &Endpoint,
    ask: Ask,
    connect_patience: Duration,
    patience: Duration,
) -> Result<Observation, Error> {
    let request = match ask {
        Ask::Token(ttl) => Request::token(endpoint, ttl),
        Ask::Get(path, token) => Request::get(endpoint, path, token.as_ref()),
    };
    let began = Instant::now();
    let observing = async {
        let addresses = endpoint.addresses().await;
        let connected = connect::connect(&addresses, connect_patience)
            .await
            .map_err(|reason| Error::Unreachable { endpoint: endpoint.to_string(), reason })?;
        // What cannot be sent shows when the answer is read.
        let _ = request.send(&connected.stream).await;
        let response = request.receive(&connected.stream, endpoint).await?;
        Ok(Observation {
            address: connected.address,
            connected_in: connected.took,
            answered_in: began.elapsed(),
            response,
        })
    };
    timeout(patience, observing).await.unwrap_or_else(|_| {
        let silence = Silence::Unknown;
        Err(Error::TimedOut { endpoint: endpoint.to_string(), waited: began.elapsed(), silence })
    })
}

/// The smallest hop limit that reaches the endpoint: one more than there are routers on the way, 1 to
/// 16. `Ok(None)` if none of these does, though there is a connection. The first connection may take as
/// long as `patience`.
///
/// # Errors
/// Why there is no connection.
pub async fn hops_needed(
    endpoint: &Endpoint,
    patience: Duration,
) -> Result<Option<u8>, Unreachable> {
    let addresses = endpoint.addresses().await;
    let connected = connect::connect(&addresses, patience).await?;
    Ok(distance::measure(connected.address, distance::LEISURE).await.hops)
}

/// The instance's id as its firmware tells it, without a question to the service. Nitro instances
/// have it, containers on them mostly too; Xen ones do not.
pub fn local_instance_id() -> Option<String> {
    instance_id_below(FilePath::new("/"))
}

/// The same, where the file system begins at `root`: that of a container, seen from outside.
pub fn instance_id_below(root: &FilePath) -> Option<String> {
    let tags = ["sys/devices/virtual/dmi/id", "sys/class/dmi/id"];
    let tags = tags.map(|directory| root.join(directory).join("board_asset_tag"));
    let tag = tags.iter().find_map(|tag| fs::read_to_string(tag).ok())?;
    parse_instance_id(&tag)
}

fn parse_instance_id(text: &str) -> Option<String> {
    let id = text.trim();
    let digits = id.strip_prefix("i-")?;
    let is_id =
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_id_is_told_from_other_asset_tags() {
        assert_eq!(
            parse_instance_id("i-1234567890abcdef0\n").as_deref(),
            Some("i-1234567890abcdef0")
        );
        for tag in ["", "None", "i-", "i-xyz", "i-1234; rm -rf /"] {
            assert_eq!(parse_instance_id(tag), None);
        }
    }
}
