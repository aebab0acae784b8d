//! Who asks: access keys, temporary credentials and signatures.

use hyper::header::{HOST, HeaderName, ORIGIN, REFERER};
use hyper::http::request::Parts;
use imds_account::keys;
use imds_account::records::{AccessKey, AccessRole};
use imds_core::credentials::{IDENTITY_ROLE, Session, Subject};
use imds_core::placement::Region;
use imds_core::request::{Field, Sender};
use imds_ec2::Fault;
use imds_ec2::sigv4::{self, AuthError, Message, SecretKey};
use imds_policy::Policy;

use super::principal::{Authority, Principal, RoleSession, SourceInstance};
use super::service::Service;
use super::{Authentication, Control, ids};

/// Whose secret signed a request.
enum Signatory {
    Key(AccessKey),
    Session(Session),
}

impl Control {
    /// Who asks; a fault where that cannot be told.
    pub(super) fn authenticate(
        &self,
        head: &Parts,
        body: &[u8],
        now: u64,
        service: Service,
    ) -> Result<Principal, Fault> {
        if self.authentication == Authentication::Off {
            return self.anybody(head);
        }
        let signed = self.signed(head, body, now, service);
        signed.map_err(|error| service.auth_fault(error))
    }

    fn signed(
        &self,
        head: &Parts,
        body: &[u8],
        now: u64,
        service: Service,
    ) -> Result<Principal, AuthError> {
        let headers: Vec<_> =
            head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let message = Message {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            headers: &headers,
            body,
        };
        let mut signatory = None;
        let secret_of = |id: &str, token: Option<&str>| {
            let (found, secret) = match token {
                None => {
                    let key = self.access_key(id)?;
                    let secret = SecretKey::new(key.secret.clone());
                    (Signatory::Key(key), secret)
                }
                Some(token) => {
                    let (session, keys) = self.issuer.check(token)?;
                    if keys.access_key_id != id {
                        return None;
                    }
                    (Signatory::Session(session), SecretKey::new(keys.secret_access_key))
                }
            };
            signatory = Some(found);
            Some(secret)
        };
        let unix_now = i64::try_from(now).unwrap_or(i64::MAX);
        let verified = sigv4::verify(&message, service.name(), unix_now, secret_of)?;
        let region = verified.region.parse();
        let region: Region = region.map_err(|_| AuthError::NoRegion(verified.region))?;
        match signatory.ok_or(AuthError::Refused)? {
            Signatory::Key(key) => Ok(self.owner(&verified.access_key_id, region, key.role, None)),
            Signatory::Session(session) if session.expires <= now => Err(AuthError::SessionExpired),
            Signatory::Session(session) => self.session(session, region),
        }
    }

    /// Who has temporary credentials that are in force.
    fn session(&self, session: Session, region: Region) -> Result<Principal, AuthError> {
        let (role, name, policy, source) = match session.subject {
            Subject::Key { id } => {
                // It ends with its key.
                let key = self.access_key(&id).ok_or(AuthError::Refused)?;
                return Ok(self.owner(&id, region, key.role, Some(session.issued)));
            }
            Subject::Role { role, name, policy } => (role, name, policy, None),
            Subject::Instance { role, instance, region, delivery } => {
                let name = instance.to_string();
                (role, name, None, Some(SourceInstance { id: instance, region, delivery }))
            }
        };
        // It was read when the session was issued.
        let policy = policy.as_deref().map(Policy::parse).transpose();
        let policy = policy.map_err(|_| AuthError::Refused)?;
        // EC2's own role of an instance is in a name space of its own.
        let role = if role == IDENTITY_ROLE { format!("aws:{role}") } else { role };
        let arn = format!(
            "arn:{}:sts::{}:assumed-role/{role}/{name}",
            region.partition().0,
            self.network.account
        );
        let user_id = format!("{}:{name}", ids::principal("AROA", &self.network.account, &role));
        let issued = Some(session.issued);
        let authority = Authority::Role(RoleSession { role, policy, source });
        Ok(Principal { arn, user_id, region, authority, issued })
    }

    /// The owner of an access key.
    fn owner(&self, id: &str, region: Region, role: AccessRole, issued: Option<u64>) -> Principal {
        let account = &self.network.account;
        Principal {
            arn: format!("arn:{}:iam::{account}:user/{id}", region.partition().0),
            user_id: ids::principal("AIDA", account, id),
            region,
            authority: Authority::Key(role),
            issued,
        }
    }

    fn access_key(&self, id: &str) -> Option<AccessKey> {
        let stored = self.store.read(&keys::access_key(id));
        stored
            .inspect_err(|error| tracing::error!(%error, "cannot read an access key"))
            .ok()?
            .map(|stored| stored.record)
    }

    /// Whoever reaches the socket, but for pages that a browser has open.
    fn anybody(&self, head: &Parts) -> Result<Principal, Fault> {
        if sender(head).is_page() {
            return Err(Fault::unauthorized());
        }
        let region = signed_region(head).unwrap_or_else(|| self.region.clone());
        Ok(self.operator(region))
    }

    /// The account itself, as who runs the host is.
    pub(super) fn operator(&self, region: Region) -> Principal {
        let account = &self.network.account;
        Principal {
            arn: format!("arn:{}:iam::{account}:root", region.partition().0),
            user_id: account.to_string(),
            region,
            authority: Authority::Key(AccessRole::Admin),
            issued: None,
        }
    }
}

/// What tells a page in a browser from a program. As any page may have a browser follow a link here,
/// `Sec-Fetch-Site: none` counts like the others.
fn sender(head: &Parts) -> Sender<'_> {
    let field = |name: HeaderName| {
        let mut all = head.headers.get_all(name).iter();
        match (all.next(), all.next()) {
            (None, _) => Field::Absent,
            (Some(value), None) => Field::Given(value.as_bytes()),
            (Some(_), Some(_)) => Field::Repeated,
        }
    };
    let has_fetch_site = head.headers.contains_key("sec-fetch-site");
    Sender {
        host: field(HOST),
        referer: field(REFERER),
        fetch_site: Field::Absent,
        has_origin: has_fetch_site || head.headers.contains_key(ORIGIN),
    }
}

/// The Region that a request is signed for, whoever signed it.
fn signed_region(head: &Parts) -> Option<Region> {
    let authorization = head.headers.get("authorization")?.to_str().ok()?;
    let credential = authorization.split_once("Credential=")?.1;
    credential.split('/').nth(2)?.parse().ok()
}
