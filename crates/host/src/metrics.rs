//! Metrics of a running host.

use std::net::TcpListener;
use std::sync::Arc;

use imds_account::clock::unix_ms;
use imds_control::{MetricsDoor, MetricsText};
use imds_dataplane::{Agent, Service, ServingLease};
use imds_metrics::{Format, Metrics, MetricsServer, Sources};

use crate::error::HostError;

/// Where metrics are served to anyone.
pub struct MetricsSocket {
    /// The listening socket.
    pub listener: TcpListener,
}

/// The metrics of what a host runs. It has a lease if it shares its state with others.
pub(crate) fn of(
    service: &Service,
    agent: &Agent,
    lease: Option<ServingLease>,
    version: &'static str,
) -> Arc<Metrics> {
    let counters = service.counter_reader();
    Arc::new(Metrics::new(Sources {
        counters: Box::new(move |visit| counters.read_each(visit)),
        agent: Some(Box::new(agent.health())),
        is_cut_off: lease.map(|lease| -> Box<dyn Fn() -> bool + Send + Sync> {
            Box::new(move || lease.is_over())
        }),
        version,
        started_at: unix_ms() / 1000,
    }))
}

/// Has the EC2 API show them to those who sign.
pub(crate) fn door(metrics: Arc<Metrics>) -> MetricsDoor {
    MetricsDoor(Box::new(move |headers| {
        let format = Format::accepted(headers);
        MetricsText { content_type: format.media_type(), text: metrics.text(format) }
    }))
}

impl MetricsSocket {
    pub(crate) fn serve(self, metrics: Arc<Metrics>) -> Result<MetricsServer, HostError> {
        MetricsServer::start(metrics, self.listener).map_err(HostError::Start)
    }
}
