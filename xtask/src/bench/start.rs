//! From the start of `imds serve` to the first byte of its first answer.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::measure::{IMDS, ROUNDS, median};

const STARTS: usize = 10;

/// How long a start may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn measure() -> Result<()> {
    let imds = &IMDS;
    let state = tempfile::tempdir_in("target")?;
    let first = (0..ROUNDS).map(|round| once(imds, &state.path().join(round.to_string()), &[]));
    let first = first.collect::<Result<Vec<_>>>()?;
    let again = (0..ROUNDS * STARTS).map(|_| once(imds, &state.path().join("0"), &[]));
    let again = again.collect::<Result<Vec<_>>>()?;
    println!("imds serve, ms from start to the first answered byte, {} starts", again.len());
    println!("  with state kept before {:6.2}   (goal: at most 5)", median(again));
    println!("  the first one of all   {:6.2}   (it waits for the disk)\n", median(first));
    Ok(())
}

/// One start of the program `imds` with state in `home`, made there if it is the first: milliseconds
/// to the first byte of a response.
pub(super) fn once(imds: &Path, home: &Path, arguments: &[&str]) -> Result<f64> {
    let address = "127.0.0.1:13381";
    let start = Instant::now();
    let mut server = Command::new(imds)
        .args(["serve", "--listen", address, "--control", "127.0.0.1:13391", "--access-log", "off"])
        .args(arguments)
        .env("XDG_STATE_HOME", std::path::absolute(home)?)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let first_byte = loop {
        if let Ok(mut stream) = TcpStream::connect(address) {
            stream.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
            stream.read_exact(&mut [0])?;
            break start.elapsed();
        }
        ensure!(start.elapsed() < PATIENCE, "imds serve does not answer on {address}");
        std::hint::spin_loop();
    };
    server.kill()?;
    server.wait()?;
    Ok(first_byte.as_secs_f64() * 1000.0)
}
