#!/usr/bin/env bash
# rusqlite with its bundled SQLite flushes with fsync(2), where Debian's SQLite uses fdatasync(2).
#
# Versions: rusqlite 0.41.1 (libsqlite3-sys 0.39.1, SQLite as it bundles it), Debian's sqlite3; Linux.
# Expected: an engineer who knows SQLite from a distribution expects fdatasync for each commit in WAL mode:
#   SQLite calls it where it was compiled with HAVE_FDATASYNC.
# Seen: the bundled build is compiled without HAVE_FDATASYNC, so each commit is an fsync, which also waits
#   for the metadata of the file (its times). Tests that inject faults into fdatasync never fire, and
#   commits cost more on file systems with a journal.
# Needs: cargo, a C compiler, strace, sqlite3, and the crate registry.
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
cd "$home"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "flush"
version = "0.0.0"
edition = "2024"

[dependencies]
rusqlite = { version = "=0.41.1", features = ["bundled"] }
TOML
cat > src/main.rs <<'RUST'
fn main() -> rusqlite::Result<()> {
    let connection = rusqlite::Connection::open("bundled.db")?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (x);",
    )?;
    for value in 0..10 {
        connection.execute("INSERT INTO t VALUES (?1)", [value])?;
    }
    Ok(())
}
RUST
cargo build --quiet
calls() { # how many calls of $1 the rest of the words make
    local call=$1
    shift
    strace -f -qq -e "trace=$call" -o trace "$@" >/dev/null
    grep -c "$call(" trace || true
}
echo "flushes of ten commits in WAL mode with synchronous = FULL"
bundled_fsync=$(calls fsync target/debug/flush)
rm -f bundled.db*
bundled_fdatasync=$(calls fdatasync target/debug/flush)
{
    echo "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (x);"
    for value in 0 1 2 3 4 5 6 7 8 9; do echo "INSERT INTO t VALUES ($value);"; done
} > commits.sql
debian_fdatasync=$(calls fdatasync sqlite3 debian.db ".read commits.sql")
echo "bundled: fsync $bundled_fsync, fdatasync $bundled_fdatasync; Debian's: fdatasync $debian_fdatasync"
if [ "$bundled_fsync" -ge 10 ] && [ "$bundled_fdatasync" -eq 0 ] && [ "$debian_fdatasync" -ge 10 ]; then
    echo "as stated"
else
    echo "no longer as stated" >&2
    exit 1
fi
