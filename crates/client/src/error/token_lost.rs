//! The evidence that the token does not reach this process.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use super::rounded::rounded;

/// The evidence that the response with the token is lost on its way to this process.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TokenLost {
    /// The number of routers that connections show on the path, there or back, whichever is more, 0 to
    /// 63. With 0 something nearer than the service accepts the connections, such as a sidecar's proxy:
    /// the token is lost or withheld beyond it.
    pub routers: u8,
    /// The hop limit to try, 2 to 64: one more than those routers. A relay, or a way back that does not
    /// show, may take more.
    pub hop_limit: u8,
    /// How sure the loss is.
    pub certainty: Certainty,
    /// The service's address.
    pub endpoint: SocketAddr,
    /// How long the connection for the token took.
    pub connected_in: Duration,
    /// How long the request for the token has had no response.
    pub silent_for: Duration,
    /// The status of another request's response meanwhile.
    pub other_status: u16,
    /// Whether the service refused a request without a token (401), which means that the instance
    /// requires tokens (`HttpTokens=required`). `false` where none was sent.
    pub tokens_required: bool,
}

impl TokenLost {
    /// The AWS CLI command that raises the hop limit of the instance with this id.
    pub fn fix_command(&self, instance_id: Option<&str>) -> String {
        format!(
            "aws ec2 modify-instance-metadata-options --instance-id {} --http-put-response-hop-limit {}",
            instance_id.unwrap_or("<instance-id>"),
            self.hop_limit,
        )
    }
}

impl fmt::Display for TokenLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { routers, hop_limit, connected_in, silent_for, endpoint, other_status, .. } =
            self;
        let probably = if self.certainty == Certainty::Sure { "" } else { "probably " };
        let s = if *routers == 1 { "" } else { "s" };
        match routers {
            0 => write!(
                f,
                "the token is {probably}lost or withheld beyond a relay: what accepts the \
                 connections is no router away, and ends each that asks for a token"
            ),
            _ => write!(
                f,
                "the token is {probably}lost: the service is {routers} router{s} away, and its \
                 response to PUT does not arrive because of the instance's hop limit"
            ),
        }?;
        write!(
            f,
            "; try HttpPutResponseHopLimit {hop_limit} or more ({endpoint}: connected in {}, no \
             response to PUT in {}, status {other_status} for another request)",
            rounded(*connected_in),
            rounded(*silent_for),
        )?;
        if self.tokens_required {
            f.write_str(
                "; IMDSv1 is not available: the instance requires tokens (HttpTokens=required)",
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for TokenLost {}

/// How sure a verdict is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash)]
#[non_exhaustive]
pub enum Certainty {
    /// The packets of the token's connection are lost on the way back, sent again and again, while
    /// another connection is answered.
    Sure,
    /// The token does not come, and other responses do. The system tells nothing about the connection,
    /// and there are routers on the path; or something on the path took the request and ended the
    /// connection, three times.
    Likely,
}
