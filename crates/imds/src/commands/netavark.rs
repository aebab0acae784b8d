//! `imds netavark`: a network driver of Podman. What it wants is read by `imds_cni::netavark`, and carried
//! out by `attachments`.

use std::path::Path;
use std::process::ExitCode;

use imds_cni::cni::Attach;
use imds_cni::netavark;

use crate::attachments::{self, AttachError, Attachments};
use crate::cli::{NetavarkArgs, NetavarkCommand};
use crate::input_file::read_stdin;
use crate::terminal;

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
    read_stdin().map_err(|error| format!("cannot read standard input: {error}"))
}

fn set_up(namespace: &Path) -> Result<(), String> {
    let attach = container(namespace)?;
    let service = Attachments::of(&attach.settings.service).map_err(AttachError::from);
    service.and_then(|service| service.add(&attach)).map_err(explain)
}

fn tear_down(namespace: &Path) -> Result<(), String> {
    attachments::delete(&container(namespace)?).map_err(explain)
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
