//! Documents of credentials that are of no use.

use crate::json;
use crate::time::iso8601;

/// Seconds for which expired credentials have been expired, and for which they lived.
const EXPIRED_FOR: u64 = 3600;
const LIVED: u64 = 6 * 3600;

/// What EC2 says where it cannot assume the role ("Troubleshoot IAM and Amazon EC2", IAM User Guide);
/// `since` is in seconds since 1970.
pub(crate) fn unauthorized(role: &str, since: u64) -> String {
    let message = format!(
        "EC2 cannot assume the role {role}. Please see documentation at \
         https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html\
         #troubleshoot_iam-ec2_errors-info-doc."
    );
    json::document(&[
        ("Code", "AssumeRoleUnauthorizedAccess"),
        ("LastUpdated", &iso8601(since)),
        ("Message", &message),
    ])
}

/// Whether a body is a document of credentials with an expiration.
pub(crate) fn has_expiration(document: &[u8]) -> bool {
    date(document, "Expiration").is_some()
}

/// The same credentials, expired an hour before `now` (seconds since 1970) after a life of six hours;
/// `None` where the document has no expiration.
pub(crate) fn expired(document: &[u8], now: u64) -> Option<Vec<u8>> {
    let expiration = now.saturating_sub(EXPIRED_FOR);
    let dates = [("Expiration", expiration), ("LastUpdated", expiration.saturating_sub(LIVED))];
    let mut expired = document.to_vec();
    date(document, "Expiration")?;
    for (name, at) in dates {
        let Some(range) = date(document, name) else { continue };
        expired[range].copy_from_slice(iso8601(at).as_bytes());
    }
    Some(expired)
}

/// Where a document of ours has the date of this name: 20 characters.
fn date(document: &[u8], name: &str) -> Option<std::ops::Range<usize>> {
    let key = format!("\"{name}\" : \"");
    let start = document.windows(key.len()).position(|window| window == key.as_bytes())?;
    let start = start + key.len();
    let range = start..start + "2024-05-01T12:00:00Z".len();
    (document.get(range.end) == Some(&b'"')).then_some(range)
}
