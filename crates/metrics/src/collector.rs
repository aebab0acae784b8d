//! Counters become metrics: their names, help texts and labels.
//!
//! All that is not said per instance is a sum of all instances, those that are gone included.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use hyper::header::{ACCEPT, HeaderMap, HeaderValue};
use imds_core::InstanceId;
use imds_core::fault::FaultKind;
use imds_dataplane::{AgentHealth, CounterSnapshot, Latency};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeMetric, NoLabelSet, prometheus_text, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use crate::Sources;
use crate::callers::{Callers, OTHER, SERIES, Tokenless};
use crate::process::Process;

/// The metrics of a running service.
pub struct Metrics {
    sources: Sources,
    callers: Mutex<Callers>,
}

/// A text format.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// [`OpenMetrics` 1.0](https://prometheus.io/docs/specs/om/open_metrics_spec/)
    OpenMetrics,
    /// [Prometheus 0.0.4](https://prometheus.io/docs/instrumenting/exposition_formats/), for
    /// whoever does not ask for the other.
    Prometheus,
}

impl Format {
    /// The one for whoever sends these header fields: `OpenMetrics` if `Accept` names it.
    pub fn accepted(headers: &HeaderMap) -> Self {
        let names_it = |value: &HeaderValue| {
            value.to_str().is_ok_and(|value| value.contains("application/openmetrics-text"))
        };
        if headers.get_all(ACCEPT).iter().any(names_it) {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    /// The value of `Content-Type`.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

impl Metrics {
    /// Metrics of what `sources` read.
    pub fn new(sources: Sources) -> Self {
        Self { sources, callers: Mutex::default() }
    }

    /// All metrics at this moment.
    pub fn text(&self, format: Format) -> String {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let (counters, own, other) = callers.read(&self.sources.counters);
        drop(callers);
        let scrape = Scrape {
            counters,
            own,
            other,
            agent: self.sources.agent.as_ref().map(|read| read()),
            is_cut_off: self.sources.is_cut_off.as_ref().map(|read| read()),
            process: Process::now(),
            version: self.sources.version,
            started_at: self.sources.started_at,
        };
        let mut registry = Registry::default();
        registry.register_collector(Box::new(scrape));
        let mut out = String::new();
        let written = match format {
            Format::OpenMetrics => text::encode(&mut out, &registry),
            Format::Prometheus => prometheus_text::encode(&mut out, &registry),
        };
        // A string takes whatever is written to it.
        debug_assert!(written.is_ok(), "metrics that cannot be written");
        out
    }
}

/// All that one scrape says.
#[derive(Debug)]
struct Scrape {
    counters: CounterSnapshot,
    own: BTreeMap<InstanceId, Tokenless>,
    other: Tokenless,
    agent: Option<AgentHealth>,
    is_cut_off: Option<bool>,
    process: Process,
    version: &'static str,
    started_at: u64,
}

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let mut to = Writer(encoder);
        self.requests(&mut to)?;
        self.connections(&mut to)?;
        self.tokenless(&mut to)?;
        to.latency(&self.counters.latency)?;
        self.state(&mut to)?;
        self.process(&mut to)
    }
}

impl Scrape {
    fn requests(&self, to: &mut Writer) -> fmt::Result {
        let requests = self.counters.groups.iter().map(|(group, version, status, count)| {
            let labels = [
                ("version", version.as_str().to_owned()),
                ("status", status.code().to_string()),
                ("path", group.as_str().to_owned()),
            ];
            (labels, count)
        });
        to.counters("imds_requests", "Requests that were answered", requests)?;
        let faults = FaultKind::ALL
            .into_iter()
            .map(|kind| ([("kind", kind.as_str())], self.counters.faults.of(kind)));
        let help = "Requests that faults on demand hit, by what was done";
        to.counters("imds_faults", help, faults)?;
        let all = &self.counters.all;
        for (name, help, count) in [
            ("imds_tokens", "Session tokens that were made", all.tokens),
            (
                "imds_tokens_undeliverable",
                "Session tokens sent to clients that are farther away than the hop limit",
                all.undeliverable,
            ),
            (
                "imds_clients_reset",
                "Clients that were reset because their token was lost",
                all.lost,
            ),
            ("imds_response_bytes", "Bytes of responses, heads included", all.bytes),
        ] {
            to.counter(name, help, count)?;
        }
        Ok(())
    }

