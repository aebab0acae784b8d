//! Follows changes through lost members, cut connections and compactions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_stream::StreamExt as _;
use tonic::{Status, Streaming};

use super::client::{CallError, Client};
use super::fault;
use super::keys::{KeyRange, Keys, number, revision};
use super::mark::Mark;
use super::wire::{
    Event, RangeRequest, RangeResponse, WatchCreateRequest, WatchRequest, WatchResponse, path,
};
use crate::entry::{Change, Changes};
use crate::error::{Cause, KvError};
use crate::revision::Revision;

/// How long is waited until a member has begun to report.
const BEGIN: Duration = Duration::from_secs(2);

/// How long is waited after no member would report, and by how much longer at most: each client waits for another
/// time, so that a cluster which comes back is not asked by all of them at once.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_millis(500));

/// How many answers wait at most to be taken: what follows waits in the cluster.
pub(super) const WAITING: usize = 16;

/// One watch, as a task.
///
/// One range of keys is watched, which spans all prefixes: etcd reports each revision of a range whole and
/// in order, but says nothing of the order among several ranges.
pub(super) struct Follower {
    pub(super) client: Arc<Client>,
    pub(super) keys: Keys,
    pub(super) range: KeyRange,
    pub(super) prefixes: Vec<String>,
    /// All up to this revision was reported.
    pub(super) seen: Revision,
    /// The last events among that, by which the cluster is known again.
    pub(super) mark: Option<Mark>,
    pub(super) sender: mpsc::Sender<Result<Changes, KvError>>,
    /// Whether it was said last that no member reports.
    pub(super) is_lost: bool,
    /// As messages name the cluster.
    pub(super) name: String,
}

/// Why a member reports no longer.
enum End {
    /// Nobody takes the changes any more.
    Closed,
    /// What followed the revision is no longer known.
    Compacted(Revision),
    /// The member failed; whether it reported something before.
    Failed { source: Cause, has_begun: bool },
}

impl From<Status> for End {
    fn from(status: Status) -> Self {
        Self::Failed { source: fault::reason(&status), has_begun: false }
    }
}

impl Follower {
    /// Reports changes, and now and then that no member reports any, until nobody takes them.
    pub(super) async fn run(mut self) {
        let mut failures = 0;
        loop {
            let member = self.client.current();
            let error = match self.follow().await {
                End::Closed => return,
                End::Compacted(oldest) => KvError::Compacted { oldest },
                End::Failed { source, has_begun } => {
                    self.client.leave(member);
                    failures = if has_begun { 1 } else { failures + 1 };
                    if failures < self.client.members() {
                        continue;
                    }
                    failures = 0;
                    self.is_lost = true;
                    let what = format!("cannot follow changes in {}", self.name);
                    KvError::Unavailable { what, retry: true, source }
                }
            };
            if self.sender.send(Err(error)).await.is_err() {
                return;
            }
            sleep(pause()).await;
        }
    }

    /// Reports what a member reports.
    async fn follow(&mut self) -> End {
        let mut responses = match self.begin().await {
            Ok(responses) => responses,
            Err(end) => return end,
        };
        let mut first = match self.recognise(&mut responses).await {
            Ok(first) => first,
            Err(end) => return end,
        };
        if std::mem::take(&mut self.is_lost) {
            let nothing = Changes { revision: self.seen, changed: Vec::new() };
            if self.sender.send(Ok(nothing)).await.is_err() {
                return End::Closed;
            }
        }
        loop {
            let response = match first.take() {
                Some(first) => Ok(Some(first)),
                None => responses.message().await,
            };
            let response = match response {
                Ok(Some(response)) => response,
                Ok(None) => return failed(ended().message().into()),
                Err(status) => return failed(fault::reason(&status)),
            };
            match self.report(response).await {
                Ok(()) => {}
                Err(End::Failed { source, .. }) => return failed(source),
                Err(end) => return end,
            }
        }
    }

    /// Asks a member to report, and waits until it has agreed.
    async fn begin(&self) -> Result<Streaming<WatchResponse>, End> {
        let KeyRange { start, end } = self.range.clone();
        let create = WatchCreateRequest {
            key: start,
            range_end: end,
            // What was seen is asked for again, to know it, and so that etcd itself refuses where what
            // follows it was compacted. Where the first revision that is asked for was compacted, it
            // sends that one without its deletions, and no error.
            start_revision: number(self.mark.map_or(self.seen, |mark| mark.revision)).max(1),
            progress_notify: true,
        };
        let messages = tokio_stream::once(WatchRequest { create: Some(create) });
        // The watch ends with the stream of messages.
        let messages = messages.chain(tokio_stream::pending());
        let mut responses = self.client.stream::<_, WatchResponse>(path::WATCH, messages).await?;
        let first = timeout(BEGIN, responses.message()).await;
        let late = |_| Status::deadline_exceeded("the member does not begin to report");
        let first = first.map_err(late)??.ok_or_else(ended)?;
        self.check(&first)?;
        let newest = newest(&first);
        if newest < self.seen {
            self.check_not_restored().await?;
        }
        Ok(responses)
    }

