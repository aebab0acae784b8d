//! What all clones of a client share: its settings, its token, and what it has learnt of the service.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::backoff;
use crate::clock;
use crate::connect::{self, Connected};
use crate::error::{Error, Silence, Unreachable};
use crate::exchange::Request;
use crate::response::Response;
use crate::settings::Settings;
use crate::single_flight::Leader;
use crate::token::Token;
use crate::token_cache::{Outcome, Reply, TokenCache};
use crate::token_request::TokenRequest;
use crate::warning::{Warning, Warnings};

/// How many requests are in progress at a time. EC2 lets a network interface send 1024 packets a
/// second to the services on link-local addresses, and a request takes ten.
const MAX_REQUESTS: usize = 8;

/// How much longer a caller waits at most: the request for its token, which ends by itself, may have
/// begun a little later, and knows better why it fails.
const GRACE: Duration = Duration::from_millis(500);

pub(crate) struct Session {
    pub(crate) settings: Settings,
    pub(crate) warnings: Warnings,
    cache: Mutex<TokenCache>,
    permits: Semaphore,
    /// The address that a connection was made to last.
    working: Mutex<Option<SocketAddr>>,
}

impl Session {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            warnings: Warnings::default(),
            cache: Mutex::default(),
            permits: Semaphore::new(MAX_REQUESTS),
            working: Mutex::default(),
        }
    }

    /// The token, before `deadline`.
    pub(crate) async fn token(self: &Arc<Self>, deadline: Instant) -> Outcome {
        let waiting_since = Instant::now();
        loop {
            let step = lock(&self.cache).request(clock::since_boot());
            if let Some(leader) = step.start {
                tokio::spawn(Arc::clone(self).request_token(leader));
            }
            let waiter = match step.reply {
                Reply::Now(outcome) => return outcome,
                Reply::Wait(waiter) => waiter,
            };
            match timeout_at(deadline + GRACE, waiter.result()).await {
                Ok(Some(outcome)) => return outcome,
                // The caller that started the request is gone with its runtime: the next one starts it.
                Ok(None) => {}
                Err(_) => return Err(self.timed_out(waiting_since, Silence::Unknown)),
            }
        }
    }

    /// Forgets a token that the service refused.
    pub(crate) fn reject(&self, token: &Arc<Token>) {
        lock(&self.cache).reject(token);
    }

    /// One request, tried again where that may help.
    pub(crate) async fn send(
        &self,
        request: &Request,
        deadline: Instant,
    ) -> Result<Response, Error> {
        let start = Instant::now();
        let mut failures = 0;
        loop {
            let exchange = async {
                // The semaphore is never closed.
                let _permit = self.permits.acquire().await;
                let connected = self.connect(deadline).await?;
                let response = request.exchange(&connected, &self.settings.endpoint).await?;
                request.check_status(response)
            };
            let error = match timeout_at(deadline, exchange).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) => error,
                Err(_) => self.timed_out(start, Silence::Unknown),
            };
            failures += 1;
            self.pause(failures, error, deadline).await?;
        }
    }

    /// The request for a token, on behalf of all callers.
    async fn request_token(self: Arc<Self>, leader: Leader<Outcome>) {
        // A verdict is published at once. The request goes on: a late response is still a response.
        let publish = |outcome: Outcome| {
            lock(&self.cache).learn(&outcome, clock::since_boot());
            leader.publish(outcome);
        };
        let deadline = Instant::now() + self.settings.budget;
        let mut request = TokenRequest::new(&self.settings);
        let mut failures = 0;
        loop {
            let outcome = match self.connect(deadline).await {
                Ok(connected) => request.attempt(&connected, deadline, &publish).await,
                Err(error) => Some(Err(error)),
            };
            let error = match outcome {
                Some(Ok(token)) => {
                    if let Some(assumed) = token.assumed_ttl {
                        self.warnings.report_once(&[Warning::TokenWithoutTtl { assumed }]);
                    }
                    return publish(Ok(Arc::new(token)));
                }
                Some(Err(error)) => error,
                None if request.is_judged() => return,
                // Another connection must be tried before anything can be said.
                None => continue,
            };
            failures += 1;
            if let Err(error) = self.pause(failures, error, deadline).await {
                return publish(Err(error));
            }
        }
    }

    /// The failure of a call that began at `since`.
    fn timed_out(&self, since: Instant, silence: Silence) -> Error {
        let endpoint = self.settings.endpoint.to_string();
        Error::TimedOut { endpoint, waited: since.elapsed(), silence }
    }

    /// A new connection, before `deadline`.
    async fn connect(&self, deadline: Instant) -> Result<Connected, Error> {
        let left = deadline.saturating_duration_since(Instant::now());
        let connecting = async {
            let mut addresses = self.settings.endpoint.addresses().await;
            if let Some(working) = *lock(&self.working) {
                // The others keep their order.
                addresses.sort_by_key(|address| *address != working);
            }
            connect::connect(&addresses, self.settings.connect_timeout.min(left)).await
        };
        let connected = timeout(left, connecting).await.unwrap_or(Err(Unreachable::TimedOut));
        *lock(&self.working) = connected.as_ref().ok().map(|connected| connected.address);
        let endpoint = || self.settings.endpoint.to_string();
        connected.map_err(|reason| Error::Unreachable { endpoint: endpoint(), reason, attempts: 1 })
    }

    /// Waits before attempt number `failures` + 1, or gives the failure back where there is none.
    async fn pause(&self, failures: u32, error: Error, deadline: Instant) -> Result<(), Error> {
        let pause = backoff::pause(failures, clock::random_fraction(), error.retry_after());
        let left = deadline.saturating_duration_since(Instant::now());
        if failures >= max_attempts(&self.settings, &error) || pause >= left {
            return Err(error.after(failures));
        }
        sleep(pause).await;
        Ok(())
    }
}

/// How often a request is sent at most that fails with this error.
fn max_attempts(settings: &Settings, error: &Error) -> u32 {
    match error {
        // An answer: it will be the same in a moment.
        Error::Unreachable { reason: Unreachable::Refused, .. } => 1,
        error if !error.is_transient() => 1,
        Error::Unreachable { .. } => settings.connect_attempts,
        _ => settings.attempts,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is locked here is complete after each change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreachable(reason: Unreachable) -> Error {
        Error::Unreachable { endpoint: String::new(), reason, attempts: 1 }
    }

    /// One attempt of 250 ms where nothing answers, unless this is an EC2 instance.
    #[test]
    fn an_endpoint_that_does_not_exist_is_given_up_soon() {
        let usual = Settings::default();
        assert_eq!(max_attempts(&usual, &unreachable(Unreachable::TimedOut)), 1);
        assert_eq!(max_attempts(&usual, &unreachable(Unreachable::NoRoute)), 1);
        assert!(usual.connect_timeout <= Duration::from_millis(300));
        let patient = Settings { connect_attempts: 4, ..Settings::default() };
        assert_eq!(max_attempts(&patient, &unreachable(Unreachable::TimedOut)), 4);
        for settings in [usual, patient] {
            for final_reason in [Unreachable::Refused, Unreachable::Prohibited] {
                assert_eq!(max_attempts(&settings, &unreachable(final_reason)), 1);
            }
            let busy = Error::Status { path: String::new(), status: 503, retry_after: None };
            assert_eq!(max_attempts(&settings, &busy), 4);
        }
    }
}
