//! The way to the host's metrics.

use hyper::HeaderMap;

/// Writes all metrics in the format that the header fields of a request ask for.
///
/// A function of the host's, because the API must not depend on the data path.
pub struct MetricsDoor(pub Box<dyn Fn(&HeaderMap) -> MetricsText + Send + Sync>);

/// All metrics at one moment.
pub struct MetricsText {
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The document.
    pub text: String,
}
