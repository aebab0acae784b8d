//! The role's credentials, in the forms that others read.

use imds_client::{Client, Credentials};
use serde_json::json;

use super::explain;
use crate::cli::GetArgs;
use crate::error::CommandError;
use crate::shell::Shell;
use crate::terminal;

/// Asks for them and prints them.
pub(super) async fn print(client: &Client, args: &GetArgs) -> Result<(), CommandError> {
    if args.paths != ["credentials"] {
        return Err(CommandError::usage("only credentials can be printed that way")
            .hint("imds get credentials --export"));
    }
    let credentials = client.credentials().await.map_err(|error| explain(&error))?;
    terminal::print(&if args.export { lines(&credentials) } else { document(&credentials) })
}

/// Lines that a shell takes in.
fn lines(credentials: &Credentials) -> String {
    [
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.reveal()),
        ("AWS_SESSION_TOKEN", credentials.session_token.reveal()),
        ("AWS_CREDENTIAL_EXPIRATION", &credentials.expires.to_string()),
    ]
    .map(|(name, value)| Shell::Sh.set(name, value))
    .concat()
}

/// What `credential_process` prints: version 1 of its format.
fn document(credentials: &Credentials) -> String {
    let document = json!({
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key.reveal(),
        "SessionToken": credentials.session_token.reveal(),
        "Expiration": credentials.expires.to_string(),
    });
    format!("{document:#}\n")
}
