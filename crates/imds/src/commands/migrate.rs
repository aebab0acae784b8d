//! `imds migrate`: what speaks IMDSv1 in people's files, shown or rewritten.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use imds_migrate::{MAX_SIZE, report, serve};

use crate::cli::MigrateArgs;
use crate::error::{CommandError, Kind};
use crate::migrate::{
    Choice, Form, Scanned, Tally, found_below, levels, rewrite, rewritten, scanner,
};
use crate::terminal;

/// The exit code of `--check` where something is left.
const LEFT: u8 = 1;

pub(crate) fn run(args: &MigrateArgs) -> Result<ExitCode, CommandError> {
    if args.worker {
        serve(std::io::stdin().lock(), std::io::stdout().lock()).map_err(|error| {
            CommandError::new(Kind::Unavailable, "cannot go on scanning").caused_by(error)
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let form = match args {
        MigrateArgs { diff: true, .. } => Form::Diff,
        MigrateArgs { json: true, .. } => Form::Json,
        MigrateArgs { sarif: true, .. } => Form::Sarif,
        _ => Form::Human { colour: terminal::has_colours() },
    };
    let levels = levels(args.config.as_deref(), &args.rules)?;
    let choice = &Choice { offers: args.offers, levels };
    let is_stdin = args.paths.iter().any(|path| path == Path::new("-"));
    let tally = match (is_stdin, args.write) {
        (true, _) => stdin(args, form, choice)?,
        (false, false) => show(args, form, choice)?,
        (false, true) => write(args, form, choice)?,
    };
    if matches!(form, Form::Human { .. } | Form::Diff) {
        terminal::note(tally.summary(args.write));
    }
    Ok(match tally {
        Tally { failing: 1.., .. } if args.check => LEFT.into(),
        Tally { failed: 1.., .. } => Kind::Unavailable.exit_code().into(),
        _ => ExitCode::SUCCESS,
    })
}

/// Prints what is found, and changes nothing.
fn show(args: &MigrateArgs, form: Form, choice: &Choice) -> Result<Tally, CommandError> {
    let (files, mut tally) = found_below(&args.paths, args.time_limit, form, choice);
    if form == Form::Sarif {
        let findings = files.into_iter().map(|(path, file)| (path, file.findings));
        terminal::print(report::sarif(&findings.collect::<Vec<_>>(), &choice.levels))?;
        return Ok(tally);
    }
    for (path, file) in &files {
        match &file.text {
            // A terminal would obey what stands in a patch.
            Ok(text) if form == Form::Diff && std::io::stdout().is_terminal() => {
                terminal::print(report::printable(&String::from_utf8_lossy(text)))?;
            }
            Ok(text) => terminal::print(text)?,
            Err(error) => tally.fail(path, error),
        }
    }
    Ok(tally)
}

/// Rewrites files one after the other, once all are scanned: what is interrupted before has
/// changed nothing.
fn write(args: &MigrateArgs, form: Form, choice: &Choice) -> Result<Tally, CommandError> {
    let (files, mut tally) = found_below(&args.paths, args.time_limit, form, choice);
    let mut scanner = scanner(args.time_limit);
    for (path, file) in &files {
        let text = file.text.as_deref().unwrap_or_default();
        if choice.edits(&file.findings).is_empty() {
            terminal::print(text)?;
            continue;
        }
        match rewrite(path, file, choice) {
            Ok(after) => {
                terminal::print(format!(
                    "rewritten: {}\n",
                    report::printable(&path.display().to_string())
                ))?;
                match Scanned::of(&mut scanner, path, &after, form, choice) {
                    Ok(now) => {
                        tally.now_has(file, &now, &choice.levels);
                        terminal::print(now.text.unwrap_or_default())?;
                    }
                    Err(error) => tally.fail(path, &error),
                }
            }
            Err(error) => {
                tally.fail(path, error.as_ref());
                terminal::print(text)?;
            }
        }
    }
    Ok(tally)
}

/// The same for standard input; `--write` prints the rewritten text.
fn stdin(args: &MigrateArgs, form: Form, choice: &Choice) -> Result<Tally, CommandError> {
    if args.paths.len() > 1 {
        return Err(CommandError::usage("`-`, standard input, cannot be mixed with other paths"));
    }
    let path = args.stdin_name.clone().unwrap_or_else(|| PathBuf::from("-"));
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(MAX_SIZE + 1).read_to_end(&mut bytes).map_err(|error| {
        CommandError::new(Kind::Unavailable, "cannot read standard input").caused_by(error)
    })?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err(CommandError::usage(format!("standard input is over {MAX_SIZE} bytes")));
    }
    let failed = |error: imds_migrate::ScanError| {
        CommandError::new(Kind::Unavailable, "cannot scan standard input").caused_by(error)
    };
    let mut scanner = scanner(args.time_limit);
    let file = Scanned::of(&mut scanner, &path, &bytes, form, choice).map_err(failed)?;
    let mut tally = Tally::of(1);
    tally.found(&file, &choice.levels);
    if args.write {
        let after = rewritten(&bytes, &file, choice).map_err(|error| {
            CommandError::new(Kind::Bug, "cannot make these edits together").caused_by(error)
        })?;
        terminal::print(&after)?;
        let now = Scanned::of(&mut scanner, &path, &after, form, choice).map_err(failed)?;
        tally.now_has(&file, &now, &choice.levels);
        let left = now.text.unwrap_or_default();
        // Standard output has the rewritten text; who cannot be told of the rest has that.
        let _ = std::io::stderr().write_all(&left);
    } else if form == Form::Sarif {
        terminal::print(report::sarif(&[(path, file.findings)], &choice.levels))?;
    } else {
        terminal::print(file.text.map_err(|error| {
            CommandError::new(Kind::Bug, "cannot make these edits together").caused_by(error)
        })?)?;
    }
    Ok(tally)
}
