//! What a failed call says about itself.

use std::error::Error;
use std::io;

use tonic::{Code, ConnectError, Status};

use crate::error::Cause;

/// Whether a call that failed did anything, and whether to ask again helps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// Nothing was done: another member, or the same one later, may do it.
    NotDone,
    /// It may have been done.
    Unknown,
    /// The member knows our token no longer. Nothing was done.
    Unauthenticated,
    /// Every member would refuse it. Nothing was done.
    Refused,
}

/// What etcd says, word for word; the codes alone do not tell.
const NO_LEADER: &str = "etcdserver: no leader";
const NOT_CAPABLE: &str = "etcdserver: not capable";
const LEARNER: &str = "etcdserver: rpc not supported for learner";
const TOO_MANY_REQUESTS: &str = "etcdserver: too many requests";
const OLD_TOKEN: &str = "etcdserver: revision of auth store is old";
const COMPACTED: &str = "etcdserver: mvcc: required revision has been compacted";
const WRONG_PASSWORD: &str = "etcdserver: authentication failed, invalid user ID or password";
const NO_USER: &str = "etcdserver: user name is empty";
const TOO_LARGE: &str = "etcdserver: request is too large";

pub(super) fn verdict(status: &Status) -> Verdict {
    // What a member says has no source.
    if status.source().is_some() {
        let is_unsent = chain(status).any(<dyn Error>::is::<ConnectError>);
        return if is_unsent { Verdict::NotDone } else { Verdict::Unknown };
    }
    match (status.code(), status.message()) {
        (Code::Unavailable, NO_LEADER | NOT_CAPABLE | LEARNER)
        | (Code::ResourceExhausted, TOO_MANY_REQUESTS) => Verdict::NotDone,
        (Code::Unauthenticated, _) | (Code::InvalidArgument, OLD_TOKEN) => Verdict::Unauthenticated,
        (
            Code::InvalidArgument
            | Code::NotFound
            | Code::OutOfRange
            | Code::FailedPrecondition
            | Code::PermissionDenied
            | Code::Unimplemented,
            _,
        ) => Verdict::Refused,
        // Also a full database: a member says so after it has written what made it full.
        _ => Verdict::Unknown,
    }
}

pub(super) fn is_compacted(status: &Status) -> bool {
    (status.code(), status.message()) == (Code::OutOfRange, COMPACTED)
}

pub(super) fn is_unknown_lease(status: &Status) -> bool {
    status.code() == Code::NotFound
}

pub(super) fn is_too_large(status: &Status) -> bool {
    (status.code(), status.message()) == (Code::InvalidArgument, TOO_LARGE)
}

/// What is full stays full until an operator helps.
pub(super) fn is_full(status: &Status) -> bool {
    status.code() == Code::ResourceExhausted && status.message() != TOO_MANY_REQUESTS
}

/// The reason alone: a [`Status`] prints the metadata of a response as well.
pub(super) fn reason(status: &Status) -> Cause {
    let mut reason = status.message().to_owned();
    for error in chain(status) {
        let text = error.to_string();
        if !reason.contains(&text) {
            reason = format!("{reason}: {text}");
        }
    }
    if reason.is_empty() {
        status.code().description().clone_into(&mut reason);
    }
    if is_denied(status) {
        return io::Error::new(io::ErrorKind::PermissionDenied, reason).into();
    }
    reason.into()
}

/// Whether the cluster knows who is asking, or does not, and refuses for that.
fn is_denied(status: &Status) -> bool {
    match status.code() {
        Code::PermissionDenied | Code::Unauthenticated => true,
        Code::InvalidArgument => [WRONG_PASSWORD, NO_USER].contains(&status.message()),
        _ => false,
    }
}

/// The errors that led to it.
fn chain(status: &Status) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let mut next = status.source();
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_done_is_not_taken_for_undone() {
        for (code, message, expected) in [
            (Code::Unavailable, NO_LEADER, Verdict::NotDone),
            (Code::Unavailable, "etcdserver: request timed out", Verdict::Unknown),
            (Code::Unavailable, "etcdserver: server stopped", Verdict::Unknown),
            (Code::ResourceExhausted, TOO_MANY_REQUESTS, Verdict::NotDone),
            (
                Code::ResourceExhausted,
                "etcdserver: mvcc: database space exceeded",
                Verdict::Unknown,
            ),
            (Code::Unauthenticated, "etcdserver: invalid auth token", Verdict::Unauthenticated),
            (Code::InvalidArgument, OLD_TOKEN, Verdict::Unauthenticated),
            (Code::InvalidArgument, TOO_LARGE, Verdict::Refused),
            (Code::OutOfRange, COMPACTED, Verdict::Refused),
            (Code::PermissionDenied, "etcdserver: permission denied", Verdict::Refused),
            (Code::Unknown, "raft proposal dropped", Verdict::Unknown),
            (Code::Internal, "", Verdict::Unknown),
        ] {
            assert_eq!(verdict(&Status::new(code, message)), expected, "{code:?} {message}");
        }
    }

    #[test]
    fn a_connection_that_was_never_made_did_nothing() {
        let status = |error: Box<dyn Error + Send + Sync>| Status::from_error(error);
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let unsent = status(Box::new(ConnectError(refused.into())));
        assert_eq!(verdict(&unsent), Verdict::NotDone);
        let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        assert_eq!(verdict(&status(Box::new(reset))), Verdict::Unknown);
    }
}
