//! What a client may take of the service, with a clock that jumps to the next thing that happens.

use std::cell::{Cell, OnceCell};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use imds_account::token_key;
use imds_core::{Endpoint, Launch};
use imds_identity::{KeyStorage, Signers};
use imds_linux::send::Next;
use imds_linux::socket;
use rustix::net::sockopt;

use crate::connection::Connection;
use crate::counters::CounterReader;
use crate::limits;
use crate::link::{Link, LinkId};
use crate::peer::Peer;
use crate::policy::ResponsePolicy;
use crate::reactor::{Reactor, Source};
use crate::shared::{AttachedLink, OpenConnection, ServiceState, Shared};
use crate::table::{Table, Target};

const GET: &[u8] = b"GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n";

/// How many bytes of answers each side's kernel holds.
const ANSWERS: usize = 16 * 1024;

/// What a thread has that may have so many connections.
fn shared(most_connections: usize) -> Rc<Shared> {
    let table = Table::of_one(Arc::new(Endpoint::new(&Launch::default().resolve().unwrap())));
    let service = ServiceState {
        keyring: token_key::ephemeral().unwrap(),
        table: Arc::new(ArcSwap::from_pointee(table)),
        signers: Signers::new(KeyStorage::Ephemeral).unwrap(),
        policy: Arc::new(ArcSwap::from_pointee(ResponsePolicy::default())),
        faults: <_>::default(),
        subscribers: Arc::default(),
        measures_latency: false,
        lease: <_>::default(),
        only_serve: None,
        has_successor: <_>::default(),
        held_input: <_>::default(),
    };
    Rc::new(Shared::new(Arc::new(service), Arc::default(), most_connections).unwrap())
}

/// Serves one connection with `client` at its other end; says what `client` gave, and when the
/// service was done with the connection.
fn serve<T: 'static>(client: impl AsyncFnOnce(Client) -> T + 'static) -> (T, Duration) {
    serve_with(shared(usize::MAX), client)
}

fn serve_with<T: 'static>(
    shared: Rc<Shared>,
    client: impl AsyncFnOnce(Client) -> T + 'static,
) -> (T, Duration) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let reactor = Reactor::jumping();
    let link = Link::new(listener.try_clone().unwrap(), Target::BySource).answering_pages();
    let link = Rc::new(AttachedLink::new(LinkId(1), link, &shared, &reactor));
    let there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (here, address) = listener.accept().unwrap();
    // The kernel's own time does not jump, so nothing may wait for it: the client's bytes go without
    // acknowledgement, and answers that it does not take are soon too many.
    there.set_nodelay(true).unwrap();
    sockopt::set_socket_recv_buffer_size(&there, ANSWERS).unwrap();
    sockopt::set_socket_send_buffer_size(&here, ANSWERS).unwrap();
    let peer = Peer::new(address, Target::BySource);

    let (gave, took) = (Rc::new(OnceCell::new()), Rc::new(Cell::new(Duration::ZERO)));
    let main = {
        let (reactor, gave, took) = (Rc::clone(&reactor), Rc::clone(&gave), Rc::clone(&took));
        async move {
            reactor.spawn({
                let (reactor, gave) = (Rc::clone(&reactor), Rc::clone(&gave));
                async move {
                    let stream = Source::ready(&reactor, there);
                    let _ = gave.set(client(Client(stream)).await);
                }
            });
            let start = reactor.now();
            let stream = Source::ready(&reactor, here);
            let open = OpenConnection::new(Rc::clone(&shared), link);
            open.begin(reactor.running(), stream.shared_ref());
            let mut connection = Connection::new(open, stream, peer, &shared);
            connection.run().await;
            drop(connection);
            took.set(reactor.now() - start);
            while gave.get().is_none() {
                reactor.sleep(Duration::from_millis(1)).await;
            }
        }
    };
    reactor.run(main).unwrap();
    (Rc::into_inner(gave).unwrap().into_inner().unwrap(), took.get())
}

/// The client's end of the connection.
struct Client(Source<TcpStream>);

impl Client {
    async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            bytes = &bytes[self.0.write(bytes, Next::Unknown).await?..];
        }
        Ok(())
    }

    /// What comes until the service ends the connection.
    async fn rest(&self) -> String {
        let mut text = Vec::with_capacity(4096);
        // The end may be a reset: something was sent that the service did not want.
        while let Ok(1..) = self.0.read(&mut text).await {
            text.reserve(4096);
        }
        String::from_utf8(text).unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.reactor().sleep(duration).await;
    }
}

fn is_about(limit: Duration, took: Duration) -> bool {
    (limit..limit + Duration::from_secs(1)).contains(&took)
}

