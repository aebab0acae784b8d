//! Calls to the members of a cluster: to one after the other, until one answers.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::uri::PathAndQuery;
use prost::Message;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_stream::{Stream, StreamExt as _};
use tonic::client::Grpc;
use tonic::metadata::{AsciiMetadataValue, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;

use super::fault::{self, Verdict};
use super::wire::{AuthenticateRequest, AuthenticateResponse, path};
use crate::error::Cause;
use crate::lock::lock;

/// How long is waited for a connection.
const CONNECT: Duration = Duration::from_secs(2);

/// How long is waited for one member's answer: it may have stopped, or be cut off.
const ATTEMPT: Duration = Duration::from_secs(2);

/// The same for what must not be asked for twice: until a new leader is elected, and a little more.
const ONCE: Duration = Duration::from_secs(5);

/// How long a call takes at most.
const CALL: Duration = Duration::from_secs(6);

/// How long is waited after no member answered, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How often a connection with calls in it is tested, and how long for. etcd closes it if that is more
/// often than every 5 s, or while there are no calls; networks forget connections that are silent for 350 s.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(5));

/// How often the kernel tests a connection without calls.
const TCP_KEEP_ALIVE: Duration = Duration::from_secs(60);

/// The largest answer: a page of entries, or the changes of many commits.
const LARGEST_ANSWER: usize = 1 << 30;

/// Why a call failed.
pub(super) enum CallError {
    /// It was refused, and nothing was done.
    Refused(Status),
    /// It was not done, or may be asked again: no member answers.
    Unavailable(Cause),
    /// It may have been done.
    Unknown { source: Cause },
}

/// Who is asking.
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
}

/// The members, and the one that is asked first.
pub(super) struct Client {
    members: Vec<Channel>,
    current: AtomicUsize,
    login: Option<Login>,
    /// What a member gave for the password.
    token: Mutex<Option<AsciiMetadataValue>>,
}

impl Client {
    /// Connects when the first call is made. Must be called within a runtime.
    pub(super) fn new(members: Vec<Endpoint>, login: Option<Login>) -> Self {
        let connect = |member: Endpoint| {
            member
                .connect_timeout(CONNECT)
                .tcp_nodelay(true)
                .tcp_keepalive(Some(TCP_KEEP_ALIVE))
                .http2_keep_alive_interval(KEEP_ALIVE.0)
                .keep_alive_timeout(KEEP_ALIVE.1)
                .connect_lazy()
        };
        let members = members.into_iter().map(connect).collect();
        Self { members, current: AtomicUsize::new(0), login, token: Mutex::default() }
    }

    /// How many members there are.
    pub(super) fn members(&self) -> usize {
        self.members.len()
    }

