//! The wire of AWS Security Token Service (STS): the Query protocol, of which EC2's is a variant.
//!
//! Four actions, by the AWS STS API Reference. `Accept: application/json` gets JSON, which authenticators
//! of Kubernetes ask for.

mod document;
mod fault;

pub use document::Document;
pub use fault::auth_fault;
pub(crate) use fault::fault_of;

use crate::fault::Fault;
use crate::form;
use crate::params::Params;

/// The only version there is.
pub const VERSION: &str = "2011-06-15";

/// A request of any action.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Request {
    /// Who signed the request.
    GetCallerIdentity,
    /// The account of an access key.
    GetAccessKeyInfo {
        /// `AKIA…` or `ASIA…`
        access_key_id: String,
    },
    /// Temporary credentials of a role.
    AssumeRole(AssumeRole),
    /// Temporary credentials of an access key.
    GetSessionToken {
        /// How long they live: 900 to 129,600 seconds.
        seconds: u64,
    },
}

/// A request for temporary credentials of a role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AssumeRole {
    /// `arn:aws:iam::123456789012:role/name`
    pub role_arn: String,
    /// Names the session: 2 to 64 letters, digits and `+=,.@_-`.
    pub session_name: String,
    /// How long they live: 900 to 43,200 seconds.
    pub seconds: u64,
    /// What the session is restricted by, as JSON of at most 2,048 characters.
    pub policy: Option<String>,
}

/// Whether a request is for STS: EC2 has another version.
pub fn is_addressed(query: &str, body: &[u8]) -> bool {
    let mut pairs = form::pairs(query.as_bytes()).chain(form::pairs(body));
    pairs.any(|(name, value)| name == b"Version" && value == VERSION.as_bytes())
}

impl Request {
    /// Reads a request from `params`, with `Action` and `Version`.
    ///
    /// # Errors
    /// `ValidationError` names the parameter and its rule; `InvalidAction`.
    pub fn read(params: Params) -> Result<Self, Fault> {
        let mut params = params.without(|name| name.starts_with("X-Amz-"));
        let action = params.member::<Option<String>>("Action")?.unwrap_or_default();
        let _version: Option<String> = params.member("Version")?;
        let request = match action.as_str() {
            "GetCallerIdentity" => Self::GetCallerIdentity,
            "GetAccessKeyInfo" => {
                let id = text(&mut params, "AccessKeyId", "accessKeyId", 16..=128)?;
                Self::GetAccessKeyInfo { access_key_id: id }
            }
            "AssumeRole" => Self::AssumeRole(assume_role(&mut params)?),
            "GetSessionToken" => {
                Self::GetSessionToken { seconds: seconds(&mut params, 43_200, 129_600)? }
            }
            _ => return Err(unknown_action(&action)),
        };
        params
            .finish()
            .map_err(|fault| validation(format!("{}: this STS does without it", fault.message)))?;
        Ok(request)
    }

    /// The action's name.
    pub fn action(&self) -> &'static str {
        match self {
            Self::GetCallerIdentity => "GetCallerIdentity",
            Self::GetAccessKeyInfo { .. } => "GetAccessKeyInfo",
            Self::AssumeRole(_) => "AssumeRole",
            Self::GetSessionToken { .. } => "GetSessionToken",
        }
    }
}

fn assume_role(params: &mut Params) -> Result<AssumeRole, Fault> {
    let role_arn = text(params, "RoleArn", "roleArn", 20..=2048)?;
    let session_name = text(params, "RoleSessionName", "roleSessionName", 2..=64)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if !session_name.chars().all(allowed) {
        let rule = r"satisfy regular expression pattern: [\w+=,.@-]*";
        return Err(constraint(&session_name, "roleSessionName", rule));
    }
    let policy: Option<String> = params.member("Policy")?;
    if let Some(policy) = policy.as_ref().filter(|policy| policy.chars().count() > 2048) {
        let count = policy.chars().count();
        return Err(constraint(
            &format!("{count} characters"),
            "policy",
            "have length less than or equal to 2048",
        ));
    }
    // Trust policies are not simulated, so nothing looks at it.
    let _external_id: Option<String> = params.member("ExternalId")?;
    Ok(AssumeRole { role_arn, session_name, seconds: seconds(params, 3600, 43_200)?, policy })
}

fn text(
    params: &mut Params,
    name: &str,
    shown: &str,
    length: std::ops::RangeInclusive<usize>,
) -> Result<String, Fault> {
    let value: Option<String> = params.member(name)?;
    let value = value.ok_or_else(|| constraint("null", shown, "not be null"))?;
    match value.chars().count() {
        count if count < *length.start() => {
            let rule = format!("have length greater than or equal to {}", length.start());
            Err(constraint(&value, shown, &rule))
        }
        count if count > *length.end() => {
            let rule = format!("have length less than or equal to {}", length.end());
            Err(constraint(&format!("{count} characters"), shown, &rule))
        }
        _ => Ok(value),
    }
}

/// `DurationSeconds`.
fn seconds(params: &mut Params, default: u64, most: u64) -> Result<u64, Fault> {
    const LEAST: u64 = 900;
    let Some(value) = params.member::<Option<String>>("DurationSeconds")? else {
        return Ok(default);
    };
    let not_within = |rule: String| Err(constraint(&value, "durationSeconds", &rule));
    match value.parse::<u64>() {
        Err(_) => not_within("be an integer".to_owned()),
        Ok(seconds) if seconds < LEAST => {
            not_within(format!("have value greater than or equal to {LEAST}"))
        }
        Ok(seconds) if seconds > most => {
            not_within(format!("have value less than or equal to {most}"))
        }
        Ok(seconds) => Ok(seconds),
    }
}

/// As AWS's services say which rule a value breaks.
fn constraint(value: &str, name: &str, rule: &str) -> Fault {
    let value = if value == "null" { value.to_owned() } else { format!("'{value}'") };
    validation(format!(
        "1 validation error detected: Value {value} at '{name}' failed to satisfy constraint: Member must {rule}"
    ))
}

/// A parameter that breaks a rule.
pub fn validation(message: impl Into<String>) -> Fault {
    Fault::client("ValidationError", message)
}

fn unknown_action(action: &str) -> Fault {
    let message = format!("Could not find operation {action} for version {VERSION}");
    Fault::client("InvalidAction", message)
}
