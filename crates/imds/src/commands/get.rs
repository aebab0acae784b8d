//! `imds get`: what is at some paths, for people and scripts.

mod credentials;
mod explain;
mod tree;

use std::process::ExitCode;
use std::time::Duration;

use imds_client::settings::Overrides;
use imds_client::{Client, Error, MetadataPath, Settings, V1Fallback, diagnose};
use serde_json::{Map, Value};
use tokio::time::sleep;

use crate::cli::{ClientArgs, GetArgs};
use crate::error::{CommandError, Kind};
use crate::terminal;
use explain::explain;

/// How long a token lives that one command uses.
const TOKEN_TTL: u32 = 60;

/// How long one call may take: a person waits for it. On an EC2 instance the service exists, and may be
/// slow or throttle.
const BUDGET: Duration = Duration::from_secs(1);
const BUDGET_ON_EC2: Duration = Duration::from_secs(5);

/// Asks, and prints.
pub(crate) fn run(args: &GetArgs) -> Result<ExitCode, CommandError> {
    let budget = if diagnose::is_ec2() { BUDGET_ON_EC2 } else { BUDGET };
    let mut defaults = Settings::for_this_machine();
    defaults.budget = budget;
    let client = Client::new(settings(&args.client, defaults)?)
        .on_warning(|warning| terminal::warn(warning));
    in_runtime(async {
        if args.export || args.process || is_credentials(args) {
            return credentials::print(&client, args).await;
        }
        if args.watch {
            return watch(&client, args).await;
        }
        terminal::print(&answer(&client, args).await?)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The command line's settings over the environment's over `defaults`.
pub(crate) fn settings(
    args: &ClientArgs,
    mut defaults: Settings,
) -> Result<Settings, CommandError> {
    defaults.token_ttl = TOKEN_TTL;
    let overrides = Overrides { endpoint: args.endpoint.clone(), mode: args.mode() };
    let mut settings =
        Settings::from_env_with(defaults, overrides).map_err(|error| explain(&error))?;
    settings.v1_fallback = match args {
        ClientArgs { allow_v1_for_secrets: true, .. } => V1Fallback::Everything,
        ClientArgs { allow_v1: true, .. } => V1Fallback::ExceptSecrets,
        _ => V1Fallback::Never,
    };
    if let Some(timeout) = args.timeout {
        settings.budget = timeout;
        settings.connect_timeout = settings.connect_timeout.min(timeout);
    }
    Ok(settings)
}

/// Runs `work` on this thread.
pub(crate) fn in_runtime<T>(
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        CommandError::new(Kind::Unavailable, "cannot wait for sockets").caused_by(error)
    })?;
    runtime.block_on(work)
}

fn is_credentials(args: &GetArgs) -> bool {
    args.paths == ["credentials"] && !args.tree && !args.watch
}

/// Everything that is asked for, as it is printed.
async fn answer(client: &Client, args: &GetArgs) -> Result<String, CommandError> {
    let mut values = Vec::new();
    for path in &args.paths {
        values.push((path.as_str(), value(client, path, args.tree).await?));
    }
    if args.json {
        let value = match <[_; 1]>::try_from(values) {
            Ok([(_, value)]) => value,
            Err(values) => {
                Value::Object(values.into_iter().map(|(path, v)| (path.to_owned(), v)).collect())
            }
        };
        return Ok(format!("{value:#}\n"));
    }
    Ok(values.iter().map(|(_, value)| tree::text(value)).collect::<Vec<_>>().concat())
}

async fn value(client: &Client, path: &str, is_tree: bool) -> Result<Value, CommandError> {
    let parsed = MetadataPath::new(path).map_err(|error| explain(&error))?;
    let value = if is_tree {
        tree::walk(client, &parsed).await
    } else {
        client.fetch(&parsed).await.map(|response| tree::leaf(&response.body))
    };
    value.map_err(|error| explain(&error))
}

/// Prints what has changed, for ever. What is not there yet is waited for.
async fn watch(client: &Client, args: &GetArgs) -> Result<(), CommandError> {
    let mut last = Map::new();
    loop {
        for path in &args.paths {
            let parsed = MetadataPath::new(path).map_err(|error| explain(&error))?;
            let value = match client.fetch(&parsed).await {
                Ok(response) => tree::leaf(&response.body),
                Err(Error::NotFound { .. }) => Value::Null,
                Err(error) if error.is_transient() => continue,
                Err(error) => return Err(explain(&error)),
            };
            let before = last.insert(path.clone(), value.clone()).unwrap_or_default();
            if before != value {
                let line = match (args.json, &value) {
                    (true, value) => format!("{}\n", serde_json::json!({ path: value })),
                    (false, Value::Null) => format!("{path} is gone\n"),
                    (false, value) => tree::text(value),
                };
                terminal::print(&line)?;
            }
        }
        sleep(args.every).await;
    }
}
