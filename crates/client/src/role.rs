//! The instance's role and its credentials, from the service or from the cache.

use std::sync::Arc;

use crate::client::Client;
use crate::clock;
use crate::credentials::{Credentials, Document, Outcome, Reply};
use crate::error::Error;
use crate::metadata_path::MetadataPath;
use crate::single_flight::Leader;
use crate::warning::Warning;

/// Lists the role's name; has its credentials below it.
const DIRECTORY: &str = "iam/security-credentials/";

impl Client {
    /// Credentials of the instance's role (`iam/security-credentials/<role>`).
    ///
    /// Callers share one set, which is renewed 15 to 20 minutes before its end. While no new ones can be
    /// had the last ones are handed out, also for 5 to 15 minutes at a time after their end: the service
    /// may extend them. See [`Credentials::is_extended`].
    ///
    /// # Errors
    /// [`Error::NotFound`] where the instance has no role; else why there are no credentials.
    pub async fn credentials(&self) -> Result<Arc<Credentials>, Error> {
        loop {
            let step = self.credential_cache().request(clock::wall());
            if let Some(leader) = step.start {
                let client = self.clone();
                tokio::spawn(async move { client.renew_credentials(leader).await });
            }
            let outcome = match step.reply {
                Reply::Now(credentials) => return Ok(credentials),
                Reply::Wait(waiter) => waiter.result().await,
            };
            if let Some(outcome) = outcome {
                return outcome;
            }
        }
    }

    /// The role's name (`iam/security-credentials/`).
    ///
    /// # Errors
    /// [`Error::NotFound`] where the instance has none.
    pub async fn role(&self) -> Result<String, Error> {
        match self.list(DIRECTORY).await?.into_iter().next() {
            Some(role) => Ok(role),
            None => Err(Error::NotFound { path: MetadataPath::new(DIRECTORY)?.to_string() }),
        }
    }

    async fn renew_credentials(&self, leader: Leader<Outcome>) {
        let fetched = self.fetch_credentials().await;
        let reason = fetched.as_ref().err().cloned();
        let cache = self.credential_cache();
        let (outcome, extension) =
            cache.learn(fetched.map(Arc::new), clock::wall(), clock::random_fraction());
        if let Some(extension) = extension {
            let (expired, until) = (extension.expired, extension.until);
            self.warnings().report(&Warning::CredentialsExtended { expired, until, reason });
        }
        leader.publish(outcome);
    }

    async fn fetch_credentials(&self) -> Result<Credentials, Error> {
        match self.fetch_listed_role().await {
            // The role may have been replaced between the list and the read.
            Err(Error::NotFound { .. }) => self.fetch_listed_role().await,
            outcome => outcome,
        }
    }

    async fn fetch_listed_role(&self) -> Result<Credentials, Error> {
        let role = self.role().await?;
        let path = MetadataPath::new(DIRECTORY)?.entry(&role)?;
        let document: Document = self.json(&path).await?;
        document.read(role, &path)
    }
}
