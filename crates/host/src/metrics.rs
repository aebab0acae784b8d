//! Metrics of a running host.

use std::net::TcpListener;

use imds_account::clock::unix_ms;
use imds_dataplane::{Agent, Service, ServingLease};
use imds_metrics::{Metrics, MetricsServer, Sources};

use crate::error::HostError;

/// Where metrics are served.
pub struct MetricsSocket {
    /// The listening socket.
    pub listener: TcpListener,
    /// The program's version, which is one of the metrics.
    pub version: &'static str,
}

impl MetricsSocket {
    pub(crate) fn serve(
        self,
        service: &Service,
        agent: &Agent,
        lease: Option<ServingLease>,
    ) -> Result<MetricsServer, HostError> {
        let counters = service.counter_reader();
        let sources = Sources {
            counters: Box::new(move || counters.read()),
            agent: Some(Box::new(agent.health())),
            is_cut_off: lease.map(|lease| -> Box<dyn Fn() -> bool + Send + Sync> {
                Box::new(move || lease.is_over())
            }),
            version: self.version,
            started_at: unix_ms() / 1000,
        };
        MetricsServer::start(Metrics::new(sources), self.listener).map_err(HostError::Start)
    }
}
