//! Requests that EC2's API has no action for: `POST /imds`, in JSON, signed like the other requests.
//! Client and server are this program, in the same version.

use hyper::http::request::Parts;
use imds_account::hosts::{self, HostFacts};
use imds_account::records::AccessRole;
use imds_account::{StoreError, keys};
use imds_core::InstanceId;
use imds_core::events::{OsUser, Outcome};
use imds_core::fault::{FaultRule, FaultRuleError};
use imds_ec2::{Fault, bounded};
use serde::{Deserialize, Serialize};

use super::call::UnreadableLog;
use super::console::ConsoleDoor;
use super::faults::FaultFacts;
use super::links::{LinkFacts, LinkName};
use super::principal::Principal;
use super::refusal::AdminRefusal;
use super::service::Service;
use super::{ATTEMPTS, Control, ids};
use imds_account::access_key::{self, AccessKeyError, ChosenKey};
use imds_account::events::ssh_key::{self, Sender};
use imds_account::events::target::EventTarget;
use imds_account::events::{self, EventError, EventFacts, NewEvent};

/// A request of this program's own commands: the body of `POST /imds`, in JSON.
#[derive(Deserialize, Serialize)]
#[serde(tag = "action")]
pub enum AdminRequest {
    /// Creates an access key. Answered by [`AdminAnswer::CreatedAccessKey`].
    CreateAccessKey {
        /// What the key may do.
        role: AccessRole,
        /// The key that somebody chose; `None` makes a new one.
        chosen: Option<ChosenKey>,
    },
    /// Lists the access keys, without their secrets. Answered by [`AdminAnswer::AccessKeys`].
    ListAccessKeys,
    /// Deletes an access key, unless it is the last one that may do everything.
    DeleteAccessKey {
        /// The key's id, such as `AKIA…`.
        id: String,
    },
    /// Reads or changes the simulated events of an instance.
    Event {
        /// The instance; the default instance if it is `None`.
        instance: Option<InstanceId>,
        /// What to do.
        request: EventRequest,
    },
    /// Fails unless workloads can be linked.
    CheckLinks,
    /// Links a workload. Answered by [`AdminAnswer::Links`] with this one link.
    AddLink {
        /// Where: `host`, `netns=PATH`, `pid=NUMBER`, `container=NAME` or `device=NAME`.
        place: String,
        /// The instance of its requests; `None`: as their source addresses say.
        instance: Option<InstanceId>,
    },
    /// Lists all links. Answered by [`AdminAnswer::Links`].
    ListLinks,
    /// Removes a link.
    RemoveLink {
        /// Which.
        link: LinkName,
    },
    /// Lists the hosts that share the state. Answered by [`AdminAnswer::Hosts`].
    ListHosts,
    /// Lets a browser into the web console. Answered by [`AdminAnswer::Console`].
    OpenConsole,
    /// Brings a fault into force. Answered by [`AdminAnswer::Faults`] with this one fault.
    AddFault {
        /// The rule's text, such as `credentials,status=503,share=30%`.
        fault: String,
    },
    /// Lists all faults. Answered by [`AdminAnswer::Faults`].
    ListFaults,
    /// Removes a fault. Answered by [`AdminAnswer::Faults`] with what was removed.
    RemoveFault {
        /// Which; all if it is `None`.
        id: Option<u32>,
    },
}

/// A request about the simulated events of one instance.
#[derive(Deserialize, Serialize)]
pub enum EventRequest {
    /// Lists all events. Answered by [`AdminAnswer::Events`].
    List,
    /// Adds an event. Answered by [`AdminAnswer::Events`] with this one event.
    Add(NewEvent),
    /// Ends a scheduled event.
    End {
        /// The event's id, as the list shows it.
        id: String,
        /// Whether it is completed or canceled.
        outcome: Outcome,
    },
    /// Removes an event, as if it had never been added.
    TakeBack {
        /// The event's id, as the list shows it.
        id: String,
    },
    /// Sends a public key as EC2 Instance Connect does: it is served for 60 seconds.
    SendSshKey {
        /// The operating system user to log in as.
        user: OsUser,
        /// One line in OpenSSH format.
        key: String,
    },
}

