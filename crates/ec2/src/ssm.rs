//! The wire of AWS Systems Manager's Parameter Store: AWS's JSON protocol, version 1.1.
//!
//! Three actions that read parameters, by the AWS Systems Manager API Reference.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::json_body;
use crate::sigv4::AuthError;

/// `Content-Type` of requests and responses.
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// What `X-Amz-Target` begins with.
const TARGET: &str = "AmazonSSM.";

/// The most names of one `GetParameters`, and the most parameters of a page.
const MOST: usize = 10;

/// How many characters the name of a parameter may have.
const LONGEST_NAME: usize = 2048;

/// A request of any action.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Request {
    /// One parameter.
    GetParameter {
        /// Its name or ARN, with `:VERSION` behind it or without.
        name: String,
    },
    /// Several parameters.
    GetParameters {
        /// Their names, 1 to 10.
        names: Vec<String>,
    },
    /// The parameters below a path, by pages.
    GetParametersByPath {
        /// The path, which begins with `/`.
        path: String,
        /// Whether also those further down.
        recursive: bool,
        /// How many on a page: 1 to 10.
        max_results: usize,
        /// Where the page begins.
        next_token: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct GetParameter {
    name: Option<String>,
    // Nothing here is encrypted.
    #[serde(rename = "WithDecryption")]
    _with_decryption: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct GetParameters {
    names: Option<Vec<String>>,
    #[serde(rename = "WithDecryption")]
    _with_decryption: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct GetParametersByPath {
    path: Option<String>,
    recursive: Option<bool>,
    #[serde(default)]
    parameter_filters: Vec<Value>,
    #[serde(rename = "WithDecryption")]
    _with_decryption: Option<bool>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// Whether a request with this `X-Amz-Target` is for Systems Manager.
pub fn is_addressed(target: &str) -> bool {
    target.starts_with(TARGET)
}

impl Request {
    /// Reads the request with this `X-Amz-Target` and this body.
    ///
    /// # Errors
    /// `UnknownOperationException`; `SerializationException` for what is not the action's JSON;
    /// `ValidationException` names the parameter and its rule.
    pub fn read(target: &str, body: &[u8]) -> Result<Self, Fault> {
        match target.strip_prefix(TARGET).unwrap_or_default() {
            "GetParameter" => {
                let GetParameter { name, .. } = parsed(body)?;
                let name = name.ok_or_else(|| constraint("null", "name", "not be null"))?;
                check_length(&name, "name")?;
                Ok(Self::GetParameter { name })
            }
            "GetParameters" => {
                let GetParameters { names, .. } = parsed(body)?;
                let names = names.ok_or_else(|| constraint("null", "names", "not be null"))?;
                if (1..=MOST).contains(&names.len()) {
                    names.iter().try_for_each(|name| check_length(name, "names"))?;
                    return Ok(Self::GetParameters { names });
                }
                let rule = if names.is_empty() {
                    "have length greater than or equal to 1"
                } else {
                    "have length less than or equal to 10"
                };
                // All of them would be as long as the request.
                let shown = names.get(..MOST).unwrap_or(&names).join(", ");
                let rest = if names.len() > MOST { ", …" } else { "" };
                Err(constraint(&format!("'[{shown}{rest}]'"), "names", rule))
            }
            "GetParametersByPath" => by_path(parsed(body)?),
            _ => Err(Fault::client("UnknownOperationException", "")),
        }
    }

    /// The action's name.
    pub fn action(&self) -> &'static str {
        match self {
            Self::GetParameter { .. } => "GetParameter",
            Self::GetParameters { .. } => "GetParameters",
            Self::GetParametersByPath { .. } => "GetParametersByPath",
        }
    }
}

fn by_path(request: GetParametersByPath) -> Result<Request, Fault> {
    let path = request.path.ok_or_else(|| constraint("null", "path", "not be null"))?;
    check_length(&path, "path")?;
    if !path.starts_with('/') {
        return Err(validation(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a \
             forward slash \"/\".",
        ));
    }
    if !request.parameter_filters.is_empty() {
        return Err(validation("ParameterFilters: imds does not have them"));
    }
    let most = request.max_results.unwrap_or(10);
    let max_results = usize::try_from(most).ok().filter(|most| (1..=MOST).contains(most));
    let max_results = max_results.ok_or_else(|| {
        let bound =
            if most < 1 { "greater than or equal to 1" } else { "less than or equal to 10" };
        constraint(&format!("'{most}'"), "maxResults", &format!("have value {bound}"))
    })?;
    Ok(Request::GetParametersByPath {
        path,
        recursive: request.recursive.unwrap_or(false),
        max_results,
        next_token: request.next_token,
    })
}

/// Fails unless a parameter can have such a name.
fn check_length(name: &str, member: &str) -> Result<(), Fault> {
    match name.chars().count() {
        0 => {
            let rule = "have length greater than or equal to 1";
            Err(constraint("''", member, rule))
        }
        1..=LONGEST_NAME => Ok(()),
        length => {
            let rule = format!("have length less than or equal to {LONGEST_NAME}");
            Err(constraint(&format!("of {length} characters"), member, &rule))
        }
    }
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body)
        .and_then(json_body::structure)
        .map_err(|error| Fault::client("SerializationException", error.to_string()))
}

fn constraint(value: &str, name: &str, rule: &str) -> Fault {
    validation(format!(
        "1 validation error detected: Value {value} at '{name}' failed to satisfy constraint: Member must {rule}"
    ))
}

fn validation(message: impl Into<String>) -> Fault {
    Fault::client("ValidationException", message)
}

impl Fault {
    /// The whole response of Systems Manager.
    pub fn ssm_json(&self) -> String {
        json!({ "__type": self.code, "message": self.message }).to_string()
    }
}

/// The fault of Systems Manager for a signature that is refused, with the codes of its list of common errors.
pub fn auth_fault(error: &AuthError) -> Fault {
    let (code, message) = match error {
        AuthError::Unsigned => (
            "MissingAuthenticationTokenException",
            "Request is missing Authentication Token".to_owned(),
        ),
        AuthError::SessionExpired => (
            "ExpiredTokenException",
            "The security token included in the request is expired".to_owned(),
        ),
        AuthError::Malformed(_) | AuthError::HeaderNotSigned(_) | AuthError::OtherBody => (
            "IncompleteSignatureException",
            format!("The request signature does not conform to AWS standards: {error}"),
        ),
        AuthError::Expired(time) => (
            "InvalidSignatureException",
            format!(
                "Signature expired: {time} is more than 15 minutes from the time of this service"
            ),
        ),
        AuthError::OtherService(_) => (
            "InvalidSignatureException",
            "Credential should be scoped to correct service: 'ssm'.".to_owned(),
        ),
        AuthError::NoRegion(_) => (
            "InvalidSignatureException",
            format!("Credential should be scoped to a valid region. {error}."),
        ),
        // Which of the two it is, a signature of nobody's does not tell.
        AuthError::Refused => (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.".to_owned(),
        ),
    };
    Fault::client(code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_or_refused_by_name() {
        let by_path = |path: &str, max_results| Request::GetParametersByPath {
            path: path.to_owned(),
            recursive: true,
            max_results,
            next_token: None,
        };
        for (action, body, expected) in [
            ("GetParameter", r#"{"Name": "/a"}"#, Ok(Request::GetParameter { name: "/a".into() })),
            ("GetParameter", r#"{"Name": 1}"#, Err("SerializationException")),
            ("GetParameter", r#"{"Nom": "/a"}"#, Err("SerializationException")),
            ("GetParameter", "{}", Err("ValidationException")),
            ("GetParameter", "", Err("SerializationException")),
            (
                "GetParameters",
                r#"{"Names": ["/a"], "WithDecryption": true}"#,
                Ok(Request::GetParameters { names: vec!["/a".into()] }),
            ),
            ("GetParameters", r#"[["/a"]]"#, Err("SerializationException")),
            ("GetParameter", r#"["/a"]"#, Err("SerializationException")),
            ("GetParameter", r#"{"Name": ""}"#, Err("ValidationException")),
            ("GetParameters", r#"{"Names": ["/a", ""]}"#, Err("ValidationException")),
            ("GetParametersByPath", r#"{"Path": ""}"#, Err("ValidationException")),
            ("GetParameters", r#"{"Names": []}"#, Err("ValidationException")),
            (
                "GetParameters",
                r#"{"Names": ["1","2","3","4","5","6","7","8","9","10","11"]}"#,
                Err("ValidationException"),
            ),
            ("GetParametersByPath", r#"{"Path": "/a", "Recursive": true}"#, Ok(by_path("/a", 10))),
            (
                "GetParametersByPath",
                r#"{"Path": "/a", "Recursive": true, "MaxResults": 3}"#,
                Ok(by_path("/a", 3)),
            ),
            (
                "GetParametersByPath",
                r#"{"Path": "/a", "MaxResults": 11}"#,
                Err("ValidationException"),
            ),
            ("GetParametersByPath", r#"{"Path": "a"}"#, Err("ValidationException")),
            (
                "GetParametersByPath",
                r#"{"Path": "/a", "ParameterFilters": [{}]}"#,
                Err("ValidationException"),
            ),
            ("PutParameter", "{}", Err("UnknownOperationException")),
        ] {
            let read = Request::read(&format!("AmazonSSM.{action}"), body.as_bytes());
            assert_eq!(read.map_err(|fault| fault.code), expected, "{action} {body}");
        }
    }

    #[test]
    fn a_refusal_is_short_however_long_the_request_is() {
        let names = vec!["/some/parameter"; 100_000];
        let many = json!({ "Names": names }).to_string();
        let long = json!({ "Names": ["x".repeat(500_000)] }).to_string();
        for (body, rule) in [(many, "equal to 10"), (long, "equal to 2048")] {
            let fault = Request::read("AmazonSSM.GetParameters", body.as_bytes()).unwrap_err();
            assert_eq!(fault.code, "ValidationException");
            assert!(fault.message.ends_with(rule), "{fault}");
            assert!(fault.message.len() < 400, "{fault}");
        }
    }
}
