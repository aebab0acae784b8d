#!/usr/bin/env bash
# prometheus-client (Rust): the bound of a histogram's last bucket that a collector encodes itself is another number
# in each release, and the wrong one gives a text without the bucket +Inf, which OpenMetrics requires.
#
# Versions: prometheus-client 0.25.0 and 0.26.0, Rust 1.95.
# Expected: `MetricEncoder::encode_histogram` says which bound means +Inf, keeps it, or fails where +Inf is missing.
# Seen: 0.25 writes le="+Inf" for f64::MAX alone, and le="inf" for f64::INFINITY; 0.26 writes le="+Inf" for
#   f64::INFINITY alone, and le="1.7976931348623157e308" for f64::MAX. Both types are the same, nothing fails, and
#   Prometheus 2.42 took such a text without a complaint. So test the last bucket of what is served.
# Needs: cargo and its registry.
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT

last_buckets() { # of f64::MAX and of f64::INFINITY, by the release $1
    mkdir -p "$home/$1/src"
    cat > "$home/$1/Cargo.toml" <<TOML
[package]
name = "open-bucket"
version = "0.1.0"
edition = "2021"

[dependencies]
prometheus-client = "=$1"
TOML
    cat > "$home/$1/src/main.rs" <<'RUST'
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{text, DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

#[derive(Debug)]
struct Open(f64);

impl Collector for Open {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let mut metric = encoder.encode_descriptor("seconds", "", None, MetricType::Histogram)?;
        metric.encode_histogram::<NoLabelSet>(9.0, 2, &[(1.0, 1), (self.0, 1)], None)
    }
}

fn main() {
    for last in [f64::MAX, f64::INFINITY] {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Open(last)));
        let mut out = String::new();
        text::encode(&mut out, &registry).unwrap();
        println!("{}", out.lines().filter(|line| line.contains("bucket")).last().unwrap());
    }
}
RUST
    (cd "$home/$1" && cargo run --quiet)
}

before=$(last_buckets 0.25.0)
after=$(last_buckets 0.26.0)
printf '0.25.0, f64::MAX and f64::INFINITY:\n%s\n0.26.0:\n%s\n' "$before" "$after"
[ "$before" = 'seconds_bucket{le="+Inf"} 2
seconds_bucket{le="inf"} 2' ] && [ "$after" = 'seconds_bucket{le="1.7976931348623157e308"} 2
seconds_bucket{le="+Inf"} 2' ] || { echo "this has changed" >&2; exit 1; }
