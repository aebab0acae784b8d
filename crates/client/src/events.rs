//! Events that EC2 announces for the instance, and a watch that reports changes.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use tokio::time::sleep;

use crate::client::Client;
use crate::error::Error;
use crate::metadata::if_found;
use crate::timestamp;

/// What EC2 is about to do to a Spot Instance.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[non_exhaustive]
pub struct SpotAction {
    /// `terminate`, `stop` or `hibernate`.
    pub action: String,
    /// When, approximately.
    #[serde(deserialize_with = "timestamp::deserialize")]
    pub time: SystemTime,
}

/// A scheduled maintenance event.
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
    /// A text for people.
    #[serde(default)]
    pub description: Option<String>,
    /// The earliest start, as the service writes it: `21 Jan 2019 09:00:43 GMT`.
    #[serde(default)]
    pub not_before: Option<String>,
    /// The latest end, as the service writes it.
    #[serde(default)]
    pub not_after: Option<String>,
}

/// All events that are announced.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct PendingEvents {
    /// EC2 interrupts the Spot Instance, two minutes after this appears (`spot/instance-action`).
    pub spot_action: Option<SpotAction>,
    /// Since when the Spot Instance has an elevated risk of interruption
    /// (`events/recommendations/rebalance`).
    pub rebalance_since: Option<SystemTime>,
    /// Scheduled maintenance (`events/maintenance/scheduled`).
    pub maintenance: Vec<MaintenanceEvent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rebalance {
    #[serde(deserialize_with = "timestamp::deserialize")]
    notice_time: SystemTime,
}

impl Client {
    /// The events that are announced now.
    ///
    /// # Errors
    /// As [`Client::fetch`], except [`Error::NotFound`]; and [`Error::Malformed`] for a document that
    /// is not such an event.
    pub async fn pending_events(&self) -> Result<PendingEvents, Error> {
        let rebalance: Option<Rebalance> =
            if_found(self.json("events/recommendations/rebalance").await)?;
        let maintenance: Option<_> = if_found(self.json("events/maintenance/scheduled").await)?;
        Ok(PendingEvents {
            spot_action: if_found(self.json("spot/instance-action").await)?,
            rebalance_since: rebalance.map(|rebalance| rebalance.notice_time),
            maintenance: maintenance.unwrap_or_default(),
        })
    }

    /// Watches the announced events, looking again each `period`; AWS recommends 5 s.
    ///
    /// ```no_run
    /// # // Not run: it needs an instance, and must not ask one by accident.
    /// # async fn example(client: imds_client::Client) -> Result<(), imds_client::Error> {
    /// let mut events = client.watch_events(std::time::Duration::from_secs(5));
    /// while events.next().await?.spot_action.is_none() {}
    /// println!("this Spot Instance is interrupted in two minutes");
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch_events(&self, period: Duration) -> EventWatch {
        EventWatch { client: self.clone(), period, last: None }
    }
}

/// A watch over [`PendingEvents`].
#[derive(Debug)]
#[must_use = "a watch looks only while `next` is awaited"]
pub struct EventWatch {
    client: Client,
    period: Duration,
    last: Option<PendingEvents>,
}

impl EventWatch {
    /// Waits until the announced events differ from those returned last; the first time they are
    /// returned at once.
    ///
    /// # Errors
    /// Why they cannot be known. The watch goes on: call this again.
    pub async fn next(&mut self) -> Result<PendingEvents, Error> {
        let mut is_first = self.last.is_none();
        loop {
            if !std::mem::take(&mut is_first) {
                sleep(self.period).await;
            }
            let now = self.client.pending_events().await?;
            if self.last.as_ref() != Some(&now) {
                self.last = Some(now.clone());
                return Ok(now);
            }
        }
    }
}
