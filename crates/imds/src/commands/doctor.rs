//! `imds doctor`: collects facts, checks them, prints the findings.

use std::process::ExitCode;
use std::time::Duration;

use imds_client::{EndpointMode, Settings};

use super::get;
use crate::cli::DoctorArgs;
use crate::error::{CommandError, Kind};
use crate::terminal;
use imds_doctor::exposure::{self, Expectation, Scope};
use imds_doctor::facts::{self, ProbeOptions};
use imds_doctor::{Finding, Verdict, checks, report};

/// How long one call to the service may take.
const BUDGET: Duration = Duration::from_secs(5);

/// Exits with 1 if something is wrong.
pub(crate) fn run(args: &DoctorArgs) -> Result<ExitCode, CommandError> {
    let findings = match args.expect {
        Some(expectation) => prove(args, expectation),
        None => diagnose(args)?,
    };
    terminal::print(&if args.json { report::json(&findings) } else { report::text(&findings) })?;
    let is_wrong = findings.iter().any(|finding| finding.verdict == Verdict::Wrong);
    let code = if is_wrong { Kind::Finding.exit_code() } else { 0 };
    Ok(ExitCode::from(code))
}

/// Tries the ways to credentials.
fn prove(args: &DoctorArgs, expectation: Expectation) -> Vec<Finding> {
    let scope = Scope {
        // Values that are not text name no address.
        variables: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        endpoint: args.client.endpoint.as_ref().map(ToString::to_string),
        root: args.root.clone(),
        patience: args.client.timeout.unwrap_or(BUDGET),
    };
    exposure::judge(&exposure::find(&scope), expectation)
}

fn diagnose(args: &DoctorArgs) -> Result<Vec<Finding>, CommandError> {
    let mut defaults = Settings::for_this_machine();
    defaults.budget = BUDGET;
    // SDKs use IPv4 by default; the IPv6 address has a check of its own.
    defaults.endpoint = EndpointMode::Ipv4.endpoint();
    let settings = get::settings(&args.client, defaults)?;
    let options = ProbeOptions {
        v1: args.client.allow_v1 || args.client.allow_v1_for_secrets,
        online: args.online,
        root: args.root.clone(),
    };
    let facts = get::in_runtime(async { Ok(facts::collect(settings, &options).await) })?;
    Ok(checks::judge(&facts))
}
