//! The role's credentials for AWS SDK clients.

use std::sync::Arc;

use aws_credential_types::Credentials as SdkCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};

use crate::client::Client;
use crate::credentials::Credentials;
use crate::error::Error;

/// The provider's name in the SDK's logs.
const PROVIDER: &str = "imds-client";

/// Credentials of the instance's role, as [`Client::credentials`] has them.
///
/// An instance without a role, a disabled service and a machine without the service are "not loaded",
/// so that a chain of providers goes on to the next one.
impl ProvideCredentials for Client {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            match self.credentials().await {
                Ok(credentials) => Ok(convert(&credentials)),
                Err(error) => Err(classify(error, self.settings().budget)),
            }
        })
    }
}

fn convert(credentials: &Arc<Credentials>) -> SdkCredentials {
    let builder = SdkCredentials::builder()
        .access_key_id(&credentials.access_key_id)
        .secret_access_key(credentials.secret_access_key.reveal())
        .session_token(credentials.session_token.reveal())
        .expiry(credentials.expires)
        .provider_name(PROVIDER);
    match &credentials.account_id {
        Some(account) => builder.account_id(account.as_str()).build(),
        None => builder.build(),
    }
}

fn classify(error: Error, budget: std::time::Duration) -> CredentialsError {
    match error {
        Error::NotFound { .. } | Error::Disabled { .. } | Error::Unreachable { .. } => {
            CredentialsError::not_loaded(error)
        }
        Error::EndpointDisabled => CredentialsError::not_loaded(error),
        Error::InvalidSetting { .. } => CredentialsError::invalid_configuration(error),
        Error::TimedOut { .. } => CredentialsError::provider_timed_out(budget),
        error => CredentialsError::provider_error(error),
    }
}
