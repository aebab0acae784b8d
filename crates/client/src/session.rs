//! The token of this process: one request for all callers, tried again where that may help.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::backoff;
use crate::cache::{Outcome, Reply, TokenCache};
use crate::clock;
use crate::connect::{self, Connected};
use crate::error::{Error, HopLimit, Silence};
use crate::exchange::Request;
use crate::probe::{Facts, Inquiry, Weighed};
use crate::settings::Settings;
use crate::single_flight::Pilot;
use crate::token::Token;

/// How much longer a caller waits at the most: the request for its token, which ends by itself, may
/// have begun a little later, and knows better why it ends in vain.
const GRACE: Duration = Duration::from_millis(500);

/// What all clones of a client share.
pub(crate) struct Session {
    pub(crate) settings: Settings,
    cache: Mutex<TokenCache>,
}

impl Session {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, cache: Mutex::default() }
    }

    /// The token, before `deadline`.
    pub(crate) async fn token(self: &Arc<Self>, deadline: Instant) -> Outcome {
        let waiting_since = Instant::now();
        loop {
            let step = self.cache().ask(clock::since_boot());
            if let Some(pilot) = step.begin {
                let flight = Flight { session: Arc::clone(self), pilot };
                tokio::spawn(flight.run());
            }
            let waiter = match step.reply {
                Reply::Now(outcome) => return outcome,
                Reply::Wait(waiter) => waiter,
            };
            match timeout_at(deadline + GRACE, waiter.result()).await {
                Ok(Some(outcome)) => return outcome,
                // Whoever asked is gone with its runtime: the next one asks.
                Ok(None) => {}
                Err(_) => return Err(self.timed_out(waiting_since, Silence::Unknown)),
            }
        }
    }

    /// Forgets a token that the service refused.
    pub(crate) fn reject(&self, token: &Arc<Token>) {
        self.cache().reject(token);
    }

    /// The failure of a call that began at `since`.
    pub(crate) fn timed_out(&self, since: Instant, silence: Silence) -> Error {
        let endpoint = self.settings.endpoint.to_string();
        Error::TimedOut { endpoint, waited: since.elapsed(), silence }
    }

    /// A new connection, before `deadline`.
    pub(crate) async fn connect(&self, deadline: Instant) -> Result<Connected, Error> {
        let unreachable =
            |reason| Error::Unreachable { endpoint: self.settings.endpoint.to_string(), reason };
        let left = deadline.saturating_duration_since(Instant::now());
        let connecting = async {
            let addresses = self.settings.endpoint.addresses().await;
            connect::connect(&addresses, self.settings.connect_timeout.min(left)).await
        };
        match timeout(left, connecting).await {
            Ok(connected) => connected.map_err(unreachable),
            Err(_) => Err(unreachable(crate::error::Unreachable::TimedOut)),
        }
    }

    /// Waits before try number `failures` + 1, or gives the failure back where there is none.
    pub(crate) async fn pause(
        &self,
        failures: u32,
        error: Error,
        deadline: Instant,
    ) -> Result<(), Error> {
        if !error.is_transient() || failures >= self.settings.attempts {
            return Err(error);
        }
        let pause = backoff::pause(failures, clock::chance(), error.retry_after());
        if pause >= deadline.saturating_duration_since(Instant::now()) {
            return Err(error);
        }
        sleep(pause).await;
        Ok(())
    }

    fn cache(&self) -> MutexGuard<'_, TokenCache> {
        // Nothing that holds the lock can leave the cache half changed.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request for a token, with all its tries.
struct Flight {
    session: Arc<Session>,
    pilot: Pilot<Outcome>,
}

/// How one try ended.
enum Try {
    Token(Token),
    Failed(Error),
    /// The verdict is told, and the answer never came.
    Judged,
    /// The connection was reset by the nudge.
    Reset(Facts, Error),
}

impl Flight {
    async fn run(self) {
        if let Some(outcome) = self.request().await {
            self.tell(outcome.map(Arc::new));
        }
    }

    /// Lets everybody know, now and later.
    fn tell(&self, outcome: Outcome) {
        self.session.cache().learn(&outcome, clock::since_boot());
        self.pilot.tell(outcome);
    }

    /// How it ends; `None` where there was a verdict, and nothing came after it that is better.
    async fn request(&self) -> Option<Result<Token, Error>> {
        let settings = &self.session.settings;
        let deadline = Instant::now() + settings.budget;
        let mut inquiry = Inquiry::new(&settings.endpoint);
        let mut failures = 0;
        loop {
            let error = match self.attempt(&mut inquiry, deadline).await {
                Try::Token(token) => return Some(Ok(token)),
                Try::Judged => return None,
                Try::Failed(error) => error,
                Try::Reset(facts, error) => match inquiry.weigh_resets(&facts).await {
                    Weighed::Again => continue,
                    Weighed::Lost(verdict) => return Some(Err(Error::HopLimit(Box::new(verdict)))),
                    Weighed::Nothing => error,
                },
            };
            failures += 1;
            if let Err(error) = self.session.pause(failures, error, deadline).await {
                return Some(Err(error));
            }
        }
    }

    async fn attempt(&self, inquiry: &mut Inquiry<'_>, deadline: Instant) -> Try {
        let settings = &self.session.settings;
        let connected = match self.session.connect(deadline).await {
            Ok(connected) => connected,
            Err(error) => return Try::Failed(error),
        };
        let began = Instant::now();
        // Before the request leaves: the service counts the token's life from later.
        let asked_at = clock::since_boot();
        let request = Request::token(&settings.endpoint, settings.token_ttl);
        let exchange = async {
            // What cannot be sent shows when the answer is read.
            let _ = request.send(&connected.stream).await;
            request.receive(&connected.stream, &settings.endpoint).await
        };
        inquiry.begin();
        let mut is_judged = false;
        let answer = {
            let mut exchange = std::pin::pin!(exchange);
            // The request stays open all the while: a late answer is still an answer.
            let investigation = async {
                let verdict: HopLimit = inquiry.follow(&connected).await;
                is_judged = true;
                self.tell(Err(Error::HopLimit(Box::new(verdict))));
                std::future::pending::<()>().await;
            };
            tokio::select! {
                biased;
                answer = &mut exchange => Some(answer),
                () = investigation => None,
                () = tokio::time::sleep_until(deadline) => None,
            }
        };
        let facts = Facts::of(&connected);
        match answer {
            Some(Ok(response)) => match refused_token(request.judge(response)) {
                Ok(response) => match Token::new(&response, settings.token_ttl, asked_at) {
                    Ok(token) => Try::Token(token),
                    Err(error) => Try::Failed(error),
                },
                Err(error) => Try::Failed(error),
            },
            Some(Err(_)) | None if is_judged => Try::Judged,
            Some(Err(error @ Error::Broken { received: 0, was_reset: true, .. }))
                if inquiry.was_reset(&facts) =>
            {
                Try::Reset(facts, error)
            }
            Some(Err(error)) => Try::Failed(error),
            None => Try::Failed(self.session.timed_out(began, inquiry.silence())),
        }
    }
}

/// What a status means on the token's path.
fn refused_token<T>(answer: Result<T, Error>) -> Result<T, Error> {
    answer.map_err(|error| match error {
        Error::Status { status: 403, .. } => Error::EndpointDisabled,
        other => other,
    })
}
