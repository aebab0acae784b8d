//! `imds console`: lets a browser into the web console of the running `imds serve`.

use std::process::{Command, ExitCode, Stdio};

use imds_control::{AdminAnswer, AdminRequest};

use super::control_client;
use crate::cli::ConsoleArgs;
use crate::error::{CommandError, Kind};
use crate::terminal;

/// What opens a URL in the browser that the user has chosen.
const OPENER: &str = "xdg-open";

pub(crate) fn run(args: &ConsoleArgs) -> Result<ExitCode, CommandError> {
    let client = control_client(&args.state, None)?;
    let AdminAnswer::Console { url } = client.admin(&AdminRequest::OpenConsole)? else {
        let message = "whoever answers there is no `imds serve` of this version";
        return Err(CommandError::new(Kind::Unavailable, message));
    };
    terminal::print(format!("{url}\n"))?;
    if args.open {
        open(&url)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits for the program that finds the browser, not for the browser.
fn open(url: &str) -> Result<(), CommandError> {
    let cannot = || {
        CommandError::new(Kind::Unavailable, format!("{OPENER} cannot open a browser"))
            .hint("open the URL above yourself; it works once")
    };
    let opened = Command::new(OPENER).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = opened.map_err(|error| cannot().caused_by(error))?;
    if status.success() { Ok(()) } else { Err(cannot()) }
}