    /// Fails if the cluster, which may have been gone, has not the history that was reported: somebody restored a
    /// backup. Returns the response that proves it, which may have more.
    async fn recognise(
        &mut self,
        responses: &mut Streaming<WatchResponse>,
    ) -> Result<Option<WatchResponse>, End> {
        let Some(mark) = self.mark else {
            // Nothing was reported by which it could be known.
            return if self.is_lost { Err(End::Compacted(self.newest().await?)) } else { Ok(None) };
        };
        match timeout(BEGIN, self.first_events(responses)).await {
            Ok(Ok(first)) if mark.begins(&first.events) => {
                // After a restore something else may have come up to what was seen.
                self.seen = mark.revision;
                Ok(Some(first))
            }
            Ok(Err(end)) => Err(end),
            // Others, or none.
            _ => Err(End::Compacted(self.newest().await?)),
        }
    }

    async fn first_events(
        &self,
        responses: &mut Streaming<WatchResponse>,
    ) -> Result<WatchResponse, End> {
        loop {
            let response = responses.message().await?.ok_or_else(ended)?;
            self.check(&response)?;
            if !response.events.is_empty() {
                return Ok(response);
            }
        }
    }

    /// Passes on what a response reports. One response may have several revisions, each of them whole.
    async fn report(&mut self, response: WatchResponse) -> Result<(), End> {
        self.check(&response)?;
        let newest = newest(&response);
        if response.events.is_empty() {
            self.seen = self.seen.max(newest);
            return Ok(());
        }
        let mark = Mark::of_last(&response.events);
        let mut revisions = BTreeSet::new();
        let mut changed = BTreeMap::new();
        for Event { kind, kv } in response.events {
            let Some(pair) = kv else { continue };
            let at = revision(pair.mod_revision);
            if at <= self.seen {
                continue;
            }
            revisions.insert(at);
            let change = self.keys.change(pair, kind == Event::DELETE);
            if self.prefixes.iter().any(|prefix| change.key().starts_with(prefix)) {
                changed.insert(change.key().to_owned(), change);
            }
        }
        let Some(&last) = revisions.last() else {
            // It was seen before.
            self.mark = self.mark.or(mark);
            return Ok(());
        };
        if newest > last || revisions.len() > 1 {
            // It is or was behind: a compaction may have removed deletions before it reported them.
            self.check_not_compacted().await?;
        }
        (self.seen, self.mark) = (last, mark);
        if changed.is_empty() {
            return Ok(());
        }
        let changed: Vec<Change> = changed.into_values().collect();
        let changes = Changes { revision: last, changed };
        self.sender.send(Ok(changes)).await.map_err(|_| End::Closed)
    }

    /// Fails unless the response is of a watch that goes on.
    fn check(&self, response: &WatchResponse) -> Result<(), End> {
        if response.compact_revision > 0 {
            return Err(End::Compacted(revision(response.compact_revision)));
        }
        if response.canceled {
            // It says so here, and not as the status of a call, where it does not know the token.
            self.client.forget_token();
            let reason = format!("the member ended the watch: {}", response.cancel_reason);
            return Err(End::Failed { source: reason.into(), has_begun: false });
        }
        Ok(())
    }

    /// Fails if something after what was seen was compacted.
    ///
    /// A compaction at the very next revision is no error to a watch that is behind, though a deletion
    /// at that revision is gone with it.
    async fn check_not_compacted(&self) -> Result<(), End> {
        let seen = number(self.seen).max(1);
        match self.count_at(seen).await {
            Ok(_) => Ok(()),
            Err(CallError::Refused(status)) if fault::is_compacted(&status) => {
                Err(End::Compacted(self.newest().await?))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Fails if the cluster as a whole is not as far as what was seen: somebody restored a backup.
    async fn check_not_restored(&self) -> Result<(), End> {
        let newest = self.newest().await?;
        if newest < self.seen { Err(End::Compacted(newest)) } else { Ok(()) }
    }

    async fn newest(&self) -> Result<Revision, End> {
        Ok(revision(self.count_at(0).await?.header.map_or(0, |header| header.revision)))
    }

    async fn count_at(&self, revision: i64) -> Result<RangeResponse, CallError> {
        let request = RangeRequest { count_only: true, revision, ..self.range.clone().request() };
        self.client.repeat(path::RANGE, request).await
    }
}

impl From<CallError> for End {
    fn from(error: CallError) -> Self {
        let source = match error {
            CallError::Refused(status) => fault::reason(&status),
            CallError::Unavailable(source) | CallError::Unknown { source } => source,
        };
        Self::Failed { source, has_begun: false }
    }
}

/// [`PAUSE`], by chance.
fn pause() -> Duration {
    let mut share = [0];
    // Without randomness all wait for the shortest time.
    let _ = getrandom::fill(&mut share);
    PAUSE.0 + PAUSE.1 * u32::from(share[0]) / 255
}

/// The newest revision that the member has applied.
fn newest(response: &WatchResponse) -> Revision {
    revision(response.header.map_or(0, |header| header.revision))
}

fn ended() -> Status {
    Status::unavailable("the member ended the watch")
}

fn failed(source: Cause) -> End {
    End::Failed { source, has_begun: true }
}