    fn connections(&self, to: &mut Writer) -> fmt::Result {
        let CounterSnapshot { all, connections, .. } = &self.counters;
        let help = "Connections with at least one request";
        to.counter("imds_connections", help, all.connections)?;
        to.gauge("imds_connections_open", "Connections that are open", *connections)
    }

    fn tokenless(&self, to: &mut Writer) -> fmt::Result {
        let by_instance = |count: fn(&Tokenless) -> u64| {
            let own = self.own.iter().map(|(id, counts)| (id.as_str(), counts));
            own.chain([(OTHER, &self.other)])
                .map(move |(id, counts)| ([("instance_id", id)], count(counts)))
        };
        let help = format!(
            "Requests without a token that were answered with 200: CloudWatch's MetadataNoToken; \
             instances beyond the first {SERIES} that use IMDSv1 are summed as `other`"
        );
        to.counters("imds_metadata_no_token", &help, by_instance(|counts| counts.answered))?;
        to.counters(
            "imds_metadata_no_token_rejected",
            "Requests without a token that were answered with 401 because tokens are required: \
             CloudWatch's MetadataNoTokenRejected; summed like imds_metadata_no_token",
            by_instance(|counts| counts.rejected),
        )
    }

    fn state(&self, to: &mut Writer) -> fmt::Result {
        to.gauge("imds_instances", "Instances that are served", self.counters.served as u64)?;
        if let Some(is_cut_off) = self.is_cut_off {
            let help = "1 while other hosts of the state no longer wait for this one, which cannot reach it";
            to.gauge("imds_host_cut_off", help, u64::from(is_cut_off))?;
        }
        let Some(agent) = self.agent else { return Ok(()) };
        let help = "1 while changes of the state are followed, 0 while the state cannot be read";
        to.gauge("imds_agent_following", help, u64::from(agent.is_following))?;
        to.counter("imds_agent_changes", "Changes of the state brought into force", agent.changes)?;
        to.counter("imds_agent_errors", "Failures to read or follow the state", agent.errors)
    }

    fn process(&self, to: &mut Writer) -> fmt::Result {
        let labels = [("version", self.version)];
        let help = "The program that runs; the value is always 1";
        let mut build = to.0.encode_descriptor("imds_build_info", help, None, MetricType::Gauge)?;
        build.encode_family(&labels)?.encode_gauge(&1_u64)?;
        let Process { processor_seconds, resident_bytes, open_descriptors, max_descriptors } =
            self.process;
        if let Some(seconds) = processor_seconds {
            let help = "Processor time, user and system";
            to.in_seconds("process_cpu", help, seconds)?;
        }
        for (name, help, value) in [
            ("process_resident_memory_bytes", "Resident memory", resident_bytes),
            ("process_open_fds", "Open file descriptors", open_descriptors),
            ("process_max_fds", "The most file descriptors allowed", max_descriptors),
        ] {
            value.map_or(Ok(()), |value| to.gauge(name, help, value))?;
        }
        let help = "When the service started, in seconds since 1970";
        let start = ConstGauge::new(self.started_at);
        let name = "process_start_time";
        start.encode(to.0.encode_descriptor(
            name,
            help,
            Some(&Unit::Seconds),
            start.metric_type(),
        )?)
    }
}

/// Writes metrics of the usual kinds.
struct Writer<'a>(DescriptorEncoder<'a>);

