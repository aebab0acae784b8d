//! Messages on their way to standard error: a bounded queue, which a thread of its own empties. Whoever
//! logs waits for nothing, and neither does a signal: standard error may be a pipe that nobody reads.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tracing::Metadata;
use tracing::callsite::Identifier;
use tracing_subscriber::fmt::MakeWriter;

/// How many bytes wait at most; messages that come then are dropped and counted.
const CAPACITY: usize = 1 << 20;

/// How many messages of one kind, which is one place in the program, are written within a second.
const MOST_OF_A_KIND: u32 = 50;

/// How long the end of the process waits for what was logged before.
pub(super) const LAST_WAIT: Duration = Duration::from_secs(1);

/// How often it is said that messages were dropped.
const BETWEEN_REPORTS: Duration = Duration::from_secs(1);

/// A handle on the queue.
#[derive(Clone, Default)]
pub(super) struct Queue(Arc<Shared>);

/// Ends the queue's thread when it is dropped, once it has written what waits or [`LAST_WAIT`] is over.
pub(super) struct LastWait(Queue);

#[derive(Default)]
struct Shared {
    /// Never locked while something is written.
    state: Mutex<State>,
    /// Something waits, was dropped, or the end has come.
    changed: Condvar,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    /// Whole messages.
    waiting: Vec<u8>,
    dropped: Dropped,
    kinds: HashMap<Identifier, Recently>,
    is_closed: bool,
    has_ended: bool,
}

/// How many messages were not written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Dropped {
    /// There were too many of their kind.
    repeated: u64,
    /// Standard error does not take them.
    unread: u64,
}

/// How many messages of a kind there were in the second that began then.
struct Recently {
    since: Instant,
    count: u32,
}

impl Queue {
    /// Writes to `sink` from now on, also what waits already.
    pub(super) fn start(&self, sink: impl Write + Send + 'static) -> io::Result<LastWait> {
        let writer = self.clone();
        thread::Builder::new().name("messages".into()).spawn(move || writer.run(sink))?;
        Ok(LastWait(self.clone()))
    }

    /// Adds a message, or drops it.
    pub(super) fn push(&self, message: &[u8]) {
        let mut state = self.state();
        if state.waiting.len() + message.len() > CAPACITY {
            state.dropped.unread += 1;
        } else {
            state.waiting.extend_from_slice(message);
        }
        self.0.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut sink: impl Write) {
        let mut next_report = Instant::now();
        while let Some(messages) = self.next(next_report) {
            // A reader that is gone misses nothing.
            let _ = write_all(&mut sink, &messages);
            if let Some(Dropped { repeated, unread }) = self.dropped_by(next_report) {
                next_report = Instant::now() + BETWEEN_REPORTS;
                tracing::warn!(repeated, unread, "messages were dropped");
            }
        }
        self.state().has_ended = true;
        self.0.ended.notify_all();
    }

    /// Waits for messages, and until `report` if it is to be said that some were dropped. `None` at the
    /// end.
    fn next(&self, report: Instant) -> Option<Vec<u8>> {
        let mut state = self.state();
        while state.waiting.is_empty() && !state.is_closed {
            let left = report.saturating_duration_since(Instant::now());
            if state.dropped == Dropped::default() {
                state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            } else if left.is_zero() {
                break;
            } else {
                let waited = self.0.changed.wait_timeout(state, left);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        let is_over = state.is_closed && state.waiting.is_empty();
        let is_over = is_over && state.dropped == Dropped::default();
        (!is_over).then(|| mem::take(&mut state.waiting))
    }

    /// What was dropped, if it is time to say so.
    fn dropped_by(&self, report: Instant) -> Option<Dropped> {
        let mut state = self.state();
        let is_due = state.is_closed || Instant::now() >= report;
        (is_due && state.dropped != Dropped::default()).then(|| mem::take(&mut state.dropped))
    }
}

impl State {
    /// Counts a message; whether it may be written.
    fn admits(&mut self, kind: Identifier, now: Instant) -> bool {
        let recently = self.kinds.entry(kind).or_insert(Recently { since: now, count: 0 });
        if now.saturating_duration_since(recently.since) >= Duration::from_secs(1) {
            *recently = Recently { since: now, count: 0 };
        }
        recently.count = recently.count.saturating_add(1);
        let is_admitted = recently.count <= MOST_OF_A_KIND;
        self.dropped.repeated += u64::from(!is_admitted);
        is_admitted
    }
}

impl Drop for LastWait {
    fn drop(&mut self) {
        let Queue(shared) = &self.0;
        let mut state = self.0.state();
        state.is_closed = true;
        shared.changed.notify_all();
        // The thread may wait for a reader for ever; it ends with the process.
        drop(shared.ended.wait_timeout_while(state, LAST_WAIT, |state| !state.has_ended));
    }
}

/// What `tracing` writes a message to, which it does in one piece.
pub(super) struct Message<'a> {
    queue: &'a Queue,
    is_admitted: bool,
}

impl<'a> MakeWriter<'a> for Queue {
    type Writer = Message<'a>;

