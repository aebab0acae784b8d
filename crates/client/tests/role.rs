//! Credentials of the instance's role, and the warnings that come with a call that succeeds.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use imds_client::settings::{Overrides, Profile};
use imds_client::{Client, Error, Settings, V1Fallback, Warning};
use testkit::faulty::{Act, answer, is_put, token};
use testkit::{Result, Trial, ensure, test};

use crate::requests::service;
use crate::way::{client, run, settings};

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = vec![
        test("role::a_role_replaced_between_list_and_read_is_listed_again", &[], replaced),
        test("role::a_role_that_stays_away_is_listed_twice_only", &[], missing),
        test("role::expired_keys_that_are_served_are_extended", &[], extended),
        test("role::each_warning_comes_once", &[], warnings),
        test("role::a_refused_request_without_a_token_is_not_repeated", &[], refused_once),
    ];
    trials.extend(provider());
    trials
}

#[cfg(feature = "aws-credential-types")]
fn provider() -> Vec<Trial> {
    vec![
        test("role::the_sdks_trait_gives_the_credentials", &[], sdk::credentials),
        test("role::the_sdks_chain_goes_on_without_a_role", &[], sdk::no_role),
    ]
}

#[cfg(not(feature = "aws-credential-types"))]
fn provider() -> Vec<Trial> {
    Vec::new()
}

/// Credentials that expire at this time.
fn document(expiration: &str) -> String {
    let body = format!(
        r#"{{"Code":"Success","AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"s","Token":"t","Expiration":"{expiration}","AccountId":"123456789012"}}"#
    );
    answer(200, &[], &body)
}

/// A role with credentials that expire at this time.
fn role(head: &str, expiration: &str) -> Act {
    Act::Respond(match head {
        _ if is_put(head) => token(),
        _ if head.contains("/security-credentials/web ") => document(expiration),
        _ if head.contains("/security-credentials/ ") => answer(200, &[], "web"),
        _ => answer(404, &[], ""),
    })
}

fn lists(requests: &[String]) -> usize {
    requests.iter().filter(|head| head.contains("/security-credentials/ ")).count()
}

fn replaced() -> Result<()> {
    let (service, address) = service(|head, count| match head {
        // The first list is of a role that the next request finds replaced.
        _ if head.contains("/security-credentials/ ") && count == 0 => {
            Act::Respond(answer(200, &[], "old"))
        }
        _ => role(head, "2037-01-01T00:00:00Z"),
    })?;
    let credentials = run(client(address)?.credentials())??;
    ensure!(credentials.role == "web" && !credentials.is_extended, "{}", credentials.role);
    ensure!(credentials.account_id.as_deref() == Some("123456789012"));
    ensure!(lists(&service.requests()) == 2, "{:?}", service.requests());
    Ok(())
}

fn missing() -> Result<()> {
    let (service, address) = service(|head, _| match head {
        _ if head.contains("/security-credentials/ ") => Act::Respond(answer(200, &[], "old")),
        _ => role(head, "2037-01-01T00:00:00Z"),
    })?;
    let error = run(client(address)?.credentials())?.err();
    ensure!(matches!(error, Some(Error::NotFound { .. })), "{error:?}");
    ensure!(lists(&service.requests()) == 2, "{:?}", service.requests());
    Ok(())
}

fn extended() -> Result<()> {
    let (_service, address) = service(|head, _| role(head, "2020-01-01T00:00:00Z"))?;
    let (client, warnings) = listening(settings(address)?);
    let credentials = run(async {
        client.credentials().await?;
        client.credentials().await
    })??;
    ensure!(credentials.is_extended);
    let since_2026 = Duration::from_secs(1_767_225_600);
    ensure!(credentials.expires > SystemTime::UNIX_EPOCH + since_2026);
    let warnings = warnings();
    ensure!(
        matches!(&warnings[..], [Warning::CredentialsExtended { reason: None, .. }]),
        "{warnings:?}"
    );
    let text = warnings[0].to_string();
    ensure!(text.contains("expired at 2020-01-01T00:00:00Z"), "{text}");
    Ok(())
}

/// A client, and what it has warned of so far.
fn listening(settings: Settings) -> (Client, impl Fn() -> Vec<Warning>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let client = Client::new(settings).on_warning(move |warning| {
        if let Ok(mut sink) = sink.lock() {
            sink.push(warning.clone());
        }
    });
    (client, move || seen.lock().map(|seen| seen.clone()).unwrap_or_default())
}

