//! What temporary credentials stand for.

use crate::ids::InstanceId;
use crate::imds_version::ImdsVersion;
use crate::placement::Region;

/// What temporary credentials stand for, and for how long. It is readable in the session token, so it holds
/// no secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// Who uses them.
    pub subject: Subject,
    /// When they were issued, in seconds since 1970.
    pub issued: u64,
    /// From when on they are refused, in seconds since 1970.
    pub expires: u64,
    /// Tells sessions apart that are the same otherwise.
    pub nonce: u64,
}

/// Who uses temporary credentials.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Subject {
    /// An instance, in a role.
    Instance {
        /// The role's name.
        role: String,
        /// The instance whose metadata served them.
        instance: InstanceId,
        /// The instance's Region.
        region: Region,
        /// How they were fetched: `ec2:RoleDelivery` is 1.0 or 2.0.
        delivery: ImdsVersion,
    },
    /// Whoever assumed a role (`AssumeRole`).
    Role {
        /// The role's name.
        role: String,
        /// The session's name.
        name: String,
        /// A policy that the session is restricted by, in JSON.
        policy: Option<String>,
    },
    /// The owner of an access key (`GetSessionToken`).
    Key {
        /// The key's id.
        id: String,
    },
}

/// The first line: the version of the form.
const VERSION: &str = "1";

impl Session {
    /// The session as a text, a value on each line. What may have several lines is the last.
    pub(super) fn to_text(&self) -> String {
        let Self { subject, issued, expires, nonce } = self;
        let subject = match subject {
            Subject::Instance { role, instance, region, delivery } => {
                format!("instance\n{role}\n{instance}\n{region}\n{}", delivery.as_str())
            }
            Subject::Role { role, name, policy } => {
                let policy = policy.as_ref().map(|policy| format!("\n{policy}"));
                format!("role\n{role}\n{name}{}", policy.unwrap_or_default())
            }
            Subject::Key { id } => format!("key\n{id}"),
        };
        format!("{VERSION}\n{issued}\n{expires}\n{nonce}\n{subject}")
    }

    /// Reads what [`to_text`](Self::to_text) writes.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.splitn(6, '\n');
        lines.next().filter(|version| *version == VERSION)?;
        let mut number = || lines.next()?.parse().ok();
        let (issued, expires, nonce) = (number()?, number()?, number()?);
        let (kind, rest) = (lines.next()?, lines.next()?);
        let subject = match kind {
            "instance" => {
                let [role, instance, region, delivery] = fields(rest)?;
                Subject::Instance {
                    role: role.to_owned(),
                    instance: instance.parse().ok()?,
                    region: region.parse().ok()?,
                    delivery: [ImdsVersion::V1, ImdsVersion::V2]
                        .into_iter()
                        .find(|version| version.as_str() == delivery)?,
                }
            }
            "role" => {
                let mut parts = rest.splitn(3, '\n').map(str::to_owned);
                Subject::Role { role: parts.next()?, name: parts.next()?, policy: parts.next() }
            }
            "key" => Subject::Key { id: rest.to_owned() },
            _ => return None,
        };
        Some(Self { subject, issued, expires, nonce })
    }
}

fn fields<const N: usize>(text: &str) -> Option<[&str; N]> {
    text.split('\n').collect::<Vec<_>>().try_into().ok()
}
