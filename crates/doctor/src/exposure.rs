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
mod way;

use std::str::FromStr;

use crate::finding::Finding;
use crate::finding::Verdict::{Fine, Note, Wrong};

pub use way::{Access, Scope, Way};

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

/// Tries every way.
pub fn find(scope: &Scope) -> Vec<Way> {
    let mut ways = service::ask_all(&service::places(scope), scope.patience);
    ways.extend(containers::ways(scope));
    ways.extend(networks::ways(scope));
    ways
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
