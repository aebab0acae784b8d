//! STS: who asks, and temporary credentials for it.
//!
//! There is no IAM here: every role exists, and has no trust policy. An access key with full access may assume
//! any; a role may if its policies say so.

use hyper::header::ACCEPT;
use hyper::http::request::Parts;
use imds_account::keys;
use imds_core::AccountId;
use imds_core::credentials::{Session, Subject, account_of};
use imds_core::launch::LaunchRole;
use imds_ec2::sts::{AssumeRole, Document, Request, validation};
use imds_ec2::{Fault, Member, Params, Timestamp};
use imds_policy::Policy;

use super::authorize::{Deed, globals, may};
use super::principal::{Authority, Principal};
use super::service::Service;
use super::{Control, Reply, XML, ids};

/// How long a session lives that a session asked for: an hour.
const CHAINED_SECONDS: u64 = 3600;

impl Control {
    /// Answers a request for STS; `now` is in seconds since 1970.
    pub(super) fn answer_sts(
        &self,
        head: &Parts,
        body: &[u8],
        now: u64,
        request_id: &str,
    ) -> Reply {
        let accepted = head.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        let is_json = accepted.is_some_and(|types| types.contains("application/json"));
        let outcome = self.perform_sts(head, body, now);
        let content_type = if is_json { "application/json" } else { XML };
        let (status, body) = match &outcome {
            Ok(document) if is_json => (200, document.json(request_id)),
            Ok(document) => (200, document.xml(request_id)),
            Err(fault) if is_json => (fault.status, fault.sts_json(request_id)),
            Err(fault) => (fault.status, fault.sts_xml(request_id)),
        };
        Reply { status, content_type, headers: Vec::new(), body: body.into_bytes() }
    }

    fn perform_sts(&self, head: &Parts, body: &[u8], now: u64) -> Result<Document, Fault> {
        let principal = self.authenticate(head, body, now, Service::Sts)?;
        let query = head.uri.query().unwrap_or_default();
        let request = Request::read(Params::parse(query.as_bytes(), body)?)?;
        let result = match &request {
            Request::GetCallerIdentity => vec![
                ("UserId", Member::Text(principal.user_id.clone())),
                ("Account", Member::Text(self.network.account.to_string())),
                ("Arn", Member::Text(principal.arn.clone())),
            ],
            Request::GetAccessKeyInfo { access_key_id } => {
                vec![("Account", Member::Text(self.account_of(access_key_id)?.to_string()))]
            }
            Request::AssumeRole(request) => self.assume_role(&principal, request, now)?,
            Request::GetSessionToken { seconds } => {
                self.session_token(&principal, *seconds, now)?
            }
        };
        Ok(Document { action: request.action(), result })
    }

    /// The account of a key: that of this service's keys, or what the id itself says.
    fn account_of(&self, id: &str) -> Result<AccountId, Fault> {
        let is_ours = self.store.read(&keys::access_key(id)).is_ok_and(|key| key.is_some());
        if is_ours {
            return Ok(self.network.account.clone());
        }
        account_of(id).ok_or_else(|| validation(format!("{id} is not the id of an access key")))
    }

    fn assume_role(
        &self,
        principal: &Principal,
        request: &AssumeRole,
        now: u64,
    ) -> Result<Vec<(&'static str, Member)>, Fault> {
        let AssumeRole { role_arn, session_name, seconds, policy } = request;
        let account = &self.network.account;
        let (owner, role) =
            role_of(role_arn).ok_or_else(|| validation(format!("{role_arn} is invalid")))?;
        let deed = Deed::new("sts:AssumeRole", role_arn);
        let globals = globals(&self.store, &self.network, principal, now);
        if owner != account.as_str() || !may(principal, &self.policies, &deed, &globals) {
            return Err(Fault::new(
                403,
                "AccessDenied",
                format!(
                    "User: {} is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
                    principal.arn
                ),
            ));
        }
        if principal.issued.is_some() && *seconds > CHAINED_SECONDS {
            return Err(validation(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by \
                 role chaining",
            ));
        }
        if let Some(Err(error)) = policy.as_deref().map(Policy::parse) {
            return Err(Fault::client("MalformedPolicyDocument", format!("The policy is {error}")));
        }
        let subject = Subject::Role {
            role: role.to_owned(),
            name: session_name.clone(),
            policy: policy.clone(),
        };
        let partition = principal.region.partition().0;
        let user = vec![
            (
                "AssumedRoleId",
                Member::Text(format!("{}:{session_name}", ids::principal("AROA", account, role))),
            ),
            (
                "Arn",
                Member::Text(format!(
                    "arn:{partition}:sts::{account}:assumed-role/{role}/{session_name}"
                )),
            ),
        ];
        let mut result = vec![
            ("AssumedRoleUser", Member::Members(user)),
            ("Credentials", self.credentials(subject, now, *seconds)?),
        ];
        if let Some(policy) = policy {
            let percent = policy.len().div_ceil(2048).max(policy.len() * 100 / 2048).min(100);
            result.push(("PackedPolicySize", Member::Number(percent as u64)));
        }
        Ok(result)
    }

    fn session_token(
        &self,
        principal: &Principal,
        seconds: u64,
        now: u64,
    ) -> Result<Vec<(&'static str, Member)>, Fault> {
        let is_session =
            principal.issued.is_some() || matches!(principal.authority, Authority::Role(_));
        // The owner of a key has its id as name.
        let id = principal.arn.rsplit_once(":user/").map(|(_, id)| id);
        let Some(id) = id.filter(|_| !is_session) else {
            let message = "Cannot call GetSessionToken with session credentials";
            return Err(Fault::new(403, "AccessDenied", message));
        };
        let subject = Subject::Key { id: id.to_owned() };
        Ok(vec![("Credentials", self.credentials(subject, now, seconds)?)])
    }

    fn credentials(&self, subject: Subject, now: u64, seconds: u64) -> Result<Member, Fault> {
        let expires = now + seconds;
        let session = Session { subject, issued: now, expires, nonce: ids::random()? };
        let keys = self.issuer.issue(&session);
        let expiration = i64::try_from(expires * 1000).ok().and_then(Timestamp::from_unix_ms);
        Ok(Member::Members(vec![
            ("AccessKeyId", Member::Text(keys.access_key_id)),
            ("SecretAccessKey", Member::Text(keys.secret_access_key)),
            ("SessionToken", Member::Text(keys.session_token)),
            ("Expiration", Member::Time(expiration.ok_or_else(Fault::internal)?)),
        ]))
    }
}

/// The account and the name in `arn:aws:iam::123456789012:role/path/name`.
fn role_of(arn: &str) -> Option<(&str, &str)> {
    let (_partition, rest) = arn.strip_prefix("arn:")?.split_once(":iam::")?;
    let (account, path) = rest.split_once(":role/")?;
    let name = path.rsplit('/').next()?;
    LaunchRole::is_name(name).then_some((account, name))
}
