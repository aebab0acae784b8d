//! What a page is asked for with.

use hyper::Method;

use crate::error::Refused;
use crate::language::Language;
use crate::query::Query;
use crate::response::Response;

/// A request of a browser.
pub(crate) struct PageRequest<'a> {
    pub(crate) method: &'a Method,
    /// The path in steps, its percent encoding undone; one empty step for `/`.
    pub(crate) steps: &'a [&'a str],
    /// The path as it was sent.
    pub(crate) path: &'a str,
    pub(crate) query: &'a Query,
    /// What a form sent.
    pub(crate) form: &'a Query,
    pub(crate) language: Language,
}

/// A page, or why there is none.
pub(super) type Answer = Result<Response, Refused>;

impl PageRequest<'_> {
    pub(crate) fn is_post(&self, steps: &[&str]) -> bool {
        self.method == Method::POST && self.steps == steps
    }
}
