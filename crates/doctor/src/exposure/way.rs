//! Where ways are looked for, and what one is.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

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
    /// It was not tried, or leads on to where this process cannot look: it must not pass for closed.
    Untried,
}

/// Does `work` for all at once; the results are in their order.
pub(super) fn at_once<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let work = &work;
    thread::scope(|scope| {
        let started: Vec<_> = all.iter().map(|one| scope.spawn(move || work(one))).collect();
        // What failed must not pass for a closed way.
        let joined = started.into_iter().map(|it| it.join().unwrap_or_else(|it| resume_unwind(it)));
        joined.collect()
    })
}
