//! A second name for `imds`, for machines where another program has that name: the Python package
//! ec2-metadata installs one. It becomes the `imds` beside it.

use std::env;
use std::io::{Error, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

const NAME: &str = "ec2-imds";

fn main() -> ExitCode {
    let error = match env::current_exe() {
        Ok(own) => {
            let imds = own.with_file_name("imds");
            let error = become_program(&imds);
            format!("cannot run {}, which is installed with it: {error}", imds.display())
        }
        Err(error) => format!("cannot tell where it is installed: {error}"),
    };
    // If nobody listens there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{NAME}: {error}");
    ExitCode::from(4)
}

/// Returns only on failure.
fn become_program(imds: &std::path::Path) -> Error {
    Command::new(imds).arg0(NAME).args(env::args_os().skip(1)).exec()
}
