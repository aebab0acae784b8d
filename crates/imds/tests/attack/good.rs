//! A client that asks at a steady rate, whatever it gets.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use testkit::{Result, SOON, ensure};

/// The time between two requests.
pub(super) const PERIOD: Duration = Duration::from_millis(5);

const KEPT: &[u8] = b"GET /latest/meta-data/instance-id HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n";
const CLOSED: &[u8] =
    b"GET /latest/meta-data/instance-id HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// What it got.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) answered: usize,
    /// Sorted; from the moment at which a request was due, so that waiting for an earlier one counts.
    times: Vec<Duration>,
    took: Duration,
}

/// Sends requests, by turns on a connection that is kept and on a new one.
pub(super) fn serve(address: SocketAddr, period: Duration, requests: usize) -> Result<Served> {
    let (mut kept, mut times, began) = (None, Vec::new(), Instant::now());
    let mut answered = 0;
    for (number, is_kept) in (0..u32::try_from(requests)?).zip([true, false].into_iter().cycle()) {
        let due = if period.is_zero() { Instant::now() } else { began + number * period };
        while let left @ 1.. = due.saturating_duration_since(Instant::now()).as_nanos() {
            std::thread::park_timeout(Duration::from_nanos(u64::try_from(left)?));
        }
        let outcome = if is_kept {
            let stream = kept.take().map_or_else(|| connect(address), Ok);
            stream.and_then(|stream| exchange(stream, KEPT)).map(|stream| kept = Some(stream))
        } else {
            connect(address).and_then(|stream| exchange(stream, CLOSED)).map(drop)
        };
        answered += usize::from(outcome.is_ok());
        times.push(due.elapsed());
    }
    times.sort();
    Ok(Served { answered, times, took: began.elapsed() })
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, SOON)?;
    stream.set_read_timeout(Some(SOON))?;
    Ok(stream)
}

/// Sends a request, and reads its answer, which fits into one read.
fn exchange(mut stream: TcpStream, request: &[u8]) -> Result<TcpStream> {
    stream.write_all(request)?;
    let mut answer = [0; 2048];
    let count = stream.read(&mut answer)?;
    let answer = &answer[..count];
    ensure!(answer.len() > 12 && answer[8..12] == *b" 200", "{}", answer.escape_ascii());
    Ok(stream)
}

impl Served {
    pub(super) fn percentile(&self, hundredths: usize) -> Duration {
        let index = (self.times.len() * hundredths / 100).min(self.times.len().saturating_sub(1));
        self.times.get(index).copied().unwrap_or_default()
    }

    /// Answers a second, where it had at least `time`.
    #[allow(clippy::cast_precision_loss, reason = "a few thousands")]
    pub(super) fn rate(&self, time: Duration) -> f64 {
        self.answered as f64 / self.took.max(time).as_secs_f64()
    }

    /// The median and p99, in milliseconds.
    pub(super) fn times(&self) -> String {
        let millis = |hundredths| self.percentile(hundredths).as_secs_f64() * 1000.0;
        format!("{:6.2} {:7.2} ms", millis(50), millis(99))
    }
}
