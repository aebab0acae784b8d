//! Programs in Go, built from what Debian has of its libraries: nothing is fetched.

use std::path::{Path, PathBuf};

use testkit::{Context as _, Finished, Result, program};

/// The program of one source file, built unless it is there already.
pub(crate) fn built(source: &Path) -> Result<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let name = source.file_stem().context("the name of a file")?;
    let binary = target.join("go").join(name);
    let mut go = program("go");
    go.args(["build", "-o"]).arg(&binary).arg(source);
    go.env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode").env("GOFLAGS", "");
    go.env("GOCACHE", target.join("go-cache"));
    Finished::success(&mut go)?;
    Ok(binary)
}