/// The response to an [`AdminRequest`]. It may hold a secret, so it has no `Debug`.
#[derive(Deserialize, Serialize)]
pub enum AdminAnswer {
    /// A new access key. Its secret is shown this once.
    CreatedAccessKey {
        /// The key's id.
        id: String,
        /// What signs requests: 40 characters.
        secret: String,
    },
    /// All access keys that can be read.
    AccessKeys(Vec<AccessKeyFacts>),
    /// All events of the instance, or the one that was added.
    Events(Vec<EventFacts>),
    /// All links of the host, or the one that was added.
    Links(Vec<LinkFacts>),
    /// All hosts that share the state.
    Hosts(Vec<HostFacts>),
    /// All faults of the host, the one that was added, or those that were removed.
    Faults(Vec<FaultFacts>),
    /// Where to sign in to the web console, with a code that works once.
    Console {
        /// Such as `http://127.0.0.1:1340/sign-in?code=…`.
        url: String,
    },
    /// The request was carried out, and there is nothing to show.
    Done,
}

/// An access key without its secret.
#[derive(Debug, Deserialize, Serialize)]
pub struct AccessKeyFacts {
    /// `AKIA…`
    pub id: String,
    /// What it may do.
    pub role: AccessRole,
    /// When it was created, in seconds since 1970.
    pub created_at: u64,
}

impl Control {
    /// Answers one request; `now` is in seconds since 1970.
    pub(super) fn administer(
        &self,
        head: &Parts,
        body: &[u8],
        now: u64,
    ) -> Result<AdminAnswer, AdminRefusal> {
        let principal = self.authenticate(head, body, now, Service::Ec2)?;
        if !principal.is_admin() {
            return Err(Fault::unauthorized().into());
        }
        let request = serde_json::from_slice(body).map_err(|error| AdminRefusal {
            status: 400,
            message: bounded(&format!("not a request of this version: {error}")),
        })?;
        self.administer_as(&request, &principal, now)
    }

    /// Carries out the request of a principal that may do everything.
    pub(super) fn administer_as(
        &self,
        request: &AdminRequest,
        principal: &Principal,
        now: u64,
    ) -> Result<AdminAnswer, AdminRefusal> {
        for _ in 0..ATTEMPTS {
            match self.apply(request, principal, now) {
                Err(NotDone::Key(AccessKeyError::Store(StoreError::Conflict { .. }))) => {}
                outcome => return outcome.map_err(AdminRefusal::from),
            }
        }
        Err(Fault::request_limit_exceeded().into())
    }

    fn apply(
        &self,
        request: &AdminRequest,
        principal: &Principal,
        now: u64,
    ) -> Result<AdminAnswer, NotDone> {
        Ok(match request {
            AdminRequest::CreateAccessKey { role, chosen: Some(chosen) } => {
                access_key::create_chosen(&self.store, chosen, *role, now)?;
                AdminAnswer::Done
            }
            AdminRequest::CreateAccessKey { role, chosen: None } => {
                let (id, key) = access_key::create(&self.store, *role, now)?;
                AdminAnswer::CreatedAccessKey { id, secret: key.secret }
            }
            AdminRequest::ListAccessKeys => {
                let keys = self.store.scan(&keys::access_keys()).map_err(AccessKeyError::from)?;
                let unreadable = UnreadableLog::default();
                keys.unreadable.iter().for_each(|key| unreadable.report(key));
                let keys = keys.records.into_iter().map(|(id, stored)| AccessKeyFacts {
                    id,
                    role: stored.record.role,
                    created_at: stored.record.created_at,
                });
                AdminAnswer::AccessKeys(keys.collect())
            }
            AdminRequest::DeleteAccessKey { id } => {
                access_key::delete(&self.store, id)?;
                AdminAnswer::Done
            }
            AdminRequest::Event { instance, request } => {
                let whose = EventTarget::find(&self.store, &principal.region, instance.as_ref())?;
                self.apply_event(&whose, request, principal, now)?
            }
            AdminRequest::CheckLinks => {
                self.links.can_add().map_err(NotDone::Link)?;
                AdminAnswer::Done
            }
            AdminRequest::AddLink { place, instance } => {
                let added = self.links.add(place, instance.as_ref(), now);
                AdminAnswer::Links(vec![added.map_err(NotDone::Link)?])
            }
            AdminRequest::ListLinks => {
                AdminAnswer::Links(self.links.list().map_err(NotDone::Link)?)
            }
            AdminRequest::RemoveLink { link } => {
                self.links.remove(link).map_err(NotDone::Link)?;
                AdminAnswer::Done
            }
            AdminRequest::ListHosts => AdminAnswer::Hosts(self.hosts()?),
            AdminRequest::OpenConsole => self.open_console()?,
            AdminRequest::AddFault { fault } => {
                AdminAnswer::Faults(vec![self.add_fault(fault, principal)?])
            }
            AdminRequest::ListFaults => AdminAnswer::Faults(self.faults.list()),
            AdminRequest::RemoveFault { id } => {
                AdminAnswer::Faults(self.faults.remove(*id).map_err(NotDone::Fault)?)
            }
        })
    }

