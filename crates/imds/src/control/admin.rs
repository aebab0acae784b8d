//! What this program asks of a running one and EC2's API has no action for: `POST /imds`, in JSON and
//! signed as everything else. Both ends are this program.

use axum::http::request::Parts;
use imds_ec2::Fault;
use imds_store::records::AccessRole;
use imds_store::{StoreError, keys};
use serde::{Deserialize, Serialize};

use super::{ATTEMPTS, Control};
use crate::state::access_key::{self, KeyError};

/// What is asked.
#[derive(Deserialize, Serialize)]
#[serde(tag = "action")]
pub(crate) enum AdminRequest {
    CreateAccessKey { role: AccessRole },
    ListAccessKeys,
    DeleteAccessKey { id: String },
}

/// What is answered. Has a secret in it, so it has no `Debug`.
#[derive(Deserialize, Serialize)]
pub(crate) enum AdminAnswer {
    CreatedAccessKey { id: String, secret: String },
    AccessKeys(Vec<AccessKeyFacts>),
    Done,
}

/// An access key without its secret.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct AccessKeyFacts {
    pub(crate) id: String,
    pub(crate) role: AccessRole,
    /// In seconds since 1970.
    pub(crate) created_at: u64,
}

/// Why it is not done: an HTTP status, and words.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct AdminRefusal {
    pub(crate) status: u16,
    pub(crate) message: String,
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
            match self.carry_out(&request, now) {
                Err(KeyError::Store(StoreError::Conflict { .. })) => {}
                outcome => return outcome.map_err(AdminRefusal::from),
            }
        }
        Err(Fault::request_limit_exceeded().into())
    }

    fn carry_out(&self, request: &AdminRequest, now: u64) -> Result<AdminAnswer, KeyError> {
        Ok(match request {
            AdminRequest::CreateAccessKey { role } => {
                let (id, key) = access_key::create(&*self.store, *role, now)?;
                AdminAnswer::CreatedAccessKey { id, secret: key.secret }
            }
            AdminRequest::ListAccessKeys => {
                let keys = self.store.read_all(&keys::access_keys())?.records.into_iter();
                let keys = keys.map(|(id, kept)| AccessKeyFacts {
                    id,
                    role: kept.record.role,
                    created_at: kept.record.created_at,
                });
                AdminAnswer::AccessKeys(keys.collect())
            }
            AdminRequest::DeleteAccessKey { id } => {
                access_key::delete(&*self.store, id)?;
                AdminAnswer::Done
            }
        })
    }
}

impl From<Fault> for AdminRefusal {
    fn from(fault: Fault) -> Self {
        Self { status: fault.status, message: fault.to_string() }
    }
}

impl From<KeyError> for AdminRefusal {
    fn from(error: KeyError) -> Self {
        let status = match error {
            KeyError::Unknown(_) => 404,
            KeyError::LastAdmin(_) => 409,
            KeyError::Random(_) | KeyError::Store(_) => {
                tracing::error!(%error, "cannot change access keys");
                return Fault::internal().into();
            }
        };
        Self { status, message: error.to_string() }
    }
}
