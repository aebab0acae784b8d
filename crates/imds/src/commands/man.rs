//! `imds man`: manual pages, made of the same definitions as `--help`.

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::cli::{Cli, ManArgs};
use crate::error::{CommandError, Kind};
use crate::terminal;

pub(crate) fn run(args: &ManArgs) -> Result<ExitCode, CommandError> {
    let mut imds = Cli::command().disable_help_subcommand(true);
    // Gives every subcommand its full name, and the flags of those above it.
    imds.build();
    match &args.directory {
        Some(directory) => {
            fs::create_dir_all(directory).map_err(|error| cannot_write(directory, error))?;
            write_all(&imds, directory)?;
        }
        None => terminal::print(page(find(&imds, &args.command)?)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn find<'a>(imds: &'a Command, words: &[String]) -> Result<&'a Command, CommandError> {
    words.iter().try_fold(imds, |command, word| {
        command.find_subcommand(word).ok_or_else(|| {
            let name = command.get_bin_name().unwrap_or("imds");
            CommandError::usage(format!("{name} has no subcommand {word:?}"))
                .hint(format!("see those it has: {name} --help"))
        })
    })
}

/// Writes `command`'s page and those of all below it: `imds-instance-list.1`.
fn write_all(command: &Command, directory: &Path) -> Result<(), CommandError> {
    let file = directory.join(format!("{}.1", name_of(command)));
    fs::write(&file, page(command)?).map_err(|error| cannot_write(&file, error))?;
    command.get_subcommands().try_for_each(|command| write_all(command, directory))
}

fn page(command: &Command) -> Result<Vec<u8>, CommandError> {
    let mut page = Vec::new();
    render(command, &mut page)
        .map_err(|error| CommandError::new(Kind::Bug, "no manual page").caused_by(error))?;
    Ok(page)
}

/// The sections in the usual order. Usage and examples are those of `--help`, line by line.
fn render(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let man = Man::new(command.clone())
        .title(name_of(command).to_uppercase())
        .source(format!("imds {}", env!("CARGO_PKG_VERSION")))
        .manual("imds");
    man.render_title(page)?;
    man.render_name_section(page)?;
    // Its lines are indented as far as the first one's `Usage: `.
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").replace("\n       ", "\n");
    page.extend(section("SYNOPSIS", &usage).into_bytes());
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(page)?;
    }
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    page.extend(section("EXAMPLES", &examples).into_bytes());
    Ok(())
}

/// A section whose lines end where those of `text` end.
fn section(title: &str, text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.replace('\\', "\\\\").replace('-', "\\-").replace('\'', "\\(aq");
        // A dot at the beginning of a line would be a request.
        format!("\\&{line}\n")
    });
    format!(".SH {title}\n.nf\n{}.fi\n", lines.collect::<String>())
}

/// `imds-instance-list`.
fn name_of(command: &Command) -> String {
    command.get_bin_name().unwrap_or("imds").replace(' ', "-")
}

fn cannot_write(path: &Path, error: io::Error) -> CommandError {
    CommandError::new(Kind::Unavailable, format!("cannot write {}", path.display()))
        .caused_by(error)
}
