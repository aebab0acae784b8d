//! `imds doctor`: why the metadata service cannot be used from here, and what mends it.
//!
//! 1. [`facts`]: look, and write down what is seen: of the service, and, in modules of their own, of
//!    the [`place`] this is, the [`firewall`], the interface's [`allowance`], the [`programs`] here
//!    and, if asked to, of [`sts`];
//! 2. [`checks`]: judge, as a pure function of the facts;
//! 3. [`mends`]: for what is wrong, the commands that mend it, filled in;
//! 4. [`report`]: for people, or as JSON.

mod allowance;
pub mod checks;
pub mod facts;
mod firewall;
mod mends;
mod place;
mod programs;
pub mod report;
mod sts;

use serde::Serialize;

/// What a check found.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// What was looked at, in a word or two.
    pub check: &'static str,
    pub verdict: Verdict,
    /// One sentence.
    pub says: String,
    /// What to do, best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mends: Vec<Mend>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Fine,
    /// Nothing wrong, but worth to know.
    Note,
    Wrong,
    /// It cannot be told, most often because of something wrong before.
    Unknown,
}

/// Something to type or write.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Mend {
    /// Where.
    pub with: &'static str,
    pub text: String,
}

impl Finding {
    fn new(check: &'static str, verdict: Verdict, says: impl Into<String>) -> Self {
        Self { check, verdict, says: says.into(), mends: Vec::new() }
    }

    fn mended(mut self, with: &'static str, text: impl Into<String>) -> Self {
        self.mends.push(Mend { with, text: text.into() });
        self
    }
}
