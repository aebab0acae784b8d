//! The role's credentials, in the forms that others read.

use imds_client::{Client, Credentials};
use jiff::Timestamp;
use serde_json::json;

use super::explain::explain;
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
    let expiration = expiration(credentials);
    let mut variables = vec![
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.reveal()),
        ("AWS_SESSION_TOKEN", credentials.session_token.reveal()),
        ("AWS_CREDENTIAL_EXPIRATION", &expiration),
    ];
    if let Some(account) = &credentials.account_id {
        variables.push(("AWS_ACCOUNT_ID", account));
    }
    variables.into_iter().map(|(name, value)| Shell::Sh.set(name, value)).collect()
}

/// What `credential_process` prints: version 1 of its format.
fn document(credentials: &Credentials) -> String {
    let mut document = json!({
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key.reveal(),
        "SessionToken": credentials.session_token.reveal(),
        "Expiration": expiration(credentials),
    });
    if let Some(account) = &credentials.account_id {
        document["AccountId"] = account.as_str().into();
    }
    format!("{document:#}\n")
}

/// Until when to use them, as RFC 3339.
fn expiration(credentials: &Credentials) -> String {
    // The client accepts no expiration that would not fit.
    Timestamp::try_from(credentials.expires).unwrap_or(Timestamp::MAX).to_string()
}
