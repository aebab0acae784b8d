//! A request for metadata, as the console shows it. Names are those of the access log in JSON.

use imds_core::Reach;
use imds_core::fault::FaultKind;
use imds_core::request::Method;
use imds_core::time::iso8601;
use imds_dataplane::{LoggedText, RequestRecord};
use serde::Serialize;

/// One answered request.
#[derive(Debug, Serialize)]
pub(crate) struct RequestFacts {
    /// Its place among all requests, those that were lost included, from 1.
    pub(crate) number: u64,
    pub(crate) time: String,
    pub(crate) peer: String,
    pub(crate) instance: String,
    /// `v1` or `v2`.
    pub(crate) imds: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sent: Option<String>,
    pub(crate) agent: Option<String>,
    pub(crate) status: u16,
    pub(crate) micros: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<FaultHit>,
    pub(crate) hops_away: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hop_limit: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_could_arrive: Option<bool>,
}

/// The fault that hit a request.
#[derive(Debug, Serialize)]
pub(crate) struct FaultHit {
    pub(crate) id: u32,
    pub(crate) kinds: Vec<&'static str>,
}

impl RequestFacts {
    pub(crate) fn new(number: u64, record: &RequestRecord) -> Self {
        let hop_limit = match record.reach {
            Reach::Hops(limit) => Some(limit.get()),
            Reach::Anywhere => None,
        };
        let (second, millisecond) = (iso8601(record.unix_ms / 1000), record.unix_ms % 1000);
        Self {
            number,
            time: format!("{}.{millisecond:03}Z", second.trim_end_matches('Z')),
            peer: record.peer.to_string(),
            instance: record.endpoint.instance_id().to_string(),
            imds: record.version.as_str(),
            method: record.method.map_or("-", Method::as_str),
            path: text(&record.path),
            sent: record.sent.as_ref().map(text),
            agent: record.agent.as_ref().map(text),
            status: record.status.code(),
            micros: record.micros,
            refused: record.refusal.map(imds_core::Refusal::as_str),
            fault: record.fault.map(|fault| FaultHit {
                id: fault.id,
                kinds: fault.kinds.iter().map(FaultKind::as_str).collect(),
            }),
            hops_away: record.hops_away,
            hop_limit,
            token_could_arrive: hop_limit.map(|_| record.undeliverable().is_none()),
        }
    }

    /// Whether its response was a token that cannot have arrived.
    pub(crate) fn is_lost_token(&self) -> bool {
        self.token_could_arrive == Some(false)
    }
}

/// What a client sent, with all escaped that is not printable.
pub(crate) fn text(logged: &LoggedText) -> String {
    let mut text = String::new();
    logged.escape(&mut text);
    text
}
