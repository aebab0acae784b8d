//! The kinds of faults, as they are counted and logged.

/// A kind of fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FaultKind {
    /// Another status.
    Status,
    /// A response that comes late.
    Latency,
    /// A response that never comes.
    Lost,
    /// A connection that is reset.
    Reset,
    /// Another body.
    Body,
    /// Credentials that are of no use.
    Credentials,
    /// A body that ends too early.
    Truncate,
    /// A body that comes slowly.
    Rate,
    /// Another time in the `Date` header.
    Date,
    /// Packets beyond the allowance of an interface.
    Allowance,
}

impl FaultKind {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; 10] = [
        Self::Status,
        Self::Latency,
        Self::Lost,
        Self::Reset,
        Self::Body,
        Self::Credentials,
        Self::Truncate,
        Self::Rate,
        Self::Date,
        Self::Allowance,
    ];

    /// The name, which is the key in a rule's text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Latency => "latency",
            Self::Lost => "lost",
            Self::Reset => "reset",
            Self::Body => "body",
            Self::Credentials => "credentials",
            Self::Truncate => "truncate",
            Self::Rate => "rate",
            Self::Date => "date",
            Self::Allowance => "allowance",
        }
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FaultKinds(u16);

impl FaultKinds {
    pub(super) fn insert(&mut self, kind: FaultKind) {
        self.0 |= 1 << kind as u16;
    }

    pub(super) fn contains(self, kind: FaultKind) -> bool {
        self.0 & 1 << kind as u16 != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kinds that are in it, in the order of their declaration.
    pub fn iter(self) -> impl Iterator<Item = FaultKind> {
        FaultKind::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }
}
