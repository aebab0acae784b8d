//! A session token, and when it is time for another.

use std::time::Duration;

use crate::error::Error;
use crate::path::Path;
use crate::response::Response;
use crate::secret::Secret;

/// How long before its end a token is renewed, at the most.
const MARGIN: Duration = Duration::from_secs(120);

/// A session token. Times are since boot.
pub(crate) struct Token {
    pub(crate) secret: Secret,
    renew_at: Duration,
    ends_at: Duration,
}

/// What a token is good for.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Worth {
    /// It can be used.
    Good,
    /// It can be used, but the next one should be on its way.
    Ageing,
    /// The service would refuse it.
    Dead,
}

impl Token {
    /// The token in an answer to a request that was *begun* at `asked_at`: its life began later.
    pub(crate) fn new(
        response: &Response,
        asked_for: u32,
        asked_at: Duration,
    ) -> Result<Self, Error> {
        let malformed = |problem: &str| {
            Err(Error::Malformed { path: Path::token().to_string(), problem: problem.to_owned() })
        };
        let Ok(text) = std::str::from_utf8(&response.body) else {
            return malformed("a token is text");
        };
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return malformed("a token is visible characters");
        }
        let stated = response.field("x-aws-ec2-metadata-token-ttl-seconds");
        let stated = stated.and_then(|value| value.trim().parse::<u32>().ok());
        // Other servers than EC2's leave it out. What was asked for is a fair guess.
        let life = stated.unwrap_or(asked_for - asked_for / 10).min(21600);
        let life = Duration::from_secs(life.into());
        let renew_at = asked_at + life.saturating_sub(MARGIN.min(life / 10));
        let ends_at = asked_at + life;
        Ok(Self { secret: Secret::new(text), renew_at, ends_at })
    }

    pub(crate) fn worth(&self, now: Duration) -> Worth {
        if now < self.renew_at {
            Worth::Good
        } else if now < self.ends_at {
            Worth::Ageing
        } else {
            Worth::Dead
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response;

    fn token(answer: &str, asked_for: u32) -> Result<Token, Error> {
        let response = response::parse(answer.as_bytes(), true, 1000).unwrap().unwrap();
        Token::new(&response, asked_for, Duration::from_secs(1000))
    }

    fn with_ttl(ttl: &str) -> Token {
        let answer =
            format!("HTTP/1.1 200 OK\r\nX-Aws-Ec2-Metadata-Token-Ttl-Seconds: {ttl}\r\n\r\nAQ==");
        token(&answer, 300).ok().unwrap()
    }

    fn worths(token: &Token, seconds: [u64; 4]) -> [Worth; 4] {
        seconds.map(|second| token.worth(Duration::from_secs(1000 + second)))
    }

    #[test]
    fn long_lives_are_renewed_two_minutes_early() {
        let token = with_ttl("21600");
        let seen = worths(&token, [0, 21479, 21480, 21600]);
        assert_eq!(seen, [Worth::Good, Worth::Good, Worth::Ageing, Worth::Dead]);
    }

    #[test]
    fn short_lives_are_renewed_in_their_last_tenth() {
        let token = with_ttl("60");
        assert_eq!(
            worths(&token, [53, 54, 59, 60]),
            [Worth::Good, Worth::Ageing, Worth::Ageing, Worth::Dead]
        );
    }

    #[test]
    fn a_missing_or_odd_life_is_what_was_asked_for_less_a_tenth() {
        let unsaid = token("HTTP/1.1 200 OK\r\n\r\nAQ==", 100).ok().unwrap();
        assert_eq!(
            worths(&unsaid, [0, 80, 81, 90]),
            [Worth::Good, Worth::Good, Worth::Ageing, Worth::Dead]
        );
        assert_eq!(with_ttl("-5").worth(Duration::from_secs(1000 + 200)), Worth::Good);
        assert_eq!(with_ttl("0").worth(Duration::from_secs(1000)), Worth::Dead);
    }

    #[test]
    fn what_cannot_be_sent_in_a_header_is_no_token() {
        for body in ["", "a b", "a\r\nX: y", "\u{1}"] {
            assert!(token(&format!("HTTP/1.1 200 OK\r\n\r\n{body}"), 60).is_err(), "{body:?}");
        }
        assert!(token("HTTP/1.1 200 OK\r\n\r\nAQ==\n", 60).is_ok());
    }
}
