//! Who waits, who starts a request, and what is remembered for how long.

use super::*;
use crate::error::{Certainty, TokenLost, Unreachable};
use crate::response;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn token(made_at: u64) -> Arc<Token> {
    let answer = b"HTTP/1.1 200 OK\r\nX-aws-ec2-metadata-token-ttl-seconds: 600\r\n\r\nAQ==";
    let response = response::parse(answer, true, 1000).unwrap().unwrap();
    Arc::new(Token::new(&response, 600, at(made_at)).ok().unwrap())
}

fn token_lost() -> Error {
    Error::TokenLost(Box::new(TokenLost {
        routers: 1,
        hop_limit: 2,
        certainty: Certainty::Sure,
        endpoint: ([127, 0, 0, 1], 80).into(),
        connected_in: Duration::ZERO,
        silent_for: Duration::ZERO,
        other_status: 401,
        tokens_required: false,
    }))
}

fn unreachable() -> Error {
    Error::Unreachable { endpoint: "x".into(), reason: Unreachable::Refused, attempts: 1 }
}

/// What a caller sees, in short.
fn seen(step: &Step) -> (&'static str, bool) {
    let reply = match &step.reply {
        Reply::Now(Ok(_)) => "token",
        Reply::Now(Err(_)) => "error",
        Reply::Wait(_) => "wait",
    };
    (reply, step.start.is_some())
}

#[test]
fn a_thousand_first_callers_start_one_request() {
    let mut cache = TokenCache::default();
    let first = cache.request(at(0));
    assert_eq!(seen(&first), ("wait", true));
    for _ in 1..1000 {
        assert_eq!(seen(&cache.request(at(0))), ("wait", false));
    }
    cache.learn(&Ok(token(0)), at(0));
    assert_eq!(seen(&cache.request(at(1))), ("token", false));
}

#[test]
fn an_old_token_is_used_while_one_request_renews_it() {
    let mut cache = TokenCache::default();
    cache.learn(&Ok(token(0)), at(0));
    assert_eq!(seen(&cache.request(at(539))), ("token", false));
    let renewal = cache.request(at(540));
    assert_eq!(seen(&renewal), ("token", true));
    assert_eq!(seen(&cache.request(at(541))), ("token", false));
    drop(renewal);
    cache.learn(&Err(unreachable()), at(545));
    assert_eq!(seen(&cache.request(at(545))), ("token", false), "not at once again");
    assert_eq!(seen(&cache.request(at(547))), ("token", true));
    assert_eq!(seen(&cache.request(at(600))), ("wait", true), "expired");
}

#[test]
fn a_refused_token_is_forgotten_unless_it_was_replaced() {
    let mut cache = TokenCache::default();
    let (old, new) = (token(0), token(1));
    cache.learn(&Ok(Arc::clone(&old)), at(0));
    cache.reject(&old);
    assert_eq!(seen(&cache.request(at(2))).0, "wait");
    cache.learn(&Ok(new), at(1));
    cache.reject(&old);
    assert_eq!(seen(&cache.request(at(2))).0, "token");
}

#[test]
fn a_verdict_is_shared_and_checked_again_in_the_background() {
    let mut cache = TokenCache::default();
    cache.learn(&Err(token_lost()), at(0));
    assert_eq!(seen(&cache.request(at(29))), ("error", false));
    let check = cache.request(at(30));
    assert_eq!(seen(&check), ("error", true));
    assert_eq!(seen(&cache.request(at(31))), ("error", false));
    drop(check);
    cache.learn(&Err(token_lost()), at(31));
    assert_eq!(seen(&cache.request(at(60))), ("error", false));
    let check = cache.request(at(61));
    assert_eq!(seen(&check), ("error", true));
    cache.learn(&Ok(token(62)), at(62));
    assert_eq!(seen(&cache.request(at(63))), ("token", false));
}

/// Or a limit that was raised since would not be noticed within a minute.
#[test]
fn a_verdict_older_than_a_minute_is_never_handed_out() {
    for verdicts in [1, 2, 10] {
        let mut cache = TokenCache::default();
        for _ in 0..verdicts {
            cache.learn(&Err(token_lost()), at(0));
        }
        assert_eq!(seen(&cache.request(at(59))).0, "error");
        assert_eq!(seen(&cache.request(at(60))).0, "wait");
        assert_eq!(seen(&cache.request(at(4000))).0, "wait");
    }
}

#[test]
fn an_endpoint_that_does_not_exist_is_tried_less_and_less_often() {
    let mut cache = TokenCache::default();
    let mut now = 0;
    for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
        cache.learn(&Err(unreachable()), at(now));
        assert_eq!(seen(&cache.request(at(now) + at(pause).mul_f64(0.99))), ("error", false));
        now += pause;
        assert_eq!(seen(&cache.request(at(now))), ("wait", true));
    }
}

#[test]
fn slowness_is_not_remembered() {
    let mut cache = TokenCache::default();
    let slow = Error::TimedOut {
        endpoint: "x".into(),
        waited: at(5),
        silence: crate::error::Silence::Slow,
    };
    cache.learn(&Err(slow), at(5));
    assert_eq!(seen(&cache.request(at(5))), ("wait", true));
}
