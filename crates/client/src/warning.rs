//! What a program may want to log although its call succeeds.

use std::collections::HashSet;
use std::fmt;
use std::mem::{Discriminant, discriminant};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::error::{Error, rounded};
use crate::settings::IgnoredSetting;
use crate::timestamp::rfc3339;

/// Something that a program may want to log, as its `Display` says it.
///
/// Each kind is reported once by a client and all its clones; [`Warning::CredentialsExtended`] once in
/// each outage.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Warning {
    /// `IMDSv1` is used, because a token cannot be had.
    UsingV1 {
        /// Why not.
        reason: Error,
    },
    /// The role's credentials have expired, and no new ones can be had. They are handed out still,
    /// since the service may have extended them.
    CredentialsExtended {
        /// The expiration that the service gave.
        expired: SystemTime,
        /// Until when they are handed out.
        until: SystemTime,
        /// Why there are no new ones; `None` where the service itself still serves the old ones.
        reason: Option<Error>,
    },
    /// The response with the token does not say how long the token lives, as EC2's does.
    TokenWithoutTtl {
        /// The lifetime that the client assumes.
        assumed: Duration,
    },
    /// A setting has a value that it does not know, and is ignored.
    SettingIgnored(IgnoredSetting),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UsingV1 { reason } => write!(f, "IMDSv1 is used: {reason}"),
            Self::CredentialsExtended { expired, until, reason } => {
                let (expired, until) = (rfc3339(*expired), rfc3339(*until));
                write!(
                    f,
                    "the role's credentials expired at {expired} and are used until {until}: "
                )?;
                match reason {
                    Some(reason) => write!(f, "{reason}"),
                    None => f.write_str("the service has no newer ones"),
                }
            }
            Self::TokenWithoutTtl { assumed } => {
                let assumed = rounded(*assumed);
                write!(f, "the service does not say how long its token lives: {assumed} is assumed")
            }
            Self::SettingIgnored(IgnoredSetting { name, value }) => {
                write!(f, "{name}={value} is ignored: only true and false have a meaning")
            }
        }
    }
}

type Listener = Arc<dyn Fn(&Warning) + Send + Sync>;

/// The functions that a client reports warnings to, and the kinds that were reported.
#[derive(Default)]
pub(crate) struct Warnings {
    listeners: Mutex<Vec<Listener>>,
    reported: Mutex<HashSet<Discriminant<Warning>>>,
}

impl Warnings {
    pub(crate) fn add_listener(&self, listener: impl Fn(&Warning) + Send + Sync + 'static) {
        lock(&self.listeners).push(Arc::new(listener));
    }

    /// Reports a warning.
    pub(crate) fn report(&self, warning: &Warning) {
        // Not under the lock: a listener may do anything with the client.
        let listeners = lock(&self.listeners).clone();
        for listener in listeners {
            listener(warning);
        }
    }

    /// Reports warnings of one kind, unless that kind has been reported.
    pub(crate) fn report_once(&self, warnings: &[Warning]) {
        let Some(first) = warnings.first() else { return };
        if lock(&self.reported).insert(discriminant(first)) {
            for warning in warnings {
                self.report(warning);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What both hold is complete after each change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