    /// Asks for something that may be asked for twice.
    pub(super) async fn repeat<M, R>(&self, path: &'static str, message: M) -> Result<R, CallError>
    where
        M: Message + Clone + 'static,
        R: Message + Default + 'static,
    {
        self.call(path, message, true).await
    }

    /// Asks for something that must not be done twice.
    pub(super) async fn once<M, R>(&self, path: &'static str, message: M) -> Result<R, CallError>
    where
        M: Message + Clone + 'static,
        R: Message + Default + 'static,
    {
        self.call(path, message, false).await
    }

    async fn call<M, R>(
        &self,
        path: &'static str,
        message: M,
        can_repeat: bool,
    ) -> Result<R, CallError>
    where
        M: Message + Clone + 'static,
        R: Message + Default + 'static,
    {
        let deadline = Instant::now() + CALL;
        let mut pause = PAUSE.0;
        let mut failures = 0;
        loop {
            let member = self.current();
            let patience = if can_repeat { ATTEMPT } else { ONCE };
            let status = match self.unary(member, path, message.clone(), patience).await {
                Ok(answer) => return Ok(answer),
                Err(status) => status,
            };
            match fault::verdict(&status) {
                Verdict::Refused => return Err(CallError::Refused(status)),
                Verdict::Unknown if !can_repeat => {
                    self.leave(member);
                    return Err(CallError::Unknown { source: fault::reason(&status) });
                }
                Verdict::Unknown if fault::is_full(&status) => {
                    return Err(CallError::Unavailable(fault::reason(&status)));
                }
                Verdict::NotDone | Verdict::Unknown => self.leave(member),
                Verdict::Unauthenticated => self.forget_token(),
            }
            failures += 1;
            if failures % self.members.len() == 0 {
                if Instant::now() + pause >= deadline {
                    return Err(CallError::Unavailable(fault::reason(&status)));
                }
                sleep(pause).await;
                pause = (pause * 2).min(PAUSE.1);
            }
        }
    }

    /// Asks one member.
    async fn unary<M, R>(
        &self,
        member: usize,
        path: &'static str,
        message: M,
        patience: Duration,
    ) -> Result<R, Status>
    where
        M: Message + 'static,
        R: Message + Default + 'static,
    {
        let deadline = Instant::now() + patience;
        let mut grpc = self.ready(member, deadline.min(Instant::now() + ATTEMPT)).await?;
        let request = self.request(member, message, deadline).await?;
        let call = grpc.unary(request, PathAndQuery::from_static(path), codec());
        Ok(timeout_at(deadline, call).await.map_err(|_| late())??.into_inner())
    }

    /// Begins to speak with the member that is asked first, which is left if that fails.
    pub(super) async fn stream<M, R>(
        &self,
        path: &'static str,
        messages: impl Stream<Item = M> + Send + 'static,
    ) -> Result<Streaming<R>, Status>
    where
        M: Message + 'static,
        R: Message + Default + 'static,
    {
        let member = self.current();
        let opened = self.open(member, path, messages).await;
        match opened.as_ref().err().map(fault::verdict) {
            Some(Verdict::Unauthenticated) => self.forget_token(),
            Some(_) => self.leave(member),
            None => {}
        }
        opened
    }

    async fn open<M, R>(
        &self,
        member: usize,
        path: &'static str,
        messages: impl Stream<Item = M> + Send + 'static,
    ) -> Result<Streaming<R>, Status>
    where
        M: Message + 'static,
        R: Message + Default + 'static,
    {
        let deadline = Instant::now() + ATTEMPT;
        let mut grpc = self.ready(member, deadline).await?;
        let request = self.request(member, messages, deadline).await?;
        let call = grpc.streaming(request, PathAndQuery::from_static(path), codec());
        Ok(timeout_at(deadline, call).await.map_err(|_| late())??.into_inner())
    }

    /// One message that a member answers on a stream.
    pub(super) async fn exchange<M, R>(
        &self,
        path: &'static str,
        message: M,
    ) -> Result<R, CallError>
    where
        M: Message + Clone + 'static,
        R: Message + Default + 'static,
    {
        let mut last = late();
        for _ in 0..=self.members.len() {
            let member = self.current();
            // The stream of messages stays open, or the member might end its own before it answers.
            let messages = tokio_stream::once(message.clone()).chain(tokio_stream::pending());
            let answer = async {
                let mut answers = self.stream(path, messages).await?;
                let ended = || Status::unavailable("the stream ended");
                timeout(ATTEMPT, answers.message()).await.map_err(|_| late())??.ok_or_else(ended)
            };
            match answer.await {
                Ok(answer) => return Ok(answer),
                Err(status) if fault::verdict(&status) == Verdict::Refused => {
                    return Err(CallError::Refused(status));
                }
                Err(status) => last = status,
            }
            self.leave(member);
        }
        Err(CallError::Unavailable(fault::reason(&last)))
    }

    /// Logs in again before the next call.
    pub(super) fn forget_token(&self) {
        *lock(&self.token) = None;
    }

    /// The member that is asked first.
    pub(super) fn current(&self) -> usize {
        self.current.load(Ordering::Relaxed)
    }

    /// Asks the next member first from now on, unless another call did that already.
    pub(super) fn leave(&self, member: usize) {
        let next = (member + 1) % self.members.len();
        // Another call was faster.
        let _ = self.current.compare_exchange(member, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// A member's connection, once it is made.
    async fn ready(&self, member: usize, deadline: Instant) -> Result<Grpc<Channel>, Status> {
        let mut grpc = Grpc::new(self.members[member].clone())
            .max_decoding_message_size(LARGEST_ANSWER)
            .max_encoding_message_size(LARGEST_ANSWER);
        let ready = timeout_at(deadline, grpc.ready()).await;
        ready.map_err(|_| unsent("the member does not answer"))?.map_err(|error| {
            unsent(std::error::Error::source(&error).map_or(error.to_string(), ToString::to_string))
        })?;
        Ok(grpc)
    }

    /// A request that only a member with a leader takes, with our token.
    async fn request<T>(
        &self,
        member: usize,
        message: T,
        deadline: Instant,
    ) -> Result<Request<T>, Status> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("hasleader", MetadataValue::from_static("true"));
        if let Some(login) = &self.login {
            let known = lock(&self.token).clone();
            let token = match known {
                Some(token) => token,
                None => self.authenticate(member, login, deadline).await?,
            };
            request.metadata_mut().insert("token", token);
        }
        Ok(request)
    }

    async fn authenticate(
        &self,
        member: usize,
        login: &Login,
        deadline: Instant,
    ) -> Result<AsciiMetadataValue, Status> {
        let mut grpc = self.ready(member, deadline).await?;
        let Login { user: name, password } = login;
        let message = AuthenticateRequest { name: name.clone(), password: password.clone() };
        let path = PathAndQuery::from_static(path::AUTHENTICATE);
        let call = grpc.unary(Request::new(message), path, codec());
        let answer =
            timeout_at(deadline, call).await.map_err(|_| unsent("no answer to the login"))?;
        let AuthenticateResponse { token } = answer.map_err(before)?.into_inner();
        let token = AsciiMetadataValue::try_from(token);
        let mut token = token.map_err(|_| Status::invalid_argument("the token is not text"))?;
        token.set_sensitive(true);
        *lock(&self.token) = Some(token.clone());
        Ok(token)
    }
}

fn codec<M, R>() -> ProstCodec<M, R>
where
    M: Message + 'static,
    R: Message + Default + 'static,
{
    ProstCodec::default()
}

/// A member that was asked does not answer.
fn late() -> Status {
    Status::deadline_exceeded("the member does not answer")
}

/// What was to be asked for was not even sent.
fn unsent(reason: impl Into<Cause>) -> Status {
    Status::from_error(Box::new(tonic::ConnectError(reason.into())))
}

/// Why a login failed, before what was to be asked for was sent.
fn before(status: Status) -> Status {
    match fault::verdict(&status) {
        Verdict::Refused => status,
        _ => unsent(fault::reason(&status)),
    }
}