impl Writer<'_> {
    fn counter(&mut self, name: &str, help: &str, count: u64) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        metric.encode_counter::<NoLabelSet, _, f64>(&count, None)
    }

    fn counters<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        counts: impl Iterator<Item = (L, u64)>,
    ) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, count) in counts {
            metric.encode_family(&labels)?.encode_counter::<NoLabelSet, u64, f64>(&count, None)?;
        }
        Ok(())
    }

    fn in_seconds(&mut self, name: &str, help: &str, seconds: f64) -> fmt::Result {
        let unit = Some(&Unit::Seconds);
        let mut metric = self.0.encode_descriptor(name, help, unit, MetricType::Counter)?;
        metric.encode_counter::<NoLabelSet, _, f64>(&seconds, None)
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        metric.encode_gauge(&value)
    }

    fn latency(&mut self, latency: &Latency) -> fmt::Result {
        let buckets: Vec<_> = latency
            .buckets()
            .map(|(bound, count)| (bound.map_or(f64::INFINITY, in_seconds), count))
            .collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        let help = "From the arrival of a request's last byte until its response was ready";
        let mut metric = self.0.encode_descriptor(
            "imds_request_duration",
            help,
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        metric.encode_histogram::<NoLabelSet>(in_seconds(latency.micros), count, &buckets, None)
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact for 285 years")]
fn in_seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use imds_core::response::{ImdsVersion, Status};
    use imds_dataplane::Counts;

    use super::*;
    use crate::Visit;

    fn metrics(read: impl Fn(Visit<'_>) -> CounterSnapshot + Send + Sync + 'static) -> Metrics {
        let agent = AgentHealth { is_following: true, changes: 4, errors: 1 };
        Metrics::new(Sources {
            counters: Box::new(read),
            agent: Some(Box::new(move || agent)),
            is_cut_off: Some(Box::new(|| true)),
            version: "1.2.3 (abc)",
            started_at: 1_700_000_000,
        })
    }

    fn one_instance(visit: Visit<'_>) -> CounterSnapshot {
        let mut counts = Counts::default();
        (counts.tokens, counts.undeliverable, counts.bytes) = (3, 1, 900);
        counts.add_requests(ImdsVersion::V1, Status::Ok, 2);
        counts.add_requests(ImdsVersion::V1, Status::Unauthorized, 5);
        let mut snapshot = CounterSnapshot { served: 9, connections: 2, ..<_>::default() };
        snapshot.all = counts.clone();
        visit(&"i-11111111".parse().unwrap(), &counts);
        snapshot
    }

    #[test]
    fn both_formats_say_the_same() {
        let metrics = metrics(one_instance);
        for (format, end) in [(Format::OpenMetrics, "\n# EOF\n"), (Format::Prometheus, "\n")] {
            let text = metrics.text(format);
            for line in [
                "imds_tokens_total 3",
                "imds_tokens_undeliverable_total 1",
                "imds_response_bytes_total 900",
                "imds_connections_open 2",
                "imds_faults_total{kind=\"reset\"} 0",
                "imds_metadata_no_token_total{instance_id=\"i-11111111\"} 2",
                "imds_metadata_no_token_total{instance_id=\"other\"} 0",
                "imds_metadata_no_token_rejected_total{instance_id=\"i-11111111\"} 5",
                "imds_instances 9",
                "imds_host_cut_off 1",
                "imds_agent_following 1",
                "imds_agent_changes_total 4",
                "process_start_time_seconds 1700000000",
                "imds_build_info{version=\"1.2.3 (abc)\"} 1",
                "imds_request_duration_seconds_bucket{le=\"+Inf\"} 0",
            ] {
                assert!(text.lines().any(|there| there == line), "no {line} in {text}");
            }
            assert!(text.ends_with(end), "{text}");
        }
    }

    /// However many instances there are, a scrape is at most a mebibyte.
    #[test]
    fn a_scrape_of_a_large_fleet_is_small() {
        let read = |visit: Visit<'_>| {
            let mut snapshot = CounterSnapshot { served: 100_000, ..<_>::default() };
            let mut counts = Counts::default();
            counts.add_requests(ImdsVersion::V1, Status::Ok, u64::from(u32::MAX));
            for number in 0..100_000 {
                snapshot.all += &counts;
                visit(&format!("i-{number:017x}").parse().unwrap(), &counts);
            }
            snapshot
        };
        let text = metrics(read).text(Format::OpenMetrics);
        assert!(text.len() < 1 << 20, "{} bytes", text.len());
        assert!(text.contains("{instance_id=\"other\"} 425201762205000"), "99,000 are summed");
    }
}
