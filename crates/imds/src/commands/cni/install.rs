//! `imds cni --install`: the program as a plugin in a directory of the node, for images that have no `cp`.

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::error::{CommandError, Kind};

/// The name by which runtimes know the plugin.
const NAME: &str = "imds-cni";

/// Puts a copy there. A runtime that starts the plugin meanwhile finds the old one or the new one, never a part.
pub(super) fn install(directory: &Path) -> Result<ExitCode, CommandError> {
    let plugin = directory.join(NAME);
    let draft = directory.join(format!(".{NAME}.{}", std::process::id()));
    let copied = copy_of_this_program(&draft).and_then(|()| fs::rename(&draft, &plugin));
    copied.map_err(|error| {
        // What was not copied in whole is of no use; that it is gone is a courtesy.
        let _ = fs::remove_file(&draft);
        CommandError::new(Kind::Unavailable, format!("cannot write {}", plugin.display()))
            .caused_by(error)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn copy_of_this_program(to: &Path) -> io::Result<()> {
    // The rights go with it.
    fs::copy("/proc/self/exe", to)?;
    fs::File::open(to)?.sync_all()
}
