use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::pin::pin;

use super::*;

/// Runs what `main` makes, and says in which order it noted things.
fn noted<F: Future<Output = ()> + 'static>(
    main: impl FnOnce(Rc<Reactor>, Notes) -> F,
) -> Vec<&'static str> {
    let (reactor, notes) = (Reactor::jumping(), Notes::default());
    reactor.run(main(Rc::clone(&reactor), notes.clone())).unwrap();
    notes.0.take()
}

#[derive(Clone, Default)]
struct Notes(Rc<RefCell<Vec<&'static str>>>);

impl Notes {
    fn add(&self, note: &'static str) {
        self.0.borrow_mut().push(note);
    }
}

/// Both ends of a connection.
fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener.accept().unwrap().0, there)
}

impl Source<TcpStream> {
    /// Reads some bytes, once there are any; 0 where the other side has ended.
    pub(crate) async fn read(&self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        loop {
            self.readable().await?;
            if let Some(count) = self.try_read(bytes).await? {
                return Ok(count);
            }
        }
    }
}

#[test]
fn sleepers_wake_in_the_order_of_their_moments() {
    let notes = noted(|reactor, notes| async move {
        for (seconds, name) in [(3, "three"), (1, "one"), (2, "two")] {
            let (sleeper, notes) = (Rc::clone(&reactor), notes.clone());
            reactor.spawn(async move {
                sleeper.sleep(Duration::from_secs(seconds)).await;
                notes.add(name);
            });
        }
        let start = reactor.now();
        reactor.sleep(Duration::from_secs(60)).await;
        assert_eq!(reactor.now() - start, Duration::from_secs(60));
    });
    assert_eq!(notes, ["one", "two", "three"]);
}

#[test]
fn real_time_passes_by_itself() {
    let reactor = Rc::new(Reactor::new(Events::new().unwrap()));
    let (sleeper, start) = (Rc::clone(&reactor), Instant::now());
    let pause = Duration::from_millis(20);
    reactor.run(async move { sleeper.sleep(pause).await }).unwrap();
    assert!(start.elapsed() >= pause);
}

#[test]
fn a_task_that_panics_leaves_the_others_alone() {
    let notes = noted(|reactor, notes| async move {
        reactor.spawn(async { panic!("as a test") });
        reactor.sleep(Duration::from_secs(1)).await;
        notes.add("still here");
    });
    assert_eq!(notes, ["still here"]);
}

/// Guards against tests whose assertions nobody hears of.
#[test]
fn a_main_task_that_panics_is_an_error() {
    let reactor = Reactor::jumping();
    assert!(reactor.run(async { panic!("as a test") }).is_err());
}

#[test]
fn a_task_that_was_ended_does_not_go_on() {
    let notes = noted(|reactor, notes| async move {
        let (sleeper, later) = (Rc::clone(&reactor), notes.clone());
        let task = reactor.spawn(async move {
            sleeper.sleep(Duration::from_secs(1)).await;
            later.add("went on");
        });
        reactor.give_way().await;
        reactor.end(task);
        reactor.sleep(Duration::from_secs(2)).await;
    });
    assert!(notes.is_empty());
}

#[test]
fn an_end_that_comes_with_the_last_bytes_is_heard() {
    noted(|reactor, _| async move {
        let (here, mut there) = connection();
        there.write_all(b"bytes").unwrap();
        there.shutdown(Shutdown::Write).unwrap();
        let here = Source::new(&reactor, here);
        let mut bytes = Vec::with_capacity(100);
        assert_eq!(here.read(&mut bytes).await.unwrap(), 5);
        assert_eq!(here.read(&mut bytes).await.unwrap(), 0);
    });
}

