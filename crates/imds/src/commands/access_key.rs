//! `imds access-key`: who may use the EC2 API.

use std::process::ExitCode;

use imds_account::records::AccessRole;

use super::{control_client, table};
use crate::cli::{AccessKeyArgs, AccessKeyCommand};
use crate::config::chosen_key;
use crate::error::{CommandError, Kind};
use crate::shell::Shell;
use crate::terminal;
use imds_control::{AccessKeyFacts, AdminAnswer, AdminRequest};

pub(crate) fn run(args: AccessKeyArgs) -> Result<ExitCode, CommandError> {
    let client = control_client(&args.state, None)?;
    let request = match args.command {
        AccessKeyCommand::Create { read_only, id, secret_file } => {
            let role = if read_only { AccessRole::ReadOnly } else { AccessRole::Admin };
            let chosen = id.zip(secret_file).map(|(id, file)| chosen_key(id, &file)).transpose()?;
            AdminRequest::CreateAccessKey { role, chosen }
        }
        AccessKeyCommand::List => AdminRequest::ListAccessKeys,
        AccessKeyCommand::Delete { id } => AdminRequest::DeleteAccessKey { id },
    };
    let text = match client.admin(&request)? {
        AdminAnswer::CreatedAccessKey { id, secret } => {
            Shell::Sh.set("AWS_ACCESS_KEY_ID", &id)
                + &Shell::Sh.set("AWS_SECRET_ACCESS_KEY", &secret)
        }
        AdminAnswer::AccessKeys(keys) => list(&keys)?,
        AdminAnswer::Done
        | AdminAnswer::Events(_)
        | AdminAnswer::Links(_)
        | AdminAnswer::Hosts(_)
        | AdminAnswer::Faults(_)
        | AdminAnswer::Console { .. } => String::new(),
    };
    terminal::print(text)?;
    Ok(ExitCode::SUCCESS)
}

fn list(keys: &[AccessKeyFacts]) -> Result<String, CommandError> {
    let row = |key: &AccessKeyFacts| {
        let role = match key.role {
            AccessRole::Admin => "admin",
            AccessRole::ReadOnly => "read-only",
        };
        let seconds = i64::try_from(key.created_at).unwrap_or(i64::MAX);
        let created = jiff::Timestamp::from_second(seconds)
            .map_err(|error| CommandError::new(Kind::Bug, "a time").caused_by(error))?;
        Ok([key.id.clone(), role.to_owned(), created.to_string()])
    };
    let rows = keys.iter().map(row).collect::<Result<Vec<_>, CommandError>>()?;
    Ok(table(["ID", "ROLE", "CREATED"], &rows))
}
