//! How large a transaction may be.

/// The largest transaction that an engine commits. Each engine has its own:
/// [`Kv::limits`](crate::Kv::limits).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The most comparisons, and the most writes: see
    /// [`Transaction::operations`](crate::Transaction::operations).
    pub operations: usize,
    /// The most bytes of keys and values together: see
    /// [`Transaction::bytes`](crate::Transaction::bytes).
    pub bytes: usize,
}

impl Limits {
    /// What every engine can commit, and all that etcd does as it is shipped (`--max-txn-ops=128`,
    /// `--max-request-bytes=1572864`).
    pub const PORTABLE: Self = Self { operations: 128, bytes: 1_572_864 };

    /// What the engines in this process commit unless they are opened with other limits: enough for
    /// 1,000 instances with hundreds of addresses each.
    pub const LOCAL: Self = Self { operations: 1_000_000, bytes: 256 << 20 };
}
