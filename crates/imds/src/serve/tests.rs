//! What a client may take of the service, with a clock that jumps to the next thing that happens.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use imds_core::wire::KeepAlive;
use imds_core::{Endpoint, Launch};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use super::connection::Connection;
use super::identify::Caller;
use super::shared::Shared;
use super::{Service, limits};
use crate::agent::{Link, Table};
use crate::config::Answers;
use crate::identity::Signers;
use crate::state::token_key;

const GET: &[u8] = b"GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n";

/// Serves one connection with `client` at its other end; says what `client` gave, and when the
/// service was done with the connection.
async fn serve<T>(client: impl AsyncFnOnce(TcpStream) -> T) -> (T, Duration) {
    let instance = Launch::default().settle().unwrap();
    let table = Table::of_one(Arc::new(Endpoint::new(&instance)));
    let service = Service {
        listeners: Vec::new(),
        keyring: token_key::ephemeral().unwrap(),
        table: Arc::new(ArcSwap::from_pointee(table)),
        signers: Signers::default(),
        answers: Answers { keep_alive: KeepAlive::Ec2, stall: None },
        access_log: None,
        threads: NonZeroUsize::MIN,
    };
    let shared = Shared::new(Arc::new(service)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (here, address) = listener.accept().await.unwrap();
    let caller = Caller::new(&here, address, Link::Shared);
    let start = Instant::now();
    let served = async {
        Connection::new(here, caller, &shared).run().await;
        start.elapsed()
    };
    tokio::join!(client(there), served)
}

/// What comes until the service ends the connection.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // The end may be a reset: something was sent that the service did not want.
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8(text).unwrap()
}

fn is_about(limit: Duration, took: Duration) -> bool {
    (limit..limit + Duration::from_secs(1)).contains(&took)
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_end_is_not_waited_for() {
    let (answer, took) = serve(async |mut stream: TcpStream| {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: inst").await.unwrap();
        rest(stream).await
    })
    .await;
    assert_eq!(answer, "");
    assert!(is_about(limits::IDLE, took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn bytes_that_drip_do_not_prolong_a_request() {
    let (sent, took) = serve(async |mut stream: TcpStream| {
        stream.write_all(b"GET / HTTP/1.1\r\nX: ").await.unwrap();
        let mut sent = 0;
        while stream.write_all(b"x").await.is_ok() {
            sent += 1;
            sleep(Duration::from_secs(1)).await;
        }
        sent
    })
    .await;
    assert!(is_about(limits::IDLE, took), "{took:?}, {sent} bytes");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_and_a_used_one_is_not() {
    let pause = limits::IDLE * 5 / 6;
    let (answers, took) = serve(async |mut stream: TcpStream| {
        for _ in 0..3 {
            sleep(pause).await;
            stream.write_all(GET).await.unwrap();
        }
        rest(stream).await
    })
    .await;
    assert_eq!(answers.matches(" 401 ").count(), 3, "{answers}");
    assert!(is_about(pause * 3 + limits::IDLE, took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let (answer, took) = serve(async |mut stream: TcpStream| {
        stream.write_all(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        // The service has said all; this side stays open for longer than it waits for that.
        sleep(limits::LINGER * 2).await;
        answer
    })
    .await;
    assert!(answer.starts_with("HTTP/1."), "{answer}");
    assert!(is_about(limits::LINGER, took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_no_answers_is_left() {
    let ((), took) =
        serve(async |mut stream: TcpStream| while stream.write_all(GET).await.is_ok() {}).await;
    assert!(is_about(limits::SEND, took), "{took:?}");
}
