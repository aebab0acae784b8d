//! `imds cni`: a CNI plugin. What a runtime wants is read by `imds_cni`, and carried out by `attachments`.

mod install;

use std::env;
use std::process::ExitCode;

use imds_cni::Settings;
use imds_cni::cni::{CniError, Code, Configuration, Environment, Plan, plan, supported_versions};

use crate::attachments::{self, AttachError, Attachments};
use crate::cli::CniArgs;
use crate::error::{CommandError, Kind};
use crate::input_file::read_stdin;
use crate::terminal;

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

fn read_input() -> Result<Vec<u8>, CniError> {
    read_stdin().map_err(|error| {
        CniError::new(Code::Io, "cannot read standard input").details(error.to_string())
    })
}

/// What is printed.
fn carry_out(plan: Plan, version: Option<&str>) -> Result<String, CniError> {
    let done = match &plan {
        Plan::Version => return Ok(supported_versions(version) + "\n"),
        Plan::Add { attach, .. } => service(&attach.settings).and_then(|it| it.add(attach)),
        Plan::Delete(attach) => attachments::delete(attach),
        Plan::Check(attach) => service(&attach.settings).and_then(|it| it.check(attach)),
        Plan::Status(settings) => service(settings).and_then(|it| it.status(settings)),
        Plan::Collect(collect) => service(&collect.settings).and_then(|it| it.collect(collect)),
    };
    done.map_err(|error| explain(&error, matches!(plan, Plan::Status(_))))?;
    Ok(match plan {
        Plan::Add { previous, .. } => format!("{previous}\n"),
        _ => String::new(),
    })
}

fn service(settings: &Settings) -> Result<Attachments, AttachError> {
    Ok(Attachments::of(&settings.service)?)
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
