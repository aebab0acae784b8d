//! Who asks: access keys and signatures.

use hyper::header::{HOST, HeaderName, ORIGIN, REFERER};
use hyper::http::request::Parts;
use imds_account::keys;
use imds_account::records::{AccessKey, AccessRole};
use imds_core::request::{Field, Sender};
use imds_ec2::Fault;
use imds_ec2::sigv4::{self, Message, SecretKey};

use super::{Authentication, Control, Principal};

impl Control {
    /// Who asks; a fault where that cannot be told.
    pub(super) fn authenticate(
        &self,
        head: &Parts,
        body: &[u8],
        now: u64,
    ) -> Result<Principal, Fault> {
        if self.authentication == Authentication::Off {
            return self.anybody(head);
        }
        let headers: Vec<_> =
            head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let message = Message {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            headers: &headers,
            body,
        };
        let mut role = AccessRole::ReadOnly;
        let secret_of = |id: &str| {
            let key = self.access_key(id)?;
            role = key.role;
            Some(SecretKey::new(key.secret))
        };
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let verified = sigv4::verify(&message, "ec2", now, secret_of)?;
        let region = verified.region.parse().map_err(|_| {
            Fault::new(
                401,
                "AuthFailure",
                format!("The request is signed for {:?}, which is no Region", verified.region),
            )
        })?;
        let arn = format!("arn:aws:iam::{}:user/{}", self.network.account, verified.access_key_id);
        Ok(Principal { arn, region, role })
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
        let arn = format!("arn:aws:iam::{}:root", self.network.account);
        let region = signed_region(head).unwrap_or_else(|| self.region.clone());
        Ok(Principal { arn, region, role: AccessRole::Admin })
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
fn signed_region(head: &Parts) -> Option<imds_core::placement::Region> {
    let authorization = head.headers.get("authorization")?.to_str().ok()?;
    let credential = authorization.split_once("Credential=")?.1;
    credential.split('/').nth(2)?.parse().ok()
}
