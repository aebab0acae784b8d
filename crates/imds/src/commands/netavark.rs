//! `imds netavark`: a network driver of Podman. What it wants is read by `imds_cni::netavark`, and carried
//! out by `attachments`.

use std::io::{self, Read as _};
use std::path::Path;
use std::process::ExitCode;

use imds_cni::cni::Attach;
use imds_cni::netavark;

use crate::attachments::{AttachError, Attachments, is_forgotten};
use crate::cli::{NetavarkArgs, NetavarkCommand};
use crate::terminal;

/// The largest input, in bytes: a few KiB are usual.
const MOST_INPUT: u64 = 1 << 20;

pub(crate) fn run(args: NetavarkArgs) -> ExitCode {
    let outcome = match args.command {
        None | Some(NetavarkCommand::Info) => Ok(netavark::info(env!("CARGO_PKG_VERSION"))),
        Some(NetavarkCommand::Create) => read_input().and_then(|input| netavark::create(&input)),
        Some(NetavarkCommand::Setup { namespace }) => {
            set_up(&namespace).map(|()| netavark::status())
        }
        Some(NetavarkCommand::Teardown { namespace }) => {
            tear_down(&namespace).map(|()| String::new())
        }
    };
    let (text, code) = match outcome {
        Ok(text) => (text, ExitCode::SUCCESS),
        Err(message) => (netavark::error(&message), ExitCode::FAILURE),
    };
    // If Podman does not listen, the code still tells.
    let printed = terminal::print(text);
    if printed.is_ok() { code } else { ExitCode::FAILURE }
}

fn read_input() -> Result<Vec<u8>, String> {
    let mut input = Vec::new();
    let read = io::stdin().take(MOST_INPUT + 1).read_to_end(&mut input);
    read.map_err(|error| format!("cannot read standard input: {error}"))?;
    if input.len() as u64 > MOST_INPUT {
        return Err(format!("standard input is larger than {} KiB", MOST_INPUT >> 10));
    }
    Ok(input)
}

fn set_up(namespace: &Path) -> Result<(), String> {
    let attach = container(namespace)?;
    let asked = Attachments::of(&attach.settings.service).map_err(AttachError::from);
    asked.and_then(|attachments| attachments.add(&attach)).map_err(explain)
}

fn tear_down(namespace: &Path) -> Result<(), String> {
    let attach = container(namespace)?;
    if is_forgotten(&attach.settings.service) {
        return Ok(());
    }
    let asked = Attachments::of(&attach.settings.service).map_err(AttachError::from);
    asked.and_then(|attachments| attachments.delete(&attach)).map_err(explain)
}

fn container(namespace: &Path) -> Result<Attach, String> {
    let namespace = namespace.to_str().ok_or("the path of the namespace is not UTF-8")?;
    netavark::attach(namespace, &read_input()?)
}

fn explain(error: AttachError) -> String {
    match error {
        AttachError::Already(message) | AttachError::Missing(message) => message,
        AttachError::Service(error) => {
            let hints = error.hints();
            let separator = if hints.is_empty() { "" } else { "; " };
            format!("{}{separator}{}", error.message(), hints.replace('\n', "; "))
        }
    }
}
