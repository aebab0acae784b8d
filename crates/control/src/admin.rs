//! What this program asks of a running one and EC2's API has no action for: `POST /imds`, in JSON and
//! signed as everything else. Both ends are this program.

use hyper::http::request::Parts;
use imds_account::records::AccessRole;
use imds_account::{StoreError, keys};
use imds_core::InstanceId;
use imds_core::events::{OsUser, Outcome};
use imds_ec2::Fault;
use serde::{Deserialize, Serialize};

use super::call::UnreadableLog;
use super::{ATTEMPTS, Caller, Control, ids};
use imds_account::access_key::{self, AccessKeyError};
use imds_account::events::ssh_key::{self, Sender};
use imds_account::events::target::EventTarget;
use imds_account::events::{self, EventError, EventFacts, NewEvent};

/// What is asked.
#[derive(Deserialize, Serialize)]
#[serde(tag = "action")]
pub enum AdminRequest {
    CreateAccessKey { role: AccessRole },
    ListAccessKeys,
    DeleteAccessKey { id: String },
    Event { instance: Option<InstanceId>, request: EventRequest },
}

/// What is asked about the events of an instance.
#[derive(Deserialize, Serialize)]
pub enum EventRequest {
    List,
    Add(NewEvent),
    End { id: String, outcome: Outcome },
    TakeBack { id: String },
    SendSshKey { user: OsUser, key: String },
}

/// What is answered. Has a secret in it, so it has no `Debug`.
#[derive(Deserialize, Serialize)]
pub enum AdminAnswer {
    CreatedAccessKey {
        id: String,
        secret: String,
    },
    AccessKeys(Vec<AccessKeyFacts>),
    /// All of the instance, or the one that was added.
    Events(Vec<EventFacts>),
    Done,
}

/// An access key without its secret.
#[derive(Debug, Deserialize, Serialize)]
pub struct AccessKeyFacts {
    pub id: String,
    pub role: AccessRole,
    /// In seconds since 1970.
    pub created_at: u64,
}

/// Why it is not done: an HTTP status, and words.
#[derive(Debug, Deserialize, Serialize)]
pub struct AdminRefusal {
    pub status: u16,
    pub message: String,
}

impl Control {
    /// Answers one request; `now` is in seconds since 1970.
    pub(super) fn administer(
        &self,
        head: &Parts,
        body: &[u8],
        now: u64,
    ) -> Result<AdminAnswer, AdminRefusal> {
        let caller = self.authenticate(head, body, now)?;
        if caller.role != AccessRole::Admin {
            return Err(Fault::unauthorized().into());
        }
        let request = serde_json::from_slice(body).map_err(|error| AdminRefusal {
            status: 400,
            message: format!("that is no request of this version: {error}"),
        })?;
        for _ in 0..ATTEMPTS {
            match self.carry_out(&request, &caller, now) {
                Err(NotDone::Key(AccessKeyError::Store(StoreError::Conflict { .. }))) => {}
                outcome => return outcome.map_err(AdminRefusal::from),
            }
        }
        Err(Fault::request_limit_exceeded().into())
    }

    fn carry_out(
        &self,
        request: &AdminRequest,
        caller: &Caller,
        now: u64,
    ) -> Result<AdminAnswer, NotDone> {
        Ok(match request {
            AdminRequest::CreateAccessKey { role } => {
                let (id, key) = access_key::create(&self.store, *role, now)?;
                AdminAnswer::CreatedAccessKey { id, secret: key.secret }
            }
            AdminRequest::ListAccessKeys => {
                let keys = self.store.scan(&keys::access_keys()).map_err(AccessKeyError::from)?;
                let unreadable = UnreadableLog::default();
                keys.unreadable.iter().for_each(|key| unreadable.report(key));
                let keys = keys.records.into_iter().map(|(id, kept)| AccessKeyFacts {
                    id,
                    role: kept.record.role,
                    created_at: kept.record.created_at,
                });
                AdminAnswer::AccessKeys(keys.collect())
            }
            AdminRequest::DeleteAccessKey { id } => {
                access_key::delete(&self.store, id)?;
                AdminAnswer::Done
            }
            AdminRequest::Event { instance, request } => {
                let whose = EventTarget::find(&self.store, &caller.region, instance.as_ref())?;
                self.carry_out_event(&whose, request, caller, now)?
            }
        })
    }

    fn carry_out_event(
        &self,
        whose: &EventTarget,
        request: &EventRequest,
        caller: &Caller,
        now: u64,
    ) -> Result<AdminAnswer, EventError> {
        let store = &self.store;
        Ok(match request {
            EventRequest::List => AdminAnswer::Events(events::list(&whose.events(store)?, now)),
            EventRequest::Add(event) => {
                let id = whose.add(store, event, now)?;
                let mut listed = events::list(&whose.events(store)?, now);
                listed.retain(|event| event.id == id);
                AdminAnswer::Events(listed)
            }
            EventRequest::End { id, outcome } => {
                whose.change(store, |events| events::end(events, id, *outcome, now))?;
                AdminAnswer::Done
            }
            EventRequest::SendSshKey { user, key } => {
                let request_id = &ids::request_id().unwrap_or_default();
                let sender = Sender { caller: &caller.arn, request_id };
                ssh_key::send(store, whose, user, key, &sender, now)?;
                AdminAnswer::Done
            }
            EventRequest::TakeBack { id } => {
                whose.change(store, |events| {
                    let unknown =
                        || EventError::Unknown { instance: whose.id.to_string(), id: id.clone() };
                    events::take_back(events, id).then_some(()).ok_or_else(unknown)
                })?;
                AdminAnswer::Done
            }
        })
    }
}

/// Why what was asked is not done.
#[derive(Debug, thiserror::Error)]
enum NotDone {
    #[error(transparent)]
    Key(#[from] AccessKeyError),
    #[error(transparent)]
    Event(#[from] EventError),
}

impl From<Fault> for AdminRefusal {
    fn from(fault: Fault) -> Self {
        Self { status: fault.status, message: fault.to_string() }
    }
}

impl From<NotDone> for AdminRefusal {
    fn from(error: NotDone) -> Self {
        let status = match &error {
            NotDone::Key(AccessKeyError::Unknown(_))
            | NotDone::Event(EventError::Unknown { .. } | EventError::NoInstance(..)) => 404,
            NotDone::Key(AccessKeyError::LastAdmin(_))
            | NotDone::Event(
                EventError::NotScheduled(_) | EventError::TooMany | EventError::TooManyKeys,
            ) => 409,
            NotDone::Event(EventError::BadKey) => 400,
            NotDone::Key(AccessKeyError::Random(_) | AccessKeyError::Store(_))
            | NotDone::Event(
                EventError::Random(_) | EventError::Store(_) | EventError::Signer(_),
            ) => {
                tracing::error!(%error, "cannot do what the command asks for");
                return Fault::internal().into();
            }
        };
        Self { status, message: error.to_string() }
    }
}