    fn make_writer(&'a self) -> Message<'a> {
        Message { queue: self, is_admitted: true }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Message<'a> {
        let is_admitted = self.state().admits(metadata.callsite(), Instant::now());
        if !is_admitted {
            self.0.changed.notify_one();
        }
        Message { queue: self, is_admitted }
    }
}

impl Write for Message<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_admitted {
            self.queue.push(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes all, also where another process has made the terminal or pipe non-blocking.
fn write_all(sink: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match sink.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                thread::park_timeout(Duration::from_millis(10));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver, Sender};

    use super::*;

    /// A reader that takes something only when it is told to.
    struct Reader {
        may_take: Receiver<()>,
        taken: Sender<Vec<u8>>,
    }

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Once the test is over, everything is taken.
            let _ = self.may_take.recv();
            let _ = self.taken.send(bytes.to_owned());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A kind of message, with a call site of its own.
    macro_rules! kind {
        ($name:literal) => {{
            struct Kind;
            static KIND: Kind = Kind;
            static METADATA: Metadata<'static> = tracing::metadata! {
                name: $name, target: "test", level: tracing::Level::INFO, fields: &[],
                callsite: &KIND, kind: tracing::metadata::Kind::EVENT
            };
            impl tracing::Callsite for Kind {
                fn set_interest(&self, _: tracing::subscriber::Interest) {}
                fn metadata(&self) -> &Metadata<'_> {
                    &METADATA
                }
            }
            METADATA.callsite()
        }};
    }

    #[test]
    fn nobody_waits_for_a_reader_and_what_it_misses_is_counted() {
        let (may_take, gate) = mpsc::channel();
        let (taken, all_taken) = mpsc::channel();
        let queue = Queue::default();
        let last_wait = queue.start(Reader { may_take: gate, taken }).unwrap();
        let message = [b'x'; 1024];
        for _ in 0..4096 {
            queue.push(&message);
        }
        let unread = queue.state().dropped.unread;
        // The writer has taken some, as many at most as may wait.
        assert!((2048..=3072).contains(&unread), "{unread}");
        assert!(queue.state().waiting.len() <= CAPACITY);

        let before = Instant::now();
        drop(last_wait);
        assert!(before.elapsed() >= LAST_WAIT, "it gave up before its time");
        drop(may_take);
        let taken: usize = all_taken.iter().map(|bytes| bytes.len()).sum();
        assert_eq!(taken as u64, (4096 - unread) * 1024, "and no message is cut");
    }

    #[test]
    fn messages_of_one_kind_are_limited_in_each_second_and_others_are_not() {
        let mut state = State::default();
        let (one, other) = (kind!("one"), kind!("other"));
        let start = Instant::now();
        let admitted = (0..1000).filter(|_| state.admits(one.clone(), start)).count();
        assert_eq!(admitted, 50);
        assert!(state.admits(other, start));
        assert_eq!(state.dropped, Dropped { repeated: 950, unread: 0 });
        assert!(state.admits(one, start + Duration::from_secs(1)));
    }
}