fn warnings() -> Result<()> {
    // A token without a TTL, which every request for it gets, and a switch with an unknown value.
    let (_service, address) = service(|head, _| match head {
        _ if is_put(head) => Act::Respond(answer(200, &[], "TOKEN")),
        _ if head.contains("region") => Act::Respond(answer(401, &[], "")),
        _ => Act::Respond(answer(200, &[], "i-1")),
    })?;
    let set = |name: &str| (name == "AWS_EC2_METADATA_DISABLED").then(|| "1".to_owned());
    let overrides =
        Overrides { endpoint: Some(format!("http://{address}").parse()?), ..Overrides::default() };
    let settings = Settings::resolve(Settings::default(), overrides, &set, &Profile::default())?;
    let (client, warnings) = listening(settings);
    run(async {
        for _ in 0..3 {
            client.instance_id().await?;
            // Refused tokens are replaced, by tokens that have no TTL either.
            ensure!(client.get("placement/region").await.is_err());
        }
        Ok(())
    })??;
    let warnings = warnings();
    let count = |is: fn(&Warning) -> bool| warnings.iter().filter(|warning| is(warning)).count();
    ensure!(count(|it| matches!(it, Warning::TokenWithoutTtl { .. })) == 1, "{warnings:?}");
    ensure!(count(|it| matches!(it, Warning::SettingIgnored(_))) == 1, "{warnings:?}");
    ensure!(warnings.len() == 2, "{warnings:?}");
    let said = warnings.iter().any(|it| it.to_string().contains("AWS_EC2_METADATA_DISABLED=1"));
    ensure!(said, "{warnings:?}");
    Ok(())
}

/// Not even where the service knows no tokens.
fn refused_once() -> Result<()> {
    let (service, address) =
        service(|head, _| Act::Respond(answer(if is_put(head) { 405 } else { 401 }, &[], "")))?;
    let mut settings = settings(address)?;
    settings.v1_fallback = V1Fallback::Everything;
    let (client, warnings) = listening(settings);
    run(async {
        for _ in 0..5 {
            let error = client.instance_id().await;
            ensure!(matches!(error, Err(Error::Status { status: 405, .. })), "{error:?}");
        }
        Ok(())
    })??;
    let gets = service.requests().iter().filter(|head| head.starts_with("GET")).count();
    ensure!(gets == 1, "{gets} requests without a token");
    ensure!(warnings().is_empty(), "IMDSv1 was not used: {:?}", warnings());
    Ok(())
}

/// A caller that knows only the trait, as the clients of the AWS SDK do.
#[cfg(feature = "aws-credential-types")]
mod sdk {
    use aws_credential_types::Credentials;
    use aws_credential_types::attributes::AccountId;
    use aws_credential_types::provider::error::CredentialsError;
    use aws_credential_types::provider::{ProvideCredentials, Result, SharedCredentialsProvider};
    use testkit::faulty::{Act, answer, is_put, token};
    use testkit::{bail, ensure};

    use super::{client, role, run, service};

    async fn ask(provider: impl ProvideCredentials + 'static) -> Result {
        SharedCredentialsProvider::new(provider).provide_credentials().await
    }

    pub(super) fn credentials() -> testkit::Result<()> {
        let (_service, address) = service(|head, _| role(head, "2037-01-01T00:00:00Z"))?;
        let credentials: Credentials = run(ask(client(address)?))??;
        ensure!(credentials.access_key_id() == "ASIAEXAMPLE");
        ensure!(credentials.secret_access_key() == "s");
        ensure!(credentials.session_token() == Some("t"));
        ensure!(credentials.account_id().map(AccountId::as_str) == Some("123456789012"));
        let expiry =
            credentials.expiry().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        ensure!(expiry.is_some_and(|at| at.as_secs() == 2_114_380_800), "{expiry:?}");
        Ok(())
    }

    pub(super) fn no_role() -> testkit::Result<()> {
        let (_service, address) = service(|head, _| {
            Act::Respond(if is_put(head) { token() } else { answer(404, &[], "") })
        })?;
        match run(ask(client(address)?))? {
            Err(CredentialsError::CredentialsNotLoaded(_)) => Ok(()),
            Err(other) => bail!("{other:?}"),
            Ok(_) => bail!("credentials of no role"),
        }
    }
}
