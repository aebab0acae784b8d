//! What came of sealing values again.

/// What became of sealed values.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Resealed {
    /// How many were sealed again.
    pub resealed: usize,
    /// How many the first key had sealed when they were last looked at.
    pub current: usize,
    /// How many an older key may seal still, because others wrote them at the same time.
    pub outdated: usize,
    /// The keys of values that none of our keys opens.
    pub unreadable: Vec<String>,
}
