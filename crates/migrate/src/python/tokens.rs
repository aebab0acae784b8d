//! Session tokens in a program.

/// Whether a program names the header that carries a token.
pub(super) fn are_sent(source: &[u8]) -> bool {
    let text = String::from_utf8_lossy(source).to_ascii_lowercase();
    text.split("aws-ec2-metadata-token").skip(1).any(|rest| !rest.starts_with("-ttl"))
}
