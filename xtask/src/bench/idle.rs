//! What a connection takes in memory that waits for its next request.

use anyhow::Result;

use super::connection::{Connection, request};
use super::contender::Contender;
use super::measure::{ROUNDS, median};

const ADDRESS: &str = "127.0.0.1:13382";
const CONNECTIONS: u32 = 8000;

pub(super) fn measure() -> Result<()> {
    let each = (0..ROUNDS).map(|_| of_one()).collect::<Result<_>>()?;
    println!("memory of an idle connection, {CONNECTIONS} that had one request each");
    println!("  {:4.2} KiB, without the kernel's (goal: at most 2)\n", median(each));
    Ok(())
}

/// In KiB.
fn of_one() -> Result<f64> {
    let imds = Contender::imds(ADDRESS, "idle", &["--access-log", "off"])?;
    let request = request(imds.address, &imds.token);
    let before = imds.server.memory()?;
    let connect = |_| {
        let mut connection = Connection::open(imds.address)?;
        connection.send(&request)?;
        connection.receive()?;
        Ok(connection)
    };
    let connections = (0..CONNECTIONS).map(connect).collect::<Result<Vec<_>>>()?;
    let used = imds.server.memory()? - before;
    drop(connections);
    Ok(used / f64::from(CONNECTIONS) / 1024.0)
}
