//! What is handed out when, over hours, without waiting for any.

use super::*;

fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
}

fn until(minutes: i64) -> Arc<Credentials> {
    Arc::new(Credentials {
        role: "role".into(),
        access_key_id: format!("until {minutes}"),
        secret_access_key: Secret::new("x"),
        session_token: Secret::new("y"),
        expires: at(minutes),
        account_id: None,
    })
}

fn down() -> Outcome {
    Err(Error::Broken { endpoint: "x".into(), received: 0, was_reset: true })
}

/// What a caller gets, and whether a request begins.
fn seen(step: &Step) -> (Option<&str>, bool) {
    let held = match &step.reply {
        Reply::Now(credentials) => Some(&*credentials.access_key_id),
        Reply::Wait(_) => None,
    };
    (held, step.begin.is_some())
}

fn cache_until(minutes: i64) -> CredentialCache {
    let cache = CredentialCache::default();
    assert!(cache.learn(Ok(until(minutes)), at(0), 0.0).0.is_ok());
    cache
}

#[test]
fn new_ones_are_asked_for_a_quarter_of_an_hour_early_and_awaited_in_the_last_minute() {
    let cache = cache_until(360);
    assert_eq!(seen(&cache.ask(at(344))), (Some("until 360"), false));
    let renewal = cache.ask(at(345));
    assert_eq!(seen(&renewal), (Some("until 360"), true));
    assert_eq!(seen(&cache.ask(at(346))), (Some("until 360"), false));
    assert_eq!(seen(&cache.ask(at(359))), (None, false));
    drop(renewal);
    assert!(!cache.learn(Ok(until(700)), at(359), 0.0).1);
    assert_eq!(seen(&cache.ask(at(360))), (Some("until 700"), false));
}

#[test]
fn chance_spreads_the_renewals() {
    let cache = CredentialCache::default();
    let _ = cache.learn(Ok(until(360)), at(0), 1.0);
    assert_eq!(seen(&cache.ask(at(339))), (Some("until 360"), false));
    assert_eq!(seen(&cache.ask(at(340))), (Some("until 360"), true));
}

#[test]
fn good_ones_are_neither_shortened_nor_extended_by_a_failure() {
    let cache = cache_until(360);
    let (outcome, was_extended) = cache.learn(down(), at(350), 0.0);
    assert!(outcome.is_ok() && !was_extended);
    assert_eq!(seen(&cache.ask(at(350))), (Some("until 360"), false));
    assert_eq!(seen(&cache.ask(at(351))), (Some("until 360"), true));
    assert_eq!(seen(&cache.ask(at(361))).0, None, "ended, and not extended");
}

#[test]
fn ended_ones_serve_through_an_outage_which_is_said_once() {
    let cache = cache_until(60);
    let (outcome, was_extended) = cache.learn(down(), at(61), 0.5);
    assert!(outcome.is_ok() && was_extended);
    assert_eq!(seen(&cache.ask(at(65))), (Some("until 60"), false));
    assert_eq!(seen(&cache.ask(at(70))), (Some("until 60"), true));
    let (outcome, was_extended) = cache.learn(Ok(until(60)), at(71), 0.5);
    assert!(outcome.is_ok() && !was_extended, "the service hands out the same old ones");
    assert_eq!(seen(&cache.ask(at(72))).0, Some("until 60"));
    let _ = cache.learn(Ok(until(400)), at(75), 0.0);
    assert_eq!(seen(&cache.ask(at(76))), (Some("until 400"), false));
}

#[test]
fn without_any_the_failure_is_told_and_the_next_caller_asks_again() {
    let cache = CredentialCache::default();
    assert!(cache.learn(down(), at(0), 0.0).0.is_err());
    assert_eq!(seen(&cache.ask(at(0))), (None, true));
}

#[test]
fn documents_of_other_services_are_understood_and_refusals_told() {
    let path = Path::new("iam/security-credentials/r").unwrap();
    let read = |text: &str| serde_json::from_str::<Document>(text).unwrap().read("r".into(), &path);
    let odd = r#"{"accessKeyId":"A","SecretAccessKey":"S","SessionToken":"T","Expiration":"2030-01-01T00:00:00.5+01:00"}"#;
    assert!(read(odd).is_ok());
    let refused = read(r#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"no\ntrust"}"#).err();
    assert!(refused.unwrap().to_string().contains(r"AssumeRoleUnauthorizedAccess no\ntrust"));
    assert!(read(r#"{"Code":"Success"}"#).is_err());
}
