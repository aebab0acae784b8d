//! `imds event`: what happens to an instance of the running `imds serve`.

use std::process::ExitCode;

use imds_core::events::Outcome;
use imds_core::time::iso8601;

use super::{control_client, json, table};
use crate::cli::{EventArgs, EventCommand, MaintenanceCommand, WhenArgs};
use crate::error::CommandError;
use crate::terminal;
use imds_account::events::{EventFacts, EventKind, NewEvent, Stage, When};
use imds_control::{AdminAnswer, AdminRequest, EventRequest};

pub(crate) fn run(args: EventArgs) -> Result<ExitCode, CommandError> {
    let client = control_client(&args.state, args.region)?;
    let request =
        AdminRequest::Event { instance: args.instance_id, request: request(args.command) };
    let text = match client.admin(&request)? {
        AdminAnswer::Events(events) if args.json => json(&events)?,
        AdminAnswer::Events(events) => list(&events),
        _ => String::new(),
    };
    terminal::print(text)?;
    Ok(ExitCode::SUCCESS)
}

fn request(command: EventCommand) -> EventRequest {
    let add = |kind, when: &WhenArgs| EventRequest::Add(NewEvent { kind, when: when.resolve() });
    match command {
        EventCommand::SpotInterruption { action, when } => {
            add(EventKind::SpotInterruption { action }, &when)
        }
        EventCommand::Rebalance { when } => add(EventKind::Rebalance, &when),
        EventCommand::Maintenance(MaintenanceCommand::Add { code, description, when, lasts }) => {
            let lasts = lasts.map(|lasts| lasts.as_secs());
            add(EventKind::Maintenance { code, description, lasts }, &when)
        }
        EventCommand::Maintenance(MaintenanceCommand::Complete { id }) => {
            EventRequest::End { id, outcome: Outcome::Completed }
        }
        EventCommand::Maintenance(MaintenanceCommand::Cancel { id }) => {
            EventRequest::End { id, outcome: Outcome::Canceled }
        }
        EventCommand::LifecycleState { target, when } => {
            add(EventKind::LifecycleState(target), &when)
        }
        EventCommand::List => EventRequest::List,
        EventCommand::Cancel { id } => EventRequest::TakeBack { id },
    }
}

impl WhenArgs {
    fn resolve(&self) -> Option<When> {
        let ahead = self.ahead.map(|ahead| When::In(ahead.as_secs()));
        ahead.or(self.at.map(When::At))
    }
}

fn list(events: &[EventFacts]) -> String {
    let row = |event: &EventFacts| {
        let stage = match event.stage {
            Stage::Pending => "pending",
            Stage::Active => "active",
            Stage::Completed => "completed",
            Stage::Canceled => "canceled",
        };
        [
            event.id.clone(),
            event.kind.clone(),
            event.what.clone(),
            stage.to_owned(),
            iso8601(event.time),
            iso8601(event.shown_from),
        ]
    };
    let rows: Vec<_> = events.iter().map(row).collect();
    table(["ID", "KIND", "WHAT", "STAGE", "TIME", "SHOWN FROM"], &rows)
}
