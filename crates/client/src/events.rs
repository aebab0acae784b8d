//! What is about to happen to the instance, and watches that tell when that changes.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use tokio::time::sleep;

use crate::client::Client;
use crate::error::Error;
use crate::path::Path;

/// What EC2 is about to do to a Spot Instance.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[non_exhaustive]
pub struct SpotAction {
    /// `terminate`, `stop` or `hibernate`.
    pub action: String,
    /// About when.
    pub time: Timestamp,
}

/// A scheduled event of maintenance.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct MaintenanceEvent {
    /// Such as `instance-event-0d59937288b749b32`.
    #[serde(default)]
    pub event_id: Option<String>,
    /// `instance-reboot`, `system-reboot`, `instance-stop`, `instance-retirement`, …
    pub code: String,
    /// `active`, `completed` or `canceled`.
    pub state: String,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// From when, as the service writes it: `21 Jan 2019 09:00:43 GMT`.
    #[serde(default)]
    pub not_before: Option<String>,
    /// Until when, as the service writes it.
    #[serde(default)]
    pub not_after: Option<String>,
}

/// All that is announced.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Notices {
    /// EC2 takes the Spot Instance back, two minutes from when this is first seen.
    pub spot_action: Option<SpotAction>,
    /// The Spot Instance is at an elevated risk of that, since then.
    pub rebalance_since: Option<Timestamp>,
    /// Scheduled maintenance.
    pub maintenance: Vec<MaintenanceEvent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rebalance {
    notice_time: Timestamp,
}

impl Client {
    /// What is announced now.
    ///
    /// # Errors
    /// As [`Client::fetch`], but for [`Error::NotFound`]; and [`Error::Malformed`] for what is no
    /// announcement.
    pub async fn notices(&self) -> Result<Notices, Error> {
        let rebalance: Option<Rebalance> =
            self.optional("events/recommendations/rebalance").await?;
        let maintenance: Option<_> = self.optional("events/maintenance/scheduled").await?;
        Ok(Notices {
            spot_action: self.optional("spot/instance-action").await?,
            rebalance_since: rebalance.map(|rebalance| rebalance.notice_time),
            maintenance: maintenance.unwrap_or_default(),
        })
    }

    /// Watches what is announced, looking again each `period`; AWS suggests 5 s.
    ///
    /// ```no_run
    /// # // Not run: it needs an instance, and must not ask one by accident.
    /// # async fn example(client: imds_client::Client) -> Result<(), imds_client::Error> {
    /// let mut events = client.watch(std::time::Duration::from_secs(5));
    /// while events.next().await?.spot_action.is_none() {}
    /// println!("this Spot Instance is taken back in two minutes");
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch(&self, period: Duration) -> Events {
        Events { client: self.clone(), period, last: None }
    }

    async fn optional<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Option<T>, Error> {
        match self.document(&Path::new(path)?).await {
            Ok(document) => Ok(Some(document)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A watch over [`Notices`].
#[derive(Debug)]
#[must_use = "a watch looks only while `next` is waited for"]
pub struct Events {
    client: Client,
    period: Duration,
    last: Option<Notices>,
}

impl Events {
    /// Waits until what is announced is not what was given last; the first time it is given at once.
    ///
    /// # Errors
    /// Why it could not be known. The watch goes on: call this again.
    pub async fn next(&mut self) -> Result<Notices, Error> {
        let mut is_first = self.last.is_none();
        loop {
            if !std::mem::take(&mut is_first) {
                sleep(self.period).await;
            }
            let now = self.client.notices().await?;
            if self.last.as_ref() != Some(&now) {
                self.last = Some(now.clone());
                return Ok(now);
            }
        }
    }
}
