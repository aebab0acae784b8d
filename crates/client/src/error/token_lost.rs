//! The evidence that the token does not reach this process.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use super::rounded::rounded;

/// The evidence that the response with the token is lost on its way to this process.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TokenLost {
    /// The hop limit with which the token should arrive: the number of routers on the path plus 1, 2
    /// to 16.
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
        let Self { hop_limit, connected_in, silent_for, endpoint, other_status, .. } = self;
        let probably = if self.certainty == Certainty::Sure { "" } else { "probably " };
        let routers = hop_limit.saturating_sub(1);
        let s = if routers == 1 { "" } else { "s" };
        write!(
            f,
            "the token is {probably}lost: the service is {routers} router{s} away, and its response \
             to PUT does not arrive because of the instance's hop limit; it needs \
             HttpPutResponseHopLimit {hop_limit} or more ({endpoint}: connected in {}, no response \
             to PUT in {}, status {other_status} for another request)",
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
    /// The system tells nothing about the connection; the token does not come, other responses do,
    /// and there are routers on the path.
    Likely,
}