#[test]
fn a_head_that_does_not_end_is_not_waited_for() {
    let (response, took) = serve(async |client: Client| {
        client.write_all(b"GET / HTTP/1.1\r\nHost: inst").await.unwrap();
        client.rest().await
    });
    assert_eq!(response, "");
    assert!(is_about(limits::IDLE, took), "{took:?}");
}

#[test]
fn bytes_that_drip_do_not_prolong_a_request() {
    let (sent, took) = serve(async |client: Client| {
        client.write_all(b"GET / HTTP/1.1\r\nX: ").await.unwrap();
        let mut sent = 0;
        while client.write_all(b"x").await.is_ok() {
            sent += 1;
            client.sleep(Duration::from_secs(1)).await;
        }
        sent
    });
    assert!(is_about(limits::IDLE, took), "{took:?}, {sent} bytes");
}

#[test]
fn an_idle_connection_is_closed_and_a_used_one_is_not() {
    let pause = limits::IDLE * 5 / 6;
    let (answers, took) = serve(async move |client: Client| {
        for _ in 0..3 {
            client.sleep(pause).await;
            client.write_all(GET).await.unwrap();
        }
        client.rest().await
    });
    assert_eq!(answers.matches(" 401 ").count(), 3, "{answers}");
    assert!(is_about(pause * 3 + limits::IDLE, took), "{took:?}");
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let (response, took) = serve(async |client: Client| {
        client.write_all(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n").await.unwrap();
        let response = client.rest().await;
        // The service has said all; this side stays open for longer than it waits for that.
        client.sleep(limits::LINGER * 2).await;
        response
    });
    assert!(response.starts_with("HTTP/1."), "{response}");
    assert!(is_about(limits::LINGER, took), "{took:?}");
}

#[test]
fn a_client_that_takes_no_answers_is_left() {
    let ((), took) = serve(async |client: Client| {
        // Many at once: the kernel drops small packets that a full socket has no room for, and sends
        // them again by its own time.
        let requests = GET.repeat(512);
        while client.write_all(&requests).await.is_ok() {}
    });
    assert!(is_about(limits::SEND, took), "{took:?}");
}

/// Only a client that is still there hears that its response was lost, and is counted: at once where too many
/// wait already.
#[test]
fn a_withheld_response_is_lost_if_the_client_waits_for_it() {
    let stall = Duration::from_secs(5);
    for (most_connections, stays, waits, lost) in [
        (usize::MAX, Duration::from_secs(1), Duration::from_secs(1), 0),
        (usize::MAX, stall * 2, stall, 1),
        (4, stall * 2, Duration::ZERO, 1),
    ] {
        let shared = shared(most_connections);
        shared.service.faults.add("lost".parse().unwrap()).unwrap();
        let policy = ResponsePolicy { stall: Some(stall), ..ResponsePolicy::default() };
        shared.service.policy.store(Arc::new(policy));
        let ((), took) = serve_with(Rc::clone(&shared), async move |client: Client| {
            client.write_all(GET).await.unwrap();
            client.sleep(stays).await;
            socket::reset_on_close(&client.0).unwrap();
        });
        assert!(is_about(waits, took), "{took:?}");
        let workers = vec![Arc::clone(&shared.counters)];
        let snapshot = CounterReader::new(workers, Arc::clone(&shared.service.table)).read();
        assert_eq!(snapshot.all.lost, lost);
    }
}

/// Guards against a link whose first instance has all connections that the link may have.
#[test]
fn instances_of_one_link_have_room_beside_each_other() {
    let (shared, reactor) = (shared(900), Reactor::jumping());
    let link = Link::new(TcpListener::bind("127.0.0.1:0").unwrap(), Target::BySource);
    let link = Rc::new(AttachedLink::new(LinkId(1), link, &shared, &reactor));
    let main = {
        let reactor = Rc::clone(&reactor);
        async move {
            // As `accept` and the first turn of a connection do it.
            let connect = |instance: &str| {
                link.share.has_room(shared.free()).then_some(())?;
                let open = OpenConnection::new(Rc::clone(&shared), Rc::clone(&link));
                open.is_of(&instance.parse().unwrap(), &reactor).then_some(open)
            };
            let fill = |instance| std::iter::from_fn(|| connect(instance)).collect::<Vec<_>>();
            let crowds = ["i-11111111", "i-22222222", "i-33333333"].map(fill);
            assert_eq!(crowds.each_ref().map(Vec::len), [800, 88, 10]);
            // Each place comes back.
            drop(crowds);
            assert_eq!(fill("i-11111111").len(), 800);
            assert!(link.share.has_room(1));
        }
    };
    reactor.run(main).unwrap();
}