    /// The hosts that share the state, if it can be shared.
    fn hosts(&self) -> Result<Vec<HostFacts>, NotDone> {
        if self.store.host().is_none() {
            return Err(NotDone::NotShared);
        }
        hosts::list(&self.store, self.applied.newest_change()).map_err(NotDone::Hosts)
    }

    /// A URL that lets one browser into the web console.
    fn open_console(&self) -> Result<AdminAnswer, NotDone> {
        let door = self.console.as_ref().ok_or_else(ConsoleDoor::missing);
        let url = door.and_then(|door| (door.0)()).map_err(NotDone::Console)?;
        Ok(AdminAnswer::Console { url })
    }

    /// Brings a fault into force; its instance must be one of the account's, so that a mistake does not
    /// wait for requests that never come.
    fn add_fault(&self, text: &str, principal: &Principal) -> Result<FaultFacts, NotDone> {
        let rule: FaultRule = text.parse().map_err(|error: FaultRuleError| {
            NotDone::Fault(AdminRefusal { status: 400, message: error.to_string() })
        })?;
        if let Some(instance) = &rule.instance {
            EventTarget::find(&self.store, &principal.region, Some(instance))?
                .events(&self.store)?;
        }
        self.faults.add(rule).map_err(NotDone::Fault)
    }

    fn apply_event(
        &self,
        whose: &EventTarget,
        request: &EventRequest,
        principal: &Principal,
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
                let sender = Sender { caller: &principal.arn, request_id };
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

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
enum NotDone {
    #[error(transparent)]
    Key(#[from] AccessKeyError),
    #[error(transparent)]
    Event(#[from] EventError),
    #[error("{}", .0.message)]
    Link(AdminRefusal),
    #[error("{}", .0.message)]
    Fault(AdminRefusal),
    #[error("{}", .0.message)]
    Console(AdminRefusal),
    #[error(transparent)]
    Hosts(StoreError),
    #[error("the state is of this host alone: imds serve --state etcd://… shares it with others")]
    NotShared,
}

impl From<NotDone> for AdminRefusal {
    fn from(error: NotDone) -> Self {
        let status = match &error {
            NotDone::Link(refusal) | NotDone::Fault(refusal) | NotDone::Console(refusal) => {
                refusal.status
            }
            NotDone::Key(AccessKeyError::Unknown(_))
            | NotDone::Event(EventError::Unknown { .. } | EventError::NoInstance(..)) => 404,
            NotDone::Key(AccessKeyError::LastAdmin(_) | AccessKeyError::Exists(_))
            | NotDone::Event(
                EventError::NotScheduled(_) | EventError::TooMany | EventError::TooManyKeys,
            ) => 409,
            NotDone::NotShared
            | NotDone::Key(AccessKeyError::InvalidId(_) | AccessKeyError::InvalidSecret(_))
            | NotDone::Event(EventError::BadKey) => 400,
            NotDone::Hosts(_)
            | NotDone::Key(AccessKeyError::Random(_) | AccessKeyError::Store(_))
            | NotDone::Event(
                EventError::Random(_) | EventError::Store(_) | EventError::Signer(_),
            ) => {
                tracing::error!(%error, "an administrative request failed");
                return Fault::internal().into();
            }
        };
        Self { status, message: bounded(&error.to_string()) }
    }
}
