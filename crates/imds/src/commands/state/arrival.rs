//! A state arrives at an empty place.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use imds_account::HostName;
use imds_account::transfer::file::{self, FileError};
use imds_account::transfer::{Contents, Import, ImportError, Layout, mark_moved};
use imds_core::placement::Region;
use imds_identity::backup::{self, RestoreError};
use imds_kv::{Kv, KvError};

use super::place::Place;
use super::report::Report;
use crate::cli::ArrivalArgs;
use crate::commands::printable;
use crate::error::{CommandError, Kind};
use crate::state::kv_error_kind;
use crate::status_line::StatusLine;

/// Fills a state with what a file has.
pub(super) fn import(
    path: &Path,
    to: &Place,
    arrival: &ArrivalArgs,
) -> Result<Report, CommandError> {
    let read = if path.as_os_str() == "-" {
        file::read(&mut io::stdin().lock())
    } else {
        File::open(path).map_err(FileError::from).and_then(|it| file::read(&mut BufReader::new(it)))
    };
    let (origin, contents) = read.map_err(|error| {
        let kind = match &error {
            FileError::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => Kind::Denied,
            FileError::Io(_) => Kind::Unavailable,
            _ => Kind::Usage,
        };
        CommandError::new(kind, format!("cannot import {}", path.display())).caused_by(error)
    })?;
    arrive(contents, origin.layout, &path.display().to_string(), to, arrival, None)
}

/// Fills a state. Once that was compared, `source` is marked as moved, before the state can be used.
pub(super) fn arrive(
    contents: Contents,
    layout: Layout,
    from: &str,
    to: &Place,
    arrival: &ArrivalArgs,
    source: Option<&dyn Kv>,
) -> Result<Report, CommandError> {
    if arrival.host.is_some() && layout == to.layout() {
        return Err(CommandError::usage(
            "--host is for what comes from a file to etcd, or from etcd to a file: else what is of hosts \
             stays as it is",
        ));
    }
    let host = arrival.host.as_ref().map(HostName::as_str);
    if let (Layout::Hosts, Some(host)) = (layout, host) {
        check_host(&contents, from, host)?;
    }
    let (mut contents, left_out) = contents.laid_out(layout, to.layout(), host);
    let report = Report::of(&contents, left_out);
    let identities = identities(&mut contents, to)?;
    let kv = to.open()?;
    let failed = |error| not_imported(to, error);
    let import = Import::begin(&*kv, from, arrival.restart).map_err(failed)?;
    for (region, directory, text) in &identities {
        backup::restore(region, directory, text).map_err(|error| not_restored(&error))?;
    }
    let line = StatusLine::start();
    let all = contents.len();
    let written =
        import.write(&contents, |count| line.show(|| format!("{count} of {all} records")));
    drop(line);
    written.map_err(failed)?;
    if let Some(source) = source {
        mark_moved(source, &to.name()).map_err(|error| failed(ImportError::Kv(error)))?;
    }
    import.finish().map_err(failed)?;
    Ok(report)
}

/// Refuses a host that the state does not have: nothing of it could come along.
fn check_host(contents: &Contents, from: &str, host: &str) -> Result<(), CommandError> {
    let hosts = contents.hosts();
    if hosts.contains(host) {
        return Ok(());
    }
    let names: Vec<_> = hosts.into_iter().map(printable).collect();
    Err(CommandError::usage(format!(
        "{from} has no default instance and no links of a host {host}"
    ))
    .hint(match names.as_slice() {
        [] => "leave out --host: it has those of no host".to_owned(),
        names => format!("its hosts are: {}", names.join(", ")),
    }))
}

/// Takes out the keys that sign identity documents where they belong into files, and checks that these
/// can be written.
fn identities<'a>(
    contents: &mut Contents,
    to: &'a Place,
) -> Result<Vec<(Region, &'a Path, String)>, CommandError> {
    let Some(directory) = to.identity_directory() else { return Ok(Vec::new()) };
    let unreadable = |key: &str| CommandError::usage(format!("the record at {key} cannot be read"));
    let texts = contents.take_identity_keys().map_err(|key| unreadable(&key))?;
    let read = |(region, text): (String, String)| {
        let region: Region = region.parse().map_err(|_| unreadable(&region))?;
        backup::check(&region, directory, &text).map_err(|error| not_restored(&error))?;
        Ok((region, directory, text))
    };
    texts.into_iter().map(read).collect()
}

fn not_restored(error: &RestoreError) -> CommandError {
    let (message, hint) = (
        format!("cannot keep the keys that sign identity documents: {error}"),
        "name a state file in a directory of its own",
    );
    match error {
        RestoreError::Other { .. } => CommandError::usage(message).hint(hint),
        RestoreError::Damaged { .. } => CommandError::usage(message),
        _ => CommandError::new(Kind::Unavailable, message),
    }
}

fn not_imported(to: &Place, error: ImportError) -> CommandError {
    let kind = match &error {
        ImportError::Kv(error) => kv_error_kind(error),
        ImportError::InUse { .. } | ImportError::Differs { .. } => Kind::Unavailable,
        _ => Kind::Usage,
    };
    let message = format!("cannot import to {}", to.name());
    let hint = match &error {
        ImportError::NotEmpty { .. } => "name a place where no state is",
        ImportError::Kv(KvError::TooLarge { .. }) => {
            "etcd takes records of at most --max-request-bytes, 1.5 MiB as it is shipped"
        }
        ImportError::Kv(_) => {
            "once that is fixed (a full disk needs room to delete, too), --restart deletes what was written, and \
             begins again"
        }
        _ => "--restart deletes what was written, and begins again",
    };
    CommandError::new(kind, message).caused_by(error).hint(hint)
}
