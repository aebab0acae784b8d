//! `imds state export`.

use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::path::Path;

use imds_account::transfer::Contents;
use imds_account::transfer::file::{self, Origin};

use super::draft::{self, Draft};
use super::place::Place;
use crate::error::{CommandError, Kind};
use crate::terminal;

/// Writes the state to a file that did not exist; gives back what it wrote, and a sentence about it.
pub(super) fn export(place: &Place, path: &Path) -> Result<(Contents, String), CommandError> {
    let is_stdout = path.as_os_str() == "-";
    if is_stdout && io::stdout().is_terminal() {
        return Err(CommandError::usage(
            "the export holds keys, and standard output is a terminal",
        )
        .hint("name a file, or another program: imds state export - | …"));
    }
    let exists = || {
        CommandError::usage(format!("{} exists already, and is left as it is", path.display()))
            .hint("name another file")
    };
    if !is_stdout && path.symlink_metadata().is_ok() {
        return Err(exists());
    }
    let contents = place.read()?;
    let origin = Origin {
        release: env!("CARGO_PKG_VERSION").to_owned(),
        made: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        layout: place.layout(),
    };
    let written = if is_stdout {
        file::write(&contents, &origin, &mut BufWriter::new(io::stdout().lock()))
    } else {
        write_once(&contents, &origin, path)
    };
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(),
        io::ErrorKind::PermissionDenied => cannot(Kind::Denied, path, error),
        _ => cannot(Kind::Unavailable, path, error),
    })?;
    let text = format!(
        "exported {} records of {} to {}\nIt holds the keys of the state: keep it as secret as those.\n",
        contents.len(),
        place.name(),
        path.display()
    );
    Ok((contents, text))
}

/// Writes a file for its owner only, whole or not at all, and replaces none.
fn write_once(contents: &Contents, origin: &Origin, path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    for other in draft::others_in(directory) {
        terminal::warn(format_args!(
            "{} is of an export that was killed or still runs: it holds keys; delete it once none runs",
            other.display()
        ));
    }
    let draft = Draft::new_in(directory)?;
    let mut out = BufWriter::new(draft.file());
    file::write(contents, origin, &mut out)?;
    out.flush()?;
    drop(out);
    draft.file().sync_all()?;
    draft.persist(path)?;
    std::fs::File::open(directory)?.sync_all()
}

fn cannot(kind: Kind, path: &Path, error: io::Error) -> CommandError {
    CommandError::new(kind, format!("cannot write {}", path.display())).caused_by(error)
}
