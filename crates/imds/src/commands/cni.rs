//! `imds cni`: a CNI plugin. What a runtime wants is read by `imds_cni`, and carried out by `attachments`.

mod install;

use std::env;
use std::io::{self, IsTerminal as _, Read as _};
use std::process::ExitCode;

use imds_cni::cni::{CniError, Code, Configuration, Environment, Plan, plan, supported_versions};

use crate::attachments::{AttachError, Attachments, is_forgotten};
use crate::cli::CniArgs;
use crate::error::{CommandError, Kind};
use crate::terminal;

/// The largest configuration, in bytes: a few KiB are usual.
const MOST_INPUT: u64 = 1 << 20;

pub(crate) fn run(args: &CniArgs) -> ExitCode {
    if let Some(directory) = &args.install {
        return install::install(directory).unwrap_or_else(|error| error.report());
    }
    let environment = Environment::read(|name| env::var(name).ok());
    let input = read_input();
    let version = input.as_deref().ok().and_then(Configuration::version_of);
    let version = version.as_deref();
    let outcome = input.and_then(|input| carry_out(plan(&environment, &input)?, version));
    let (text, code) = match outcome {
        Ok(text) => (text, ExitCode::SUCCESS),
        Err(error) => (error.json(version) + "\n", ExitCode::FAILURE),
    };
    // If the runtime does not listen, the code still tells.
    let printed = terminal::print(text);
    if printed.is_ok() { code } else { ExitCode::FAILURE }
}

/// All of standard input; nothing where a person sits at it.
fn read_input() -> Result<Vec<u8>, CniError> {
    let (mut input, stdin) = (Vec::new(), io::stdin());
    if !stdin.is_terminal() {
        let read = stdin.take(MOST_INPUT + 1).read_to_end(&mut input);
        read.map_err(|error| {
            CniError::new(Code::Io, "cannot read standard input").details(error.to_string())
        })?;
    }
    if input.len() as u64 > MOST_INPUT {
        let message = format!("the configuration is larger than {} KiB", MOST_INPUT >> 10);
        return Err(CniError::new(Code::Io, message));
    }
    Ok(input)
}

/// What is printed.
fn carry_out(plan: Plan, version: Option<&str>) -> Result<String, CniError> {
    let is_status = matches!(plan, Plan::Status(_));
    let Some(service) = plan.service() else { return Ok(supported_versions(version) + "\n") };
    if matches!(plan, Plan::Delete(_)) && is_forgotten(service) {
        return Ok(String::new());
    }
    let asked = Attachments::of(service).map_err(AttachError::from);
    let done = asked.and_then(|attachments| match &plan {
        Plan::Version => Ok(()),
        Plan::Add { attach, .. } => attachments.add(attach),
        Plan::Delete(attach) => attachments.delete(attach),
        Plan::Check(attach) => attachments.check(attach),
        Plan::Status(settings) => attachments.status(settings),
        Plan::Collect(collect) => attachments.collect(collect),
    });
    done.map_err(|error| explain(&error, is_status))?;
    Ok(match plan {
        Plan::Add { previous, .. } => format!("{previous}\n"),
        _ => String::new(),
    })
}

fn explain(error: &AttachError, is_status: bool) -> CniError {
    let (code, message, details) = match error {
        AttachError::Already(message) => (Code::AlreadyAttached, message.clone(), String::new()),
        AttachError::Missing(message) => (Code::NotAttached, message.clone(), String::new()),
        AttachError::Service(error) => (code(error), error.message(), error.hints()),
    };
    let code = match code {
        code if !is_status => code,
        // Pods that are attached have no metadata until the service answers.
        Code::TryAgainLater => Code::LimitedConnectivity,
        _ => Code::NotAvailable,
    };
    CniError { code, message, details }
}

fn code(error: &CommandError) -> Code {
    match error.kind() {
        Kind::Unavailable | Kind::Bug | Kind::TokenLost => Code::TryAgainLater,
        Kind::Finding | Kind::Usage | Kind::Denied => Code::InvalidConfiguration,
    }
}
