//! Which ways to credentials are open from here: for people whose wall around untrusted code is the hop
//! limit, a network policy or an empty network.
//!
//! Each way is tried: requests with and without a token to every address of the service, directly, through
//! configured proxies and along redirects; the addresses of container credentials; other networks that this
//! process can enter. Whether a way is open is what counts, not whether the instance has a role just now.

mod containers;
mod http;
mod networks;
mod service;

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use crate::finding::Finding;
use crate::finding::Verdict::{Fine, Note, Wrong};
use service::Place;

/// What should be possible from here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Expectation {
    /// No credentials can be had.
    None,
    /// Credentials can be had with a token at most.
    TokenOnly,
    /// Credentials can be had without a token.
    V1,
}

/// Where to try.
pub struct Scope {
    /// The environment variables of this process.
    pub variables: BTreeMap<String, String>,
    /// A URL of the service beside the usual ones.
    pub endpoint: Option<String>,
    /// The root of the file system with `/proc` and the sockets of container engines.
    pub root: PathBuf,
    /// How long one response may take.
    pub patience: Duration,
}

/// One way that was tried.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Way {
    /// The kind of way: "`IMDSv1`", "token", "container", "network", "engine".
    pub kind: &'static str,
    /// Where it leads, as in "169.254.169.254".
    pub place: String,
    /// Whether it is open.
    pub access: Access,
    /// What was seen, as in "refused with 401".
    pub seen: String,
}

/// Whether a way is open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// It leads nowhere.
    Closed,
    /// It needs a token: the service's, or one for container credentials.
    WithToken,
    /// It needs nothing.
    WithoutToken,
    /// It leads to where nothing is in the way, but that was not tried.
    Unbounded,
}

/// Tries every way.
pub fn find(scope: &Scope) -> Vec<Way> {
    let places = service::places(scope);
    let mut ways = ask_all(&places, scope.patience);
    ways.extend(containers::ways(scope));
    ways.extend(networks::ways(scope));
    ways
}

/// Asks at all places at once; the results are in their order.
fn ask_all(places: &[Place], patience: Duration) -> Vec<Way> {
    thread::scope(|scope| {
        let asking: Vec<_> =
            places.iter().map(|place| scope.spawn(move || place.ask(patience))).collect();
        // What failed must not pass for a closed way.
        let joined = asking.into_iter().map(|it| it.join().unwrap_or_else(|it| resume_unwind(it)));
        joined.flatten().collect()
    })
}

/// Compares the ways with what should be possible.
pub fn judge(ways: &[Way], expectation: Expectation) -> Vec<Finding> {
    let findings = ways.iter().map(|way| {
        let is_wrong = match (expectation, way.access) {
            (_, Access::Closed) | (Expectation::V1, _) => false,
            (Expectation::None, _) => true,
            (Expectation::TokenOnly, access) => access != Access::WithToken,
        };
        let verdict = match way.access {
            _ if is_wrong => Wrong,
            Access::Closed => Fine,
            _ => Note,
        };
        Finding::new(way.kind, verdict, format!("{}: {}", way.place, way.seen))
    });
    let mut findings: Vec<_> = findings.collect();
    let has_v1 = ways.iter().any(|way| way.access == Access::WithoutToken);
    findings.extend(match expectation {
        Expectation::V1 if has_v1 => None,
        Expectation::V1 => {
            Some(Finding::new("expected", Wrong, "no way leads to metadata without a token"))
        }
        // What is closed for another reason proves nothing of the wall.
        _ if ways.iter().all(|way| way.access == Access::Closed) => {
            Some(Finding::new("expected", Fine, "no way leads to credentials"))
        }
        _ => None,
    });
    findings
}

impl FromStr for Expectation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            "token-only" => Ok(Self::TokenOnly),
            "v1" => Ok(Self::V1),
            _ => Err("write none, token-only or v1".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
