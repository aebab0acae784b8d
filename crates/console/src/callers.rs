//! Who still uses `IMDSv1`: by instance, source address and what the client calls itself.

use std::collections::HashMap;
use std::net::IpAddr;

use imds_core::InstanceId;
use imds_core::response::{ImdsVersion, Status};
use imds_core::time::iso8601;
use imds_dataplane::RequestRecord;
use serde::Serialize;

use crate::request_facts::text;

/// How many are remembered. Beyond, a tenth is forgotten: those that were not seen for the longest time.
const MOST: usize = 1000;

/// Who asked without a token.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Caller {
    instance: InstanceId,
    address: IpAddr,
    agent: Option<String>,
}

#[derive(Debug, Default)]
struct Seen {
    answered: u64,
    rejected: u64,
    other: u64,
    first_ms: u64,
    last_ms: u64,
    last_path: String,
}

/// The callers that were seen.
#[derive(Default)]
pub(crate) struct Callers {
    seen: HashMap<Caller, Seen>,
    forgotten: u64,
}

/// A caller, as the console shows it.
#[derive(Debug, Serialize)]
pub(crate) struct CallerFacts {
    pub(crate) instance: String,
    pub(crate) address: IpAddr,
    pub(crate) agent: Option<String>,
    /// Requests without a token that were answered with 200.
    pub(crate) answered: u64,
    /// Those that were answered with 401, because tokens are required.
    pub(crate) rejected: u64,
    /// Those with any other status.
    pub(crate) other: u64,
    pub(crate) first_seen: String,
    pub(crate) last_seen: String,
    pub(crate) last_path: String,
}

impl CallerFacts {
    /// Requests without a token, whatever was answered.
    pub(crate) fn all(&self) -> u64 {
        self.answered + self.rejected + self.other
    }
}

impl Callers {
    pub(crate) fn note(&mut self, record: &RequestRecord) {
        if record.version != ImdsVersion::V1 {
            return;
        }
        let caller = Caller {
            instance: record.endpoint.instance_id().clone(),
            address: record.peer.ip().to_canonical(),
            agent: record.agent.as_ref().map(text),
        };
        if self.seen.len() >= MOST && !self.seen.contains_key(&caller) {
            self.forget_the_oldest();
        }
        let seen = self.seen.entry(caller).or_default();
        match record.status {
            Status::Ok => seen.answered += 1,
            Status::Unauthorized => seen.rejected += 1,
            _ => seen.other += 1,
        }
        if seen.first_ms == 0 {
            seen.first_ms = record.unix_ms;
        }
        seen.last_ms = record.unix_ms;
        seen.last_path.clear();
        record.path.escape(&mut seen.last_path);
    }

    /// How many callers were forgotten.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// All of them, the one that was seen last first.
    pub(crate) fn list(&self) -> Vec<CallerFacts> {
        let mut all: Vec<_> = self.seen.iter().collect();
        all.sort_by_key(|(caller, seen)| (std::cmp::Reverse(seen.last_ms), caller.address));
        let facts = |(caller, seen): (&Caller, &Seen)| CallerFacts {
            instance: caller.instance.to_string(),
            address: caller.address,
            agent: caller.agent.clone(),
            answered: seen.answered,
            rejected: seen.rejected,
            other: seen.other,
            first_seen: iso8601(seen.first_ms / 1000),
            last_seen: iso8601(seen.last_ms / 1000),
            last_path: seen.last_path.clone(),
        };
        all.into_iter().map(facts).collect()
    }

    fn forget_the_oldest(&mut self) {
        let mut times: Vec<_> = self.seen.values().map(|seen| seen.last_ms).collect();
        let (_, limit, _) = times.select_nth_unstable(MOST / 10);
        let (limit, before) = (*limit, self.seen.len());
        self.seen.retain(|_, seen| seen.last_ms > limit);
        self.forgotten += (before - self.seen.len()) as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::tests::record;

    #[test]
    fn only_requests_without_a_token_count() {
        let mut callers = Callers::default();
        callers.note(&record(ImdsVersion::V2, Status::Ok, "curl"));
        for status in [Status::Ok, Status::Unauthorized, Status::Unauthorized, Status::NotFound] {
            callers.note(&record(ImdsVersion::V1, status, "curl"));
        }
        callers.note(&record(ImdsVersion::V1, Status::Ok, "wget\n\"<b>"));
        let listed = callers.list();
        assert_eq!(listed.len(), 2);
        let curl = listed.iter().find(|it| it.agent.as_deref() == Some("curl")).unwrap();
        assert_eq!((curl.answered, curl.rejected, curl.other), (1, 2, 1));
        assert!(listed.iter().any(|it| it.agent.as_deref() == Some("wget\\u000a\\u0022<b>")));
    }

    #[test]
    fn there_are_never_more_than_there_is_room_for() {
        let mut callers = Callers::default();
        for number in 0..MOST as u64 * 2 {
            let record = record(ImdsVersion::V1, Status::Ok, &number.to_string());
            callers.note(&RequestRecord { unix_ms: number + 1, ..record });
            assert!(callers.seen.len() <= MOST);
        }
        let last = (MOST as u64 * 2 - 1).to_string();
        assert_eq!(callers.list()[0].agent.as_deref(), Some(&*last));
        assert_eq!(callers.forgotten() + callers.seen.len() as u64, MOST as u64 * 2);
    }
}
