//! Work that nobody waits for.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};

use super::*;
use crate::XML;

/// What work tells of itself.
#[derive(Debug, Eq, PartialEq)]
enum News {
    Began { niceness: i32 },
    Ended,
}

/// A server whose work ends only when nobody waits for it. It ends when the first value is dropped.
fn endless() -> (watch::Sender<bool>, SocketAddr, Receiver<News>, JoinHandle<()>) {
    let (stop, mut stopped) = watch::channel(false);
    let (tell, news) = mpsc::channel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let serve = async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let service = service_fn(move |request| {
            let tell = tell.clone();
            async move { Ok::<_, Infallible>(never(request, tell).await) }
        });
        let stopped = async move {
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        connections::serve(listener, service, stopped).await;
    };
    let thread = thread::spawn(move || run(runtime().unwrap(), serve));
    (stop, address, news, thread)
}

async fn never(request: Request<Incoming>, tell: Sender<News>) -> Response {
    let outcome = on_a_thread(request.into_parts(), move |_, _, _, abandoned| {
        let niceness = rustix::process::nice(0).unwrap();
        tell.send(News::Began { niceness }).unwrap();
        while !abandoned.is_set() {
            thread::park_timeout(Duration::from_millis(1));
        }
        tell.send(News::Ended).unwrap();
    });
    outcome.await.map_or_else(|fault| respond(fault.status, XML, ""), |()| empty(StatusCode::OK))
}

fn ask(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    stream
}

#[test]
fn work_ends_when_its_client_has_gone() {
    let (_stop, address, news, _) = endless();
    let client = ask(address);
    let News::Began { niceness } = news.recv().unwrap() else { panic!("it has not begun") };
    assert!(niceness >= NICENESS, "it is as urgent as metadata: {niceness}");
    drop(client);
    assert_eq!(news.recv().unwrap(), News::Ended);
}

#[test]
fn no_more_work_is_begun_than_there_are_threads_for() {
    let (stop, address, news, thread) = endless();
    let clients: Vec<_> = (0..THREADS + 8).map(|_| ask(address)).collect();
    for _ in 0..THREADS {
        assert!(matches!(news.recv().unwrap(), News::Began { .. }));
    }
    // Those who gave up while they waited for a thread are not begun at all.
    drop(clients);
    stop.send_replace(true);
    thread.join().unwrap();
    let told: Vec<_> = news.iter().collect();
    let ended = told.iter().filter(|news| **news == News::Ended).count();
    assert_eq!(ended - THREADS, told.len() - ended, "work that was begun has ended: {told:?}");
}

#[test]
fn the_end_waits_for_no_work() {
    let (stop, address, news, thread) = endless();
    let mut client = ask(address);
    assert!(matches!(news.recv().unwrap(), News::Began { .. }));
    stop.send_replace(true);
    thread.join().unwrap();
    assert_eq!(news.recv().unwrap(), News::Ended);
    assert_eq!(client.read(&mut [0]).unwrap_or(0), 0, "it was answered");
}