/// What nobody waits for costs the kernel nothing; what was taken for ready and is not is waited for.
#[test]
fn the_kernel_tells_only_of_what_is_waited_for() {
    noted(|reactor, _| async move {
        let (here, mut there) = connection();
        there.write_all(b"bytes").unwrap();
        let here = Source::ready(&reactor, here);
        let mut bytes = Vec::with_capacity(100);
        assert_eq!(here.read(&mut bytes).await.unwrap(), 5);
        assert_eq!(here.write(b"answer", Next::Unknown).await.unwrap(), 6);
        assert!(!here.is_watched());
        let later = Rc::clone(&reactor);
        reactor.spawn(async move {
            later.sleep(Duration::from_secs(1)).await;
            there.write_all(b", more").unwrap();
            later.sleep(Duration::from_secs(1)).await;
        });
        assert_eq!(here.read(&mut bytes).await.unwrap(), 6);
        assert!(here.is_watched());
        assert_eq!(bytes, b"bytes, more");
    });
}

/// Guards against one client keeping a thread to itself by sending without end.
#[test]
fn who_has_more_to_read_lets_others_go_first() {
    let notes = noted(|reactor, notes| async move {
        let (here, mut there) = connection();
        there.write_all(&[b'x'; 300]).unwrap();
        let here = Source::new(&reactor, here);
        here.readable().await.unwrap();
        let other = notes.clone();
        reactor.spawn(async move { other.add("other") });
        for _ in 0..3 {
            here.read(&mut Vec::with_capacity(100)).await.unwrap();
            notes.add("read");
        }
    });
    assert_eq!(notes, ["other", "read", "read", "read"]);
}

#[test]
fn a_wait_ends_at_its_deadline() {
    noted(|reactor, _| async move {
        let (here, _there) = connection();
        let here = Source::new(&reactor, here);
        let deadline = reactor.now() + Duration::from_secs(9);
        let error =
            reactor.by(deadline, pin!(here.read(&mut Vec::with_capacity(1)))).await.unwrap_err();
        assert_eq!((error.kind(), reactor.now()), (io::ErrorKind::TimedOut, deadline));
    });
}

/// Guards against bytes being sent twice, or never, after a wait that was given up.
#[test]
fn what_became_of_bytes_is_not_taken_for_what_became_of_later_ones() {
    noted(|reactor, _| async move {
        let (here, mut there) = connection();
        let here = Source::new(&reactor, here);
        here.writable().await.unwrap();
        assert!(
            reactor
                .by(reactor.now(), pin!(here.write(b"given up, ", Next::Unknown)))
                .await
                .is_err()
        );
        reactor.give_way().await;
        assert_eq!(here.write(b"later", Next::Unknown).await.unwrap(), 5);
        drop(here);
        let mut received = String::new();
        there.read_to_string(&mut received).unwrap();
        assert_eq!(received, "given up, later");
    });
}

/// Guards against thousands of busy connections of one keeping the turn from another.
#[test]
fn a_crowd_in_one_share_holds_nobody_in_another_up() {
    const CROWD: usize = 10 * TURN;
    let notes = noted(|reactor, notes| async move {
        let (crowded, quiet) = (reactor.open_share(), reactor.open_share());
        for _ in 0..CROWD {
            let (again, notes) = (Rc::clone(&reactor), notes.clone());
            reactor.spawn_in(crowded, async move {
                for _ in 0..3 {
                    notes.add("busy");
                    again.give_way().await;
                }
            });
        }
        let note = notes.clone();
        reactor.spawn_in(quiet, async move { note.add("quiet") });
        reactor.sleep(Duration::from_secs(1)).await;
    });
    assert_eq!(notes.len(), 3 * CROWD + 1);
    let quiet = notes.iter().position(|note| *note == "quiet");
    assert!(quiet.is_some_and(|place| place < 3), "{quiet:?}");
}

#[test]
fn a_deadline_that_moves_on_is_kept_and_an_earlier_one_too() {
    noted(|reactor, _| async move {
        let (here, _there) = connection();
        let here = Source::new(&reactor, here);
        for seconds in [60, 90, 30, 120] {
            let deadline = reactor.now() + Duration::from_secs(seconds);
            let error = reactor
                .by(deadline, pin!(here.read(&mut Vec::with_capacity(1))))
                .await
                .unwrap_err();
            assert_eq!((error.kind(), reactor.now()), (io::ErrorKind::TimedOut, deadline));
        }
        assert!(reactor.tasks.borrow().len() <= 1, "one task, one entry");
        assert!(reactor.timers.borrow().first().is_none_or(|first| first >= reactor.now()));
    });
}
