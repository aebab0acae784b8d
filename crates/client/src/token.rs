//! A session token, and when it is time for another.

use std::time::Duration;

use crate::error::Error;
use crate::metadata_path::MetadataPath;
use crate::response::Response;
use crate::secret::Secret;

/// How long before its end a token is renewed, at most.
const MARGIN: Duration = Duration::from_secs(120);

/// A session token. Times are since boot.
pub(crate) struct Token {
    pub(crate) secret: Secret,
    /// The lifetime that was assumed, because the response had none.
    pub(crate) assumed_ttl: Option<Duration>,
    renew_at: Duration,
    expires_at: Duration,
}

/// Whether a token can be used.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Freshness {
    /// It can be used.
    Fresh,
    /// It can be used, but it is time to request the next one.
    RenewSoon,
    /// The service would refuse it.
    Expired,
}

impl Token {
    /// The token in the response to a request that *began* at `requested_at`: its life began later.
    pub(crate) fn new(
        response: &Response,
        requested_ttl: u32,
        requested_at: Duration,
    ) -> Result<Self, Error> {
        let malformed = |problem: &str| {
            let path = MetadataPath::token().to_string();
            Err(Error::Malformed { path, problem: problem.to_owned() })
        };
        let Ok(text) = std::str::from_utf8(&response.body) else {
            return malformed("the token is not text");
        };
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return malformed("the token is empty, or has characters that are not visible ASCII");
        }
        let ttl = response.field("x-aws-ec2-metadata-token-ttl-seconds");
        let ttl = ttl.and_then(|value| value.trim().parse::<u32>().ok());
        // Servers other than EC2's leave it out. The requested one is a fair guess.
        let seconds = ttl.unwrap_or(requested_ttl - requested_ttl / 10).min(21600);
        let life = Duration::from_secs(seconds.into());
        Ok(Self {
            secret: Secret::new(text),
            assumed_ttl: ttl.is_none().then_some(life),
            renew_at: requested_at + life.saturating_sub(MARGIN.min(life / 10)),
            expires_at: requested_at + life,
        })
    }

    pub(crate) fn freshness(&self, now: Duration) -> Freshness {
        if now < self.renew_at {
            Freshness::Fresh
        } else if now < self.expires_at {
            Freshness::RenewSoon
        } else {
            Freshness::Expired
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response;

    fn token(answer: &str, requested_ttl: u32) -> Result<Token, Error> {
        let response = response::parse(answer.as_bytes(), true, 1000).unwrap().unwrap();
        Token::new(&response, requested_ttl, Duration::from_secs(1000))
    }

    fn with_ttl(ttl: &str) -> Token {
        let answer =
            format!("HTTP/1.1 200 OK\r\nX-Aws-Ec2-Metadata-Token-Ttl-Seconds: {ttl}\r\n\r\nAQ==");
        token(&answer, 300).ok().unwrap()
    }

    fn freshness_at(token: &Token, seconds: [u64; 4]) -> [Freshness; 4] {
        seconds.map(|second| token.freshness(Duration::from_secs(1000 + second)))
    }

    #[test]
    fn long_lives_are_renewed_two_minutes_early() {
        let token = with_ttl("21600");
        let seen = freshness_at(&token, [0, 21479, 21480, 21600]);
        assert_eq!(
            seen,
            [Freshness::Fresh, Freshness::Fresh, Freshness::RenewSoon, Freshness::Expired]
        );
    }

    #[test]
    fn short_lives_are_renewed_in_their_last_tenth() {
        let token = with_ttl("60");
        assert_eq!(
            freshness_at(&token, [53, 54, 59, 60]),
            [Freshness::Fresh, Freshness::RenewSoon, Freshness::RenewSoon, Freshness::Expired]
        );
    }

    #[test]
    fn a_missing_or_invalid_ttl_is_the_requested_one_less_a_tenth() {
        let without = token("HTTP/1.1 200 OK\r\n\r\nAQ==", 100).ok().unwrap();
        assert_eq!(
            freshness_at(&without, [0, 80, 81, 90]),
            [Freshness::Fresh, Freshness::Fresh, Freshness::RenewSoon, Freshness::Expired]
        );
        assert_eq!(without.assumed_ttl, Some(Duration::from_secs(90)));
        assert_eq!(with_ttl("60").assumed_ttl, None);
        assert_eq!(with_ttl("-5").freshness(Duration::from_secs(1000 + 200)), Freshness::Fresh);
        assert_eq!(with_ttl("0").freshness(Duration::from_secs(1000)), Freshness::Expired);
    }

    #[test]
    fn a_text_that_cannot_be_sent_in_a_header_is_not_a_token() {
        for body in ["", "a b", "a\r\nX: y", "\u{1}"] {
            assert!(token(&format!("HTTP/1.1 200 OK\r\n\r\n{body}"), 60).is_err(), "{body:?}");
        }
        assert!(token("HTTP/1.1 200 OK\r\n\r\nAQ==\n", 60).is_ok());
    }
}
