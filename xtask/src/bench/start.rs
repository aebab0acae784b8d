//! From the start of `imds serve` to the first byte of its first answer.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::{IMDS, ROUNDS, median};

const STARTS: usize = 10;

/// How long a start may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn measure() -> Result<()> {
    let times = (0..ROUNDS * STARTS).map(|_| one_start()).collect::<Result<Vec<_>>>()?;
    println!("imds serve, ms from start to the first answered byte, {} starts", ROUNDS * STARTS);
    println!("  imds serve            {:6.2}   (goal: at most 5)\n", median(times));
    Ok(())
}

fn one_start() -> Result<f64> {
    let address = "127.0.0.1:13381";
    let start = Instant::now();
    let mut server = Command::new(IMDS)
        .args(["serve", "--listen", address, "--access-log", "off", "--control", "off"])
        .env("XDG_STATE_HOME", std::path::absolute("target/bench-state")?)
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
