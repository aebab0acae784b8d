//! What is handed out when, over hours, without waiting for any.

use super::*;

fn at(minutes: u32) -> SystemTime {
    SystemTime::UNIX_EPOCH + MINUTE * minutes
}

fn until(minutes: u32) -> Arc<Credentials> {
    Arc::new(Credentials {
        role: "role".into(),
        access_key_id: format!("until {minutes}"),
        secret_access_key: Secret::new("x"),
        session_token: Secret::new("y"),
        expires: at(minutes),
        is_extended: false,
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
    (held, step.start.is_some())
}

fn cache_until(minutes: u32) -> CredentialCache {
    let cache = CredentialCache::default();
    assert!(cache.learn(Ok(until(minutes)), at(0), 0.0).0.is_ok());
    cache
}

#[test]
fn new_ones_are_requested_a_quarter_of_an_hour_early_and_awaited_in_the_last_minute() {
    let cache = cache_until(360);
    assert_eq!(seen(&cache.request(at(344))), (Some("until 360"), false));
    let renewal = cache.request(at(345));
    assert_eq!(seen(&renewal), (Some("until 360"), true));
    assert_eq!(seen(&cache.request(at(346))), (Some("until 360"), false));
    assert_eq!(seen(&cache.request(at(359))), (None, false));
    drop(renewal);
    assert_eq!(cache.learn(Ok(until(700)), at(359), 0.0).1, None);
    assert_eq!(seen(&cache.request(at(360))), (Some("until 700"), false));
}

#[test]
fn a_random_fraction_spreads_the_renewals() {
    let cache = CredentialCache::default();
    let _ = cache.learn(Ok(until(360)), at(0), 1.0);
    assert_eq!(seen(&cache.request(at(339))), (Some("until 360"), false));
    assert_eq!(seen(&cache.request(at(340))), (Some("until 360"), true));
}

#[test]
fn good_ones_are_neither_shortened_nor_extended_by_a_failure() {
    let cache = cache_until(360);
    let (outcome, extension) = cache.learn(down(), at(350), 0.0);
    assert!(outcome.is_ok() && extension.is_none());
    assert_eq!(seen(&cache.request(at(350))), (Some("until 360"), false));
    assert_eq!(seen(&cache.request(at(351))), (Some("until 360"), true));
    assert_eq!(seen(&cache.request(at(361))).0, None, "ended, and not extended");
}

#[test]
fn expired_ones_are_extended_in_an_outage_with_one_warning() {
    let cache = cache_until(60);
    let (outcome, extension) = cache.learn(down(), at(61), 0.5);
    assert_eq!(extension, Some(Extension { expired: at(60), until: at(71) }));
    let credentials = outcome.unwrap();
    assert!(credentials.is_extended && credentials.expires == at(71), "callers see the extension");
    assert_eq!(seen(&cache.request(at(65))), (Some("until 60"), false));
    assert_eq!(seen(&cache.request(at(70))), (Some("until 60"), true));
    let (outcome, extension) = cache.learn(Ok(until(60)), at(71), 0.5);
    assert!(outcome.is_ok() && extension.is_none(), "the service serves the same old ones");
    assert_eq!(seen(&cache.request(at(72))).0, Some("until 60"));
    let _ = cache.learn(Ok(until(400)), at(75), 0.0);
    assert_eq!(seen(&cache.request(at(76))), (Some("until 400"), false));
    let (_, extension) = cache.learn(down(), at(401), 0.0);
    assert!(extension.is_some(), "the next outage is reported again");
}

/// A process that starts in an outage never had good ones.
#[test]
fn expired_ones_that_the_service_serves_are_extended_with_one_warning() {
    let cache = CredentialCache::default();
    let (outcome, extension) = cache.learn(Ok(until(60)), at(90), 0.0);
    assert_eq!(extension, Some(Extension { expired: at(60), until: at(95) }));
    let credentials = outcome.unwrap();
    assert!(credentials.is_extended && credentials.expires == at(95));
    let (outcome, extension) = cache.learn(Ok(until(61)), at(94), 0.0);
    assert_eq!(outcome.unwrap().access_key_id, "until 61", "newer ones, though expired too");
    assert!(extension.is_none(), "{extension:?}");
}

#[test]
fn without_any_the_failure_is_returned_and_the_next_caller_tries_again() {
    let cache = CredentialCache::default();
    assert!(cache.learn(down(), at(0), 0.0).0.is_err());
    assert_eq!(seen(&cache.request(at(0))), (None, true));
}

#[test]
fn documents_of_other_services_are_read_and_refusals_reported() {
    let path = MetadataPath::new("iam/security-credentials/r").unwrap();
    let read = |text: &str| serde_json::from_str::<Document>(text).unwrap().read("r".into(), &path);
    let other = r#"{"accessKeyId":"A","SecretAccessKey":"S","SessionToken":"T","Expiration":"2030-01-01T00:00:00.5+01:00"}"#;
    assert!(read(other).is_ok());
    let refused = read(r#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"no\ntrust"}"#).err();
    assert!(refused.unwrap().to_string().contains(r"AssumeRoleUnauthorizedAccess no\ntrust"));
    assert!(read(r#"{"Code":"Success"}"#).is_err());
    for time in ["0001-01-01T00:00:00Z", "9999-12-30T00:00:00Z"] {
        let text = format!(
            r#"{{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"{time}"}}"#
        );
        assert!(read(&text).is_err(), "{time}");
    }
}
