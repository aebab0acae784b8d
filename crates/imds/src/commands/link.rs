//! `imds link`: where workloads reach the running `imds serve`.

use std::process::ExitCode;

use super::{control_client, json, table};
use crate::cli::{LinkArgs, LinkCommand};
use crate::error::CommandError;
use crate::terminal;
use imds_control::{AdminAnswer, AdminRequest, LinkFacts, LinkState};
use imds_linux::user_namespace;

pub(crate) fn run(args: LinkArgs) -> Result<ExitCode, CommandError> {
    let client = control_client(&args.state, None).map_err(hint_at_root)?;
    let is_list = matches!(args.command, LinkCommand::List);
    let request = match args.command {
        LinkCommand::Add { link } => {
            AdminRequest::AddLink { place: link.place.to_string(), instance: link.instance }
        }
        LinkCommand::List => AdminRequest::ListLinks,
        LinkCommand::Remove { link } => AdminRequest::RemoveLink { link },
    };
    let text = match client.admin(&request)? {
        AdminAnswer::Links(links) if args.json => json(&links)?,
        AdminAnswer::Links(links) if is_list => list(&links),
        AdminAnswer::Links(links) => links.iter().map(sentence).collect(),
        _ => String::new(),
    };
    terminal::print(text)?;
    Ok(ExitCode::SUCCESS)
}

/// Links need a service of root's, whose state is root's as well.
fn hint_at_root(error: CommandError) -> CommandError {
    if user_namespace::is_needless() {
        return error;
    }
    error.hint("one that root started is asked by root: sudo imds link …")
}

fn list(links: &[LinkFacts]) -> String {
    let row = |link: &LinkFacts| {
        let state = match link.state {
            LinkState::Attached => "attached",
            LinkState::Waiting => "waiting",
        };
        let location = link.place.as_deref().unwrap_or("?");
        let location = location.split_once('=').map_or("-", |(_, location)| location);
        [
            link.number.to_string(),
            link.kind.clone().unwrap_or_else(|| "?".into()),
            location.to_owned(),
            link.instance.as_ref().map_or_else(|| "by source".into(), ToString::to_string),
            state.to_owned(),
            format!("{} ({} open)", link.connections, link.open),
            link.requests.to_string(),
            link.v1.to_string(),
            link.reason.clone().or_else(|| link.device.clone()).unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = links.iter().map(row).collect();
    let head = [
        "LINK",
        "KIND",
        "WHERE",
        "INSTANCE",
        "STATE",
        "CONNECTIONS",
        "REQUESTS",
        "IMDSV1",
        "DEVICE OR REASON",
    ];
    table(head, &rows)
}

/// What became of a link that was added.
fn sentence(link: &LinkFacts) -> String {
    let (number, place) = (link.number, link.place.as_deref().unwrap_or("?"));
    match (&link.device, &link.reason) {
        (Some(device), _) => {
            format!("Link {number}: {place} is attached, by its device {device}\n")
        }
        (None, Some(reason)) => format!("Link {number} waits: {reason}\n"),
        (None, None) => format!("Link {number} waits\n"),
    }
}
