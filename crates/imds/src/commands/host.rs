//! `imds host`: the hosts that share the state of the running `imds serve`.

use std::process::ExitCode;

use super::{control_client, json, table};
use crate::cli::{HostArgs, HostCommand};
use crate::error::{CommandError, Kind};
use crate::terminal;
use imds_account::hosts::HostFacts;
use imds_control::{AdminAnswer, AdminRequest};

pub(crate) fn run(args: &HostArgs) -> Result<ExitCode, CommandError> {
    let client = control_client(&args.state, None)?;
    let AdminAnswer::Hosts(mut hosts) = client.admin(&AdminRequest::ListHosts)? else {
        return Err(CommandError::new(Kind::Unavailable, "the service sent another answer"));
    };
    let text = match &args.command {
        HostCommand::List if args.json => json(&hosts)?,
        HostCommand::List => list(&hosts),
        HostCommand::Show { name } => {
            hosts.retain(|host| host.name == name.as_str());
            let host = hosts.first().ok_or_else(|| {
                CommandError::usage(format!("no host {name} has, or had, this state"))
                    .hint("imds host list shows the names")
            })?;
            if args.json { json(host)? } else { show(host) }
        }
    };
    terminal::print(text)?;
    Ok(ExitCode::SUCCESS)
}

fn list(hosts: &[HostFacts]) -> String {
    let rows: Vec<_> = hosts
        .iter()
        .map(|host| {
            [
                host.name.clone(),
                state(host).to_owned(),
                or_none(host.revision.as_ref()),
                or_none(host.behind.as_ref()),
                since(host),
                or_none(host.when_cut_off.as_ref()),
                or_none(host.release.as_ref()),
            ]
        })
        .collect();
    table(["HOST", "STATE", "REVISION", "BEHIND", "SINCE", "WHEN CUT OFF", "RELEASE"], &rows)
}

fn show(host: &HostFacts) -> String {
    [
        ("Host", host.name.clone()),
        ("State", state(host).to_owned()),
        ("Revision", or_none(host.revision.as_ref())),
        ("Behind", or_none(host.behind.as_ref())),
        ("Since", since(host)),
        ("When cut off", or_none(host.when_cut_off.as_ref())),
        ("Follows", or_none(host.follows.as_ref())),
        ("Release", or_none(host.release.as_ref())),
        ("EC2 API", or_none(host.control.as_ref())),
        ("Default instance", or_none(host.default_instance.as_ref())),
    ]
    .into_iter()
    .map(|(name, value)| format!("{:<18}{value}\n", format!("{name}:")))
    .collect()
}

fn state(host: &HostFacts) -> &'static str {
    if host.is_alive { "alive" } else { "gone" }
}

fn since(host: &HostFacts) -> String {
    let seconds = host.since.and_then(|since| i64::try_from(since).ok());
    let time = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    or_none(time.as_ref())
}

fn or_none(value: Option<&impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), ToString::to_string)
}
