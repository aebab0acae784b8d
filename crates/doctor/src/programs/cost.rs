//! What a lost token costs a client: how long it waits, and what it does then.

use std::fmt;

/// What a lost token costs, for all versions from one on.
#[derive(Debug)]
pub(super) struct Loss {
    /// The first version that it is true for.
    pub(super) since: &'static str,
    pub(super) evidence: Evidence,
    /// The usual case first.
    pub(super) cases: &'static [Case],
}

/// The costs in some circumstances; `None` for a cost that was not measured.
#[derive(Debug)]
pub(super) struct Case {
    /// The circumstances, as in "with an HTTP client of its own"; empty in the usual case.
    pub(super) when: &'static str,
    /// An environment variable that is enough to bring them about.
    pub(super) variable: Option<&'static str>,
    /// The cost where the service also answers requests without a token.
    pub(super) optional: Option<Cost<WhereOptional>>,
    /// The cost where it does not.
    pub(super) required: Option<Cost<Without>>,
}

/// How long a client waits, and what it does then.
#[derive(Debug)]
pub(super) struct Cost<Then> {
    delay: Delay,
    then: Then,
}

/// How long a client waits.
#[derive(Debug)]
pub(super) enum Delay {
    No,
    /// From so many seconds to so many, and how often: "once", "for each call".
    Seconds(f64, f64, &'static str),
    /// Measurements of two minutes and more did not see its end.
    NoLimitSeen,
}

/// What a client does where tokens are optional.
#[derive(Clone, Copy, Debug)]
pub(super) enum WhereOptional {
    UsesV1,
    /// It does not ask for a token again.
    UsesV1ForGood,
    /// It never uses `IMDSv1`.
    Stays(Without),
}

/// What a client does that has no metadata. Where tokens are required it can do nothing else: that it uses
/// `IMDSv1` has no value here, so it is never reported.
#[derive(Clone, Copy, Debug)]
pub(super) enum Without {
    Fails,
    /// It sends its requests to AWS without a signature.
    SignsNothing,
    GoesOn,
}

/// Where the figures come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Evidence {
    /// Measurements behind a router with hop limit 1, with these versions.
    Measured(&'static str),
    /// The client's source code.
    Code,
    /// A public report.
    Reported(&'static str),
}

/// Whether the service requires tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tokens {
    /// Requests without a token are answered too.
    Optional,
    /// Requests without a token are refused.
    Required,
    /// No request without a token was tried.
    Unknown,
}

impl Delay {
    pub(super) const fn then<Then: Copy>(self, then: Then) -> Cost<Then> {
        Cost { delay: self, then }
    }
}

impl Case {
    /// The usual case.
    pub(super) const fn usual(optional: Cost<WhereOptional>, required: Cost<Without>) -> Self {
        Self { when: "", variable: None, optional: Some(optional), required: Some(required) }
    }

    /// The usual case of a client that never uses `IMDSv1`.
    pub(super) const fn token_only(from: f64, to: f64, each: &'static str, then: Without) -> Self {
        Self::usual(
            Delay::Seconds(from, to, each).then(WhereOptional::Stays(then)),
            Delay::Seconds(from, to, each).then(then),
        )
    }

    /// The usual case of a client whose wait has no end that was seen.
    pub(super) const fn endless() -> Self {
        Self::usual(
            Delay::NoLimitSeen.then(WhereOptional::Stays(Without::Fails)),
            Delay::NoLimitSeen.then(Without::Fails),
        )
    }

    /// A case in which only the cost where tokens are optional is known.
    pub(super) const fn optional_only(
        when: &'static str,
        from: f64,
        to: f64,
        each: &'static str,
    ) -> Self {
        let optional = Delay::Seconds(from, to, each).then(WhereOptional::UsesV1);
        Self { when, variable: None, optional: Some(optional), required: None }
    }

    /// The usual case of a client that does not ask for a token.
    pub(super) const fn v1_only() -> Self {
        Self::usual(Delay::No.then(WhereOptional::UsesV1), Delay::No.then(Without::Fails))
    }

    pub(super) fn optional(&self) -> Option<String> {
        self.optional.as_ref().map(ToString::to_string)
    }

    pub(super) fn required(&self) -> Option<String> {
        self.required.as_ref().map(ToString::to_string)
    }

    fn says(&self, tokens: Tokens) -> Option<String> {
        match (tokens, self.optional(), self.required()) {
            (Tokens::Optional, optional, _) => optional,
            (Tokens::Required, _, required) => required,
            (Tokens::Unknown, Some(optional), Some(required)) if optional == required => {
                Some(optional)
            }
            (Tokens::Unknown, Some(optional), Some(required)) => Some(format!(
                "{optional} where tokens are optional; {required} where they are required"
            )),
            (Tokens::Unknown, optional, required) => {
                let optional = optional.map(|cost| format!("{cost} where tokens are optional"));
                optional.or(required.map(|cost| format!("{cost} where tokens are required")))
            }
        }
    }
}

impl Loss {
    /// All cases as a sentence; the one alone that an environment variable brings about. `is_set` says whether
    /// a variable is set.
    pub(super) fn says(&self, tokens: Tokens, is_set: &dyn Fn(&str) -> bool) -> String {
        let brought_about = |case: &&Case| case.variable.is_some_and(is_set);
        let says = |case: &Case| match (case.when, case.variable.filter(|name| is_set(name))) {
            (_, Some(variable)) => Some(format!("{variable} is set: {}", case.says(tokens)?)),
            ("", None) => case.says(tokens),
            (when, None) => Some(format!("{when}: {}", case.says(tokens)?)),
        };
        let cases: Vec<_> = match self.cases.iter().find(brought_about) {
            Some(case) => says(case).into_iter().collect(),
            None => self.cases.iter().filter_map(says).collect(),
        };
        let cases = if cases.is_empty() { "not measured".to_owned() } else { cases.join("; ") };
        format!("{cases} ({})", self.evidence)
    }
}

impl<Then: fmt::Display> fmt::Display for Cost<Then> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let then = &self.then;
        match self.delay {
            Delay::No => write!(f, "{then} at once"),
            Delay::NoLimitSeen => f.write_str("waits, and no limit was seen"),
            Delay::Seconds(from, to, each) if (to - from).abs() < f64::EPSILON => {
                write!(f, "waits {from} s {each}, then {then}")
            }
            Delay::Seconds(from, to, each) => {
                write!(f, "waits {from} to {to} s {each}, then {then}")
            }
        }
    }
}

impl fmt::Display for WhereOptional {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UsesV1 => f.write_str("uses IMDSv1"),
            Self::UsesV1ForGood => f.write_str("uses IMDSv1 for good"),
            Self::Stays(without) => without.fmt(f),
        }
    }
}

impl fmt::Display for Without {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fails => "fails",
            Self::SignsNothing => "sends unsigned requests",
            Self::GoesOn => "goes on without metadata",
        })
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Measured(versions) => write!(f, "measured with {versions}"),
            Self::Code => f.write_str("from its source code"),
            Self::Reported(place) => write!(f, "reported in {place}"),
        }
    }
}
