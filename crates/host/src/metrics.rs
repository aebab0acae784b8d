//! Metrics of a running host.

use std::net::TcpListener;
use std::sync::Arc;

use imds_account::clock::unix_ms;
use imds_control::MetricsDoor;
use imds_dataplane::{Agent, Service};
use imds_metrics::{Format, Metrics, MetricsServer, Sources};

use crate::error::HostError;

/// Where metrics are served to anybody.
pub struct MetricsSocket {
    /// The listening socket.
    pub listener: TcpListener,
}

/// The metrics of what a host runs; `version` is the program's.
pub(crate) fn of(service: &Service, agent: &Agent, version: &'static str) -> Arc<Metrics> {
    let counters = service.counter_reader();
    Arc::new(Metrics::new(Sources {
        counters: Box::new(move || counters.read()),
        agent: Some(Box::new(agent.health())),
        version,
        started_at: unix_ms() / 1000,
    }))
}

/// Has the EC2 API show them to signed readers.
pub(crate) fn door(metrics: Arc<Metrics>) -> MetricsDoor {
    MetricsDoor(Box::new(move |accept| {
        let format = Format::accepted(accept);
        (format.media_type(), metrics.text(format))
    }))
}

impl MetricsSocket {
    pub(crate) fn serve(self, metrics: Arc<Metrics>) -> Result<MetricsServer, HostError> {
        MetricsServer::start(metrics, self.listener).map_err(HostError::Start)
    }
}
