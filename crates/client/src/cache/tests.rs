//! Who waits, who begins, and what is remembered for how long.

use super::*;
use crate::error::{Certainty, HopLimit, Unreachable};
use crate::response;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn token(made_at: u64) -> Arc<Token> {
    let answer = b"HTTP/1.1 200 OK\r\nX-aws-ec2-metadata-token-ttl-seconds: 600\r\n\r\nAQ==";
    let response = response::parse(answer, true, 1000).unwrap().unwrap();
    Arc::new(Token::new(&response, 600, at(made_at)).ok().unwrap())
}

fn hop_limit() -> Error {
    Error::HopLimit(Box::new(HopLimit {
        needed: 2,
        certainty: Certainty::Sure,
        endpoint: ([127, 0, 0, 1], 80).into(),
        connected_in: Duration::ZERO,
        silent_for: Duration::ZERO,
        other_status: 401,
    }))
}

fn unreachable() -> Error {
    Error::Unreachable { endpoint: "x".into(), reason: Unreachable::Refused }
}

/// What a caller sees, in short.
fn seen(step: &Step) -> (&'static str, bool) {
    let reply = match &step.reply {
        Reply::Now(Ok(_)) => "token",
        Reply::Now(Err(_)) => "error",
        Reply::Wait(_) => "wait",
    };
    (reply, step.begin.is_some())
}

#[test]
fn a_thousand_first_callers_begin_one_request() {
    let mut cache = TokenCache::default();
    let first = cache.ask(at(0));
    assert_eq!(seen(&first), ("wait", true));
    for _ in 1..1000 {
        assert_eq!(seen(&cache.ask(at(0))), ("wait", false));
    }
    cache.learn(&Ok(token(0)), at(0));
    assert_eq!(seen(&cache.ask(at(1))), ("token", false));
}

#[test]
fn an_ageing_token_is_used_while_one_request_renews_it() {
    let mut cache = TokenCache::default();
    cache.learn(&Ok(token(0)), at(0));
    assert_eq!(seen(&cache.ask(at(539))), ("token", false));
    let renewal = cache.ask(at(540));
    assert_eq!(seen(&renewal), ("token", true));
    assert_eq!(seen(&cache.ask(at(541))), ("token", false));
    drop(renewal);
    cache.learn(&Err(unreachable()), at(545));
    assert_eq!(seen(&cache.ask(at(545))), ("token", false), "not at once again");
    assert_eq!(seen(&cache.ask(at(547))), ("token", true));
    assert_eq!(seen(&cache.ask(at(600))), ("wait", true), "dead");
}

#[test]
fn a_refused_token_is_forgotten_unless_it_was_replaced() {
    let mut cache = TokenCache::default();
    let (old, new) = (token(0), token(1));
    cache.learn(&Ok(Arc::clone(&old)), at(0));
    cache.reject(&old);
    assert_eq!(seen(&cache.ask(at(2))).0, "wait");
    cache.learn(&Ok(new), at(1));
    cache.reject(&old);
    assert_eq!(seen(&cache.ask(at(2))).0, "token");
}

#[test]
fn a_verdict_is_shared_and_looked_into_again_in_the_background() {
    let mut cache = TokenCache::default();
    cache.learn(&Err(hop_limit()), at(0));
    assert_eq!(seen(&cache.ask(at(59))), ("error", false));
    let again = cache.ask(at(60));
    assert_eq!(seen(&again), ("error", true));
    assert_eq!(seen(&cache.ask(at(61))), ("error", false));
    drop(again);
    cache.learn(&Err(hop_limit()), at(61));
    assert_eq!(seen(&cache.ask(at(360))), ("error", false));
    let again = cache.ask(at(361));
    assert_eq!(seen(&again), ("error", true));
    cache.learn(&Ok(token(362)), at(362));
    assert_eq!(seen(&cache.ask(at(363))), ("token", false));
}

#[test]
fn an_endpoint_that_is_not_there_is_asked_less_and_less_often() {
    let mut cache = TokenCache::default();
    let mut now = 0;
    for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
        cache.learn(&Err(unreachable()), at(now));
        assert_eq!(seen(&cache.ask(at(now) + at(pause).mul_f64(0.99))), ("error", false));
        now += pause;
        assert_eq!(seen(&cache.ask(at(now))), ("wait", true));
    }
}

#[test]
fn mere_slowness_is_not_remembered() {
    let mut cache = TokenCache::default();
    let slow = Error::TimedOut {
        endpoint: "x".into(),
        waited: at(5),
        silence: crate::error::Silence::Slow,
    };
    cache.learn(&Err(slow), at(5));
    assert_eq!(seen(&cache.ask(at(5))), ("wait", true));
}
