//! What is found: where, what, why it breaks, and what to do about it.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::edit::Edit;
use crate::rules::Rule;

/// One use of IMDSv1, or one setting that allows or hides it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which kind of use.
    pub rule: Rule,
    /// The bytes that are at fault.
    pub span: Range<usize>,
    /// Line of the first byte, counted from 1.
    pub line: usize,
    /// Column of the first byte in its line, in characters, counted from 1.
    pub column: usize,
    /// What stands there, in one sentence.
    pub what: String,
    /// The paths it asks for, as in `/latest/meta-data/ami-id`, with `*` for what the file does not
    /// tell; empty for what asks for none, such as a setting.
    pub reads: Vec<String>,
    /// What to know before a rewrite is applied, if there is something.
    pub caution: Option<String>,
    /// What to do about it.
    pub remedy: Remedy,
}

/// What to do about a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Remedy {
    /// Edits that keep the meaning and speak IMDSv2; safe to apply.
    Rewrite(Vec<Edit>),
    /// Edits that change how instances run: shown, and applied only when asked for.
    Offer {
        /// The edits.
        edits: Vec<Edit>,
        /// What to know before applying them.
        caution: String,
    },
    /// No machine edit: what a person should write, and why it is not done for them.
    Advice {
        /// What to write.
        text: String,
        /// Why there is no edit.
        reason: String,
    },
}

impl Finding {
    pub(crate) fn new(
        rule: Rule,
        span: Range<usize>,
        what: impl Into<String>,
        remedy: Remedy,
    ) -> Self {
        let reads = Vec::new();
        Self { rule, span, line: 0, column: 0, what: what.into(), reads, caution: None, remedy }
    }

    /// The same finding, of something that asks for these paths.
    pub(crate) fn reading(mut self, paths: impl IntoIterator<Item = String>) -> Self {
        self.reads.extend(paths);
        self.reads.sort();
        self.reads.dedup();
        self
    }

    /// The edits of a safe rewrite; empty for an offer or advice.
    pub fn rewrite(&self) -> &[Edit] {
        match &self.remedy {
            Remedy::Rewrite(edits) => edits,
            Remedy::Offer { .. } | Remedy::Advice { .. } => &[],
        }
    }

    /// The edits of a rewrite or an offer.
    pub fn edits(&self) -> &[Edit] {
        match &self.remedy {
            Remedy::Rewrite(edits) | Remedy::Offer { edits, .. } => edits,
            Remedy::Advice { .. } => &[],
        }
    }
}

impl Remedy {
    pub(crate) fn advice(text: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Advice { text: text.into(), reason: reason.into() }
    }
}
