//! Many clients of one service, which ask at the same time.

use std::cell::Cell;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use imds_client::{Client, Error, Settings};
use testkit::faulty::{Act, Faulty, answer};
use testkit::{Family, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};

use crate::way::{ClientClock, Way};

pub(crate) type Outcome = Result<String, Error>;

/// What came of it.
pub(crate) struct Asked {
    /// What each client was told, and how long it took.
    pub(crate) calls: Vec<(Outcome, Duration)>,
    /// What a plain request on the same way took meanwhile.
    pub(crate) request: Duration,
    /// Whether the clients ran for less than half of the time, so that they cannot have done what they should.
    pub(crate) stood_still: bool,
}

/// The id, asked for twice by each of so many clients; what came of the first failure, or of all.
pub(crate) fn ask(
    way: &Way,
    clients: usize,
    (family, settings): (Family, &Settings),
) -> Result<Asked> {
    let plain = way.listen_beside(family)?;
    let address = plain.local_addr()?;
    let _plain = Faulty::start(plain, |_, _| Act::Respond(instance_id()));
    way.client(async || {
        let all = ClientClock::with(async |clock| {
            let (pace, began) = (Pace::default(), Instant::now());
            let mut calls = JoinSet::new();
            for _ in 0..clients {
                let (client, clock) = (Client::new(settings.clone()), clock.clone());
                calls.spawn_local(async move {
                    let began = clock.now();
                    let first = client.instance_id().await;
                    let took = clock.now().saturating_sub(began);
                    let Ok(_) = first else { return (first, took) };
                    (client.instance_id().await, took)
                });
            }
            let calls = tokio::select! {
                calls = calls.join_all() => calls,
                never = pace.keep(address, &clock) => match never {},
            };
            let stood_still = clock.now() * 2 < began.elapsed();
            Asked { calls, request: pace.mean(), stood_still }
        });
        LocalSet::new().run_until(all).await
    })
}

pub(crate) fn instance_id() -> String {
    answer(200, &[], "i-1")
}

/// How long plain requests take, each on a connection of its own, one after the other.
#[derive(Default)]
struct Pace {
    count: Cell<u32>,
    took: Cell<Duration>,
}

impl Pace {
    async fn keep(&self, address: SocketAddr, clock: &ClientClock) -> Infallible {
        loop {
            let began = clock.now();
            // One that is lost takes its time as well.
            let _ = request(address).await;
            self.count.update(|count| count + 1);
            self.took.update(|took| took + clock.now().saturating_sub(began));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn mean(&self) -> Duration {
        self.took.get() / self.count.get().max(1)
    }
}

async fn request(address: SocketAddr) -> io::Result<usize> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").await?;
    stream.read_to_end(&mut Vec::new()).await
}
