//! What a path holds over time.

use std::borrow::Cow;

use crate::credentials::Credentials;
use crate::imds_version::ImdsVersion;

/// A value that depends on the time.
pub(crate) enum Timed {
    /// Role credentials, which are always there and renewed for ever.
    Credentials(Credentials),
    /// A value that changes at known instants.
    Steps(Timeline),
}

/// A value that changes at known instants: from each on, in seconds since 1970, it is what is beside
/// it, or absent. Sorted; absent before the first.
pub(crate) struct Timeline(Box<[(u64, Option<Box<str>>)]>);

impl Timed {
    /// The value at a time in seconds since 1970, for a request of `delivery`.
    pub(crate) fn at(&self, now: u64, delivery: ImdsVersion) -> Option<Cow<'_, str>> {
        match self {
            Self::Credentials(credentials) => Some(credentials.document(now, delivery).into()),
            Self::Steps(timeline) => timeline.at(now).map(Cow::Borrowed),
        }
    }

    /// Whether there is a value at that time.
    pub(crate) fn is_there(&self, now: u64) -> bool {
        match self {
            Self::Credentials(_) => true,
            Self::Steps(timeline) => timeline.at(now).is_some(),
        }
    }

    /// Whether there is a value at some times and at others not.
    pub(crate) fn comes_and_goes(&self) -> bool {
        match self {
            Self::Credentials(_) => false,
            Self::Steps(timeline) => timeline.0.iter().any(|(_, value)| value.is_none()),
        }
    }
}

impl Timeline {
    /// The values that `render` gives at time 0 and at each of `instants`, the only times at which
    /// they may change.
    pub(crate) fn new(
        instants: impl IntoIterator<Item = u64>,
        render: impl Fn(u64) -> Option<String>,
    ) -> Self {
        let mut instants: Vec<_> = [0].into_iter().chain(instants).collect();
        instants.sort_unstable();
        instants.dedup();
        let steps = instants.into_iter().map(|at| (at, render(at).map(Into::into)));
        let mut steps: Vec<(u64, Option<Box<str>>)> = steps.collect();
        steps.dedup_by(|later, earlier| later.1 == earlier.1);
        Self(steps.into())
    }

    /// The only value there ever is, or that there never is one; `Err` if it changes.
    pub(crate) fn constant(self) -> Result<Option<Box<str>>, Self> {
        match <[_; 1]>::try_from(self.0.into_vec()) {
            Ok([(_, value)]) => Ok(value),
            Err(steps) => Err(Self(steps.into())),
        }
    }

    fn at(&self, now: u64) -> Option<&str> {
        let step = self.0.partition_point(|(from, _)| *from <= now).checked_sub(1)?;
        self.0[step].1.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_changes_at_its_instants() {
        let render = |now: u64| (10..20).contains(&now).then(|| "there".to_owned());
        let timeline = Timeline::new([20, 15, 10, 10], render);
        assert_eq!(timeline.0.len(), 3, "what does not change is no step");
        for now in 0..30 {
            assert_eq!(timeline.at(now).map(str::to_owned), render(now), "{now}");
        }
    }

    #[test]
    fn what_never_changes_is_resolved() {
        let constant = |render: fn(u64) -> Option<String>| Timeline::new([5], render).constant();
        assert_eq!(constant(|_| Some("[]".into())).ok().flatten().as_deref(), Some("[]"));
        assert_eq!(constant(|_| None).ok(), Some(None));
        assert!(constant(|now| (now > 4).then(String::new)).is_err());
    }
}
