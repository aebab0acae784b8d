//! The request for a token, and the investigation while its response does not come.

use tokio::time::{Instant, sleep_until};

use crate::clock;
use crate::connect::Connected;
use crate::error::Error;
use crate::exchange::Request;
use crate::probe::{ConnectionFacts, EndVerdict, Investigation};
use crate::settings::Settings;
use crate::token::Token;
use crate::token_cache::Outcome;

/// One request, over one or more connections.
pub(crate) struct TokenRequest<'a> {
    settings: &'a Settings,
    investigation: Investigation<'a>,
    began: Instant,
    is_judged: bool,
}

impl<'a> TokenRequest<'a> {
    pub(crate) fn new(settings: &'a Settings) -> Self {
        let investigation = Investigation::new(&settings.endpoint);
        Self { settings, investigation, began: Instant::now(), is_judged: false }
    }

    /// Whether a verdict has been published that nothing better came after.
    pub(crate) fn is_judged(&self) -> bool {
        self.is_judged
    }

    /// One attempt, on a new connection. A verdict goes to `publish` as soon as there is one. `None`:
    /// the connection ended without an outcome, because of the verdict, or because another one is
    /// needed for that.
    pub(crate) async fn attempt(
        &mut self,
        connected: &Connected,
        deadline: Instant,
        publish: &(impl Fn(Outcome) + Sync),
    ) -> Option<Result<Token, Error>> {
        let settings = self.settings;
        // Before the request leaves: the service counts the token's life from later.
        let requested_at = clock::since_boot();
        let request = Request::Token(settings.token_ttl);
        let exchange = request.exchange(connected, &settings.endpoint);
        let investigation = &mut self.investigation;
        investigation.begin();
        let mut is_judged = false;
        let response = {
            let mut exchange = std::pin::pin!(exchange);
            // The request stays open meanwhile.
            let follow = async {
                let verdict = investigation.follow(connected).await;
                is_judged = true;
                publish(Err(Error::TokenLost(Box::new(verdict))));
                std::future::pending::<()>().await;
            };
            tokio::select! {
                biased;
                response = &mut exchange => Some(response),
                () = follow => None,
                () = sleep_until(deadline) => None,
            }
        };
        self.is_judged = is_judged;
        let facts = ConnectionFacts::of(connected);
        let error = match response {
            Some(Ok(response)) => {
                let response = request.check_status(response).map_err(as_token_error);
                return Some(
                    response.and_then(|it| Token::new(&it, settings.token_ttl, requested_at)),
                );
            }
            Some(Err(_)) | None if is_judged => return None,
            Some(Err(error)) => error,
            None => {
                let (endpoint, waited) = (settings.endpoint.to_string(), self.began.elapsed());
                let silence = investigation.silence();
                return Some(Err(Error::TimedOut { endpoint, waited, silence }));
            }
        };
        let Error::Broken { received: 0, was_reset, .. } = error else { return Some(Err(error)) };
        if !investigation.has_ended(&facts, was_reset) {
            return Some(Err(error));
        }
        match investigation.weigh_ends(&facts).await {
            EndVerdict::Unknown => None,
            EndVerdict::Lost(verdict) => Some(Err(Error::TokenLost(Box::new(verdict)))),
            EndVerdict::OtherCause => Some(Err(error)),
        }
    }
}

/// What a status means on the token's path.
fn as_token_error(error: Error) -> Error {
    match error {
        Error::Status { status: 403, .. } => Error::EndpointDisabled,
        other => other,
    }
}
