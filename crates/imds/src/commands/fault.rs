//! `imds fault`: faults on demand of the running `imds serve`.

use std::process::ExitCode;

use super::{control_client, json, table};
use crate::cli::{FaultArgs, FaultCommand};
use crate::error::CommandError;
use crate::terminal;
use imds_control::{AdminAnswer, AdminRequest, FaultFacts, FaultProgress};
use imds_core::fault::{FaultRule, FaultRuleError};

pub(crate) fn run(args: FaultArgs) -> Result<ExitCode, CommandError> {
    let (request, show): (_, fn(&[FaultFacts]) -> String) = match args.command {
        FaultCommand::Add(parts) => {
            let rule: FaultRule = parts.text().parse()?;
            (AdminRequest::AddFault { fault: rule.to_string() }, sentences)
        }
        FaultCommand::List => (AdminRequest::ListFaults, list),
        // Without an id it is `--all`.
        FaultCommand::Remove(which) => (AdminRequest::RemoveFault { id: which.id }, removed),
    };
    let client = control_client(&args.state, None)?;
    let text = match client.admin(&request)? {
        AdminAnswer::Faults(faults) if args.json => json(&faults)?,
        AdminAnswer::Faults(faults) => show(&faults),
        _ => String::new(),
    };
    terminal::print(text)?;
    Ok(ExitCode::SUCCESS)
}

impl From<FaultRuleError> for CommandError {
    fn from(error: FaultRuleError) -> Self {
        Self::usage(error.to_string()).hint("imds fault add --help shows what a fault can be")
    }
}

fn list(faults: &[FaultFacts]) -> String {
    let row = |fault: &FaultFacts| {
        [
            fault.id.to_string(),
            fault.fault.clone(),
            fault.requests.to_string(),
            fault.hits.to_string(),
            state(fault),
        ]
    };
    let rows: Vec<_> = faults.iter().map(row).collect();
    table(["ID", "FAULT", "REQUESTS", "HIT", "STATE"], &rows)
}

fn state(fault: &FaultFacts) -> String {
    match fault.state {
        FaultProgress::TimeOver => "ended: its time is over".to_owned(),
        FaultProgress::CountReached => "ended: its count is reached".to_owned(),
        FaultProgress::Active => {
            let hits = fault.count.map(|count| format!("{} more to hit", count - fault.hits));
            let time = fault.seconds_left.map(|seconds| format!("{seconds:.0}s left"));
            let left: Vec<_> = [hits, time].into_iter().flatten().collect();
            if left.is_empty() {
                "active".to_owned()
            } else {
                format!("active: {}", left.join(", "))
            }
        }
    }
}

fn sentences(faults: &[FaultFacts]) -> String {
    faults.iter().map(|fault| format!("Fault {}: {}\n", fault.id, fault.fault)).collect()
}

fn removed(faults: &[FaultFacts]) -> String {
    let sentence = |fault: &FaultFacts| {
        let requests = if fault.hits == 1 { "request" } else { "requests" };
        format!("Fault {} is removed; it hit {} {requests}\n", fault.id, fault.hits)
    };
    faults.iter().map(sentence).collect()
}
